// The machines that are compared: ours and QEMU's TCG with Debian's amd64 kernel, v86 with Debian's 686 kernel (it has no 64-bit mode).
// Ours and v86's cards stand before our user network, QEMU's before its own.

import { mkdirSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { root } from "../../support/build.mjs";
import { Console } from "./console.mjs";

const MEMORY_MIB = 256;
const FOLDER = join(root, "build/bench");

/** Forwards 127.0.0.1:udpPort to UDP port 7 of the guest. */
const netdev = (udpPort) => `user,id=n0,hostfwd=udp:127.0.0.1:${udpPort}-10.0.2.15:7`;

function ours(card, { amd64 }) {
  const main = join(root, "bin/pintail.mjs"); // the command itself: it has flags of the engine that what it loads has not
  return (udpPort) =>
    new Console(process.execPath, [
      main, "run", "-m", `${MEMORY_MIB}`, "-serial", "stdio", "-kernel", amd64.kernel, "-initrd", amd64.initrd, "-append", amd64.append,
      "-netdev", `${netdev(udpPort)},loopback=on`, "-device", `${card},netdev=n0`,
    ]);
}

function qemu(card, { amd64 }) {
  // Our guest's command line tells the rate of our clock; QEMU's is another.
  const append = amd64.append.replace(/ ?tsc\S*/g, "");
  return (udpPort) =>
    new Console("qemu-system-x86_64", [
      "-accel", "tcg,thread=single", "-cpu", "qemu64", "-M", "q35", "-m", `${MEMORY_MIB}`, "-nodefaults", "-display", "none", "-serial", "stdio",
      "-kernel", amd64.kernel, "-initrd", amd64.initrd, "-append", append,
      "-netdev", netdev(udpPort), "-device", `${card === "virtio-net" ? "virtio-net-pci" : card},netdev=n0,romfile=`,
    ]);
}

function v86(card, { i386, firmware }) {
  return (udpPort) =>
    new Console(process.execPath, [
      join(root, "tests/bench/net/v86-machine.mjs"),
      JSON.stringify({ ...firmware, kernel: i386.vmlinuz, initrd: i386.initrd, append: "console=ttyS0 quiet cryptomgr.notests panic=-1", card, netdev: `${netdev(udpPort)},loopback=on` }),
    ]);
}

/** SeaBIOS and its VGA part, which v86 starts with, from Debian's package. */
export async function fetchFirmware() {
  const { openPackages, extractPackage } = await import(join(root, "build/host/platform/node/guest/packages.js"));
  const client = await openPackages({ arch: "amd64", stateDir: join(FOLDER, "apt") });
  await client.show("seabios");
  const [deb] = await client.download(["seabios"], FOLDER);
  const paths = { bios: "bios.bin", vgaBios: "vgabios-stdvga.bin" };
  for (const [key, name] of Object.entries(paths)) {
    const [entry] = await extractPackage(deb, (path) => path === `usr/share/seabios/${name}`);
    paths[key] = join(FOLDER, name);
    await writeFile(paths[key], entry.data);
  }
  return paths;
}

/** The guest with a program more, as a second archive behind the first. */
async function withPrograms(guest, name) {
  const { writeCpio } = await import(join(root, "build/host/guest/cpio.js"));
  const { file } = await import(join(root, "build/host/guest/files.js"));
  const { udpEcho } = await import(join(root, "build/guest/udp-echo.js"));
  const initrd = join(FOLDER, `initrd-${name}`);
  await writeFile(initrd, Buffer.concat([await readFile(guest.initrd), writeCpio([file("udp-echo", udpEcho(7), 0o755)])]));
  return { kernel: guest.kernel, vmlinuz: join(dirname(guest.kernel), "vmlinuz"), initrd, append: guest.append };
}

async function prepare(say) {
  const { prepareGuest } = await import(join(root, "build/host/guest/index.js"));
  mkdirSync(FOLDER, { recursive: true });
  const images = {};
  for (const name of ["amd64", "i386"]) images[name] = await withPrograms(await prepareGuest(name, { onProgress: say }), name);
  return { ...images, firmware: await fetchFirmware() };
}

/** `[{ peer, card, start(udpPort): Console }]`, those to be compared beside each other. */
export async function openSubjects(say) {
  const images = await prepare(say);
  const rows = [];
  for (const card of ["virtio-net", "e1000", "pcnet"]) {
    rows.push({ peer: "Pintail", card, start: ours(card, images) }, { peer: "QEMU", card, start: qemu(card, images) });
  }
  for (const card of ["virtio", "ne2k"]) rows.push({ peer: "v86", card, start: v86(card, images) });
  return rows;
}
