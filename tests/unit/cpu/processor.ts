// The processor under test, and descriptors by name.
import { vi } from "vitest";
import { load, type Instance, type Value } from "../../support/compile.js";

// The first test of a file compiles the module.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

export const RAM_BYTES = 1 << 20;
const PAGES = 1536;

export const Seg = { ES: 0, CS: 1, SS: 2, DS: 3, FS: 4, GS: 5, LDTR: 6, TR: 7 } as const;
export const Vector = { DE: 0, DB: 1, BP: 3, UD: 6, NM: 7, DF: 8, TS: 10, NP: 11, SS: 12, GP: 13, PF: 14 } as const;
export const Kind = { FAULT: 0, EXTERNAL: 1, NMI: 2, SOFTWARE: 3, BREAKPOINT: 4, ICEBP: 5 } as const;

export interface Processor {
  m: Instance;
  /** Calls an export; u64 parameters are bigints. */
  call(name: string, ...args: Value[]): number;
  wide(name: string, ...args: Value[]): bigint;
  /** "GP(8)" and the like for what is raised, "" for nothing; forgets it. */
  fault(): string;
  read(address: number, bytes: 2 | 4 | 8): number;
  write(address: number, bytes: 1 | 2 | 4 | 8, value: number | bigint): void;
}

const NAMES = ["DE", "DB", "NMI", "BP", "OF", "BR", "UD", "NM", "DF", "9", "TS", "NP", "SS", "GP", "PF"];

export async function makeProcessor(): Promise<Processor> {
  const m = await load("tests/unit/cpu/entry.ts", PAGES);
  const wide = (name: string, ...args: Value[]): bigint => {
    const f = m.exports[name];
    if (!f) throw new Error(`no export ${name}`);
    const v = f(...args);
    return v === undefined ? 0n : BigInt.asUintN(64, BigInt(v));
  };
  const call = (name: string, ...args: Value[]): number => Number(wide(name, ...args) & 0xffff_ffffn);
  const ram = call("ramBase");
  if (ram + RAM_BYTES > PAGES * 65536) throw new Error("the test's memory is too small for the layout");
  call("reset", RAM_BYTES);
  return {
    m, call, wide,
    fault() {
      const v = call("takeFault");
      return v ? `${NAMES[(v >>> 16) - 1]}(${v & 0xffff})` : "";
    },
    read: (address, bytes) => bytes === 2 ? m.view.getUint16(ram + address, true)
      : bytes === 4 ? m.view.getUint32(ram + address, true) : Number(m.view.getBigUint64(ram + address, true)),
    write(address, bytes, value) {
      for (let k = 0, v = BigInt(value); k < bytes; k++, v >>= 8n) m.view.setUint8(ram + address + k, Number(v & 0xffn));
    },
  };
}

export interface Descriptor { base?: number; limit?: number; type: number; dpl?: number; s?: number; present?: number; flags?: number }

/** A descriptor of the manual's figure 3-8; `flags` are G, D/B, L, AVL (bits 3 to 0). */
export function descriptor(d: Descriptor): bigint {
  const base = BigInt(d.base ?? 0), limit = BigInt(d.limit ?? 0xfffff);
  const access = BigInt((d.present ?? 1) << 7 | (d.dpl ?? 0) << 5 | (d.s ?? 1) << 4 | d.type);
  return (limit & 0xffffn) | (base & 0xff_ffffn) << 16n | access << 40n | (limit >> 16n & 15n) << 48n | BigInt(d.flags ?? 0xc) << 52n |
    (base >> 24n & 0xffn) << 56n;
}
/** An interrupt (0xe), trap (0xf), call (0xc) or task (5) gate. */
export function gate(selector: number, offset: number, type: number, dpl = 0, present = 1, count = 0): bigint {
  return BigInt(offset & 0xffff) | BigInt(selector) << 16n | BigInt(count) << 32n | BigInt(present << 15 | dpl << 13 | type << 8) << 32n |
    BigInt(offset >>> 16) << 48n;
}
