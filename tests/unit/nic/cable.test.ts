// What the e1000 and the pcnet share: the cable that the host takes out, and histograms of their queues.
import { describe, expect, it } from "vitest";
import { C, Driver, frameOf, makeCard, R } from "../e1000/driver.js";
import { CSR0, frameTo, MAC, makeDriver } from "../pcnet/driver.js";
import { makeMachine } from "../virtio/machine.js";

const ERR = 0x4000, LCAR = 0x0800, LU = 2;
const accepts = (d: { m: Driver["m"] }): number => d.m.m.view.getUint32(d.m.call("ringAt", 0, 2) + 1024, true);

describe("an e1000 whose cable is taken out", () => {
  it("says so in STATUS, PHY and LSC, sends nothing until it is back, and then what waited", async () => {
    const d = (await makeCard()).start();
    d.set(R.IMS, C.LSC);
    d.get(R.ICR);
    expect([d.get(R.STATUS) & LU, accepts(d)]).toEqual([LU, 8]);
    d.m.call("plug", 0, 0);
    expect([d.get(R.STATUS) & LU, accepts(d), d.get(R.ICR) & C.LSC]).toEqual([0, 0, C.LSC]);
    d.set(R.MDIC, 0x08000000 | 1 << 21 | 1 << 16);
    expect(d.get(R.MDIC) & 4).toBe(0);
    d.legacy(frameOf(60));
    expect(d.m.takeFrames()).toEqual([]);
    d.m.call("plug", 0, 1);
    expect([d.get(R.STATUS) & LU, accepts(d), d.get(R.ICR) & C.LSC]).toEqual([LU, 8, C.LSC]);
    expect(d.m.takeFrames()).toHaveLength(1);
  });
});

describe("a pcnet whose cable is taken out", () => {
  it("says so in BCR4 and in the descriptor, and loses what it sends", async () => {
    const d = await makeDriver();
    d.start();
    expect([d.bcr(4), accepts(d)]).toEqual([0x80c0, 8]);
    d.m.call("plug", 0, 0);
    expect([d.bcr(4), accepts(d)]).toEqual([0xc0, 0]);
    d.setBcr(4, 0x80c0);
    expect(d.bcr(4)).toBe(0xc0);
    d.send([frameTo(MAC, 60)]);
    expect(d.frames()).toEqual([]);
    expect(d.txStatus(0) & ERR).toBe(ERR);
    expect(d.errors(0) & LCAR).toBe(LCAR);
    d.m.call("plug", 0, 1);
    expect([d.bcr(4), accepts(d)]).toEqual([0x80c0, 8]);
    d.send([frameTo(MAC, 60)]);
    expect(d.frames()).toHaveLength(1);
  });
  it("is not there for the host while it is stopped, cable or not", async () => {
    const d = await makeDriver();
    d.m.call("plug", 0, 0);
    d.m.call("plug", 0, 1);
    expect(accepts(d)).toBe(0);
    d.start();
    d.setCsr(0, CSR0.STOP);
    expect(accepts(d)).toBe(0);
  });
});

describe("histograms", () => {
  it("of an e1000: packets per doorbell, interrupt and poll, queue by queue", async () => {
    const d = (await makeCard()).start();
    d.set(R.IMS, C.TXDW | C.RXT0);
    for (const batch of [1, 3, 2]) {
      for (let i = 0; i < batch; i++) d.legacy(frameOf(60));
      d.ring();
      d.get(R.ICR);
    }
    expect(d.m.takeFrames()).toHaveLength(6);
    const bells = d.count("q1 doorbells"), perBell = d.m.histogram("e1000-0 q1 packets per doorbell");
    expect(bells).toBeGreaterThan(2);
    // The last doorbell's packets are not known to be all yet.
    expect(Object.values(perBell).reduce((sum, n) => sum + n, 0)).toBe(bells - 1);
    const perInterrupt = d.m.histogram("e1000-0 q1 packets per interrupt");
    expect(Object.values(perInterrupt).reduce((sum, n) => sum + n, 0)).toBe(d.count("interrupts asserted"));
    const before = d.m.histogram("e1000-0 q0 packets per poll")[2] ?? 0;
    d.m.giveFrame(frameOf(60), {}, false);
    d.m.giveFrame(frameOf(61));
    expect((d.m.histogram("e1000-0 q0 packets per poll")[2] ?? 0) - before).toBe(1);
    expect(d.count("q0 bytes copied")).toBe(121);
    expect(d.count("q1 bytes copied")).toBe(360);
  });
  it("of a pcnet", async () => {
    const d = await makeDriver();
    d.start();
    for (let i = 0; i < 3; i++) { d.send([frameTo(MAC, 60)]); d.frames(); d.setCsr(0, CSR0.TINT | CSR0.IENA); }
    expect(d.m.counter("pcnet0 interrupts asserted")).toBe(3);
    expect(d.m.counter("pcnet0 interrupts delivered")).toBe(3);
    expect(d.m.histogram("pcnet0 q1 packets per doorbell")).toEqual({ 1: 2 });
    expect(d.m.histogram("pcnet0 q1 packets per poll")[1]).toBe(3);
    expect(d.m.counter("pcnet0 q1 bytes copied")).toBe(180);
  });
});

it("a machine with more to count than the tables hold says so", async () => {
  const m = await makeMachine({ count: 8, queues: 8 });
  expect(m.call("countersMissing")).toBe(0);
  m.call("takeCounters", 4096);
  expect(m.call("countersMissing")).toBe(4096);
});
