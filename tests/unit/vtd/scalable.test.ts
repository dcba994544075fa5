// Scalable mode by the specification: what the unit says it has, the way from a requester to its PASID's entry, what caches keep by PASID and what each
// invalidation takes from them, accessed and dirty bits, descriptors of 32 bytes. Every reason to refuse is the property test's.
import { describe, expect, it } from "vitest";
import { AT, G, Inv, makeUnit, R, REFUSED, SWITCH, type Unit, type UnitOptions } from "./driver.js";

const CARD = 0x18, HIGH = 0x98, IOVA = 0x12345000n, PAGE = AT.DATA, OTHER = AT.DATA + 0x1000;
const DIRECTORY = 0x60000, PASIDS = 0x61000;
const SWITCHES = SWITCH.SCALABLE | SWITCH.FIRST | SWITCH.PASS | SWITCH.REMAP;
const TYPE = { FIRST: 1, SECOND: 2, NESTED: 3, PASS: 4 } as const;
/** First stage: present, write, user. */
const PWU = 7n, RW = 3n;

interface Entry { pasid?: number; type: number; domain?: number; first?: number; second?: number; stage?: bigint }

/** The entry of a PASID, which a card's requests stand for. */
function pasid(u: Unit, devfn: number, { pasid: id = 0, type, domain = 1, first = 0, second = 0, stage = 0n }: Entry): void {
  const context = AT.CONTEXTS + (devfn & 0x80 ? 0x1000 : 0) + 32 * (devfn & 0x7f), entry = PASIDS + 64 * (id & 63);
  for (const [i, word] of [BigInt(DIRECTORY | 1), BigInt(id), 0n, 0n].entries()) u.set64(context + 8 * i, word);
  u.set64(DIRECTORY + 8 * (id >> 6), BigInt(PASIDS | 1));
  for (const [i, word] of [BigInt(second | 1) | 2n << 2n | BigInt(type) << 6n, BigInt(domain), BigInt(first) | stage, 0n, 0n, 0n, 0n, 0n].entries()) u.set64(entry + 8 * i, word);
}
/** Both halves of bus 0's root entry, and the mode on. */
function startScalable(u: Unit): void {
  u.set64(AT.ROOT, BigInt(AT.CONTEXTS | 1)); u.set64(AT.ROOT + 8, BigInt(AT.CONTEXTS + 0x1000 | 1));
  u.setReg(R.RTADDR, AT.ROOT | 0x400, 8);
  u.command(G.SRTP); u.command(G.TE);
}
/** Maps in a first stage's tables. */
function mapFirst(u: Unit, table: number, iova: bigint, entry: bigint): void {
  u.map(table, iova, entry, 1, 4);
  for (let at = table, level = 4; level > 1; level--) {
    const place = at + 8 * Number(iova >> BigInt(12 + 9 * (level - 1)) & 511n);
    u.set64(place, u.get64(place) | PWU);
    at = Number(u.get64(place) & 0xffffffffff000n);
  }
}
async function scalable(options: UnitOptions = {}): Promise<Unit> {
  const u = await makeUnit({ bits: 48, switches: SWITCHES, ...options });
  u.set32(PAGE, 0x11111111); u.set32(OTHER, 0x22222222);
  startScalable(u); u.startQueue();
  return u;
}
async function firstStage(): Promise<{ u: Unit; table: number; leaf: () => bigint }> {
  const u = await scalable(), table = u.freshTable();
  pasid(u, CARD, { type: TYPE.FIRST, first: table, pasid: 3 });
  mapFirst(u, table, IOVA, BigInt(PAGE) | PWU);
  const leaf = (): bigint => { let at = table; for (let level = 4; level > 1; level--) at = Number(u.get64(at + 8 * Number(IOVA >> BigInt(12 + 9 * (level - 1)) & 511n)) & 0xffffffffff000n); return u.get64(at + 8 * Number(IOVA >> 12n & 511n)); };
  return { u, table, leaf };
}

describe("capabilities", () => {
  it("are those of the mode, with and without first stages; without the mode its registers' bits are none", async () => {
    const both = await makeUnit({ bits: 57, switches: SWITCHES });
    expect([both.reg(R.ECAP, 8) >> 24n, both.reg(R.CAP, 8) >> 56n]).toEqual([1n << 2n | 1n << 7n | 1n << 19n | 1n << 22n | 1n << 23n | 1n << 24n | 1n << 25n, 1n | 1n << 4n]);
    const second = await makeUnit({ bits: 48, switches: SWITCH.SCALABLE });
    expect([second.reg(R.ECAP, 8) >> 24n, second.reg(R.CAP, 8) >> 56n]).toEqual([1n << 7n | 1n << 19n | 1n << 22n | 1n << 24n | 1n << 25n, 0n]);
    const none = await makeUnit();
    none.setReg(R.RTADDR, 0x10400, 8); none.setReg(R.IQA, 0x10800, 8);
    expect([none.reg(R.RTADDR, 8), none.reg(R.IQA, 8)]).toEqual([0x10000n, 0x10000n]);
    both.setReg(R.RTADDR, 0x10400, 8); both.setReg(R.IQA, 0x10800, 8);
    expect([both.reg(R.RTADDR, 8), both.reg(R.IQA, 8)]).toEqual([0x10400n, 0x10800n]);
  });
  it("30h: a table mode that there is not", async () => {
    const u = await scalable();
    u.setReg(R.RTADDR, AT.ROOT | 0x800, 8); u.command(G.SRTP | G.TE);
    expect([u.dmaRead(CARD, PAGE), u.takeFaults()[0]!.reason, u.count("faults 30, no such table mode")]).toEqual([REFUSED, 0x30, 1]);
  });
});

describe("stages", () => {
  it("none, one of each, and both: by the PASID's entry, in either half of the bus", async () => {
    const u = await scalable(), first = u.freshTable(), second = u.freshTable();
    u.map(second, IOVA, BigInt(PAGE) | RW, 1, 4);
    mapFirst(u, first, IOVA, BigInt(OTHER) | PWU);
    const look = (entry: Entry, devfn: number, iova: bigint): number => { pasid(u, devfn, entry); u.queue(Inv.contexts(), Inv.pages()); return u.dmaRead(devfn, iova); };
    for (const devfn of [CARD, HIGH]) {
      expect([look({ type: TYPE.PASS }, devfn, BigInt(PAGE)), look({ type: TYPE.SECOND, second }, devfn, IOVA), look({ type: TYPE.FIRST, first }, devfn, IOVA)]).toEqual([0x11111111, 0x11111111, 0x22222222]);
    }
    // Nested: the first stage's tables and page go through the second, which leads a page further than the first says.
    const outer = u.freshTable();
    for (let page = 0; page < 512; page++) u.map(outer, BigInt(page) << 12n, BigInt(page) << 12n | RW, 1, 4);
    u.map(outer, BigInt(OTHER), BigInt(PAGE) | RW, 1, 4);
    expect([look({ type: TYPE.NESTED, first, second: outer }, CARD, IOVA), u.takeFaults()]).toEqual([0x11111111, []]);
    expect(u.count("walk reads")).toBeGreaterThan(20);
  });
  it("a first stage's pages of 2 MiB and 1 GiB, five levels, and the upper half of addresses", async () => {
    const u = await scalable({ bits: 57 }), table = u.freshTable(), up = 0xff00000000000000n;
    pasid(u, CARD, { type: TYPE.FIRST, first: table, stage: 4n });
    for (const iova of [0n, up]) {
      u.map(table, iova + 0x200000n, PWU, 2, 5); u.map(table, iova + 0x40000000n, PWU, 3, 5);
      for (let at = table, level = 5; level > 2; level--) { const place = at + 8 * Number(iova >> BigInt(12 + 9 * (level - 1)) & 511n); u.set64(place, u.get64(place) | PWU); at = Number(u.get64(place) & 0xffffffffff000n); }
      expect([u.dmaRead(CARD, iova + 0x200000n + BigInt(PAGE)), u.dmaRead(CARD, iova + 0x40000000n + BigInt(OTHER)), u.takeFaults()]).toEqual([0x11111111, 0x22222222, []]);
    }
  });
});

describe("accessed and dirty", () => {
  it("are set by the walk, dirty by the first write, which a page kept for reading does not hide", async () => {
    const { u, leaf } = await firstStage();
    expect([u.dmaRead(CARD, IOVA), leaf() & 0x60n, u.count("IOTLB misses")]).toEqual([0x11111111, 0x20n, 1]);
    expect([u.dmaWrite(CARD, IOVA, 7), u.get32(PAGE), leaf() & 0x60n, u.count("IOTLB misses")]).toEqual([true, 7, 0x60n, 2]);
    expect([u.dmaWrite(CARD, IOVA, 8), u.dmaRead(CARD, IOVA), u.count("IOTLB misses")]).toEqual([true, 8, 2]);
  });
  it("a page that only reads is refused to a user's write, and not marked dirty; a privileged one's goes by WPE", async () => {
    const { u, table, leaf } = await firstStage();
    mapFirst(u, table, IOVA, BigInt(PAGE) | 5n);
    expect([u.dmaWrite(CARD, IOVA, 7), u.takeFaults()[0]!.reason, leaf() & 0x40n]).toEqual([false, 0x85, 0n]);
    for (const [stage, went] of [[1n, true], [17n, false]] as const) {
      pasid(u, CARD, { type: TYPE.FIRST, first: table, pasid: 3, stage });
      u.set64(AT.CONTEXTS + 32 * CARD + 8, 3n | 1n << 20n);
      u.queue(Inv.contexts(), Inv.pages());
      expect(u.dmaWrite(CARD, IOVA, 9)).toBe(went);
    }
  });
});

describe("invalidations", () => {
  it("of pages by PASID, selected or all, and by domain; a second stage's pages are another matter", async () => {
    const { u, table } = await firstStage();
    const look = (): number => u.dmaRead(CARD, IOVA), remap = (to: number): void => mapFirst(u, table, IOVA, BigInt(to) | PWU);
    look(); remap(OTHER);
    for (const other of [Inv.pasidPages(2, 1, 4), Inv.pasidPages(2, 2, 3), Inv.pasidPages(3, 1, 3, IOVA + 0x1000n), Inv.pages(2, 2)]) { u.queue(other); expect(look()).toBe(0x11111111); }
    u.queue(Inv.pasidPages(3, 1, 3, IOVA)); expect(look()).toBe(0x22222222);
    remap(PAGE); u.queue(Inv.pasidPages(3, 1, 3, 0x12344000n, 1)); expect(look()).toBe(0x11111111);
    remap(OTHER); u.queue(Inv.pasidPages(2, 1, 3)); expect(look()).toBe(0x22222222);
    // By a page of the domain, whichever: all of its first stages go (6.5.2.3).
    remap(PAGE); u.queue(Inv.pages(3, 1, 0x999000n)); expect(look()).toBe(0x11111111);
    remap(OTHER); u.queue(Inv.pages(2, 1)); expect(look()).toBe(0x22222222);
    expect([u.count("IOTLB invalidations of a PASID"), u.reg(R.FSTS)]).toEqual([6, 0n]);
  });
  it("of the PASID cache: by domain, by PASID, all; and of contexts", async () => {
    const { u, table } = await firstStage(), second = u.freshTable();
    mapFirst(u, second, IOVA, BigInt(OTHER) | PWU);
    const turn = (first: number): void => pasid(u, CARD, { type: TYPE.FIRST, first, pasid: 3 });
    const look = (): number => { u.queue(Inv.pages()); return u.dmaRead(CARD, IOVA); };
    look(); turn(second);
    for (const other of [Inv.pasids(0, 2), Inv.pasids(1, 1, 4), Inv.pasids(1, 2, 3)]) { u.queue(other); expect(look()).toBe(0x11111111); }
    u.queue(Inv.pasids(1, 1, 3)); expect(look()).toBe(0x22222222);
    turn(table); u.queue(Inv.pasids(0, 1)); expect(look()).toBe(0x11111111);
    turn(second); u.queue(Inv.pasids(3)); expect(look()).toBe(0x22222222);
    turn(table); u.queue(Inv.contexts(3, 9, CARD)); expect(look()).toBe(0x11111111);
    expect(u.count("PASID cache invalidations")).toBe(6);
  });
  it("come in descriptors of 32 bytes where software says so, whose upper half is to be zero and whose tail is at one", async () => {
    const u = await scalable();
    u.drop(G.QIE); u.setReg(R.IQA, AT.QUEUE | 0x800, 8); u.command(G.QIE);
    const put = (i: number, words: readonly bigint[]): void => words.forEach((word, n) => u.set64(AT.QUEUE + 32 * i + 8 * n, word));
    put(0, [...Inv.pasids(3), 0n, 0n]); put(1, [...Inv.wait(9, AT.STATUS), 0n, 0n]); put(2, [...Inv.wait(10, AT.STATUS), 0n, 1n]);
    u.setReg(R.IQT, 64, 8);
    expect([u.reg(R.IQH, 8), u.get32(AT.STATUS), u.reg(R.FSTS)]).toEqual([64n, 9, 0n]);
    u.setReg(R.IQT, 96, 8);
    expect([u.reg(R.IQH, 8), u.get32(AT.STATUS), u.reg(R.IQERCD, 8)]).toEqual([64n, 9, 4n]);
    u.setReg(R.IQT, 80, 8); u.setReg(R.FSTS, 16);
    expect(u.reg(R.IQERCD, 8)).toBe(1n);
  });
  it.each<[string, readonly [bigint, bigint]]>([
    ["reserved bits of a PASID's pages", [6n | 2n << 4n | 1n << 52n, 0n]], ["no granularity of those", [6n, 0n]], ["reserved bits of an address", [6n | 3n << 4n, 0x80n]],
    ["reserved bits of the PASID cache", [7n | 1n << 6n, 0n]], ["no granularity of that", [7n | 2n << 4n, 0n]],
  ])("stops at %s", async (_, descriptor) => {
    const u = await scalable();
    u.queue(descriptor);
    expect([u.reg(R.FSTS), u.reg(R.IQERCD, 8)]).toEqual([16n, 4n]);
  });
});
