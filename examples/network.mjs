// A network of the program's own: one station, 10.0.0.1, that answers ARP and ICMP echo. What a backend is: host/net/backend.ts.
import { createMachine, NO_OFFLOAD, NO_SUPPORT } from 'pintail';

const OWN_MAC = [2, 0, 0, 0, 0, 1], OWN_IP = [10, 0, 0, 1];

/** RFC 1071. */
function sum(bytes) {
  let total = 0;
  for (let i = 0; i < bytes.length; i += 2) total += (bytes[i] << 8) | (bytes[i + 1] ?? 0);
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return ~total & 0xffff;
}

/** What answers a frame, or undefined. */
function answerTo(frame) {
  const type = (frame[12] << 8) | frame[13];
  const answer = Uint8Array.from(frame);
  answer.set(frame.subarray(6, 12), 0);
  answer.set(OWN_MAC, 6);
  if (type === 0x0806 && frame[21] === 1 && OWN_IP.every((byte, i) => frame[38 + i] === byte)) { // ARP: who has 10.0.0.1?
    answer[21] = 2;
    answer.set(OWN_MAC, 22);
    answer.set(OWN_IP, 28);
    answer.set(frame.subarray(22, 32), 32);
    return answer;
  }
  if (type === 0x0800 && frame[23] === 1 && frame[34] === 8) { // ICMP echo
    answer.set(frame.subarray(30, 34), 26);
    answer.set(frame.subarray(26, 30), 30);
    answer[34] = 0;
    answer.set([0, 0], 36);
    const end = 14 + ((frame[16] << 8) | frame[17]);
    const icmp = sum(answer.subarray(34, end));
    answer.set([icmp >>> 8, icmp & 0xff], 36);
    return answer;
  }
  return undefined;
}

let sink;
const waiting = [];
function deliver() {
  while (waiting.length > 0 && sink.deliver(waiting[0], NO_OFFLOAD)) waiting.shift();
}

const backend = {
  name: 'one station',
  accepts: NO_SUPPORT,
  attach: (card) => { sink = card; },
  send(frame) {
    const answer = answerTo(frame); // a copy: the frame is the guest's memory
    if (answer !== undefined) waiting.push(answer);
    return true;
  },
  flush: deliver,
  roomForDeliver: deliver,
  counters: () => [],
  close: async () => undefined,
};

const machine = await createMachine({
  guest: 'amd64', agent: true, limits: { wallMs: 120_000 }, append: 'cards=down', // no DHCP here
  netdevs: [{ id: 'n0', backend }], devices: [{ model: 'e1000', netdev: 'n0' }],
});
try {
  const { stdout, code } = await machine.exec(['sh', '-c', 'ifconfig eth0 10.0.0.2 up; ping -c 3 10.0.0.1 | grep received']);
  process.stdout.write(stdout);
  process.exitCode = code;
} finally {
  await machine.close();
}
