// The link of a virtio network card, announcements, what it says of speed and duplex; offloads that were switched off under a frame's way;
// the card with the legacy interface alone.
import { describe, expect, it } from "vitest";
import { bits, Driver, type Ring } from "./driver.js";
import { makeMachine, type CardOptions, type TestMachine } from "./machine.js";

const DATA = 0x40000;
const LINK_UP = 1, ANNOUNCE = 2;

async function up(features = 0n, options: CardOptions = {}): Promise<{ m: TestMachine; d: Driver; rx: Ring; tx: Ring; ctrl: Ring }> {
  const m = await makeMachine(options), d = new Driver(m);
  return { m, d, ...d.start(features) };
}
function command(m: TestMachine, ctrl: Ring, ...bytes: number[]): number {
  m.put(DATA + 0x8000, bytes);
  m.set8(DATA + 0x9000, 0xee);
  ctrl.add([{ at: DATA + 0x8000, bytes: bytes.length }, { at: DATA + 0x9000, bytes: 1, write: true }]);
  return m.bytes(DATA + 0x9000, 1)[0]!;
}
const accepts = (m: TestMachine): number => m.m.view.getUint32(m.call("ringAt", 0, 2) + 1024, true);
const frameOf = (n: number): number[] => Array.from({ length: n }, (_, i) => (i === 0 ? 2 : i * 7 & 0xff));

describe("the link", () => {
  it("goes down and up by the host: status, a configuration interrupt, no frames either way", async () => {
    const { m, d, rx, tx } = await up(bits("status"));
    rx.add([{ at: DATA, bytes: 2000, write: true }], false);
    const generation = m.read(d.common + 0x15, 1);
    m.call("plug", 0, 0);
    expect(d.deviceConfig(6, 2)).toBe(0);
    expect(d.isr()).toBe(2);
    expect(m.read(d.common + 0x15, 1)).not.toBe(generation);
    expect(accepts(m)).toBe(0);
    m.put(DATA + 0x1000, new Array(12).fill(0) as number[]);
    tx.add([{ at: DATA + 0x1000, bytes: 72 }]);
    expect(tx.take()).toHaveLength(1);
    expect(m.takeFrames()).toEqual([]);
    expect(m.counter("virtio-net0 packets to send without a link")).toBe(1);
    d.isr();
    m.call("plug", 0, 1);
    expect(d.deviceConfig(6, 2)).toBe(LINK_UP);
    expect(d.isr()).toBe(2);
    expect(accepts(m)).toBe(8);
    tx.add([{ at: DATA + 0x1000, bytes: 72 }]);
    expect(m.takeFrames()).toHaveLength(1);
    // Said twice, told once.
    d.isr();
    m.call("plug", 0, 1);
    expect(d.isr()).toBe(0);
  });
  it("is not told to a driver without STATUS", async () => {
    const { m, d } = await up();
    m.call("plug", 0, 0);
    expect(d.isr()).toBe(0);
    expect(accepts(m)).toBe(0);
  });
  it("stays down over a reset", async () => {
    const { m, d } = await up(bits("status"));
    m.call("plug", 0, 0);
    d.start(bits("status"));
    expect(d.deviceConfig(6, 2)).toBe(0);
    expect(accepts(m)).toBe(0);
  });
  it("asks a driver that can to announce itself, until it has", async () => {
    const { m, d, ctrl } = await up(bits("status", "ctrl_vq", "announce"));
    expect(d.deviceConfig(6, 2)).toBe(LINK_UP);
    m.call("announceCards");
    expect(d.deviceConfig(6, 2)).toBe(LINK_UP | ANNOUNCE);
    expect(d.isr()).toBe(2);
    expect(command(m, ctrl, 3, 0)).toBe(0);
    expect(d.deviceConfig(6, 2)).toBe(LINK_UP);
    m.call("plug", 0, 0);
    m.call("announceCards");
    expect(d.deviceConfig(6, 2)).toBe(0);
    m.call("plug", 0, 1);
    expect(d.deviceConfig(6, 2)).toBe(LINK_UP | ANNOUNCE);
    expect(m.counter("virtio-net0 announcements asked for")).toBe(2);
    d.start(bits("status"));
    expect(d.deviceConfig(6, 2)).toBe(LINK_UP);
    m.call("announceCards");
    expect(d.deviceConfig(6, 2)).toBe(LINK_UP);
    expect(command(m, ctrl, 3, 0)).not.toBe(0);
  });
  it("has the speed and duplex of the command line, or none", async () => {
    const { d } = await up(1n << 63n, { speed: 10000 });
    expect([d.deviceConfig(12, 4), d.deviceConfig(16, 1)]).toEqual([10000, 1]);
    const other = await up(1n << 63n);
    expect([other.d.deviceConfig(12, 4) >>> 0, other.d.deviceConfig(16, 1)]).toEqual([0xffffffff, 0xff]);
  });
});

describe("offloads switched off while a frame is on its way", () => {
  const sum = (bytes: number[], start = 0): number => {
    let total = start;
    bytes.forEach((b, i) => { total += i % 2 ? b : b << 8; });
    while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
    return total;
  };
  /** A TCP frame of so much payload, its sum left to the receiver's card. */
  function tcp(version: 4 | 6, payload: number, flags = 0x19): number[] {
    const tcpHeader = [0, 80, 0, 99, 0xff, 0xff, 0xfe, 0, 0, 0, 0, 1, 0x50, flags | 0x80, 1, 0, 0, 0, 0, 0];
    const size = 20 + payload;
    const ip = version === 4 ? [0x45, 0, size + 20 >> 8, size + 20 & 255, 0xff, 0xff, 0, 0, 64, 6, 0, 0, 10, 0, 2, 2, 10, 0, 2, 15]
      : [0x60, 0, 0, 0, size >> 8, size & 255, 6, 64, ...new Array(16).fill(3) as number[], ...new Array(16).fill(5) as number[]];
    const data = Array.from({ length: payload }, (_, i) => i * 13 + (i >> 8) & 255);
    return [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, ...(version === 4 ? [8, 0] : [0x86, 0xdd]), ...ip, ...tcpHeader, ...data];
  }
  const parts = (frame: number[], version: 4 | 6): { ip: number[]; segment: number[]; data: number[]; pseudo: number } => {
    const at = 14 + (version === 4 ? 20 : 40), ip = frame.slice(14, at), segment = frame.slice(at);
    const pseudo = sum(version === 4 ? ip.slice(12, 20) : ip.slice(8, 40), 6 + segment.length);
    return { ip, segment, data: segment.slice(20), pseudo };
  };

  it.each([4, 6] as const)("a large IPv%s segment is cut, each piece with its headers and sums", async (version) => {
    const { m, rx, ctrl } = await up(bits("ctrl_vq", "guest_csum", "guest_tso4", "offloads") | 1n << 8n);
    const frame = tcp(version, 2500), gsoType = version === 4 ? 1 : 4;
    // It waits for a buffer while the driver changes its mind.
    m.giveFrame(frame, { flags: 1, gsoType, gsoSize: 1000, csumStart: version === 4 ? 34 : 54, csumOffset: 16 });
    expect(command(m, ctrl, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0)).toBe(0);
    const got: number[][] = [];
    for (let i = 0; i < 3; i++) {
      // One buffer at a time: the frame is cut as far as buffers go.
      rx.add([{ at: DATA, bytes: 2000, write: true }]);
      got.push(...rx.take().map(([, bytes]) => [...m.bytes(DATA, bytes)]));
    }
    expect(got.map(({ length }) => length)).toEqual([1000, 1000, 500].map((n) => n + 12 + 34 + 20 + (version === 6 ? 20 : 0)));
    expect(got.every((bytes) => bytes.slice(0, 12).join() === "0,0,0,0,0,0,0,0,0,0,1,0")).toBe(true);
    const pieces = got.map((bytes) => parts(bytes.slice(12), version));
    expect(pieces.flatMap(({ data }) => data)).toEqual(parts(frame, version).data);
    for (const { ip, segment, pseudo } of pieces) {
      expect(sum(segment, pseudo)).toBe(0xffff);
      if (version === 4) { expect(sum(ip)).toBe(0xffff); expect(ip[2]! << 8 | ip[3]!).toBe(ip.length + segment.length); }
      else expect(ip[4]! << 8 | ip[5]!).toBe(segment.length);
    }
    // The sequence number goes on over 2^32, IPv4's identification over 2^16; CWR is the first's, FIN and PSH the last's.
    expect(pieces.map(({ segment }) => (segment[4]! * 2 ** 24 + (segment[5]! << 16) + (segment[6]! << 8) + segment[7]!))).toEqual([0xfffffe00, 0xfffffe00 + 1000 - 2 ** 32, 0xfffffe00 + 2000 - 2 ** 32]);
    expect(pieces.map(({ segment }) => segment[13])).toEqual([0x90, 0x10, 0x19]);
    if (version === 4) expect(pieces.map(({ ip }) => ip[4]! << 8 | ip[5]!)).toEqual([0xffff, 0, 1]);
    expect(m.counter("virtio-net0 packets received segmented by software")).toBe(1);
    expect(m.counter("virtio-net0 segments made of them")).toBe(3);
  });
  it("a frame without its sum gets it", async () => {
    const { m, rx, ctrl } = await up(bits("ctrl_vq", "guest_csum", "offloads"));
    const frame = tcp(4, 301), { pseudo } = parts(frame, 4);
    frame[50] = pseudo >> 8; frame[51] = pseudo & 255;
    m.giveFrame(frame, { flags: 1, csumStart: 34, csumOffset: 16 });
    command(m, ctrl, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    rx.add([{ at: DATA, bytes: 2000, write: true }]);
    const [[, bytes]] = rx.take() as [[number, number]];
    const got = [...m.bytes(DATA, bytes)];
    expect(got[0]).toBe(0);
    expect(sum(parts(got.slice(12), 4).segment, pseudo)).toBe(0xffff);
    expect(m.counter("virtio-net0 packets received summed by software")).toBe(1);
  });
  it("what makes no sense is refused and counted", async () => {
    const { m, rx } = await up();
    for (let i = 0; i < 8; i++) rx.add([{ at: DATA, bytes: 2000, write: true }], false);
    m.giveFrame(frameOf(100), { flags: 1, csumStart: 90, csumOffset: 16 });
    m.giveFrame(frameOf(100), { flags: 1, csumStart: 0xffff, csumOffset: 0xffff });
    m.giveFrame(frameOf(100), { flags: 1, gsoType: 1, gsoSize: 10 });
    m.giveFrame(tcp(4, 100), { flags: 1, gsoType: 1, gsoSize: 0 });
    m.giveFrame(tcp(4, 100), { flags: 1, gsoType: 4, gsoSize: 10 });
    m.giveFrame(tcp(4, 100), { flags: 1, gsoType: 3, gsoSize: 10 });
    m.giveFrame([...tcp(4, 0)].map((b, i) => (i === 46 ? 0xf0 : b)), { flags: 1, gsoType: 1, gsoSize: 10 });
    expect(rx.take()).toEqual([]);
    expect(m.counter("virtio-net0 packets received refused")).toBe(7);
  });
});

describe("without the modern interface", () => {
  it("has no structures, no BAR 4 and no features above bit 31, and works by its ports", async () => {
    const m = await makeMachine({ legacyOnly: true });
    expect(m.config(0)).toBe(0x10001af4);
    expect(m.capabilities().filter(([id]) => id === 9)).toEqual([]);
    expect(m.config(0x20)).toBe(0);
    const io = m.bar(0), out = (at: number, bytes: number, value: number): void => void m.call("portWrite", io + at, bytes, value);
    const read = (at: number, bytes: number): number => m.call("portRead", io + at, bytes) >>> 0;
    out(18, 1, 0); out(18, 1, 1); out(18, 1, 3);
    expect(read(0, 4) & 1 << 5).toBe(1 << 5);
    out(4, 4, 1 << 5);
    out(14, 2, 1);
    expect(read(12, 2)).toBe(256);
    m.put(0x20000, new Uint8Array(0x4000));
    out(8, 4, 0x20);
    out(18, 1, 7);
    m.put(DATA, [...new Array(10).fill(0) as number[], ...frameOf(60)]);
    m.set64(0x20000, BigInt(DATA)); m.set32(0x20008, 70); m.set16(0x2000c, 0);
    m.set16(0x21004, 0); m.set16(0x21002, 1);
    out(16, 2, 1);
    expect(m.takeFrames().map(({ frame }) => [...frame])).toEqual([frameOf(60)]);
    expect(m.get16(0x22002)).toBe(1);
    expect(read(19, 1)).toBe(1);
  });
});
