// A PCI function's ways to interrupt and to sleep: MSI of every kind, MSI-X, INTx beside them, D3hot. PCI 3.0, 6.8; PCI PM 1.1.
import { beforeEach, describe, expect, it } from "vitest";
import { makeBoard, type Board } from "./board.js";

const WIDE = 0x80, MASKABLE = 0x100;
const MSI = 0x50, POWER = 0x80;
const BAR = 0xd0000000;
let b: Board;
let f: number;

function select(offset: number): void { b.call("portWrite", 0xcf8, 4, 0x80000000 | 4 << 11 | offset & ~3); }
function config(offset: number, bytes = 4): number { select(offset); return b.call("portRead", 0xcfc + (offset & 3), bytes) >>> 0; }
function write(offset: number, bytes: number, value: number): void { select(offset); b.call("portWrite", 0xcfc + (offset & 3), bytes, value); }
async function make(log2: number, kind: number, vectors = 0): Promise<void> {
  b = await makeBoard();
  f = b.call("attachMessenger", log2, kind, vectors);
  b.call("resetPci");
  b.write32(0xfee000f0, 0x1ff);
  write(4, 2, 6);
}
/** Vectors that have come since, each ended. */
function taken(): number[] {
  const out: number[] = [];
  for (let v = b.takeAll(); v.length > 0 && out.length < 100; v = b.takeAll()) { out.push(...v); v.forEach(() => b.write32(0xfee000b0, 0)); }
  return out.sort((x, y) => x - y);
}
const intx = (): number => { b.outb(0x20, 0x0a); return b.counter("interrupt lines asserted"); };

describe("MSI", () => {
  const data = (kind: number): number => MSI + (kind & WIDE ? 12 : 8);
  const mask = (kind: number): number => MSI + (kind & WIDE ? 16 : 12);
  function arm(kind: number, vector: number, messages = 0): void {
    write(MSI + 4, 4, 0xfee00000); if (kind & WIDE) write(MSI + 8, 4, 0);
    write(data(kind), 2, vector);
    write(MSI + 2, 2, 1 | messages << 4);
  }

  for (const kind of [0, WIDE, MASKABLE, WIDE | MASKABLE]) {
    it(`has the layout of its kind, and only its own bits can be written: ${kind.toString(16)}`, async () => {
      await make(2, kind);
      expect(config(MSI, 1)).toBe(5);
      write(MSI + 2, 2, 0xffff);
      expect(config(MSI + 2, 2)).toBe(0x75 | kind);
      write(MSI + 4, 4, 0xffffffff);
      expect(config(MSI + 4)).toBe(0xfffffffc);
      write(data(kind), 4, 0xffffffff);
      expect(config(data(kind))).toBe(0xffff);
      write(mask(kind), 4, 0xffffffff); write(mask(kind) + 4, 4, 0xffffffff);
      expect([config(mask(kind)), config(mask(kind) + 4)]).toEqual(kind & MASKABLE ? [0xf, 0] : [0, 0]);
    });
    it(`sends as many messages as it is allowed: ${kind.toString(16)}`, async () => {
      await make(2, kind);
      b.call("sendMessage", f, 0);
      expect(taken()).toEqual([]);
      arm(kind, 0x47);
      for (const n of [0, 3]) b.call("sendMessage", f, n);
      expect(taken()).toEqual([0x47]);
      arm(kind, 0x47, 1);
      for (const n of [0, 1, 2]) b.call("sendMessage", f, n);
      expect(taken()).toEqual([0x46, 0x47]);
      // More than it has is what it has.
      arm(kind, 0x47, 5);
      for (const n of [0, 1, 2, 3]) b.call("sendMessage", f, n);
      expect(taken()).toEqual([0x44, 0x45, 0x46, 0x47]);
    });
    it(`keeps a message while it may not master the bus: ${kind.toString(16)}`, async () => {
      await make(0, kind);
      arm(kind, 0x51);
      write(4, 2, 2);
      b.call("driveIntx", f, 1);
      expect(taken()).toEqual([]);
      write(4, 2, 6);
      expect(taken()).toEqual([0x51]);
      write(4, 2, 6);
      expect(taken()).toEqual([]);
    });
  }
  it("masks and shows what is pending, a vector at a time", async () => {
    await make(2, WIDE | MASKABLE);
    arm(WIDE, 0x60, 2);
    write(MSI + 16, 4, 0b1010);
    for (const n of [0, 1, 2, 3]) b.call("sendMessage", f, n);
    expect([taken(), config(MSI + 20)]).toEqual([[0x60, 0x62], 0b1010]);
    write(MSI + 16, 4, 0b1000);
    expect([taken(), config(MSI + 20)]).toEqual([[0x61], 0b1000]);
    write(MSI + 16, 1, 0);
    expect([taken(), config(MSI + 20)]).toEqual([[0x63], 0]);
  });
  it("takes the place of INTx, whose status bit still tells", async () => {
    await make(0, 0);
    const before = intx();
    b.call("driveIntx", f, 1);
    expect([intx() - before, config(6, 2) & 8]).toEqual([1, 8]);
    arm(0, 0x71);
    expect([taken(), config(6, 2) & 8]).toEqual([[0x71], 8]);
    b.call("driveIntx", f, 0); b.call("driveIntx", f, 1); b.call("driveIntx", f, 1);
    expect([intx() - before, taken()]).toEqual([1, [0x71]]);
    write(MSI + 2, 2, 0);
    expect(intx() - before).toBe(2);
    write(4, 2, 0x406); write(4, 2, 6);
    expect(intx() - before).toBe(3);
  });
  it("writes memory where its address is no interrupt's, and aborts where nothing is", async () => {
    await make(0, WIDE);
    arm(WIDE, 0x1234);
    write(MSI + 4, 4, 0x2000);
    b.call("sendMessage", f, 0);
    expect(b.m.view.getUint32(b.call("ramBase") + 0x2000, true)).toBe(0x1234);
    write(MSI + 8, 4, 0x10);
    const before = b.counter("DMA aborts");
    b.call("sendMessage", f, 0);
    expect([b.counter("DMA aborts"), config(6, 2) & 0x2000]).toEqual([before + 1, 0x2000]);
  });
});

describe("MSI-X", () => {
  const VECTORS = 5;
  const entry = (n: number, at = 0): number => BAR + 16 * n + at;
  let cap: number;
  beforeEach(async () => {
    await make(0, 0, VECTORS);
    cap = config(0x50 + 1, 1);
    write(0x10, 4, BAR);
  });
  const arm = (n: number, vector: number, masked = 0): void => { b.write32(entry(n), 0xfee00000); b.write32(entry(n, 4), 0); b.write32(entry(n, 8), vector); b.write32(entry(n, 12), masked); };

  it("says how many vectors, and where table and pending bits are", () => {
    expect([config(cap, 1), config(cap + 2, 2), config(cap + 4), config(cap + 8)]).toEqual([0x11, VECTORS - 1, 0, 2048]);
    write(cap + 2, 2, 0xffff); write(cap + 4, 4, ~0); write(cap + 8, 4, ~0);
    expect([config(cap + 2, 2), config(cap + 4), config(cap + 8)]).toEqual([0xc000 | VECTORS - 1, 0, 2048]);
  });
  it("takes dwords and quadwords; nothing lies behind the last entry, and the pending bits cannot be written", () => {
    b.call("mmioWrite", BigInt(entry(1)), 8, 0x11223344_fee00000n);
    expect([b.read32(entry(1)), b.read32(entry(1, 4))]).toEqual([0xfee00000, 0x11223344]);
    expect(BigInt.asUintN(64, b.m.exports.mmioRead!(BigInt(entry(1)), 8) as bigint)).toBe(0x11223344_fee00000n);
    expect(b.call("mmioRead", BigInt(entry(1, 6)), 2)).toBe(0x1122);
    for (const at of [entry(VECTORS), entry(40), BAR + 2048, BAR + 2056, BAR + 4092]) { b.write32(at, ~0); expect(b.read32(at)).toBe(0); }
    expect(b.read32(entry(0, 12))).toBe(1);
  });
  it("sends, masks by vector and by function, and forgets nothing", () => {
    write(cap + 2, 2, 0x8000);
    for (let n = 0; n < VECTORS; n++) arm(n, 0x80 + n, n & 1);
    for (const n of [0, 1, 2, 3, 4, 5, 99]) b.call("sendVector", f, n);
    expect([taken(), b.read32(BAR + 2048)]).toEqual([[0x80, 0x82, 0x84], 0b01010]);
    b.write32(entry(1, 12), 0);
    expect([taken(), b.read32(BAR + 2048)]).toEqual([[0x81], 0b01000]);
    write(cap + 2, 2, 0xc000);
    b.call("sendVector", f, 0);
    expect([taken(), b.read32(BAR + 2048)]).toEqual([[], 0b01001]);
    write(cap + 2, 2, 0x8000);
    expect([taken(), b.read32(BAR + 2048)]).toEqual([[0x80], 0b01000]);
    write(4, 2, 2);
    b.call("sendVector", f, 2);
    expect(taken()).toEqual([]);
    write(4, 2, 6);
    expect(taken()).toEqual([0x82]);
  });
  it("moves with its BAR, and answers nowhere while memory is off", () => {
    arm(0, 0x90);
    write(0x10, 4, 0xd8000000);
    expect([b.read32(BAR + 8), b.read32(0xd8000008)]).toEqual([0xffffffff, 0x90]);
    write(4, 2, 4);
    expect(b.read32(0xd8000008)).toBe(0xffffffff);
    write(4, 2, 6);
    expect(b.read32(0xd8000008)).toBe(0x90);
  });
});

describe("power states", () => {
  it("goes to D3hot: no memory, no mastering, no interrupt; and comes back reset, once", async () => {
    await make(0, 0);
    write(0x14, 4, BAR);
    b.call("driveIntx", f, 1);
    const up = intx();
    write(POWER + 4, 2, 0x8103);
    expect([config(POWER + 2, 2), config(POWER + 4, 2), b.read32(BAR)]).toEqual([0xc822, 0x103, 0xffffffff]);
    b.call("messengerDmaRead");
    expect(b.counter("DMA aborts")).toBe(1);
    write(4, 2, 0x406); write(4, 2, 6);
    expect([intx() - up, b.call("wakes")]).toEqual([0, 0]);
    write(POWER + 4, 2, 0x100);
    expect([config(POWER + 4, 2), config(4, 2), config(0x14), config(6, 2), b.call("wakes")]).toEqual([0x100, 0, 0, 0x230, 1]);
  });
  it("knows no D1 or D2", async () => {
    await make(0, 0);
    for (const state of [1, 2]) { write(POWER + 4, 2, state); expect(config(POWER + 4, 2) & 3).toBe(0); }
    write(POWER + 4, 2, 3); write(POWER + 4, 2, 2);
    expect([config(POWER + 4, 2) & 3, b.call("wakes")]).toEqual([3, 0]);
  });
  it("chains every capability from the pointer, once", async () => {
    await make(0, 0, 2);
    const ids: number[] = [];
    for (let at = config(0x34, 1); at; at = config(at + 1, 1)) ids.push(config(at, 1));
    expect(ids).toEqual([5, 0x11, 1]);
    expect(config(6, 2)).toBe(0x230);
    b.call("noteMasterAbort", f);
    expect(config(6, 2)).toBe(0x2230);
    write(6, 2, 0x2000);
    expect(config(6, 2)).toBe(0x230);
  });
});
