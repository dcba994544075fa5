// Packed rings on a network card: both directions, wrap counters, indirect tables, event suppression, and what a hostile driver tries.
import { describe, expect, it } from "vitest";
import { bits, Driver, type PackedRing } from "./driver.js";
import { makeMachine, type TestMachine } from "./machine.js";

const DATA = 0x40000;
const TABLE = 0x50000;
const NEEDS_RESET = 64;
const frameOf = (n: number, first = 0x52): number[] => Array.from({ length: n }, (_, i) => (i === 0 ? first : i * 7 & 0xff));

async function up(features = 0n, size = 16): Promise<{ m: TestMachine; d: Driver; rx: PackedRing; tx: PackedRing; ctrl: PackedRing }> {
  const m = await makeMachine(), d = new Driver(m);
  return { m, d, ...d.startPacked(features, size) };
}
function send(m: TestMachine, tx: PackedRing, frame: number[], ring = true): void {
  m.put(DATA, [...new Array(12).fill(0) as number[], ...frame]);
  tx.add([{ at: DATA, bytes: 12 }, { at: DATA + 12, bytes: frame.length }], ring);
}
/** Descriptors of an indirect table: address, length, flags. */
function table(m: TestMachine, rows: (readonly [number | bigint, number, number])[]): void {
  rows.forEach(([at, bytes, flags], i) => { m.set64(TABLE + 16 * i, BigInt(at)); m.set32(TABLE + 16 * i + 8, bytes); m.set16(TABLE + 16 * i + 14, flags); });
}

describe("packed rings", () => {
  it("are what the driver gets that asks for them", async () => {
    const d = new Driver(await makeMachine());
    expect(d.offered() & bits("packed")).toBe(bits("packed"));
    expect(new Driver(await makeMachine({ masked: bits("packed") })).offered() & bits("packed")).toBe(0n);
    d.negotiate(bits("version_1", "packed"));
    d.m.write(d.common + 0x16, 2, 0);
    for (const size of [11, 1, 256]) { d.m.write(d.common + 0x18, 2, size); expect(d.m.read(d.common + 0x18, 2)).toBe(size); }
    d.m.write(d.common + 0x18, 2, 257);
    expect(d.m.read(d.common + 0x18, 2)).toBe(256);
  });
  it("carry frames both ways", async () => {
    const { m, rx, tx } = await up();
    rx.add([{ at: DATA + 0x1000, bytes: 100, write: true }, { at: DATA + 0x2000, bytes: 1900, write: true }]);
    m.giveFrame(frameOf(300));
    expect(rx.take()).toEqual([[0, 312]]);
    expect([...m.bytes(DATA + 0x1000, 100), ...m.bytes(DATA + 0x2000, 212)].slice(12)).toEqual(frameOf(300));
    send(m, tx, frameOf(200));
    expect(m.takeFrames().map(({ frame }) => [...frame])).toEqual([frameOf(200)]);
    expect(tx.take()).toEqual([[0, 0]]);
  });
  it("go round: every size, chains over the end, both wrap counters", async () => {
    for (const size of [2, 3, 7, 16]) {
      const { m, d, tx } = await up(0n, size);
      for (let i = 0; i < 5 * size; i++) {
        send(m, tx, frameOf(60 + i));
        expect(m.takeFrames().map(({ frame }) => frame.length)).toEqual([60 + i]);
        expect(tx.take()).toHaveLength(1);
      }
      expect(d.status & NEEDS_RESET).toBe(0);
    }
  });
  it("answer several chains at once, by their ids", async () => {
    const { m, rx } = await up(bits("mrg"));
    for (const id of [5, 3, 9, 0]) rx.add([{ at: DATA + id * 0x1000, bytes: 512, write: true }], true, id);
    m.giveFrame(frameOf(1200));
    expect(rx.take()).toEqual([[5, 512], [3, 512], [9, 188]]);
    expect(m.get16(DATA + 5 * 0x1000 + 10)).toBe(3);
    rx.add([{ at: DATA, bytes: 2000, write: true }], true, 7);
    m.giveFrame(frameOf(600));
    expect(rx.take()).toEqual([[0, 512], [7, 100]]);
  });
  it("keep a frame until there are buffers enough, and give none of them away meanwhile", async () => {
    const { m, d, rx } = await up(bits("mrg"), 4);
    for (let round = 0; round < 6; round++) {
      m.giveFrame(frameOf(1200));
      for (let i = 0; i < 2; i++) rx.add([{ at: DATA + i * 0x1000, bytes: 512, write: true }]);
      expect(rx.take()).toEqual([]);
      rx.add([{ at: DATA + 0x2000, bytes: 512, write: true }]);
      expect(rx.take()).toEqual([[0, 512], [1, 512], [2, 188]]);
    }
    expect(d.status & NEEDS_RESET).toBe(0);
    expect(m.counter("virtio-net0 q0 chains")).toBe(18);
  });
  it("keep frames while the host's ring is full, ask for silence, and go on once it is drained", async () => {
    const { m, tx } = await up();
    m.put(DATA, new Array(65012).fill(0) as number[]);
    for (let i = 0; i < 6; i++) tx.add([{ at: DATA, bytes: 12 + 65000 }]);
    const taken = m.takeFrames().length;
    expect(taken).toBeLessThan(6);
    expect(tx.take()).toHaveLength(taken);
    expect(m.get32(tx.device) >>> 16).toBe(1);
    m.call("serviceRings");
    expect(m.takeFrames()).toHaveLength(6 - taken);
    expect(tx.take()).toHaveLength(6 - taken);
    expect(m.get32(tx.device) >>> 16).toBe(0);
  });
  it("take indirect tables, in which only WRITE means something", async () => {
    const { m, tx } = await up(bits("indirect"));
    m.put(DATA, [...new Array(12).fill(0) as number[], ...frameOf(100)]);
    // 2.8.7: NEXT and INDIRECT are reserved in a table and ignored.
    table(m, [[DATA, 20, 1], [DATA + 20, 50, 5], [DATA + 70, 42, 0]]);
    tx.put(TABLE, 48, 4, 4);
    tx.places.set(4, 1);
    tx.d.notify(1);
    expect(m.takeFrames().map(({ frame }) => [...frame])).toEqual([frameOf(100)]);
    expect(tx.take()).toEqual([[4, 0]]);
  });
  it("interrupt as the driver's structure says", async () => {
    const { m, d, tx } = await up(bits("event_idx"), 8);
    const rings = (place: number, wrap: number): boolean[] => {
      tx.suppress(2, place, wrap);
      return [0, 1, 2, 3].map(() => { send(m, tx, frameOf(60)); tx.take(); return d.isr() === 1; });
    };
    // Four chains of two places are one round: places 0 to 7, then the same with the other wrap counter.
    expect(rings(3, 1)).toEqual([false, true, false, false]);
    expect(rings(7, 0)).toEqual([false, false, false, true]);
    expect(rings(0, 1)).toEqual([true, false, false, false]);
    expect(rings(2, 1)).toEqual([false, false, false, false]);
    tx.suppress(1);
    send(m, tx, frameOf(60));
    expect(d.isr()).toBe(0);
    tx.suppress(0);
    send(m, tx, frameOf(60));
    expect(d.isr()).toBe(1);
  });
  it("interrupt once for an event that several chains pass, over the end of the ring", async () => {
    const { m, d, tx } = await up(bits("event_idx"), 8);
    for (let i = 0; i < 3; i++) { send(m, tx, frameOf(60)); tx.take(); }
    d.isr();
    tx.suppress(2, 0, 0);
    send(m, tx, frameOf(60), false);
    send(m, tx, frameOf(60));
    expect(d.isr()).toBe(1);
    expect(m.counter("virtio-net0 q1 doorbells suppressed")).toBe(1);
  });
  it("ask for a doorbell at the next place, with its wrap counter", async () => {
    const { m, tx } = await up(bits("event_idx"), 4);
    for (const expected of [2 | 0x8000, 0, 2, 0x8000]) {
      send(m, tx, frameOf(60));
      tx.take();
      expect(m.get32(tx.device)).toBe((expected | 2 << 16) >>> 0);
    }
  });
  it("are used in order, as IN_ORDER promises", async () => {
    const { m, rx, tx } = await up(bits("mrg", "in_order"));
    const given: number[] = [], back: number[] = [], sent: number[] = [], returned: number[] = [];
    for (let i = 0; i < 60; i++) {
      const id = [7, 2, 11, 5, 0, 9][i % 6]!;
      if (!rx.places.has(id)) { rx.add([{ at: DATA + id * 0x1000, bytes: 100 + i * 13 % 700, write: true }], true, id); given.push(id); }
      if (i % 3 === 0) m.giveFrame(frameOf(100 + i * 37 % 900));
      sent.push(tx.add([{ at: DATA + 0x20000, bytes: i % 5 ? 80 : 3 }], i % 2 === 0, [3, 14, 8][i % 3]!));
      back.push(...rx.take().map(([used]) => used));
      if (i % 2) tx.d.notify(1);
      returned.push(...tx.take().map(([used]) => used));
      m.takeFrames();
    }
    expect(back.length).toBeGreaterThan(20);
    expect(back).toEqual(given.slice(0, back.length));
    expect(returned).toEqual(sent);
  });
  it("start anew when one queue is reset", async () => {
    const { m, d, tx } = await up(bits("ring_reset"));
    send(m, tx, frameOf(60));
    m.write(d.common + 0x16, 2, 1);
    m.write(d.common + 0x3a, 2, 1);
    expect(m.read(d.common + 0x3a, 2)).toBe(0);
    expect(m.read(d.common + 0x1c, 2)).toBe(0);
    send(m, tx, frameOf(60));
    expect(m.takeFrames()).toHaveLength(1);
    const again = d.enablePacked(1, 8, 0x14000);
    send(m, again, frameOf(90));
    expect(m.takeFrames().map(({ frame }) => frame.length)).toEqual([90]);
    expect(again.take()).toEqual([[0, 0]]);
  });
});

describe("a driver that breaks the rules of packed rings", () => {
  const broken = async (play: (m: TestMachine, tx: PackedRing, rx: PackedRing) => void, features = 0n): Promise<void> => {
    const { m, d, tx, rx } = await up(features);
    play(m, tx, rx);
    expect(d.status & NEEDS_RESET).toBe(NEEDS_RESET);
    expect(m.counter("virtio-net0 driver errors")).toBeGreaterThan(0);
    expect(m.takeFrames()).toEqual([]);
    send(m, tx, frameOf(60));
    expect(m.takeFrames()).toEqual([]);
    const again = d.startPacked(0n);
    send(m, again.tx, frameOf(60));
    expect(m.takeFrames()).toHaveLength(1);
  };
  const indirect = (bytes: number, flags = 4, at = TABLE) => (_: TestMachine, tx: PackedRing): void => { tx.put(at, bytes, 0, flags); tx.d.notify(1); };
  it("chains the whole ring onto itself", () => broken((_, tx) => { for (let i = 0; i < 16; i++) tx.put(DATA, 16, 0, 1); tx.d.notify(1); }));
  it("runs a chain into places that are still out", () => broken((m, _, rx) => {
    m.giveFrame(frameOf(1000));
    for (let i = 0; i < 15; i++) rx.put(DATA, 13, i, 2);
    rx.put(DATA, 13, 15, 3);
    rx.d.notify(0);
  }, bits("mrg")));
  it("names an id out of range", () => broken((_, tx) => { tx.put(DATA, 72, 16, 0); tx.d.notify(1); }));
  it("names an id that is out", () => broken((m, _, rx) => {
    m.giveFrame(frameOf(1000));
    for (let i = 0; i < 2; i++) rx.put(DATA, 100, 3, 2);
    rx.d.notify(0);
  }, bits("mrg")));
  it("puts a readable buffer after a writable one", () => broken((_, tx) => { tx.add([{ at: DATA, bytes: 16, write: true }, { at: DATA, bytes: 16 }]); }));
  it("points a buffer outside RAM", () => broken((_, tx) => { tx.add([{ at: 0xd0000000, bytes: 100 }]); }));
  it("points a buffer at the end of the address space", () => broken((_, tx) => { tx.add([{ at: 0xfffffffffffffff0n, bytes: 100 }]); }));
  it("makes lengths that add up past 32 bits", () => broken((_, tx) => { tx.add([{ at: DATA, bytes: 0xffffffff }, { at: DATA, bytes: 0xffffffff }]); }));
  it("uses an indirect table without the feature", () => broken(indirect(16)));
  it("gives an indirect table of no or odd length, or longer than the queue", async () => {
    for (const bytes of [0, 8, 17, 17 * 16, 0xfffffff0]) await broken(indirect(bytes), bits("indirect"));
  });
  it("chains on behind an indirect table", () => broken((_, tx) => { tx.put(TABLE, 16, 0, 5); tx.put(DATA, 60, 0, 0); tx.d.notify(1); }, bits("indirect")));
  it("puts an indirect table behind a buffer", () => broken((_, tx) => { tx.put(DATA, 60, 0, 1); tx.put(TABLE, 16, 0, 4); tx.d.notify(1); }, bits("indirect")));
  it("puts an indirect table outside RAM", () => broken(indirect(16, 4, 0xc8000000), bits("indirect")));
  it("puts a table into an indirect table: its bytes are a buffer like others, here outside RAM", () => broken((m, tx) => {
    table(m, [[0xc8000000, 60, 4]]);
    tx.put(TABLE, 16, 0, 4); tx.d.notify(1);
  }, bits("indirect")));
  it("puts its ring outside RAM", async () => {
    const m = await makeMachine(), d = new Driver(m);
    d.negotiate(bits("version_1", "packed"));
    for (const at of [0x20, 0x28, 0x30]) { m.write(d.common + 0x16, 2, 1); m.write(d.common + at, 4, 0xe0000000); }
    m.write(d.common + 0x1c, 2, 1);
    d.status = 15;
    d.notify(1);
    expect(d.status & NEEDS_RESET).toBe(NEEDS_RESET);
  });
  it("gives buffers of no length, which are used up and counted", async () => {
    const { m, d, rx, tx } = await up();
    tx.add([{ at: DATA, bytes: 0 }]);
    tx.add([{ at: DATA, bytes: 0 }, { at: DATA, bytes: 0 }]);
    expect(tx.take()).toEqual([[0, 0], [1, 0]]);
    rx.add([{ at: DATA, bytes: 0, write: true }]);
    m.giveFrame(frameOf(60));
    expect(rx.take()).toEqual([[0, 0]]);
    expect(m.counter("virtio-net0 packets to send refused")).toBe(2);
    expect(m.counter("virtio-net0 packets received refused")).toBe(1);
    expect(d.status & NEEDS_RESET).toBe(0);
  });
  it("lays its buffers over each other and over the ring", async () => {
    const { m, d, rx } = await up(bits("mrg"));
    for (let i = 0; i < 8; i++) rx.add([{ at: rx.desc, bytes: 200, write: true }, { at: rx.desc + 100, bytes: 200, write: true }], false);
    m.giveFrame(frameOf(1400));
    m.giveFrame(frameOf(1400));
    // Whatever the ring says now, a reset makes the device work again.
    const again = d.startPacked(0n);
    send(m, again.tx, frameOf(60));
    expect(m.takeFrames()).toHaveLength(1);
  });
  it("changes a chain after it was taken: the device has its copy", async () => {
    const { m, d, rx } = await up(bits("mrg"));
    rx.add([{ at: DATA, bytes: 512, write: true }]);
    m.giveFrame(frameOf(1000));
    // The frame waits; the chain went back, so what it says now counts, and not what it said before.
    rx.describe(0, DATA + 0x8000, 2000, 0, 2 | 0x80);
    rx.d.notify(0);
    expect(rx.take()).toEqual([[0, 1012]]);
    expect([...m.bytes(DATA + 0x800c, 1000)]).toEqual(frameOf(1000));
    expect(d.status & NEEDS_RESET).toBe(0);
  });
});
