// DMA remapping by the specification's legacy mode: contexts, second-stage tables, every reason to refuse, caches that keep what software has not invalidated.
import { describe, expect, it } from "vitest";
import { AT, G, Inv, makeUnit, R, REFUSED, SWITCH, type Unit, type UnitOptions } from "./driver.js";

const CARD = 0x18, IOVA = 0x12345000n, PAGE = AT.DATA, OTHER = AT.DATA + 0x1000;
const RW = 3n;

async function mapped(options: UnitOptions = {}): Promise<{ u: Unit; table: number }> {
  const u = await makeUnit(options), table = u.context(CARD);
  u.map(table, IOVA, BigInt(PAGE) | RW);
  u.set32(PAGE, 0x11111111); u.set32(OTHER, 0x22222222);
  u.start();
  return { u, table };
}

/** A row of the counts by requester: what lookAtUnit shows, eight words. */
function rowsOf(u: Unit): Record<number, number[]> {
  const rows: Record<number, number[]> = {};
  for (let i = 0, at = u.call("lookAtUnit", 3, 0); at !== 0; at = u.call("lookAtUnit", 3, ++i)) {
    const words = Array.from({ length: 8 }, (_, n) => Number(u.m.view.getBigUint64(at + 8 * n, true)));
    rows[words[0]! - 1] = words.slice(1);
  }
  return rows;
}

describe("counts by requester", () => {
  it("tell look-ups, hits, entries read, requests passed and refused apart by who asked", async () => {
    const { u } = await mapped();
    u.context(0x28, { type: 2 });
    u.dmaRead(CARD, IOVA); u.dmaRead(CARD, IOVA); u.dmaRead(CARD, IOVA + 0x1000n);
    u.dmaRead(0x28, PAGE);
    u.dmaRead(0x30, PAGE);
    expect(rowsOf(u)).toEqual({ [CARD]: [1, 2, 4, 0, 1, 0, 0], 0x28: [0, 0, 0, 1, 0, 0, 0], 0x30: [0, 0, 0, 0, 1, 0, 0] });
  });
  it("that find no row share one", async () => {
    const { u } = await mapped();
    for (let requester = 0x100; requester < 0x140; requester++) u.dmaRead(requester, PAGE);
    const rows = rowsOf(u);
    expect([Object.keys(rows).length, rows[0x10000], rows[0x100 + 30], rows[0x100 + 31]]).toEqual([32, [0, 0, 0, 0, 33, 0, 0], [0, 0, 0, 0, 1, 0, 0], undefined]);
  });
});

describe("registers", () => {
  it("say what the unit has", async () => {
    const u = await makeUnit({ bits: 48, switches: SWITCH.REMAP | SWITCH.EIM | SWITCH.SNOOP | SWITCH.PASS | SWITCH.CACHING });
    expect([u.reg(R.VER), u.reg(R.CAP, 8), u.reg(R.ECAP, 8)]).toEqual([0x10n, capOf(48, true, false), 0xf00fdbn]);
    const plain = await makeUnit({ switches: SWITCH.DRAIN });
    expect([plain.reg(R.CAP, 8), plain.reg(R.ECAP, 8)]).toEqual([capOf(39, false, true), 0xf03n]);
  });
  it("do nothing while translation is off, and cost no look-up", async () => {
    const u = await makeUnit();
    u.set32(PAGE, 7);
    expect([u.dmaRead(CARD, PAGE), u.count("look-ups"), u.count("context cache misses")]).toEqual([7, 0, 0]);
  });
  it("GSTS follows GCMD; RTADDR is taken over by SRTP alone", async () => {
    const { u } = await mapped();
    expect(u.reg(R.GSTS)).toBe(0xc0000000n);
    u.setReg(R.RTADDR, 0, 8);
    u.setReg(R.CCMD, 1n << 63n | 1n << 61n, 8);
    expect(u.dmaRead(CARD, IOVA)).toBe(0x11111111);
    u.drop(G.TE);
    expect([u.reg(R.GSTS), u.dmaRead(CARD, PAGE)]).toEqual([0x40000000n, 0x11111111]);
  });
});

/** CAP as 11.4.2 lays it out. */
function capOf(bits: number, caching: boolean, drain: boolean): bigint {
  const sagaw = 2n | (bits >= 48 ? 4n : 0n) | (bits >= 57 ? 8n : 0n);
  return 6n | 3n << 5n | (caching ? 1n << 7n : 0n) | sagaw << 8n | BigInt(bits - 1) << 16n | 1n << 22n | 0x22n << 24n | 3n << 34n | 1n << 39n | 7n << 40n | 18n << 48n | (drain ? 3n << 54n : 0n);
}

describe("pages", () => {
  it("of 4 KiB, 2 MiB and 1 GiB, with three, four and five levels", async () => {
    for (const [bits, width, levels] of [[39, 1, 3], [48, 2, 4], [57, 3, 5]] as const) {
      const u = await makeUnit({ bits }), table = u.context(CARD, { width });
      const high = levels === 3 ? 0x4000000000n : 1n << BigInt(bits - 1);
      u.map(table, high, BigInt(PAGE) | RW, 1, levels);
      u.map(table, high + 0x40000000n, RW, 2, levels);
      u.map(table, high + 0x80000000n, RW, 3, levels);
      u.set32(PAGE + 0x10, 5);
      u.start();
      expect([u.dmaRead(CARD, high + 0x10n), u.dmaRead(CARD, high + 0x40000010n + BigInt(PAGE)), u.dmaRead(CARD, high + 0x80000010n + BigInt(PAGE))]).toEqual([5, 5, 5]);
      expect([u.dmaRead(CARD, high + 0x80000010n + BigInt(PAGE)), u.count("IOTLB hits in large pages"), u.count("IOTLB misses"), u.takeFaults()]).toEqual([5, 1, 3, []]);
    }
  });
  it("that a transfer crosses are looked up one by one", async () => {
    const { u, table } = await mapped();
    u.map(table, IOVA + 0x1000n, BigInt(AT.DATA + 0x5000) | RW);
    expect(u.dmaWrite(CARD, IOVA + 0xffen, 0xaabbccdd)).toBe(true);
    expect([u.get16(PAGE + 0xffe), u.get16(AT.DATA + 0x5000), u.count("look-ups")]).toEqual([0xccdd, 0xaabb, 2]);
  });
  it("have rights, of every level on the way", async () => {
    const { u, table } = await mapped();
    u.map(table, IOVA + 0x1000n, BigInt(OTHER) | 1n);
    u.map(table, IOVA + 0x2000n, BigInt(OTHER) | 2n);
    expect([u.dmaRead(CARD, IOVA + 0x1000n), u.dmaWrite(CARD, IOVA + 0x1004n, 1), u.dmaWrite(CARD, IOVA + 0x2000n, 9), u.dmaRead(CARD, IOVA + 0x2000n)]).toEqual([0x22222222, false, true, REFUSED]);
    expect([u.get32(OTHER), u.get32(OTHER + 4)]).toEqual([9, 0]);
    expect(u.takeFaults()).toEqual([{ address: IOVA + 0x1000n, source: CARD, reason: 5, read: false }, { address: IOVA + 0x2000n, source: CARD, reason: 6, read: true }]);
    // A directory that only reads.
    u.set64(table, u.get64(table) & ~2n);
    u.setReg(R.IOTLB, 1n << 63n | 1n << 60n, 8);
    expect([u.dmaRead(CARD, IOVA), u.dmaWrite(CARD, IOVA, 3), u.get32(PAGE)]).toEqual([0x11111111, false, 0x11111111]);
  });
  it("of other domains are others'", async () => {
    const { u } = await mapped();
    const second = u.context(CARD + 8, { domain: 2 });
    u.map(second, IOVA, BigInt(OTHER) | RW);
    expect([u.dmaRead(CARD, IOVA), u.dmaRead(CARD + 8, IOVA), u.dmaRead(CARD, IOVA)]).toEqual([0x11111111, 0x22222222, 0x11111111]);
  });
  it("pass through where the context says so", async () => {
    const { u } = await mapped();
    u.context(CARD + 8, { type: 2, table: 0 });
    expect([u.dmaRead(CARD + 8, PAGE), u.count("requests passed through"), u.count("look-ups")]).toEqual([0x11111111, 1, 0]);
  });
  it("never lie in the interrupt range, and a requester of another bus is not one of bus 0", async () => {
    const { u } = await mapped();
    u.map(u.context(CARD), 0xfee00000n, BigInt(PAGE) | RW);
    expect([u.dmaWrite(CARD, 0xfee00000, 1), u.dmaRead(0x100 | CARD, IOVA), u.takeFaults().map(({ reason, source }) => [reason, source])]).toEqual([false, REFUSED, [[1, 0x100 | CARD]]]);
  });
});

describe("refusals", () => {
  const bad = async (set: (u: Unit, table: number) => void, options: UnitOptions = {}, iova = IOVA): Promise<unknown[]> => {
    const { u, table } = await mapped(options);
    set(u, table);
    u.setReg(R.CCMD, 1n << 63n | 1n << 61n, 8);
    u.setReg(R.IOTLB, 1n << 63n | 1n << 60n, 8);
    const before = u.bytes(PAGE, 4096).join();
    const went = u.dmaWrite(CARD, iova, 0xdeadbeef);
    expect([went, u.bytes(PAGE, 4096).join()]).toEqual([false, before]);
    return u.takeFaults().map(({ address, source, reason, read }) => { expect([source, read]).toEqual([CARD, false]); return [reason, address]; });
  };
  const entryAt = (u: Unit, table: number): number => Number(u.get64(Number(u.get64(table) & ~0xfffn) + 8 * Number(IOVA >> 21n & 511n)) & ~0xfffn) + 8 * Number(IOVA >> 12n & 511n);

  it("1, 2: entries that are not present", async () => {
    expect(await bad((u) => u.set64(AT.ROOT, 0n))).toEqual([[1, IOVA]]);
    expect(await bad((u) => u.context(CARD, { low: 0n }))).toEqual([[2, IOVA]]);
  });
  it("3: a width or type that the unit does not have", async () => {
    expect(await bad((u, table) => u.context(CARD, { table, width: 2 }))).toEqual([[3, IOVA]]);
    expect(await bad((u, table) => u.context(CARD, { table, width: 0 }))).toEqual([[3, IOVA]]);
    expect(await bad((u, table) => u.context(CARD, { table, type: 1 }))).toEqual([[3, IOVA]]);
    expect(await bad((u, table) => u.context(CARD, { table, type: 3 }))).toEqual([[3, IOVA]]);
  });
  it("4: an address beyond the unit's bits, or the domain's", async () => {
    expect(await bad(() => undefined, {}, 1n << 39n)).toEqual([[4, 1n << 39n]]);
    expect(await bad(() => undefined, { bits: 48 }, 1n << 39n)).toEqual([[4, 1n << 39n]]);
    expect(await bad((u) => u.context(CARD, { type: 2, table: 0 }), {}, 1n << 39n)).toEqual([[4, 1n << 39n]]);
  });
  it("5, 6, 7: paging entries without the right, or not in memory", async () => {
    expect(await bad((u, table) => u.set64(table, 0n))).toEqual([[5, IOVA]]);
    expect(await bad((u, table) => u.set64(table, 0x7000000000n | RW))).toEqual([[7, IOVA]]);
    expect(await bad((u) => u.context(CARD, { table: 0xfed90000 }))).toEqual([[7, IOVA]]);
  });
  it("8, 9: root and context tables that are not in memory", async () => {
    expect(await bad((u) => { u.setReg(R.RTADDR, 0xfee00000, 8); u.command(G.SRTP | G.TE); })).toEqual([[8, IOVA]]);
    expect(await bad((u) => u.set64(AT.ROOT, 0x3000000001n))).toEqual([[9, IOVA]]);
  });
  it("a, b, c: reserved bits, by level and by what the unit has", async () => {
    expect(await bad((u) => u.set64(AT.ROOT, BigInt(AT.CONTEXTS) | 3n))).toEqual([[10, IOVA]]);
    expect(await bad((u) => u.set64(AT.ROOT + 8, 1n))).toEqual([[10, IOVA]]);
    expect(await bad((u, table) => u.context(CARD, { table, low: 0x11n }))).toEqual([[11, IOVA]]);
    expect(await bad((u, table) => u.context(CARD, { table, high: 1n << 24n }))).toEqual([[11, IOVA]]);
    for (const bit of [11n, 39n, 62n]) expect(await bad((u, table) => u.set64(entryAt(u, table), BigInt(PAGE) | RW | 1n << bit))).toEqual([[12, IOVA]]);
    expect(await bad((u, table) => u.map(table, IOVA, RW | 0x1000n, 2))).toEqual([[12, IOVA]]);
    expect(await bad((u, table) => u.set64(table, u.get64(table) | 0x800n))).toEqual([[12, IOVA]]);
    expect(await bad((u, table) => { const four = u.context(CARD, { width: 2 }); u.set64(four, BigInt(table) | RW | 0x80n); }, { bits: 48 })).toEqual([[12, IOVA]]);
    const { u, table } = await mapped({ switches: SWITCH.SNOOP });
    u.set64(entryAt(u, table), BigInt(PAGE) | RW | 0x800n | 0x3ffn << 52n);
    expect(u.dmaRead(CARD, IOVA)).toBe(0x11111111);
  });
  it("are not recorded where the context says so, but those of its tables are", async () => {
    expect(await bad((u) => u.context(CARD, { low: 3n }), {}, 0x999000n)).toEqual([]);
    expect(await bad((u) => u.context(CARD, { low: 2n }))).toEqual([]);
    expect(await bad((u) => { u.context(CARD, { low: 3n }); u.set64(AT.ROOT, 0n); })).toEqual([[1, IOVA]]);
  });
});

describe("caches keep what they have", () => {
  it("pages, until they are invalidated: by page, domain, all, by register and by queue", async () => {
    const { u, table } = await mapped();
    u.startQueue();
    const remap = (to: number): void => u.map(table, IOVA, BigInt(to) | RW);
    const look = (): number => u.dmaRead(CARD, IOVA);
    expect(look()).toBe(0x11111111);
    remap(OTHER);
    expect(look()).toBe(0x11111111);
    u.queue(Inv.pages(3, 1, IOVA + 0x1000n)); expect(look()).toBe(0x11111111);
    u.queue(Inv.pages(3, 2, IOVA)); expect(look()).toBe(0x11111111);
    u.queue(Inv.pages(3, 1, IOVA)); expect(look()).toBe(0x22222222);
    remap(PAGE);
    u.queue(Inv.pages(2, 2)); expect(look()).toBe(0x22222222);
    u.queue(Inv.pages(2, 1)); expect(look()).toBe(0x11111111);
    remap(OTHER);
    u.queue(Inv.pages(1)); expect(look()).toBe(0x22222222);
    remap(PAGE);
    u.queue(Inv.pages(3, 1, 0x12344000n, 1)); expect(look()).toBe(0x11111111);
    remap(OTHER);
    u.setReg(R.IVA, IOVA, 8); u.setReg(R.IOTLB, 1n << 63n | 3n << 60n | 1n << 32n, 8);
    expect([look(), u.reg(R.IOTLB, 8) >> 57n]).toEqual([0x22222222, 3n << 3n | 3n]);
    expect([u.count("IOTLB invalidations of pages"), u.count("IOTLB invalidations of a domain"), u.count("IOTLB invalidations of all")]).toEqual([5, 2, 1]);
  });
  it("contexts, by device, domain and all", async () => {
    const { u } = await mapped();
    u.startQueue();
    const look = (): number => { u.queue(Inv.pages(1)); return u.dmaRead(CARD, IOVA); };
    look();
    const second = u.context(CARD);
    u.map(second, IOVA, BigInt(OTHER) | RW);
    expect(look()).toBe(0x11111111);
    u.queue(Inv.contexts(3, 1, CARD + 8)); expect(look()).toBe(0x11111111);
    u.queue(Inv.contexts(3, 1, CARD + 5, 3)); expect(look()).toBe(0x22222222);
    u.context(CARD, { domain: 4, table: second }); u.queue(Inv.contexts(2, 9));
    const before = u.count("context cache hits");
    look();
    expect(u.count("context cache hits")).toBe(before + 1);
    u.queue(Inv.contexts(2, 1)); look();
    expect(u.count("context cache hits")).toBe(before + 1);
  });
  it("tables of a walk, which a hint keeps", async () => {
    const { u, table } = await mapped();
    u.startQueue();
    u.dmaRead(CARD, IOVA);
    expect(u.count("walk reads")).toBe(3);
    u.queue(Inv.pages(3, 1, IOVA, 0, true));
    u.dmaRead(CARD, IOVA);
    expect([u.count("walk reads"), u.count("walks begun at a kept table")]).toEqual([4, 1]);
    // The last table moves: seen only without the hint.
    const old = Number(u.get64(table) & ~0xfffn) + 8 * Number(IOVA >> 21n & 511n), moved = u.freshTable();
    u.put(moved, u.bytes(Number(u.get64(old) & ~0xfffn), 4096)); u.set64(moved + 8 * Number(IOVA >> 12n & 511n), BigInt(OTHER) | RW); u.set64(old, BigInt(moved) | RW);
    u.queue(Inv.pages(3, 1, IOVA, 0, true)); expect(u.dmaRead(CARD, IOVA)).toBe(0x11111111);
    u.queue(Inv.pages(3, 1, IOVA)); expect(u.dmaRead(CARD, IOVA)).toBe(0x22222222);
  });
  it("nothing that is not present, but with caching mode on that too", async () => {
    for (const caching of [false, true]) {
      const { u, table } = await mapped({ switches: caching ? SWITCH.CACHING : 0 });
      u.startQueue();
      const next = IOVA + 0x1000n;
      expect(u.dmaRead(CARD, next)).toBe(REFUSED);
      u.map(table, next, BigInt(OTHER) | RW);
      expect(u.dmaRead(CARD, next)).toBe(caching ? REFUSED : 0x22222222);
      u.queue(Inv.pages(3, 1, next));
      expect(u.dmaRead(CARD, next)).toBe(0x22222222);
    }
  });
  it("of their stated size, and the way used longest ago gives way", async () => {
    const { u, table } = await mapped({ entries: 4, ways: 2, tables: 0 });
    for (let i = 1n; i <= 4n; i++) u.map(table, IOVA + i * 0x2000n, BigInt(OTHER) | RW);
    const touch = (i: bigint): number => { const before = u.count("IOTLB misses"); u.dmaRead(CARD, IOVA + i * 0x2000n); return u.count("IOTLB misses") - before; };
    // Pages two apart share a set of two ways.
    expect([0n, 1n, 0n, 2n, 0n, 1n].map(touch)).toEqual([1, 1, 0, 1, 0, 1]);
    expect(u.count("walk reads")).toBe(3 * u.count("IOTLB misses"));
  });
  it("a mask beyond what the unit has, or no granularity, is answered as none", async () => {
    const { u } = await mapped();
    u.setReg(R.IVA, IOVA | 19n, 8); u.setReg(R.IOTLB, 1n << 63n | 3n << 60n | 1n << 32n, 8);
    expect(u.reg(R.IOTLB, 8) >> 57n & 3n).toBe(0n);
    u.setReg(R.CCMD, 1n << 63n, 8);
    expect(u.reg(R.CCMD, 8) >> 59n).toBe(0n);
  });
});

describe("a snapshot", () => {
  it("goes on where it was: tables taken over, kept pages, faults on record", async () => {
    const { u, table } = await mapped();
    u.dmaRead(CARD, IOVA); u.dmaWrite(CARD, 0x1000n, 1);
    u.map(table, IOVA, BigInt(OTHER) | RW);
    // What a restored machine does: everything cached is made again over the state.
    u.call("attachAll");
    expect([u.dmaRead(CARD, IOVA), u.reg(R.GSTS), u.takeFaults().map(({ reason }) => reason)]).toEqual([0x11111111, 0xc0000000n, [5]]);
    u.setReg(R.IOTLB, 1n << 63n | 1n << 60n, 8);
    expect(u.dmaRead(CARD, IOVA)).toBe(0x22222222);
  });
});

describe("protected memory", () => {
  it("is closed to what is not translated", async () => {
    const { u } = await mapped();
    u.context(CARD + 8, { type: 2, table: 0 });
    u.setReg(R.PLMBASE, 0); u.setReg(R.PLMLIMIT, 0); u.setReg(R.PHMBASE, ~0n, 8); u.setReg(R.PHMLIMIT, 0, 8);
    u.setReg(R.PMEN, 0x80000000);
    expect([u.reg(R.PMEN), u.dmaRead(CARD, IOVA), u.dmaRead(CARD + 8, PAGE), u.dmaRead(CARD + 8, 0x200000)]).toEqual([0x80000001n, 0x11111111, REFUSED, 0]);
    u.drop(G.TE);
    expect([u.dmaRead(CARD, PAGE), u.dmaRead(CARD, 0x200000), u.takeFaults()]).toEqual([REFUSED, 0, []]);
    u.setReg(R.PMEN, 0);
    expect([u.reg(R.PMEN), u.dmaRead(CARD, PAGE)]).toEqual([0n, 0x11111111]);
  });
});
