// Every lane operation against what a processor did: vector-cases.bin.gz holds results, MXCSR before and after, and
// whether #XM was raised, recorded on an x86-64 processor (Intel Xeon with AVX-512, family 6) over edge cases and random
// operands. Layout: u32 length of a JSON list of [kind, marks], the list, then records of 60 bytes:
// kind's index u16, immediate u8, raised u8, MXCSR before u32, after u32, a, b, result (16 bytes each).

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import { load } from "../../support/compile.js";
import { V } from "../../../assembly/float/ops.js";

type Run = (kind: number, imm: number, mxcsr: number, at: number) => number;
interface Kind { name: string; marks: string; records: Buffer[] }

const RECORD = 60;
const AT = 1 << 20;
let bytes: Uint8Array;
let view: DataView;
let run: Run;

function readCases(): Kind[] {
  const data = gunzipSync(readFileSync(new URL("vector-cases.bin.gz", import.meta.url)));
  const start = 4 + data.readUInt32LE(0);
  const list = JSON.parse(data.toString("utf8", 4, start)) as [string, string][];
  const kinds = list.map(([name, marks]) => ({ name, marks, records: [] as Buffer[] }));
  for (let at = start; at < data.length; at += RECORD) kinds[data.readUInt16LE(at)]!.records.push(data.subarray(at, at + RECORD));
  return kinds;
}

/** "ADD+2" is ADD's third form, "M:PADDB" the MMX form, "CRC32:4" has 4 as its immediate. */
function parse(name: string): { kind: number; imm: number | undefined } {
  const [, mmx, base, plus, imm] = /^(M:)?([A-Z0-9_]+)(\+\d)?(:\d)?$/.exec(name)!;
  // @ts-expect-error: const enums are objects here, because Vite compiles each file by itself.
  const kind = (V as unknown as Record<string, number>)[base!];
  if (kind === undefined) throw new Error(`${name}: no such lane operation in assembly/float/ops.ts`);
  return { kind: kind + (plus ? Number(plus) : 0) + (mmx ? V.MMX : 0), imm: imm ? Number(imm.slice(1)) : undefined };
}

function agrees(got: Buffer, want: Buffer, marks: string, scalar: boolean): boolean {
  if (!marks.includes("A")) return got.equals(want);
  // RCPPS, RSQRTPS: the manual allows a relative error of 1.5 * 2^-12 on both sides.
  for (let at = 0; at < (scalar ? 4 : 16); at += 4) {
    const g = got.readFloatLE(at), w = want.readFloatLE(at);
    if (got.readUInt32LE(at) !== want.readUInt32LE(at) && !(Math.abs(g - w) <= Math.abs(w) * 3 * 2 ** -12)) return false;
  }
  return true;
}

/** What differs, or undefined. */
function check(kind: Kind, record: Buffer): string | undefined {
  const { kind: number, imm = record[2]! } = parse(kind.name);
  const raised = record[3]!, before = record.readUInt32LE(4), after = record.readUInt32LE(8), want = record.subarray(44);
  bytes.set(record.subarray(12, 44), AT);
  if (kind.marks.includes("M")) { view.setBigUint64(AT + 8, 0n, true); view.setBigUint64(AT + 24, 0n, true); }
  const reply = run(number, imm, before, AT), got = Buffer.from(bytes.subarray(AT + 32, AT + 48));
  const fine = reply >> 8 === raised && (before | reply & 63) === after
    && (raised !== 0 || agrees(got, want, kind.marks, kind.name.endsWith("+2")));
  if (fine) return undefined;
  return `imm ${imm} mxcsr ${before.toString(16)} a ${record.toString("hex", 12, 28)} b ${record.toString("hex", 28, 44)}: `
    + `${got.toString("hex")} mxcsr ${(before | reply & 63).toString(16)} raised ${reply >> 8}, `
    + `not ${want.toString("hex")} mxcsr ${after.toString(16)} raised ${raised}`;
}

beforeAll(async () => {
  const instance = await load("tests/unit/float/vector-entry.ts", 64);
  bytes = new Uint8Array(instance.memory.buffer);
  view = instance.view;
  run = instance.exports["run"] as Run;
}, 60_000);

describe("lane operations agree with the processor", () => {
  for (const kind of readCases()) {
    it(`${kind.name} (${kind.records.length} cases)`, () => {
      expect(kind.records.length).toBeGreaterThan(10);
      expect(kind.records.map((record) => check(kind, record)).filter((difference) => difference !== undefined)).toEqual([]);
    });
  }
});
