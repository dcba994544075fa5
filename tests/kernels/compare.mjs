// Runs the kernels of guest/kernels on QEMU and Bochs, where they are installed, and prints what differs from tests/kernels/expected.
//
//   node tests/kernels/compare.mjs [--emulator qemu|bochs] [--all] [NAME...]
//
// --all prints the known differences too (differences.mjs). Ends with 1 if there is a difference that is not known.

import { spawn, spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildHost } from "../support/build.mjs";
import { DIFFERENCES, LEFT_OUT, NORMALISE } from "./differences.mjs";
import { expectedLines, outputLines } from "./lines.mjs";

const LIMIT_MS = 60_000;
/** More than any kernel prints: one that starts over and over is stopped. */
const LIMIT_BYTES = 200_000;

/** More than a kernel asks for. */
const RESETS = 8;

const BOCHSRC = (rom, log) => `plugin_ctrl: speaker=false, parallel=false, serial=false, gameport=false, iodebug=false
config_interface: textconfig
display_library: rfb, options="timeout=0"
memory: guest=32, host=32
romimage: file=${rom}, address=0xffff0000
vgaromimage: file=/usr/share/vgabios/vgabios.bin
cpu: model=corei7_icelake_u, count=1, ips=50000000, reset_on_triple_fault=1, ignore_bad_msrs=0
boot: floppy
port_e9_hack: enabled=1
log: ${log}
panic: action=fatal
error: action=report
`;

/** What a command writes to standard output, until it ends or the time is up; `input` is a file to read from. */
function capture(command, args, input) {
  return new Promise((resolve) => {
    const stdin = input === undefined ? "ignore" : openSync(input);
    const child = spawn(command, args, { stdio: [stdin, "pipe", "ignore"] });
    if (input !== undefined) closeSync(stdin);
    let output = "";
    const timer = setTimeout(() => child.kill("SIGKILL"), LIMIT_MS);
    child.stdout.on("data", (data) => {
      output += data.toString("latin1");
      if (output.length > LIMIT_BYTES) child.kill("SIGKILL");
    });
    child.on("close", () => {
      clearTimeout(timer);
      resolve(output);
    });
  });
}

const EMULATORS = {
  qemu: {
    command: "qemu-system-x86_64",
    vendor: "amd",
    run: (rom) => capture("qemu-system-x86_64", ["-cpu", "max", "-m", "32", "-bios", rom, "-debugcon", "stdio",
      "-device", "isa-debug-exit,iobase=0xf4,iosize=4", "-display", "none", "-net", "none"]),
  },
  bochs: {
    command: "bochs",
    vendor: "intel",
    // Debian's Bochs has its debugger built in: "c" starts it, and again after each reset. What it prints itself is not the kernel's.
    async run(rom, folder) {
      const file = join(folder, "bochsrc");
      writeFileSync(file, BOCHSRC(rom, join(folder, "log")));
      const commands = join(folder, "commands");
      writeFileSync(commands, `${"c\n".repeat(RESETS)}q\n`);
      const output = await capture("bochs", ["-q", "-f", file], commands);
      const own = output.replace(/^[^]*?<bochs:1> c\n/, "").replace(/^=====[^]*/m, "").replace(/(^end\n)[^]*/m, "$1");
      return own.replace(/^(\(0\)|Next at|<bochs:).*\n/gm, "");
    },
  },
};

/** What a line is about: its text up to what was seen. */
const subjectOf = (line) => line.replace(/( #| ok| I[0-9a-f]{2} |=).*$/, "");

/** Prints how the lines differ; the number of differences that nobody has explained. */
function report(emulator, name, got, all) {
  const want = expectedLines(name, EMULATORS[emulator].vendor), known = DIFFERENCES.filter((row) => row.emulator === emulator && row.kernel === name);
  const bySubject = new Map(got.map((line) => [subjectOf(line), line]));
  const normalise = NORMALISE[emulator];
  let unknown = 0, explained = 0;
  for (const line of want) {
    const theirs = bySubject.get(subjectOf(line)) ?? "(nothing)";
    if (normalise(line) === normalise(theirs)) continue;
    const row = known.find((one) => one.line.test(line));
    if (row) explained++;
    else unknown++;
    if (!row || all) process.stdout.write(`  ${row ? `known: ${row.reason}` : "DIFFERS"}\n    manual ${line}\n    ${emulator.padEnd(6)} ${theirs}\n`);
  }
  process.stdout.write(`${name} on ${emulator}: ${want.length} lines, ${explained} known differences, ${unknown} others\n`);
  return unknown;
}

const words = process.argv.slice(2), option = words.indexOf("--emulator");
const only = option >= 0 ? words.splice(option, 2)[1] : undefined;
const all = words.includes("--all"), names = words.filter((word) => !word.startsWith("-"));
await buildHost();
const { KERNELS } = await import("../../build/guest/kernels/index.js");
const folder = mkdtempSync(join(tmpdir(), "pintail-kernels-"));
let unknown = 0;
try {
  for (const [emulator, { command, run }] of Object.entries(EMULATORS)) {
    if (only !== undefined && only !== emulator) continue;
    if (spawnSync(command, ["--help"]).error) { process.stdout.write(`${command} is not installed: not compared\n`); continue; }
    for (const [name, make] of Object.entries(KERNELS)) {
      if (names.length > 0 && !names.includes(name)) continue;
      const reason = LEFT_OUT[emulator][name];
      if (reason !== undefined) { process.stdout.write(`${name} on ${emulator}: left out: ${reason}\n`); continue; }
      const rom = join(folder, `${name}.rom`);
      writeFileSync(rom, make());
      unknown += report(emulator, name, outputLines(await run(rom, folder)), all);
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = unknown > 0 ? 1 : 0;
