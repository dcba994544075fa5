// The invalidation queue, its errors, and the two events: faults and completion. Fault records and their overflow.
import { describe, expect, it } from "vitest";
import { AT, G, Inv, makeUnit, R, SWITCH, type Unit } from "./driver.js";

const CARD = 0x18;
const started = async (switches?: number): Promise<Unit> => {
  const u = await makeUnit(switches === undefined ? {} : { switches });
  u.context(CARD);
  u.start();
  u.startQueue();
  u.write(0xfee000f0, 4, 0x1ff);
  return u;
};
/** Messages to the processor, for one of the events. */
const route = (u: Unit, control: number, vector: number): void => {
  u.setReg(control + 4, vector); u.setReg(control + 8, 0xfee00000); u.setReg(control, 0);
};

describe("the queue", () => {
  it("is taken in order up to the tail, round its end, and a wait writes its status", async () => {
    const u = await started();
    for (let i = 0; i < 300; i++) u.queue(Inv.contexts(), Inv.wait(i, AT.STATUS));
    expect([u.get32(AT.STATUS), u.reg(R.IQH, 8), u.count("queue descriptors"), u.count("queue waits")]).toEqual([299, BigInt(600 * 16 % 4096), 600, 300]);
  });
  it("waits while it is off, and starts at its beginning", async () => {
    const u = await started();
    u.queue(Inv.wait(1, AT.STATUS));
    u.drop(G.QIE);
    expect([u.reg(R.IQH, 8), u.reg(R.GSTS) & G.QIE]).toEqual([0n, 0n]);
    u.set64(AT.QUEUE, 5n | 32n | 7n << 32n);
    u.command(G.QIE);
    expect([u.get32(AT.STATUS), u.reg(R.IQH, 8)]).toEqual([7, 16n]);
  });
  it.each<[string, readonly [bigint, bigint], bigint]>([
    ["an unknown type", [0xfn, 0n], 3n], ["a type of scalable mode", [6n, 0n], 3n], ["a type in its upper bits", [1n | 1n << 9n | 16n, 0n], 3n],
    ["reserved bits of a context", [1n | 16n | 1n << 50n, 0n], 4n], ["a second half of a context", [1n | 16n, 1n], 4n], ["no granularity of contexts", [1n, 0n], 4n],
    ["reserved bits of pages", [2n | 16n | 1n << 32n, 0n], 4n], ["reserved bits of an address", [2n | 0x30n, 0x80n], 4n], ["a mask too large", [2n | 0x30n, 19n], 4n], ["no granularity of pages", [2n, 0n], 4n],
    ["reserved bits of interrupt entries", [4n | 1n << 5n, 0n], 4n], ["reserved bits of a wait", [5n | 1n << 8n, 0n], 4n], ["a status not at a dword", [5n | 32n, 1n], 4n],
  ])("stops at %s, says so, and goes on when software has mended it", async (_, descriptor, info) => {
    const u = await started();
    route(u, R.FECTL, 0x41);
    u.queue(Inv.contexts(), descriptor, Inv.wait(5, AT.STATUS));
    expect([u.reg(R.IQH, 8), u.reg(R.FSTS), u.reg(R.IQERCD, 8), u.get32(AT.STATUS), u.takeVectors()]).toEqual([16n, 16n, info, 0, [0x41]]);
    u.setReg(R.IQT, 48, 8);
    expect(u.get32(AT.STATUS)).toBe(0);
    u.set64(AT.QUEUE + 16, 1n | 16n); u.set64(AT.QUEUE + 24, 0n);
    u.setReg(R.FSTS, 16);
    expect([u.reg(R.IQH, 8), u.reg(R.FSTS), u.reg(R.IQERCD, 8), u.get32(AT.STATUS)]).toEqual([48n, 0n, 0n, 5]);
  });
  it("stops at a tail beyond it, and where it is not in memory", async () => {
    const u = await started();
    u.setReg(R.IQT, 4096, 8);
    expect([u.reg(R.FSTS), u.reg(R.IQERCD, 8)]).toEqual([16n, 1n]);
    const v = await started();
    v.drop(G.QIE);
    v.setReg(R.IQA, 0xfed90000, 8); v.setReg(R.IQT, 0, 8); v.command(G.QIE);
    v.setReg(R.IQT, 16, 8);
    expect([v.reg(R.FSTS), v.reg(R.IQERCD, 8)]).toEqual([16n, 2n]);
  });
  it("has no interrupt entries without interrupt remapping, nor registers of them", async () => {
    const u = await started(0);
    u.queue(Inv.entries());
    u.setReg(R.IRTA, AT.IRT, 8);
    u.command(G.SIRTP | G.IRE);
    expect([u.reg(R.IQERCD, 8), u.reg(R.IRTA, 8), u.reg(R.GSTS) & (G.SIRTP | G.IRE)]).toEqual([4n, 0n, 0n]);
  });
  it("of the greatest length is taken in turns, by the machine's allowance", async () => {
    const u = await started();
    u.drop(G.QIE);
    const ring = 0x200000, entries = 32768;
    for (let i = 0; i < entries; i++) { u.set64(ring + 16 * i, 2n | 2n << 4n); u.set64(ring + 16 * i + 8, 0n); }
    u.setReg(R.IQA, ring | 7, 8); u.setReg(R.IQT, 0, 8); u.command(G.QIE);
    u.setReg(R.IQT, 16 * (entries - 1), 8);
    const first = Number(u.reg(R.IQH, 8)) / 16;
    expect(first).toBeGreaterThan(1000);
    expect(first).toBeLessThan(10_000);
    for (let turns = 0; turns < 200_000 && Number(u.reg(R.IQH, 8)) < 16 * (entries - 1); turns++) { u.call("setTicks", u.m.exports.nextDeadlineNs!() as bigint); u.call("runTimers"); }
    expect([u.reg(R.IQH, 8), u.count("IOTLB invalidations of a domain")]).toEqual([BigInt(16 * (entries - 1)), entries - 1]);
  });
});

describe("completion", () => {
  it("is told once until it has been looked after, and waits behind its mask", async () => {
    const u = await started();
    route(u, R.IECTL, 0x52);
    u.queue(Inv.wait(0, 0, 16), Inv.wait(0, 0, 16));
    expect([u.reg(R.ICS), u.takeVectors()]).toEqual([1n, [0x52]]);
    u.setReg(R.ICS, 1); u.setReg(R.IECTL, 0x80000000);
    u.queue(Inv.wait(0, 0, 16));
    expect([u.reg(R.IECTL), u.takeVectors()]).toEqual([0xc0000000n, []]);
    u.setReg(R.IECTL, 0);
    expect([u.reg(R.IECTL), u.takeVectors()]).toEqual([0n, [0x52]]);
    u.setReg(R.ICS, 1); u.setReg(R.IECTL, 0x80000000);
    u.queue(Inv.wait(0, 0, 16));
    u.setReg(R.ICS, 1);
    expect(u.reg(R.IECTL)).toBe(0x80000000n);
  });
});

describe("fault records", () => {
  const fault = (u: Unit, i: number): void => { u.dmaWrite(CARD, BigInt(i) << 12n, 1); };
  it("are eight, in turn; with none free the fault is lost and FSTS says so, until software clears it", async () => {
    const u = await started();
    route(u, R.FECTL, 0x61);
    for (let i = 0; i < 12; i++) fault(u, i);
    expect([u.reg(R.FSTS), u.takeVectors(), u.count("faults without a free record"), u.count("faults 5, no write")]).toEqual([3n, [0x61], 4, 12]);
    expect(u.takeFaults().map(({ address }) => Number(address >> 12n))).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(u.reg(R.FSTS)).toBe(0n);
    for (let i = 20; i < 23; i++) fault(u, i);
    expect([u.reg(R.FSTS) & 0xffn, u.takeFaults().map(({ address }) => Number(address >> 12n)), u.takeVectors()]).toEqual([2n, [20, 21, 22], [0x61]]);
    fault(u, 30);
    expect([u.reg(R.FSTS) >> 8n, u.takeFaults()[0]!.address]).toEqual([3n, 30n << 12n]);
  });
  it("nothing is recorded while PFO stands, though records are free", async () => {
    const u = await started();
    for (let i = 0; i < 9; i++) fault(u, i);
    for (let n = 0; n < 8; n++) u.setReg(R.FRCD + 16 * n + 12, 0x80000000);
    fault(u, 10);
    expect([u.reg(R.FSTS), u.reg(R.FRCD + 12) >> 31n]).toEqual([1n, 0n]);
    u.setReg(R.FSTS, 1);
    fault(u, 11);
    expect([u.reg(R.FSTS), u.reg(R.FRCD, 8)]).toEqual([2n, 11n << 12n]);
  });
  it("are told of behind the mask when it goes, unless they have been looked after", async () => {
    const u = await started();
    route(u, R.FECTL, 0x62); u.setReg(R.FECTL, 0x80000000);
    fault(u, 1);
    expect([u.reg(R.FECTL), u.takeVectors()]).toEqual([0xc0000000n, []]);
    u.takeFaults();
    expect(u.reg(R.FECTL)).toBe(0x80000000n);
    fault(u, 2);
    u.setReg(R.FECTL, 0);
    expect(u.takeVectors()).toEqual([0x62]);
  });
  it("cost the same however many there are, and neither trap nor hang", async () => {
    const u = await started(SWITCH.REMAP);
    for (let i = 0; i < 20_000; i++) fault(u, i);
    expect([u.count("faults 5, no write"), u.count("faults without a free record")]).toEqual([20_000, 19_992]);
  });
});
