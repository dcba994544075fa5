// The machines that are compared, each with the same program at work in it, waiting for rows: the host itself, QEMU's TCG with one thread, v86
// (32 bits only), and ours as the command line has it and in each mode of --jit. All boot Debian's kernel of the width with the same initial file system.

import { chmod, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { root } from "../../support/build.mjs";
import { Console } from "../net/console.mjs";
import { fetchFirmware } from "../net/subjects.mjs";
import { buildProgram, FOLDER } from "./program.mjs";

const MEMORY_MIB = 256;
const PROGRAM = "bench-cpu";
/** glibc's functions as they are in the guests: none has more than SSE2. */
const ONLY_SSE2 = "glibc.cpu.hwcaps=" +
  "AVX AVX2 AVX512F AVX512VL AVX512BW AVX_Fast_Unaligned_Load ERMS FSRM SSSE3 SSE4_1 SSE4_2 FMA FMA4 BMI1 BMI2 LZCNT POPCNT".split(" ").map((name) => `-${name}`).join(",");

/** The guest's kernel, its initial file system with the program in it, and its busybox as a file of this host. */
async function prepare(width, say) {
  const { prepareGuest } = await import(join(root, "build/host/guest/index.js"));
  const { readCpio, writeCpio } = await import(join(root, "build/host/guest/cpio.js"));
  const { file } = await import(join(root, "build/host/guest/files.js"));
  const program = buildProgram(width);
  const guest = await prepareGuest(width === 64 ? "amd64" : "i386", { onProgress: say });
  const before = await readFile(guest.initrd), initrd = join(FOLDER, `initrd-cpu-${width}`);
  await writeFile(initrd, Buffer.concat([before, writeCpio([file(PROGRAM, await readFile(program), 0o755)])]));
  const busybox = join(FOLDER, `busybox-${width}`);
  await writeFile(busybox, readCpio(before).find(({ path }) => /(^|\/)bin\/busybox$/.test(path)).data);
  await chmod(busybox, 0o755);
  return { width, program, busybox, initrd, kernel: guest.kernel, vmlinuz: join(dirname(guest.kernel), "vmlinuz"), append: guest.append };
}

function native({ program, busybox }) {
  return new Console("env", [`GLIBC_TUNABLES=${ONLY_SSE2}`, `BENCH_BUSYBOX=${busybox}`, program]);
}

/** Boots, and starts the program from the shell. */
async function withProgram(machine) {
  await machine.prompt();
  await machine.command("echo 0 >/proc/sys/kernel/printk");
  machine.type(`/${PROGRAM}`);
  await machine.until("\n"); // the echo
  return machine;
}

function ours(image, options) {
  // The command itself: it has flags of the engine (bin/compiled.mjs) that what it loads has not.
  return withProgram(new Console(process.execPath, [
    join(root, "bin/pintail.mjs"), "run", "-m", `${MEMORY_MIB}`, "-serial", "stdio", "-kernel", image.kernel, "-initrd", image.initrd, "-append", image.append, ...options,
  ]));
}

function qemu({ width, vmlinuz, kernel, initrd, append }) {
  return withProgram(new Console("qemu-system-x86_64", [
    "-accel", "tcg,thread=single", "-cpu", "qemu64", "-M", "q35", "-m", `${MEMORY_MIB}`, "-nodefaults", "-display", "none", "-serial", "stdio",
    "-kernel", width === 64 ? kernel : vmlinuz, "-initrd", initrd, "-append", append.replace(/ ?tsc\S*/g, ""),
  ]));
}

async function v86({ vmlinuz, initrd }) {
  const firmware = await fetchFirmware();
  return withProgram(new Console(process.execPath, [
    join(root, "tests/bench/net/v86-machine.mjs"),
    JSON.stringify({ ...firmware, kernel: vmlinuz, initrd, append: "console=ttyS0 quiet cryptomgr.notests panic=-1" }),
  ]));
}

const SUBJECTS = [
  { name: "native", start: native },
  { name: "QEMU", start: qemu },
  { name: "v86", start: v86, width: 32 },
  { name: "Pintail", start: (image) => ours(image, []) },
];

/** Names of the machines that can be asked for. */
export const SUBJECT_NAMES = SUBJECTS.map(({ name }) => name);

/** `[{ name, machine }]` of one width, booted; one that cannot be started is left out, and `say` is told why. */
export async function openSubjects(width, names, say) {
  const image = await prepare(width, say);
  const opened = [];
  for (const { name, start, width: only } of SUBJECTS) {
    if (!names.includes(name) || (only ?? width) !== width) continue;
    try {
      const machine = await start(image);
      await machine.row("div32x2", 1); // it answers
      opened.push({ name, machine });
    } catch (error) {
      say(`${name}, ${width} bits: left out: ${error.message}`);
    }
  }
  return opened;
}
