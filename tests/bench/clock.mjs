// How well the one clock keeps time: `npm run bench -- clock [--only TEXT] [--json]`. Five proofs, with busy processes of the host beside all but the sleeps, which tell of a quiet host:
//
//   PIT calibration     50 ms of the PIT's second channel against the TSC, round after round, as kernels measure it; the worst round
//   kernels             Linux without KVM's leaves (it measures everything itself), amd64 and 686, with HPET, without, without ACPI: uptime over 20 s against the wall
//   SIGSTOP             the process stopped for 30 s: the date of its RTC behind the host's afterwards, its monotonic clock's step, and what its kernel complains of
//   sleeps              a program of short sleeps, timer signals and busy loops: its monotonic clock against the wall, and how far sleeps of 1 ms overrun
//   limits              a guest that is nothing but device work: how long after --limit-ms 3000 the process is gone

import { spawn } from "node:child_process";
import { join } from "node:path";
import { TextAssembler } from "../../build/guest/assembler/text.js";
import { root } from "../support/build.mjs";
import { expensiveMachine } from "../support/expensive.mjs";
import { sleeps } from "./clock/sleeps.mjs";

const BUSY = 2;
const TSC_HZ = 2_500_000_000;
const [PIT_HZ, PIT_COUNT, ROUNDS] = [1_193_182, 59_659, 200];
const CODE = 0x10000, RESULTS = 0x200000;
const COMPLAINTS = /lockup|stall|unstable|watchdog: BUG|hung task|clocksource.*skew/i;

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const percent = (value) => `${(100 * value).toFixed(3)} %`;

/** Busy processes beside `act`. */
async function besideLoad(act) {
  const busy = Array.from({ length: BUSY }, () => spawn(process.execPath, ["-e", "for (;;);"], { stdio: "ignore" }));
  try {
    return await act();
  } finally {
    for (const child of busy) child.kill("SIGKILL");
  }
}

const CALIBRATION = `
  mov edi, ${RESULTS}; mov ebx, ${ROUNDS}
  round:
  in al, 0x61; and al, 0xfd; or al, 1; out 0x61, al
  mov al, 0xb0; out 0x43, al; mov al, ${PIT_COUNT & 0xff}; out 0x42, al; mov al, ${PIT_COUNT >> 8}; out 0x42, al
  rdtsc; mov esi, eax
  wait:
  in al, 0x61; test al, 0x20; jz wait
  rdtsc; sub eax, esi; mov [rdi], eax; add edi, 4; dec ebx; jnz round
  cli; hlt`;

async function calibration({ createMachine }) {
  const assembler = new TextAssembler(CODE);
  assembler.bits = 64;
  assembler.text(CALIBRATION);
  const machine = await createMachine({ bare: { code: assembler.assemble(), at: CODE }, memoryMiB: 16, clock: "realtime" });
  const started = performance.now();
  await machine.runUntilHalt();
  const wallMs = performance.now() - started;
  const bytes = await machine.readMemory(RESULTS, 4 * ROUNDS), view = new DataView(bytes.buffer, bytes.byteOffset);
  await machine.close();
  const right = (TSC_HZ * PIT_COUNT) / PIT_HZ;
  const worst = Math.max(...Array.from({ length: ROUNDS }, (_, i) => Math.abs(view.getUint32(4 * i, true) / right - 1)));
  return { what: `${ROUNDS} rounds of 50 ms`, figure: percent(worst), of: "worst round", wallMs: Math.round(wallMs), right: worst < 0.01 };
}

/** Types commands at a console and reads what comes back. */
function converse(machine) {
  let seen = "", wake = () => undefined;
  machine.on("console", (bytes) => { seen += Buffer.from(bytes).toString("latin1"); wake(); });
  const until = async (pattern) => {
    for (;;) {
      const found = pattern.exec(seen);
      if (found !== null) { seen = seen.slice(found.index + found[0].length); return found; }
      await new Promise((resolve) => (wake = resolve));
    }
  };
  return { until, log: () => seen };
}

const KERNELS = [["amd64", ""], ["amd64", "hpet=disable"], ["amd64", "acpi=off"], ["i386", ""], ["i386", "hpet=disable"], ["i386", "acpi=off"]];

async function kernel({ createMachine, prepareGuest }, arch, words) {
  const { kernel, initrd } = await prepareGuest(arch);
  const machine = await createMachine({ kernel, initrd, append: `console=ttyS0 ${words}`, memoryMiB: 256, clock: "realtime", cpu: { kvm: false }, limits: { wallMs: 600_000 } });
  let log = "";
  machine.on("console", (bytes) => { log += Buffer.from(bytes).toString("latin1"); });
  const console = converse(machine), run = machine.run();
  const uptime = async () => {
    machine.write("cat /proc/uptime\r");
    const [, seconds] = await console.until(/\n(\d+\.\d\d) \d+\.\d\d\r?\n/);
    return [Number(seconds), performance.now() / 1000];
  };
  await console.until(/\/ # /);
  const [first, before] = await uptime();
  await sleep(20_000);
  const [last, after] = await uptime();
  await machine.pause();
  await run;
  await machine.close();
  const error = (last - first) / (after - before) - 1;
  const mhz = /Detected ([\d.]+) MHz/.exec(log)?.[1], complaint = log.split("\n").find((line) => COMPLAINTS.test(line));
  return { what: `${arch} ${words || "as it is"}`, figure: percent(error), of: `uptime against the wall; ${mhz} MHz${complaint ? `; ${complaint.trim()}` : ""}`, right: Math.abs(error) < 0.05 && complaint === undefined };
}

async function stopped() {
  const child = spawn(process.execPath, [join(root, "bin/pintail.mjs"), "run", "--realtime", "--cold", "-nic", "user"], { stdio: ["pipe", "pipe", "ignore"] });
  let seen = "", wake = () => undefined;
  child.stdout.on("data", (bytes) => { seen += bytes; wake(); });
  const ask = async (command) => {
    const mark = `m${Math.random().toString(36).slice(2)}`;
    child.stdin.write(`${command}; echo ${mark.slice(0, 4)}''${mark.slice(4)}\n`);
    while (!seen.includes(`${mark}`)) await new Promise((resolve) => (wake = resolve));
    const text = seen.slice(0, seen.indexOf(mark));
    seen = seen.slice(seen.indexOf(mark) + mark.length);
    return text.trim();
  };
  // The RTC's date, as its second begins: a guest's own goes by uptime, and is set from there (or by the agent, before each command).
  const clocks = async () => { const text = await ask("r=/sys/class/rtc/rtc0/since_epoch; s=$(cat $r); while [ $(cat $r) = $s ]; do :; done; cat $r; cut -d' ' -f1 /proc/uptime"); const [date, uptime] = text.split(/\s+/).slice(-2).map(Number); return { behind: Date.now() / 1000 - date, uptime, at: performance.now() / 1000 }; };
  await ask("true");
  const before = await clocks();
  child.kill("SIGSTOP");
  await sleep(30_000);
  child.kill("SIGCONT");
  await sleep(3000);
  const after = await clocks(), log = await ask("dmesg");
  child.stdin.end();
  child.kill("SIGTERM");
  await new Promise((resolve) => child.on("close", resolve));
  const complaint = log.split("\n").find((line) => COMPLAINTS.test(line)), ran = after.uptime - before.uptime, wall = after.at - before.at;
  return { what: "30 s stopped", figure: `${after.behind.toFixed(2)} s`, of: `RTC behind the host's date (${before.behind.toFixed(2)} before); uptime went on by ${ran.toFixed(1)} s of ${wall.toFixed(1)}${complaint ? `; ${complaint}` : ""}`, right: Math.abs(after.behind) < 1 && complaint === undefined };
}

async function limit({ createMachine }) {
  const machine = await createMachine({ ...expensiveMachine("a doorbell over a ring of nothing (e1000)"), limits: { wallMs: 3000 } });
  const started = performance.now(), { reason } = await machine.run(), ms = performance.now() - started;
  await machine.close();
  return { what: "a ring of nothing and a doorbell", figure: `${Math.round(ms - 3000)} ms`, of: `after a limit of 3000 ms (${reason})`, right: ms < 4000 };
}

export async function benchClock({ only, json }) {
  const { createMachine } = await import(join(root, "build/host/index.js")), { prepareGuest } = await import(join(root, "build/host/guest/index.js"));
  const tools = { createMachine, prepareGuest };
  const proofs = [
    ["PIT calibration", () => calibration(tools)], ["limits", () => limit(tools)], ["SIGSTOP", () => stopped()], ["sleeps", () => sleeps(tools)],
    ...KERNELS.map(([arch, words]) => [`kernels ${arch} ${words}`, () => kernel(tools, arch, words)]),
  ];
  const rows = [];
  for (const [name, prove] of proofs) {
    if (only !== undefined && !name.includes(only)) continue;
    const row = { name: name.split(" ")[0], ...await (name === "sleeps" ? prove() : besideLoad(prove)) };
    rows.push(row);
    if (!json) process.stdout.write(`${row.right ? "  " : "! "}${row.figure.padStart(10)}  ${name.trim()}: ${row.what}, ${row.of}\n`);
  }
  if (json) process.stdout.write(`${JSON.stringify(rows)}\n`);
}
