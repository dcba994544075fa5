// What the remapping unit costs the host: a program of 85 instructions a packet, a twentieth of a kernel's, sends 60-byte frames by an e1000, on a machine without the unit, with the unit off, and
// with it on, where every look-up but the first of a page hits. The machines take turns; the instructions of the first two must be equal.

import { pathToFileURL } from "node:url";
import { join } from "node:path";
import { root } from "../support/build.mjs";

const PACKETS = 400_000;
const RING = 256;
/** Of each kind, turn about: their spread is what the middle of another kind is held against. */
const LEAST_RUNS = 9;
const AT = { ROOT: 0x10000, CONTEXTS: 0x11000, FIRST: 0x12000, SECOND: 0x13000, THIRD: 0x14000, RING: 0x20000, FRAME: 0x22000 };
const [SLOT, BAR, UNIT] = [4, 0xe0000000, 0xfed90000];
const TABLES = 2 << 20;

/** 32-bit code without paging; EDI is whether translation is turned on. One doorbell a packet, whose descriptor comes back at once. The work in between is what keeps the card within what devices may cost the host. */
const TEXT = `
  mov esp, 0x8000
  mov dx, 0xcf8; mov eax, ${0x80000000 + SLOT * 0x800 + 0x10}; out dx, eax; mov dx, 0xcfc; mov eax, ${BAR}; out dx, eax
  mov dx, 0xcf8; mov eax, ${0x80000000 + SLOT * 0x800 + 4}; out dx, eax; mov dx, 0xcfc; mov eax, 6; out dx, eax
  mov ebx, ${BAR}
  mov eax, 0x40; mov [ebx], eax
  mov eax, ${AT.RING}; mov [ebx + 0x3800], eax; mov eax, ${16 * RING}; mov [ebx + 0x3808], eax
  mov eax, 0x0103f0fa; mov [ebx + 0x400], eax
  test edi, edi; jz begin
  mov esi, ${UNIT}
  mov eax, ${AT.ROOT}; mov [esi + 0x20], eax; mov eax, 0x40000000; mov [esi + 0x18], eax; mov eax, 0x80000000; mov [esi + 0x18], eax
begin: xor ebp, ebp; mov ecx, ${PACKETS}
  mov dx, 0x5e0; mov al, 1; out dx, al
packet: mov eax, ebp; shl eax, 4; add eax, ${AT.RING}
  mov edx, ${AT.FRAME}; mov [eax], edx; xor edx, edx; mov [eax + 4], edx; mov [eax + 12], edx
  mov edx, 0x0b00003c; mov [eax + 8], edx
  inc ebp; and ebp, ${RING - 1}
  mov [ebx + 0x3818], ebp
wait: mov edx, [eax + 12]; test dl, 1; jz wait
  mov edx, 32; work: dec edx; jne work
  dec ecx; jne packet
  mov dx, 0x5e0; mov al, 2; out dx, al
  hlt
`;

async function program() {
  const { TextAssembler } = await import(pathToFileURL(join(root, "build/guest/assembler/text.js")).href);
  const a = new TextAssembler(0x7000);
  a.bits = 32;
  a.text(TEXT);
  return a.assemble();
}

/** Pages of 4 KiB for the first 2 MiB, each where it is. */
function tables() {
  const bytes = new DataView(new ArrayBuffer(TABLES)), set = (at, value) => bytes.setBigUint64(at, value, true);
  set(AT.ROOT, BigInt(AT.CONTEXTS | 1));
  set(AT.CONTEXTS + 16 * SLOT * 8, BigInt(AT.FIRST | 1)); set(AT.CONTEXTS + 16 * SLOT * 8 + 8, 0x101n);
  set(AT.FIRST, BigInt(AT.SECOND | 3)); set(AT.SECOND, BigInt(AT.THIRD | 3));
  for (let i = 0; i < 512; i++) set(AT.THIRD + 8 * i, BigInt(i * 4096 | 3));
  return new Uint8Array(bytes.buffer, AT.ROOT, 0x5000);
}

const KINDS = {
  none: { devices: [], on: 0n },
  off: { devices: [{ model: "intel-iommu" }], on: 0n },
  on: { devices: [{ model: "intel-iommu" }], on: 1n },
};

async function run(createMachine, code, { devices, on }) {
  const machine = await createMachine({ memoryMiB: 16, bare: { code, at: 0x7000, mode: "protected32" }, jit: "off", netdevs: ["lab,id=n0,mode=sink"], devices: [...devices, { model: "e1000", netdev: "n0", slot: SLOT }] });
  try {
    await machine.writeMemory(BigInt(AT.ROOT), tables());
    await machine.setRegisters({ rdi: on });
    const before = process.cpuUsage().user;
    await machine.runUntilHalt();
    const us = process.cpuUsage().user - before, { finished: [region] } = await machine.regions(), count = (name) => Number(region.counters.find((one) => one.name === name)?.value ?? 0n);
    if (count("lab0 frames taken") !== PACKETS) throw new Error(`${count("lab0 frames taken")} frames of ${PACKETS} went out.`);
    return { ns: (us * 1000) / PACKETS, instructions: Number(region.instructions), lookups: count("iommu0 look-ups") / PACKETS, misses: count("iommu0 IOTLB misses") / PACKETS };
  } finally {
    await machine.close();
  }
}

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

export async function benchIommu({ runs, json }) {
  const { createMachine } = await import(pathToFileURL(join(root, "build/host/index.js")).href), code = await program();
  const kinds = Object.keys(KINDS), got = Object.fromEntries(kinds.map((kind) => [kind, []]));
  for (let n = 0; n < Math.max(runs, LEAST_RUNS); n++) for (const kind of n % 2 === 0 ? kinds : [...kinds].reverse()) got[kind].push(await run(createMachine, code, KINDS[kind]));
  const rows = kinds.map((kind) => {
    const ns = got[kind].map((one) => one.ns), [{ instructions, lookups, misses }] = got[kind];
    return { kind, ns: median(ns), least: Math.min(...ns), most: Math.max(...ns), instructions: instructions / PACKETS, lookups, misses };
  });
  const [none, off, on] = rows, verdicts = {
    "off: instructions as without": none.instructions === off.instructions,
    "off: median within the spread without": off.ns >= none.least && off.ns <= none.most,
    "on, hit: at most 10 % of the packet's time": on.ns <= 1.1 * none.ns,
  };
  if (json) { process.stdout.write(`${JSON.stringify({ rows, verdicts })}\n`); return; }
  for (const { kind, ns, least, most, instructions, lookups, misses } of rows) process.stdout.write(`${kind.padEnd(6)}${ns.toFixed(0).padStart(6)} ns of CPU a packet (${least.toFixed(0)} to ${most.toFixed(0)}), ${instructions.toFixed(2)} instructions, ${lookups.toFixed(2)} look-ups, ${misses.toFixed(5)} misses\n`);
  process.stdout.write(`on over none: ${(100 * (on.ns / none.ns - 1)).toFixed(1)} %\n`);
  for (const [what, holds] of Object.entries(verdicts)) process.stdout.write(`${holds ? " " : "!"} ${what}\n`);
}
