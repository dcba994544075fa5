// The test that every register table gets, the chipset's and the cards' alike: rows against their block, and each register without hooks by
// reading and writing a scratch copy. Entries export what it calls from register-table-entry.ts.
import { expect } from "vitest";
import { text, type Instance } from "../../support/compile.js";

interface Row { block: number; offset: number; bytes: number; access: number; hooks: number; reset: bigint; writable: bigint; clear: bigint; name: string }
const enum Access { RO, RW, WO, W1C, RC }

function rowsOf(m: Instance): Row[] {
  const out: Row[] = [], call = (name: string, i = 0): number => Number(m.exports[name]!(i));
  for (let i = 0; i < call("blockCount"); i++) {
    for (let at = call("rowsOf", i), n = call("rowCountOf", i); n > 0; n--, at += 48) {
      const v = m.view;
      out.push({ block: i, offset: v.getUint32(at, true), bytes: v.getUint8(at + 4), access: v.getUint8(at + 5), hooks: v.getUint32(at + 8, true) | v.getUint32(at + 12, true),
        reset: v.getBigUint64(at + 16, true), writable: v.getBigUint64(at + 24, true), clear: v.getBigUint64(at + 32, true), name: text(m, v.getUint32(at + 40, true)) });
    }
  }
  return out;
}

/** A later row of the same bytes has taken them. */
function isCovered(rows: Row[], i: number): boolean {
  const r = rows[i]!;
  return rows.slice(i + 1).some((o) => o.block === r.block && o.offset < r.offset + r.bytes && r.offset < o.offset + o.bytes);
}

/** Every row lies inside its block, and its values inside its width; how many there are. */
export function checkRows(m: Instance): number {
  const rows = rowsOf(m);
  for (const r of rows) {
    const mask = (1n << BigInt(8 * r.bytes)) - 1n;
    expect(r.offset + r.bytes, r.name).toBeLessThanOrEqual(Number(m.exports.bytesOf!(r.block)));
    expect([r.reset & ~mask, r.writable & r.clear], r.name).toEqual([0n, 0n]);
  }
  return rows.length;
}

/** Resets, masks and protects every register without hooks; how many were tried. */
export function tryRows(m: Instance): number {
  const rows = rowsOf(m);
  let tried = 0;
  rows.forEach((r, i) => {
    if (r.hooks || isCovered(rows, i)) return;
    const mask = (1n << BigInt(8 * r.bytes)) - 1n;
    const read = (): bigint => BigInt.asUintN(64, m.exports.readScratch!(r.block, r.offset, r.bytes) as bigint);
    const write = (v: bigint): void => { m.exports.writeScratch!(r.block, r.offset, r.bytes, BigInt.asIntN(64, v)); };
    m.exports.resetScratch!(r.block);
    const reset = read(), shown = r.access === Access.WO ? 0n : r.reset;
    expect(reset, r.name).toBe(shown);
    m.exports.resetScratch!(r.block);
    write(mask);
    const ones = read();
    if (r.access === Access.RO) expect(ones, r.name).toBe(shown & ~r.clear);
    if (r.access === Access.RW) expect(ones, r.name).toBe((reset | r.writable) & ~r.clear & mask);
    if (r.access === Access.WO) expect(ones, r.name).toBe(0n);
    if (r.access === Access.W1C) expect(ones, r.name).toBe((reset | r.writable) & ~r.clear);
    if (r.access === Access.RC) expect(read(), r.name).toBe(0n);
    write(0n);
    if (r.access === Access.RW) expect(read(), r.name).toBe(ones & ~r.writable);
    tried++;
  });
  return tried;
}
