// Several pairs of queues on a network card: which queue is which, how many are used, where frames go, vectors and histograms.
import { describe, expect, it } from "vitest";
import { bits, Driver, type Ring } from "./driver.js";
import { makeMachine, type TestMachine } from "./machine.js";

const DATA = 0x80000;
const COMMAND = 0x90000;

/** A UDP frame of one flow; the other direction with `back`. */
function udp(port: number, back = false, bytes = 100): number[] {
  const frame = new Array(bytes).fill(0) as number[];
  const [from, to] = back ? [[10, 0, 2, 2], [10, 0, 2, 15]] : [[10, 0, 2, 15], [10, 0, 2, 2]];
  const ports = back ? [0, 53, port >> 8, port & 255] : [port >> 8, port & 255, 0, 53];
  frame.splice(0, 42, 0x52, 0x54, 0, 0x12, 0x34, 0x56, 2, 0, 0, 0, 0, 9, 8, 0, 0x45, 0, 0, bytes - 14, 0, 0, 0, 0, 64, 17, 0, 0, ...from!, ...to!, ...ports, 0, bytes - 34, 0, 0);
  return frame;
}

async function up(pairs: number, max = pairs, features = 0n): Promise<{ m: TestMachine; d: Driver; rx: Ring[]; tx: Ring[]; ctrl: Ring }> {
  const m = await makeMachine({ queues: max, vectors: 2 * max + 2 }), d = new Driver(m), rings = d.startPairs(features, max);
  for (const [i, ring] of rings.rx.entries()) for (let n = 0; n < 8; n++) ring.add([{ at: DATA + 0x4000 * i + 0x800 * n, bytes: 0x800, write: true }], false);
  if (pairs > 1) expect(use(m, rings.ctrl, pairs)).toBe(0);
  return { m, d, ...rings };
}
function use(m: TestMachine, ctrl: Ring, pairs: number): number {
  m.put(COMMAND, [4, 0, pairs & 255, pairs >> 8]);
  m.set8(COMMAND + 8, 0xee);
  ctrl.add([{ at: COMMAND, bytes: 4 }, { at: COMMAND + 8, bytes: 1, write: true }]);
  return m.bytes(COMMAND + 8, 1)[0]!;
}
function send(m: TestMachine, ring: Ring, frame: number[]): void {
  m.put(DATA - 0x1000, [...new Array(12).fill(0) as number[], ...frame]);
  ring.add([{ at: DATA - 0x1000, bytes: 12 + frame.length }]);
}
/** Which receive queue a frame lands in; the buffer goes back. */
function lands(m: TestMachine, rx: Ring[], frame: number[]): number[] {
  m.giveFrame(frame);
  return rx.flatMap((ring, i) => ring.take().map(() => { ring.add([{ at: DATA + 0x4000 * i, bytes: 0x800, write: true }], false); return i; }));
}

describe("several pairs of queues", () => {
  it("are offered when there are several, with the control queue behind them", async () => {
    const one = new Driver(await makeMachine());
    expect(one.offered() & bits("mq")).toBe(0n);
    const d = new Driver(await makeMachine({ queues: 4 }));
    expect(d.offered() & bits("mq")).toBe(bits("mq"));
    expect(d.m.read(d.common + 0x12, 2)).toBe(9);
    expect(d.deviceConfig(8, 2)).toBe(4);
    expect(new Driver(await makeMachine({ queues: 4, masked: bits("ctrl_vq") })).offered() & bits("mq")).toBe(0n);
  });
  it("leave the control queue third for a driver that does not take them", async () => {
    const m = await makeMachine({ queues: 4 }), d = new Driver(m), { rx, tx, ctrl } = d.start(bits("ctrl_vq", "ctrl_rx"));
    m.put(COMMAND, [0, 0, 1]);
    ctrl.add([{ at: COMMAND, bytes: 3 }, { at: COMMAND + 8, bytes: 1, write: true }]);
    expect(ctrl.take()).toEqual([[0, 1]]);
    expect(m.bytes(COMMAND + 8, 1)[0]).toBe(0);
    rx.add([{ at: DATA, bytes: 2000, write: true }], false);
    expect(lands(m, [rx], udp(1, true))).toEqual([0]);
    send(m, tx, udp(1));
    expect(m.takeFrames()).toHaveLength(1);
    expect(use(m, ctrl, 2)).toBe(1);
  });
  it("are used only as many as the driver has said", async () => {
    const { m, rx, tx, ctrl } = await up(1, 4);
    for (let port = 1; port <= 8; port++) expect(lands(m, rx, udp(port, true))).toEqual([0]);
    send(m, tx[1]!, udp(5));
    expect(m.takeFrames()).toEqual([]);
    for (const wrong of [0, 5, 0x8000]) expect(use(m, ctrl, wrong)).toBe(1);
    // What waited there goes when the pair comes into use.
    expect(use(m, ctrl, 2)).toBe(0);
    expect(m.takeFrames()).toHaveLength(1);
    expect(tx[1]!.take()).toHaveLength(1);
  });
  it("spread flows by their hash, each always to the same", async () => {
    const { m, rx } = await up(4);
    const places = Array.from({ length: 24 }, (_, port) => lands(m, rx, udp(1000 + port, true)));
    expect(new Set(places.flat()).size).toBe(4);
    const again = await up(4);
    expect(Array.from({ length: 24 }, (_, port) => lands(again.m, again.rx, udp(1000 + port, true)))).toEqual(places);
  });
  it("get a flow on the pair that the driver last sent it on", async () => {
    const { m, rx, tx } = await up(4);
    for (const pair of [2, 0, 3, 1]) {
      send(m, tx[pair]!, udp(4000));
      expect(lands(m, rx, udp(4000, true))).toEqual([pair]);
    }
    expect(m.takeFrames()).toHaveLength(4);
  });
  it("forget a pair that is used no longer", async () => {
    const { m, rx, tx, ctrl } = await up(4);
    send(m, tx[3]!, udp(4000));
    expect(use(m, ctrl, 2)).toBe(0);
    expect(lands(m, rx, udp(4000, true))[0]).toBeLessThan(2);
  });
  it("take what is not IP, and IP that is cut short, on the first", async () => {
    const { m, rx } = await up(4);
    for (const frame of [[...udp(1).slice(0, 12), 8, 6, ...new Array(40).fill(1) as number[]], udp(1, true).slice(0, 20), udp(1, true).slice(0, 14)]) expect(lands(m, rx, frame)).toEqual([0]);
  });
  it("take IPv6 and tagged frames by their flow", async () => {
    const { m, rx, tx } = await up(4);
    const six = (back: boolean): number[] => [...udp(1).slice(0, 12), 0x86, 0xdd, 0x60, 0, 0, 0, 0, 8, 17, 64, ...new Array(16).fill(back ? 2 : 1) as number[], ...new Array(16).fill(back ? 1 : 2) as number[], ...(back ? [0, 53, 9, 9] : [9, 9, 0, 53]), 0, 8, 0, 0];
    const tagged = (back: boolean): number[] => [...udp(1).slice(0, 12), 0x81, 0, 0, 7, ...udp(77, back).slice(12)];
    for (const frame of [six, tagged]) {
      for (const pair of [3, 1]) {
        send(m, tx[pair]!, frame(false));
        expect(lands(m, rx, frame(true))).toEqual([pair]);
      }
    }
  });
  it("interrupt by the vector of the queue", async () => {
    const { m, rx, tx } = await up(2);
    const cap = m.capabilities().find(([id]) => id === 0x11)![1];
    m.writeConfig(cap + 2, 2, 0x8000);
    for (let v = 0; v < 6; v++) [0xfee00000, 0, 0x40 + v, 1].forEach((word, i) => m.write(m.bar(1) + 16 * v + 4 * i, 4, word));
    const pending = (): number => m.read(m.bar(1) + 2048);
    send(m, tx[1]!, udp(9));
    expect(pending()).toBe(1 << 3);
    expect(lands(m, rx, udp(9, true))).toEqual([1]);
    expect(pending()).toBe(1 << 3 | 1 << 2);
    expect(m.counter("virtio-net0 q2 interrupts asserted")).toBe(1);
    expect(m.counter("virtio-net0 q2 interrupts delivered")).toBe(0);
  });
  it("hold a frame for a queue that is being reset by itself, and go on when it is back", async () => {
    const { m, d, rx, tx } = await up(2, 2, bits("ring_reset"));
    send(m, tx[1]!, udp(9));
    m.write(d.common + 0x16, 2, 2);
    m.write(d.common + 0x3a, 2, 1);
    expect(lands(m, rx, udp(9, true))).toEqual([]);
    const back = d.enable(2, 16, 0x10000 + 2 * 0x4000, 2);
    back.add([{ at: DATA, bytes: 2000, write: true }]);
    expect(back.take()).toEqual([[0, 112]]);
  });
  it("fit eight cards of eight pairs, every counter with its own name", async () => {
    const m = await makeMachine({ count: 8, queues: 8, vectors: 18 });
    expect(m.call("countersMissing")).toBe(0);
    expect(m.counter("virtio-net7 q16 doorbells")).toBe(0);
    expect(m.counter("virtio-net7 announcements asked for")).toBe(0);
    expect(m.call("packedRoomLeft")).toBeGreaterThan(0);
  });
});

describe("histograms", () => {
  it("say how many packets came per doorbell, interrupt and poll", async () => {
    const m = await makeMachine(), d = new Driver(m), { tx } = d.start(bits("event_idx"));
    m.put(DATA, [...new Array(12).fill(0) as number[], ...udp(1)]);
    const batch = (n: number): void => { for (let i = 0; i < n; i++) tx.add([{ at: DATA, bytes: 112 }], i === n - 1); };
    tx.setEvent(5);
    batch(1); batch(5); batch(2); batch(0); batch(1);
    expect(m.counter("virtio-net0 q1 doorbells")).toBe(4);
    expect(m.counter("virtio-net0 q1 doorbells suppressed")).toBe(5);
    expect(m.histogram("virtio-net0 q1 packets per doorbell")).toEqual({ 1: 1, 2: 1, 4: 1 });
    expect(m.histogram("virtio-net0 q1 packets per interrupt")).toEqual({ 4: 1 });
    expect(m.histogram("virtio-net0 q1 packets per poll")).toEqual({ 1: 2, 2: 1, 4: 1 });
    expect(m.counter("virtio-net0 q1 interrupts moderated")).toBe(3);
    m.call("serviceRings");
    expect(m.histogram("virtio-net0 q1 packets per poll")).toEqual({ 0: 1, 1: 2, 2: 1, 4: 1 });
  });
  it("count a packet once, however many buffers it takes or looks it needs", async () => {
    const m = await makeMachine(), d = new Driver(m), { rx } = d.start(bits("mrg"));
    m.giveFrame(udp(1, true, 200));
    for (let i = 0; i < 3; i++) rx.add([{ at: DATA + 0x1000 * i, bytes: 80, write: true }]);
    expect(rx.take()).toHaveLength(3);
    expect(m.histogram("virtio-net0 q0 packets per poll")).toEqual({ 0: 3, 1: 1 });
    expect(m.counter("virtio-net0 q0 chains")).toBe(3);
    expect(m.counter("virtio-net0 q0 doorbells suppressed")).toBe(2);
  });
});
