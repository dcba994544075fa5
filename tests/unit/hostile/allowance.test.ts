// The machine's allowance for devices (assembly/device/allowance.ts): whatever a driver asks for, the units of work done in one
// access, and over any stretch of virtual time, have an end; what waits goes on by itself; ordinary drivers never wait.
import { describe, expect, it } from "vitest";
import { DATA as FRAME, Driver as E1000Driver, frameOf, makeCard, R, RCTL, T } from "../e1000/driver.js";
import { CSR0, Driver as PcnetDriver, ENP, makeDriver, OWN, RINGS, STP, TX_DATA } from "../pcnet/driver.js";
import { makeBoard } from "../board/board.js";
import { IN, makeDisk, noted } from "../virtio/disk-driver.js";
import { CardKind } from "../../../assembly/surface/cards.js";
import { bits, Driver } from "../virtio/driver.js";
import { randomOf } from "../virtio/fuzz.js";
import { makeMachine, type TestMachine } from "../virtio/machine.js";

/** As in allowance.ts: units at once, and what an item may cost beyond them. */
const BURST = 100_000, ITEM = 20_000;
const work = (m: TestMachine): number => m.counter("device work");
const waits = (m: TestMachine): number => m.counter("waits of devices for allowance");
const pass = (m: TestMachine, ns: number): void => { m.call("setTicks", BigInt(m.call("nowNs") + ns)); m.call("runTimers"); };
/** Units that `act` spends. */
function cost(m: TestMachine, act: () => void): number {
  const before = work(m);
  act();
  return work(m) - before;
}

/** A ring of context descriptors, which make work and nothing else. */
async function contexts(count = 1): Promise<E1000Driver> {
  const d = await makeCard(count), ring = 0x200000;
  for (let i = 0; i < 65_528; i++) d.m.set64(ring + 16 * i + 8, 0x2000_0000n);
  d.set(R.CTRL, 0x41);
  d.set(R.TDBAL, ring); d.set(R.TDLEN, 0xfff80); d.set(R.TDH, 0); d.set(R.TCTL, 2);
  return d;
}

/** A virtio queue of 256 chains, each an indirect table of 256 pieces. */
function fillIndirect(m: TestMachine, d: Driver, index: number, write: boolean): { offer: () => void } {
  const ring = d.enable(index, 256, 0x10000 + index * 0x4000), table = 0x200000;
  for (let i = 0; i < 256; i++) { m.set64(table + 16 * i, BigInt(0x300000)); m.set32(table + 16 * i + 8, write ? 1 : 4096); m.set16(table + 16 * i + 12, (write ? 2 : 0) | (i < 255 ? 1 : 0)); m.set16(table + 16 * i + 14, i + 1); }
  for (let i = 0; i < 256; i++) ring.describe(i, table, 4096, 4);
  return { offer: () => { for (let i = 0; i < 256; i++) ring.offer(i, false); d.notify(index); } };
}

describe("a doorbell", () => {
  it("e1000: a ring of 65,528 contexts costs a burst, goes on by its turn alone, at the rate of virtual time", async () => {
    const d = await contexts(), { m } = d;
    expect(cost(m, () => d.set(R.TDT, 65_527))).toBeLessThan(BURST + ITEM);
    const head = d.get(R.TDH);
    expect([head > 1000, waits(m)]).toEqual([true, 1]);
    // In debt it only marks.
    expect(cost(m, () => { for (let i = 0; i < 100; i++) d.set(R.TDT, 65_526); })).toBe(0);
    expect([d.get(R.TDH), waits(m)]).toEqual([head, 1]);
    const spent = cost(m, () => { for (let i = 0; i < 100; i++) pass(m, 1000); });
    expect(spent).toBeLessThan(100_000 + ITEM);
    expect(spent).toBeGreaterThan(70_000);
    expect(d.get(R.TDH)).toBeGreaterThan(head);
    for (let i = 0; i < 100 && d.get(R.TDH) !== 65_526; i++) pass(m, 100_000);
    expect(d.get(R.TDH)).toBe(65_526);
  });
  it("e1000: a ring of null receive descriptors, for a frame from outside and for one looped back", async () => {
    for (const looped of [false, true]) {
      const d = await makeCard(), { m } = d;
      d.start(RCTL.EN | RCTL.BAM | RCTL.SECRC | (looped ? RCTL.LBM : 0));
      d.set(R.RDBAL, 0x200000); d.set(R.RDLEN, 0xfff80); d.set(R.RDH, 0); d.set(R.RDT, 65_527);
      m.put(0x200000, new Uint8Array(1 << 20));
      const spent = cost(m, () => { if (looped) d.legacy(frameOf(60)); else m.giveFrame(frameOf(60)); });
      expect(spent).toBeLessThan(looped ? ITEM : BURST + ITEM);
      expect(d.get(R.RDH)).toBeGreaterThan(512);
    }
  });
  it("e1000: a packet of as many pieces as there may be is one item, a longer one is passed over", async () => {
    const d = await contexts(), { m } = d, ring = 0x200000;
    for (let i = 0; i < 4096; i++) { m.set64(ring + 16 * i, BigInt(FRAME)); m.set32(ring + 16 * i + 8, 1 | (T.DEXT | T.RS) << 24 | 0x100000); }
    m.set32(ring + 16 * 511 + 8, 1 | (T.DEXT | T.RS | T.EOP | T.IFCS) << 24 | 0x100000);
    expect(cost(m, () => d.set(R.TDT, 512))).toBeLessThan(ITEM);
    expect(m.takeFrames()).toHaveLength(1);
    m.set32(ring + 16 * 3000 + 8, 1 | (T.DEXT | T.EOP) << 24 | 0x100000);
    expect(cost(m, () => d.set(R.TDT, 3001))).toBeLessThan(BURST + ITEM);
    expect([m.takeFrames(), d.get(R.TDH)]).toEqual([[], 3001]);
  });
  for (const [name, feature] of [["split", 0n], ["with event indices", bits("event_idx")]] as const) {
    it(`virtio-net, ${name}: 256 chains of 256 pieces; the driver is not asked for doorbells meanwhile`, async () => {
      const m = await makeMachine(), d = new Driver(m);
      d.negotiate(bits("version_1", "indirect") | feature);
      const { offer } = fillIndirect(m, d, 1, false);
      d.status = 15;
      expect(cost(m, offer)).toBeLessThan(BURST + ITEM);
      expect([waits(m), d.status & 64]).toEqual([1, 0]);
      if (!feature) expect(m.get16(0x10000 + 0x4000 + 0x3000)).toBe(1);
      for (let i = 0; i < 40; i++) expect(cost(m, () => pass(m, 50_000))).toBeLessThan(50_000 + 2 * ITEM);
      expect(m.get16(0x10000 + 0x4000 + 0x3002)).toBe(256);
      if (!feature) expect(m.get16(0x10000 + 0x4000 + 0x3000)).toBe(0);
    });
  }
  it("virtio-net: a frame over buffers of one byte is refused, not spread without end", async () => {
    const m = await makeMachine(), d = new Driver(m);
    d.negotiate(bits("version_1", "indirect", "mrg"));
    const { offer } = fillIndirect(m, d, 0, true);
    d.status = 15;
    offer();
    expect(cost(m, () => m.giveFrame(frameOf(1500)))).toBeLessThan(ITEM);
    expect(m.counter("virtio-net0 packets received refused")).toBe(1);
    expect(cost(m, () => m.giveFrame(frameOf(400)))).toBeLessThan(ITEM);
    expect(m.counter("virtio-net0 packets received")).toBe(1);
  });
  it("virtio-net, packed: the same", async () => {
    const m = await makeMachine(), d = new Driver(m), { tx } = d.startPacked(bits("indirect"), 256);
    for (let i = 0; i < 256; i++) { m.set64(0x200000 + 16 * i, BigInt(0x300000)); m.set32(0x200000 + 16 * i + 8, 4096); m.set32(0x200000 + 16 * i + 12, 0); }
    for (let id = 0; id < 256; id++) tx.put(0x200000, 4096, id, 4);
    expect(cost(m, () => d.notify(1))).toBeLessThan(BURST + ITEM);
    expect(waits(m)).toBe(1);
    for (let i = 0; i < 40; i++) pass(m, 50_000);
    expect(m.counter("virtio-net0 q1 used elements written")).toBe(256);
  });
  it("virtio-blk: a batch of requests of as many pieces as there may be, there and back", async () => {
    const d = await makeDisk(noted(), { features: 1n << 32n | 1n << 28n }), { m } = d, ring = d.rings[0]!;
    const table = 0x200000, header = 0x80000, pieces = 127;
    m.set32(header, IN); m.set64(header + 8, 0n);
    m.set64(table, BigInt(header)); m.set32(table + 8, 16); m.set16(table + 12, 1); m.set16(table + 14, 1);
    for (let i = 1; i < pieces; i++) { m.set64(table + 16 * i, 0x300000n); m.set32(table + 16 * i + 8, i === pieces - 1 ? 1 : i === 1 ? 512 - (pieces - 3) : 1); m.set16(table + 16 * i + 12, 2 | (i < pieces - 1 ? 1 : 0)); m.set16(table + 16 * i + 14, i + 1); }
    for (let i = 0; i < 128; i++) { ring.describe(i, table, 16 * pieces, 4); ring.offer(i, false); }
    expect(cost(m, () => ring.d.notify(0))).toBeLessThan(BURST + ITEM);
    let worst = 0;
    for (let i = 0; i < 200 && ring.used !== 128; i++) {
      await d.port.answer();
      worst = Math.max(worst, cost(m, () => m.call("serviceRings")));
      worst = Math.max(worst, cost(m, () => pass(m, 60_000)));
      ring.take();
    }
    expect(ring.used).toBe(128);
    expect(worst).toBeLessThan(BURST + 2 * ITEM);
  });
  it("virtio-rng and a console: buffers of many pieces", async () => {
    for (const kind of [2, 4]) {
      const m = await makeMachine({ kind, mtu: kind === 4 ? 1 | 1 << 8 | 1 << 16 : 0 }), d = new Driver(m);
      d.negotiate(bits("version_1", "indirect"));
      const index = kind === 4 ? 1 : 0, ring = d.enable(index, 64, 0x10000), table = 0x200000;
      d.status = 15;
      for (let i = 0; i < 64; i++) { m.set64(table + 16 * i, 0x300000n); m.set32(table + 16 * i + 8, 64); m.set16(table + 16 * i + 12, (kind === 2 ? 2 : 0) | (i < 63 ? 1 : 0)); m.set16(table + 16 * i + 14, i + 1); }
      for (let i = 0; i < 64; i++) ring.describe(i, table, 1024, 4);
      const spent = cost(m, () => { for (let round = 0; round < 20; round++) { for (let i = 0; i < 64; i++) ring.offer(i, false); d.notify(index); ring.take(); } });
      expect(spent).toBeLessThan(BURST + ITEM);
    }
  });
  it("pcnet: a frame of pieces of one byte round a ring of 512, sent and received", async () => {
    const d = await makeDriver(), { m } = d;
    d.start({ tx: 9, rx: 9, rxBytes: 1 });
    expect(cost(m, () => m.giveFrame(frameOf(400)))).toBeLessThan(ITEM);
    expect(m.counter("pcnet0 packets without enough buffers")).toBe(1);
    for (let i = 0; i < 512; i++) d.describe(RINGS.TX, i, TX_DATA, 1, OWN | (i === 0 ? STP : 0) | (i === 400 ? ENP : 0));
    expect(cost(m, () => d.setCsr(0, CSR0.TDMD | CSR0.IENA))).toBeLessThan(2 * ITEM);
    expect([m.takeFrames(), m.counter("pcnet0 packets to send refused"), d.txStatus(400) & OWN]).toEqual([[], 1, 0]);
  });
});

describe("devices that wait", () => {
  it("take turns: two cards that ask for everything get alike, and a third that asks for little is served", async () => {
    const d = await contexts(3), { m } = d;
    const at = [0, 1, 2].map((i) => { const slot = m.call("slotOfCard", i); m.call("portWrite", 0xcf8, 4, 0x80000000 | slot << 11 | 4); m.call("portWrite", 0xcfc, 2, 7); m.call("portWrite", 0xcf8, 4, 0x80000000 | slot << 11 | 0x10); return m.call("portRead", 0xcfc, 4) >>> 0; });
    const set = (i: number, register: number, value: number): void => m.write(at[i]! + register, 4, value);
    const head = (i: number): number => m.read(at[i]! + R.TDH);
    for (const i of [0, 1, 2]) { set(i, R.CTRL, 0x41); set(i, R.TDBAL, 0x200000); set(i, R.TDLEN, 0xfff80); set(i, R.TDH, 0); set(i, R.TCTL, 2); }
    set(0, R.TDT, 65_527); set(1, R.TDT, 65_527);
    const before = [head(0), head(1)];
    set(2, R.TDT, 5);
    for (let i = 0; i < 300; i++) pass(m, 1000);
    const moved = [head(0) - before[0]!, head(1) - before[1]!];
    expect(head(2)).toBe(5);
    expect(Math.min(...moved)).toBeGreaterThan(0.6 * Math.max(...moved));
  });
  it("are not kept from it by resets that somebody repeats", async () => {
    const d = await contexts(2), { m } = d, slot = m.call("slotOfCard", 1);
    m.call("portWrite", 0xcf8, 4, 0x80000000 | slot << 11 | 4); m.call("portWrite", 0xcfc, 2, 7);
    m.call("portWrite", 0xcf8, 4, 0x80000000 | slot << 11 | 0x10);
    const other = m.call("portRead", 0xcfc, 4) >>> 0;
    for (const [register, value] of [[R.CTRL, 0x41], [R.TDBAL, 0x200000], [R.TDLEN, 0xfff80], [R.TCTL, 2]] as const) m.write(other + register, 4, value);
    d.set(R.TDT, 65_527);
    m.write(other + R.TDT, 4, 65_527);
    const before = m.read(other + R.TDH);
    for (let i = 0; i < 300; i++) {
      d.set(R.CTRL, 0x04000000); d.set(R.CTRL, 0x41); d.set(R.TDBAL, 0x200000); d.set(R.TDLEN, 0xfff80); d.set(R.TCTL, 2); d.set(R.TDT, 65_527);
      pass(m, 1000);
    }
    expect(m.read(other + R.TDH)).toBeGreaterThan(before + 1000);
  });
  const GIVE_UP: [string, (d: E1000Driver) => void][] = [
    ["a reset", (d) => d.set(R.CTRL, 0x04000000)],
    ["the bus master switched off", (d) => d.m.writeConfig(4, 2, 3)],
    ["the link taken away", (d) => { d.m.call("plug", 0, 0); }],
  ];
  for (const [what, act] of GIVE_UP) {
    it(`wait no longer after ${what}: done within the access`, async () => {
      const d = await contexts(), { m } = d;
      d.set(R.TDT, 65_527);
      act(d);
      expect(cost(m, () => { for (let i = 0; i < 50; i++) pass(m, 100_000); })).toBe(0);
    });
  }
  it("virtio: nor after a reset, of the device or of the queue", async () => {
    for (const whole of [true, false]) {
      const m = await makeMachine(), d = new Driver(m);
      d.negotiate(bits("version_1", "indirect", "ring_reset"));
      const { offer } = fillIndirect(m, d, 1, false);
      d.status = 15;
      offer();
      if (whole) d.status = 0;
      else { m.write(d.common + 0x16, 2, 1); m.write(d.common + 0x3a, 2, 1); }
      const given = m.counter("virtio-net0 q1 chains");
      pass(m, 1_000_000);
      expect(m.counter("virtio-net0 q1 chains")).toBe(given);
    }
  });
});

describe("ordinary drivers never wait", () => {
  it.each([60, 1514, 9014, 65_000])("virtio-net: a ring of 256 frames of %i bytes at a doorbell", async (bytes) => {
    const m = await makeMachine(), d = new Driver(m);
    d.negotiate(bits("version_1", "csum", "host_tso4"));
    const ring = d.enable(1, 256, 0x10000);
    d.status = 15;
    // Headers of 12 bytes, then frames of up to 64 KiB; half a microsecond of driver a packet of 64 KiB.
    m.put(0x200000, new Array<number>(12).fill(0));
    const frames = bytes > 60_000 ? 64 : 128;
    for (let round = 0; round < 4; round++) {
      for (let i = 0; i < frames; i++) ring.add([{ at: 0x200000, bytes: 12 + bytes }], false);
      d.notify(1);
      for (let i = 0; i < 300 && ring.used !== (round + 1) * frames; i++) { m.takeFrames(); m.call("serviceRings"); ring.take(); }
      expect(ring.used).toBe((round + 1) * frames);
      pass(m, frames * 600);
    }
    expect(waits(m)).toBe(0);
  });
  it.each([60, 1514])("e1000 and pcnet: rings full of frames of %i bytes, both ways", async (bytes) => {
    const d = await makeCard();
    d.size = 256;
    d.start();
    for (let round = 0; round < 8; round++) {
      for (let i = 0; i < 128; i++) { d.m.put(FRAME, frameOf(bytes)); d.add(FRAME, bytes | (T.EOP | T.IFCS | T.RS) << 24); }
      d.ring();
      for (let i = 0; i < 128; i++) d.m.giveFrame(frameOf(bytes), {}, false);
      for (let i = 0; i < 4; i++) { d.m.takeFrames(); d.m.call("serviceRings"); }
      for (let i = 0; i < 256; i++) d.fresh(i);
      d.set(R.RDT, (d.get(R.RDH) + 255) % 256);
      pass(d.m, 20_000);
    }
    expect([waits(d.m), d.count("packets sent"), d.count("packets received")]).toEqual([0, 1024, 1024]);
    const p: PcnetDriver = await makeDriver();
    p.start({ tx: 4, rx: 4 });
    for (let round = 0; round < 64; round++) {
      for (let i = 0; i < 16; i++) { p.send([frameOf(bytes)]); p.giveBuffer(i); p.m.giveFrame(frameOf(bytes)); }
      p.m.takeFrames(); p.m.call("serviceRings");
      pass(p.m, 10_000);
    }
    expect(waits(p.m)).toBe(0);
  });
});

describe("every register of the board", () => {
  it("an access costs 50 us of work at most, whatever moves: BARs, PMBASE, timers, whole items of fw_cfg", async () => {
    const b = await makeBoard(), r = randomOf(11);
    b.call("attachCard");
    b.call("addFwItem", 0x21, b.call("ramBase") - b.call("firmwareBase"), 1 << 20);
    b.m.view.setBigUint64(b.call("ramBase") + 0x8008, 0n);
    b.m.view.setUint32(b.call("ramBase") + 0x8000, 0x21 << 16 | 8 | 2);
    b.m.view.setUint32(b.call("ramBase") + 0x8004, 1 << 20);
    const ports = [0x00, 0x20, 0x40, 0x60, 0x70, 0x92, 0xa0, 0xb0, 0x3c0, 0x3d4, 0x3f8, 0x4d0, 0x510, 0x514, 0x5e0, 0x600, 0xcf8, 0xcfc, 0xe0];
    const memory = [0xfec00000, 0xfed00000, 0xfed00100, 0xfee00000, 0xfee00300];
    const spent = (): number => b.call("unitsSpent");
    let worst = 0;
    for (let i = 0; i < 30_000; i++) {
      const before = spent(), value = [r(256), r(0x10000), r(0x100000000), 0xffffffff, 0x80][r(5)]!, width = [1, 2, 4][r(3)]!;
      const draw = r(8);
      // Config space by its ports: the function's BARs, its command, and the PM block of the LPC bridge.
      if (draw < 3) { b.call("portWrite", 0xcf8, 4, 0x80000000 | [3 << 11, 0x1f << 11][r(2)]! | [4, 0x10, 0x14, 0x18, 0x40, 0x44][r(6)]!); b.call("portWrite", 0xcfc, 4, value); }
      else if (draw < 6) b.call(r(3) ? "portWrite" : "portRead", ports[r(ports.length)]! + r(16), width, value);
      else if (r(3)) b.write32(memory[r(memory.length)]! + 4 * r(64), value); else b.read32(memory[r(memory.length)]! + 4 * r(64));
      worst = Math.max(worst, spent() - before);
      if (r(4) === 0) b.advance(r(2000));
    }
    expect(worst).toBeLessThan(ITEM / 4);
    // Two mebibytes by one command are an item.
    expect((() => { const before = spent(); b.call("portWrite", 0x514, 4, 0); b.call("portWrite", 0x518, 4, 0x00800000); return spent() - before; })()).toBeLessThan(ITEM);
  });
});

describe("every register of every card", () => {
  const CARDS: [string, number, number, number[], number[]][] = [
    ["virtio-net", 1, 0, [0, 1, 4], [256, 4096, 16384]],
    ["virtio-rng", 2, 0, [0, 1, 4], [256, 4096, 16384]],
    ["virtio-blk", 3, 8 << 8, [0, 1, 4], [256, 4096, 16384]],
    ["virtio-9p", 8, 0, [0, 1, 4], [256, 4096, 16384]],
    ["virtio-serial", 4, 0xff | 0xff << 8 | 8 << 16, [0, 1, 4], [256, 4096, 16384]],
    ["e1000", 5, 0, [0, 2], [0x6000, 64]],
    ["pcnet", 6, 0, [0, 1], [32, 32]],
    ["edu", 7, 0, [0], [0xa8]],
    ["iommu-testdev", CardKind.IOMMU_TESTDEV, 0, [0], [0x24]],
    ["pci-testdev", CardKind.PCI_TESTDEV, 0, [0, 1], [0x900, 0x100]],
  ];
  for (const [name, kind, detail, bars, sizes] of CARDS) {
    it(`${name}: an access costs a burst and an item at most, a stretch of time what it refills`, async () => {
      const m = await makeMachine({ kind, mtu: detail, mac: kind === 3 ? 8192n : 0x563412005452n }), r = randomOf(7);
      const io = (i: number): boolean => (m.config(0x10 + 4 * bars[i]!) & 1) === 1;
      // Memory that is descriptors in every format: pieces everywhere, chains, tables, contexts, everything the card's own.
      for (let at = 0x10000; at < 0x40000; at += 16) { m.set64(at, BigInt(0x10000 + (r(0x30000) & ~15))); m.set32(at + 8, [1, 16, 4096, 0x20000000, 0x100001, 0xffff_f000][r(6)]!); m.set16(at + 12, [0, 1, 2, 4, 5, 0x81][r(6)]!); m.set16(at + 14, r(3) ? r(256) : 0xffff); }
      const start = m.call("nowNs");
      let worst = 0;
      for (let i = 0; i < 6000; i++) {
        const bar = r(bars.length), offset = r(sizes[bar]!) & ~(r(4) ? 3 : 0), value = [r(256), 0x10000 + r(0x30000), r(0x100000000), 0xffffffff][r(4)]!, width = [1, 2, 4][r(3)]!;
        worst = Math.max(worst, cost(m, () => {
          if (io(bar)) m.call(r(3) ? "portWrite" : "portRead", m.bar(bars[bar]!) + offset, width, value);
          else if (r(3)) m.write(m.bar(bars[bar]!) + offset, width, value); else m.read(m.bar(bars[bar]!) + offset, width);
        }));
        if (r(50) === 0) m.giveFrame(frameOf(60));
        if (r(20) === 0) { m.takeFrames(); m.call("serviceRings"); }
        pass(m, 10);
      }
      expect(worst).toBeLessThan(BURST + ITEM);
      expect(work(m)).toBeLessThan(2 * BURST + 2 * (m.call("nowNs") - start) + 2 * ITEM);
    });
  }
});
