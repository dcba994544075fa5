// The rows of the table. Each drives a booted guest and gives { rate, cost }: the rate by the wall's clock, and what one unit of work cost the
// machine's whole process in CPU time, which other work on the host disturbs less.

import { bindUdp, flood, listenTcp, roundTrips, sleep } from "./host.mjs";

const SECONDS = 3;
const WARM_SECONDS = 1;

/** Samples a count and the process's CPU time around a stretch of time. */
async function during(machine, count, seconds) {
  const before = { at: performance.now(), cpu: machine.cpuSeconds(), count: await count() };
  await sleep(seconds * 1000);
  const after = { at: performance.now(), cpu: machine.cpuSeconds(), count: await count() };
  return result(after.count - before.count, (after.at - before.at) / 1000, after.cpu - before.cpu);
}

const result = (units, seconds, cpu) => ({ rate: units / seconds, cost: units > 0 ? cpu / units : Infinity });

const PKTGEN = "/proc/net/pktgen";

/** 60-byte frames of the kernel's packet generator to a UDP port of the host; what the guest sent, not what arrived. */
async function transmit(machine) {
  const sink = await bindUdp();
  let arrived = 0;
  sink.on("message", () => arrived++);
  const mac = /([0-9a-f]{2}(:[0-9a-f]{2}){5})/.exec(await machine.command("ping -c 1 10.0.2.2 >/dev/null; cat /proc/net/arp"))[1];
  await machine.command(`modprobe pktgen; echo rem_device_all >${PKTGEN}/kpktgend_0; echo add_device eth0 >${PKTGEN}/kpktgend_0`);
  const words = ["delay 0", "pkt_size 60", "dst 10.0.2.2", `dst_mac ${mac}`, `udp_dst_min ${sink.address().port}`, `udp_dst_max ${sink.address().port}`];
  for (const word of words) await machine.command(`echo "${word}" >${PKTGEN}/eth0`);
  const run = async (packets) => {
    await machine.command(`echo "count ${packets}" >${PKTGEN}/eth0`);
    const [at, cpu] = [performance.now(), machine.cpuSeconds()];
    await machine.command(`echo start >${PKTGEN}/pgctrl`);
    return result(packets, (performance.now() - at) / 1000, machine.cpuSeconds() - cpu);
  };
  await run(10_000); // warm: v86 compiles, ours decodes
  const measured = await run(40_000);
  sink.close();
  return { ...measured, arrived };
}

/** A flood of 60-byte frames from the host to a port where nobody listens; what the card's driver counted. */
async function receive(machine, udpPort) {
  const source = await bindUdp();
  const count = async () => Number(/n=(\d+)/.exec(await machine.command("echo n=$(cat /sys/class/net/eth0/statistics/rx_packets)"))[1]);
  await flood(source, udpPort, "127.0.0.1", WARM_SECONDS * 1000);
  await sleep(500);
  const before = { count: await count(), cpu: machine.cpuSeconds() };
  await flood(source, udpPort, "127.0.0.1", SECONDS * 1000);
  const cpu = machine.cpuSeconds() - before.cpu;
  const packets = (await count()) - before.count;
  source.close();
  return result(packets, SECONDS, cpu);
}

/** Megabytes from the guest's /dev/zero. */
async function upload(machine) {
  let bytes = 0;
  const server = await listenTcp((socket) => socket.on("data", (data) => (bytes += data.length)));
  machine.type(`nc 10.0.2.2 ${server.port} -e dd if=/dev/zero bs=64k`);
  return transfer(machine, server, () => bytes);
}

/** Megabytes to the guest's /dev/null. */
async function download(machine) {
  let bytes = 0;
  const block = Buffer.alloc(256 << 10);
  const server = await listenTcp((socket) => {
    const push = () => socket.write(block, (error) => {
      bytes += block.length;
      if (!error && !socket.destroyed) push();
    });
    push();
  });
  machine.type(`nc 10.0.2.2 ${server.port} -e dd of=/dev/null bs=64k`);
  return transfer(machine, server, () => bytes);
}

async function transfer(machine, server, bytes) {
  while (bytes() === 0) await sleep(20);
  await sleep(WARM_SECONDS * 1000);
  const measured = await during(machine, () => bytes() / 1e6, SECONDS);
  await machine.interrupt();
  server.close();
  return measured;
}

/** Sequential round trips of a small datagram through a process of the guest: host, network, guest and back. */
async function echo(machine, udpPort) {
  machine.type("/udp-echo");
  const socket = await bindUdp();
  await roundTrips(socket, udpPort, WARM_SECONDS * 1000);
  const [at, cpu] = [performance.now(), machine.cpuSeconds()];
  const times = await roundTrips(socket, udpPort, SECONDS * 1000);
  const measured = result(times.length, (performance.now() - at) / 1000, machine.cpuSeconds() - cpu);
  socket.close();
  await machine.interrupt();
  return measured;
}

/** name, what the rate counts, how the cost is printed, the function. */
export const ROWS = [
  { name: "transmit, pktgen, 60 bytes", rate: "packets/s", cost: "us/packet", scale: 1e6, measure: transmit },
  { name: "receive, host flood, 60 bytes", rate: "packets/s", cost: "us/packet", scale: 1e6, measure: receive },
  { name: "TCP guest to host", rate: "MB/s", cost: "ms/MB", scale: 1e3, measure: upload },
  { name: "TCP host to guest", rate: "MB/s", cost: "ms/MB", scale: 1e3, measure: download },
  { name: "UDP round trip", rate: "trips/s", cost: "us/trip", scale: 1e6, measure: echo },
];
