// What attribution costs: CPU time of the interpreter over a program of short functions with it and without, taking turns. Docs say at most three times.

import { pathToFileURL } from "node:url";
import { join } from "node:path";
import { root } from "../support/build.mjs";

const TEXT = `main: mov esp, 0x20000; mov ebp, 0x40000; mov ecx, 3000000
again: call f; add rax, rbx; xor rdx, rax; mov [rbp+8], rdx; cmp rdx, [rbp]; jne skip; nop; skip: call g; dec ecx; jne again; hlt
f: push rbx; push rsi; mov rbx, [rbp]; mov rsi, [rbp+8]; lea rbx, [rbx+rsi]; test rbx, rbx; jz f1; add rbx, 3; f1: mov [rbp], rbx; pop rsi; pop rbx; ret
g: push rdi; mov edi, 5; g1: dec edi; jne g1; pop rdi; ret
end: nop`;
const FUNCTIONS = ["main", "f", "g", "end"];

async function program() {
  const { TextAssembler } = await import(pathToFileURL(join(root, "build/guest/assembler/text.js")).href);
  const a = new TextAssembler(0x10000);
  a.bits = 64;
  a.text(TEXT);
  return { code: a.assemble(), symbols: FUNCTIONS.map((name) => ({ name, address: BigInt(a.addressOf(name)) })) };
}

/** ms of CPU time that the program took in a region. */
async function time(createMachine, { code, symbols }, attribute) {
  const machine = await createMachine({ memoryMiB: 16, bare: { code }, ...(attribute ? { symbols } : {}) });
  await machine.step(1_000_000);
  const { result } = await machine.measure("all", async () => {
    const before = process.cpuUsage().user;
    await machine.runUntilHalt();
    return (process.cpuUsage().user - before) / 1000;
  });
  await machine.close();
  return result;
}

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

export async function benchAttribution({ runs, json }) {
  const { createMachine } = await import(pathToFileURL(join(root, "build/host/index.js")).href), work = await program();
  const plain = [], attributed = [];
  for (let k = 0; k < runs; k++) {
    plain.push(await time(createMachine, work, false));
    attributed.push(await time(createMachine, work, true));
  }
  const result = { plainMs: median(plain), attributedMs: median(attributed), ratio: median(attributed) / median(plain) };
  process.stdout.write(json ? `${JSON.stringify(result)}\n` : `attribution: ${result.ratio.toFixed(2)} times the interpreter's CPU time (${result.attributedMs.toFixed(0)} ms to ${result.plainMs.toFixed(0)}), over ${runs} runs\n`);
}
