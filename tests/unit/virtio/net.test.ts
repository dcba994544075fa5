// virtio-net through modern virtio-pci: bring-up, both directions, offloads, control commands, and what a hostile driver tries.
import { describe, expect, it } from "vitest";
import { bits, Driver, type Ring } from "./driver.js";
import { makeMachine, type CardOptions, type TestMachine } from "./machine.js";

const DATA = 0x40000;
const NEEDS_RESET = 64;
const frameOf = (n: number, first = 0x52): number[] => Array.from({ length: n }, (_, i) => (i === 0 ? first : i * 7 & 0xff));

async function up(features = 0n, options: CardOptions = {}): Promise<{ m: TestMachine; d: Driver; rx: Ring; tx: Ring; ctrl: Ring }> {
  const m = await makeMachine(options), d = new Driver(m);
  return { m, d, ...d.start(features) };
}
/** Sends a frame from DATA with a header of zeros, or the one given. */
function send(m: TestMachine, tx: Ring, frame: number[], header: number[] = []): void {
  m.put(DATA, [...header, ...new Array(12 - header.length).fill(0) as number[], ...frame]);
  tx.add([{ at: DATA, bytes: 12 }, { at: DATA + 12, bytes: frame.length }]);
}

describe("bring-up", () => {
  it("keeps what it offers from a driver that asks for more, and from one without VERSION_1", async () => {
    const d = new Driver(await makeMachine());
    expect(d.offered() & bits("csum", "mrg", "ctrl_vq", "version_1", "event_idx", "indirect")).toBe(bits("csum", "mrg", "ctrl_vq", "version_1", "event_idx", "indirect"));
    expect(d.negotiate(bits("csum"))).toBe(3);
    expect(d.negotiate(bits("version_1") | 1n << 50n)).toBe(3);
    expect(d.negotiate(bits("version_1", "csum"))).toBe(11);
  });
  it("does not offer what is masked, nor what needs it", async () => {
    const d = new Driver(await makeMachine({ masked: bits("csum", "ctrl_vq") }));
    expect(d.offered() & bits("csum", "host_tso4", "ctrl_vq", "ctrl_rx", "offloads")).toBe(0n);
    expect(d.m.read(d.common + 0x12, 2)).toBe(2);
  });
  it("shows MAC, status and MTU", async () => {
    const { d } = await up(0n, { mtu: 9000 });
    expect([0, 1, 2, 3, 4, 5].map((i) => d.deviceConfig(i, 1))).toEqual([0x52, 0x54, 0x00, 0x12, 0x34, 0x56]);
    expect(d.deviceConfig(6, 2)).toBe(1);
    expect(d.deviceConfig(10, 2)).toBe(9000);
    expect(d.deviceConfig(200, 4)).toBe(0);
  });
  it("answers for a queue that is not there with size 0 and takes no writes to it", async () => {
    const { m, d } = await up();
    m.write(d.common + 0x16, 2, 77);
    m.write(d.common + 0x18, 2, 16);
    m.write(d.common + 0x1c, 2, 1);
    expect([0x18, 0x1c].map((at) => m.read(d.common + at, 2))).toEqual([0, 0]);
    d.notify(77);
    d.notify(1023);
    expect(d.status).toBe(15);
  });
  it("refuses sizes that are no powers of two or too large, and moves no enabled queue", async () => {
    const m = await makeMachine(), d = new Driver(m);
    d.negotiate(bits("version_1"));
    m.write(d.common + 0x16, 2, 0);
    for (const size of [0, 3, 512, 65535]) { m.write(d.common + 0x18, 2, size); expect(m.read(d.common + 0x18, 2)).toBe(256); }
    d.enable(0, 8, 0x10000);
    m.write(d.common + 0x20, 4, 0x99000);
    expect(m.read(d.common + 0x20)).toBe(0x10000);
  });
  it("forgets everything on a reset", async () => {
    const { m, d, tx } = await up();
    send(m, tx, frameOf(60));
    d.status = 0;
    expect(d.status).toBe(0);
    m.write(d.common + 0x16, 2, 1);
    expect([0x18, 0x1c].map((at) => m.read(d.common + at, 2))).toEqual([256, 0]);
    d.notify(1);
    expect(m.takeFrames()).toHaveLength(1);
  });
});

describe("transmit", () => {
  it("carries a frame and its offloads to the ring as they are", async () => {
    const { m, tx } = await up(bits("csum", "host_tso4"));
    send(m, tx, frameOf(3000), [1, 1, 54, 0, 0xb4, 5, 34, 0, 16, 0]);
    const [sent] = m.takeFrames();
    expect([...sent!.frame]).toEqual(frameOf(3000));
    expect([...sent!.header]).toEqual([0xb8, 0x0b, 0, 0, 1, 1, 54, 0, 0xb4, 5, 34, 0, 16, 0, 0, 0]);
    expect(tx.take()).toEqual([[0, 0]]);
    expect(m.counter("virtio-net0 packets sent to be segmented")).toBe(1);
  });
  it("takes any layout: header and frame in one piece, or in many, or in an indirect table", async () => {
    const { m, tx } = await up(bits("indirect"));
    m.put(DATA, [...new Array(12).fill(0) as number[], ...frameOf(100)]);
    tx.add([{ at: DATA, bytes: 112 }]);
    tx.add([{ at: DATA, bytes: 5 }, { at: DATA + 5, bytes: 0 }, { at: DATA + 5, bytes: 50 }, { at: DATA + 55, bytes: 57 }]);
    [[DATA, 20, 1, 1], [DATA + 20, 92, 0, 0]].forEach(([at, bytes, flags, next], i) => {
      m.set64(0x50000 + 16 * i, BigInt(at!)); m.set32(0x50008 + 16 * i, bytes!); m.set16(0x5000c + 16 * i, flags!); m.set16(0x5000e + 16 * i, next!);
    });
    tx.describe(tx.next, 0x50000, 32, 4);
    tx.offer(tx.next);
    const sent = m.takeFrames();
    expect(sent.map(({ frame }) => [...frame])).toEqual([frameOf(100), frameOf(100), frameOf(100)]);
  });
  it("keeps frames while the ring is full, asks for silence, and goes on once it is drained", async () => {
    const { m, tx } = await up();
    m.put(DATA, new Array(65012).fill(0) as number[]);
    for (let i = 0; i < 6; i++) tx.add([{ at: DATA, bytes: 12 + 65000 }]);
    const taken = m.takeFrames(0, 10).length;
    expect(taken).toBeLessThan(6);
    expect(tx.take()).toHaveLength(taken);
    expect(m.counter("virtio-net0 waits for room in the frame ring")).toBeGreaterThan(0);
    expect(m.get16(tx.device)).toBe(1);
    m.call("serviceRings");
    expect(m.takeFrames()).toHaveLength(6 - taken);
    expect(tx.take()).toHaveLength(6 - taken);
    expect(m.get16(tx.device)).toBe(0);
  });
  it("uses up and counts what is no frame, or asks for what was not negotiated", async () => {
    const { m, d, tx } = await up(bits("csum"));
    send(m, tx, frameOf(13));
    send(m, tx, frameOf(100), [1, 1, 0, 0, 100]);
    send(m, tx, frameOf(100), [0, 1, 0, 0, 100]);
    send(m, tx, frameOf(100), [1, 3, 0, 0, 100]);
    tx.add([{ at: DATA, bytes: 11 }]);
    tx.add([{ at: DATA, bytes: 100 }, { at: DATA, bytes: 100, write: true }]);
    tx.add([{ at: 0, bytes: 70000 }]);
    expect(m.takeFrames()).toEqual([]);
    expect(tx.take()).toHaveLength(7);
    expect(m.counter("virtio-net0 packets to send refused")).toBe(7);
    expect(d.status & NEEDS_RESET).toBe(0);
  });
});

describe("receive", () => {
  it("fills one buffer, header first", async () => {
    const { m, rx } = await up();
    rx.add([{ at: DATA, bytes: 2000, write: true }]);
    expect(m.giveFrame(frameOf(300))).toBe(true);
    expect(rx.take()).toEqual([[0, 312]]);
    expect([...m.bytes(DATA, 12)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0]);
    expect([...m.bytes(DATA + 12, 300)]).toEqual(frameOf(300));
  });
  it("merges buffers and says how many", async () => {
    const { m, rx } = await up(bits("mrg"));
    for (let i = 0; i < 4; i++) rx.add([{ at: DATA + i * 0x1000, bytes: 512, write: true }]);
    m.giveFrame(frameOf(1200));
    expect(rx.take()).toEqual([[0, 512], [1, 512], [2, 188]]);
    expect(m.get16(DATA + 10)).toBe(3);
    expect([...m.bytes(DATA + 0x2000, 188)]).toEqual(frameOf(1200).slice(1012));
  });
  it("keeps a frame until there are buffers enough, and gives none of them away meanwhile", async () => {
    const { m, rx } = await up(bits("mrg"));
    m.giveFrame(frameOf(1200));
    rx.add([{ at: DATA, bytes: 512, write: true }]);
    rx.add([{ at: DATA + 0x1000, bytes: 512, write: true }]);
    expect(rx.take()).toEqual([]);
    expect(m.counter("virtio-net0 waits for a receive buffer")).toBe(3);
    rx.add([{ at: DATA + 0x2000, bytes: 512, write: true }]);
    expect(rx.take()).toEqual([[0, 512], [1, 512], [2, 188]]);
    expect([...m.bytes(DATA + 0x1000, 512)]).toEqual(frameOf(1200).slice(500, 1012));
  });
  it("hands on offloads only to a driver that takes them", async () => {
    const { m, rx } = await up(bits("guest_csum"));
    rx.add([{ at: DATA, bytes: 2000, write: true }]);
    m.giveFrame(frameOf(100), { flags: 1, gsoType: 1, gsoSize: 50 });
    expect(m.counter("virtio-net0 packets received refused")).toBe(1);
    m.giveFrame(frameOf(100), { flags: 1 });
    expect(rx.take()).toHaveLength(1);
    expect(m.bytes(DATA, 1)[0]).toBe(1);
  });
  it("drops frames while no driver is there, and says so", async () => {
    const m = await makeMachine();
    m.giveFrame(frameOf(100));
    expect(m.counter("virtio-net0 packets received without a driver")).toBe(1);
  });
  it("survives nonsense from the host", async () => {
    const { m, rx } = await up();
    rx.add([{ at: DATA, bytes: 2000, write: true }]);
    const [data, , head] = [0, 1, 2].map((part) => m.call("ringAt", 17, part)) as [number, number, number];
    for (const [count, length] of [[16, 0x7fffffff], [0xfffffff0, 60], [40, 60], [3, 1]] as const) {
      m.m.view.setUint32(data, length, true);
      m.m.view.setUint32(head, count, true);
      m.call("serviceRings");
    }
    expect(rx.take()).toEqual([]);
  });
});

describe("filter and control queue", () => {
  const command = (m: TestMachine, ctrl: Ring, ...bytes: number[]): number => {
    m.put(DATA + 0x8000, bytes);
    m.set8(DATA + 0x9000, 0xee);
    ctrl.add([{ at: DATA + 0x8000, bytes: 2 }, { at: DATA + 0x8002, bytes: bytes.length - 2 }, { at: DATA + 0x9000, bytes: 1, write: true }]);
    return m.bytes(DATA + 0x9000, 1)[0]!;
  };
  const arrives = (m: TestMachine, rx: Ring, to: number[]): boolean => {
    rx.add([{ at: DATA, bytes: 2000, write: true }], false);
    m.giveFrame([...to, ...frameOf(60)]);
    const got = rx.take().length > 0;
    if (!got) { rx.avail = rx.avail - 1 & 0xffff; m.set16(rx.driver + 2, rx.avail); }
    return got;
  };
  it("receives for its own address, broadcast, and what the table and modes say", async () => {
    const { m, rx, ctrl } = await up(bits("ctrl_vq", "ctrl_rx"));
    const own = [0x52, 0x54, 0, 0x12, 0x34, 0x56], other = [2, 0, 0, 0, 0, 9], group = [0x33, 0x33, 0, 0, 0, 1];
    expect([own, other, group, [255, 255, 255, 255, 255, 255]].map((to) => arrives(m, rx, to))).toEqual([true, false, false, true]);
    expect(command(m, ctrl, 1, 0, 1, 0, 0, 0, ...other, 1, 0, 0, 0, ...group)).toBe(0);
    expect([other, group, [0x33, 0x33, 0, 0, 0, 2]].map((to) => arrives(m, rx, to))).toEqual([true, true, false]);
    expect(command(m, ctrl, 0, 1, 1)).toBe(0);
    expect(arrives(m, rx, [0x33, 0x33, 0, 0, 0, 2])).toBe(true);
    expect(command(m, ctrl, 0, 0, 1)).toBe(0);
    expect(arrives(m, rx, [2, 0, 0, 0, 0, 77])).toBe(true);
  });
  it("sets the MAC and filters VLANs", async () => {
    const { m, d, rx, ctrl } = await up(bits("ctrl_vq", "ctrl_rx", "ctrl_mac", "ctrl_vlan"));
    expect(command(m, ctrl, 1, 1, 2, 1, 2, 3, 4, 5)).toBe(0);
    expect(d.deviceConfig(5, 1)).toBe(5);
    const tagged = (id: number): number[] => [2, 1, 2, 3, 4, 5, 2, 0, 0, 0, 0, 9, 0x81, 0, id >> 8, id & 255];
    expect(arrives(m, rx, tagged(100))).toBe(false);
    expect(command(m, ctrl, 2, 0, 100, 0)).toBe(0);
    expect(arrives(m, rx, tagged(100))).toBe(true);
    expect(command(m, ctrl, 2, 1, 100, 0)).toBe(0);
    expect(arrives(m, rx, tagged(100))).toBe(false);
    // A tag of VLAN 0 is a priority and no network: it passes, priority bits or none, and other ids do not with it.
    expect([0, 0xa000, 0x1000].map((tag) => arrives(m, rx, tagged(tag)))).toEqual([true, true, true]);
    expect([1, 8, 0xa001].map((tag) => arrives(m, rx, tagged(tag)))).toEqual([false, false, false]);
  });
  it("refuses commands that are not negotiated, unknown, or of the wrong length", async () => {
    const { m, ctrl } = await up(bits("ctrl_vq", "ctrl_rx"));
    for (const bytes of [[9, 9, 0], [0, 9, 0], [0, 0, 1, 1], [1, 1, 1, 2, 3, 4, 5, 6], [2, 0, 1, 0], [5, 0, 0, 0, 0, 0, 0, 0, 0, 0], [1, 0, 255, 255, 255, 255, 0], [1, 0, 0, 0, 0, 0]]) {
      expect(command(m, ctrl, ...bytes)).toBe(1);
    }
  });
  it("opens the filter when the table does not fit", async () => {
    const { m, rx, ctrl } = await up(bits("ctrl_vq", "ctrl_rx"));
    const many = Array.from({ length: 65 }, (_, i) => [2, 1, 1, 1, 1, i]).flat();
    expect(command(m, ctrl, 1, 0, 65, 0, 0, 0, ...many, 0, 0, 0, 0)).toBe(0);
    expect(arrives(m, rx, [2, 0, 0, 0, 0, 77])).toBe(true);
    expect(arrives(m, rx, [0x33, 0x33, 0, 0, 0, 2])).toBe(false);
  });
  it("switches offloads off and on", async () => {
    const { m, rx, ctrl } = await up(bits("ctrl_vq", "guest_csum", "guest_tso4", "offloads"));
    const rings = m.call("ringAt", 0, 2);
    const accepts = (): number => m.m.view.getUint32(rings + 1024, true);
    expect(accepts()).toBe(8 | 1 | 2);
    expect(command(m, ctrl, 5, 0, 2, 0, 0, 0, 0, 0, 0, 0)).toBe(0);
    expect(accepts()).toBe(8 | 1);
    rx.add([{ at: DATA, bytes: 2000, write: true }]);
    m.giveFrame(frameOf(100), { flags: 1, gsoType: 1, gsoSize: 50 });
    expect(rx.take()).toEqual([]);
    expect(command(m, ctrl, 5, 0, 0, 1, 0, 0, 0, 0, 0, 0)).toBe(1);
  });
});

describe("a driver that breaks the rules", () => {
  const broken = async (play: (m: TestMachine, tx: Ring) => void, features = 0n): Promise<void> => {
    const { m, d, tx } = await up(features);
    play(m, tx);
    expect(d.status & NEEDS_RESET).toBe(NEEDS_RESET);
    expect(m.counter("virtio-net0 driver errors")).toBeGreaterThan(0);
    expect(m.takeFrames()).toEqual([]);
    // Nothing goes until a reset; then all is well.
    send(m, tx, frameOf(60));
    expect(m.takeFrames()).toEqual([]);
    const again = d.start(0n);
    send(m, again.tx, frameOf(60));
    expect(m.takeFrames()).toHaveLength(1);
  };
  it("loops a chain onto itself", () => broken((m, tx) => { tx.describe(0, DATA, 16, 1, 0); tx.offer(0); }));
  it("loops a long chain", () => broken((m, tx) => { for (let i = 0; i < 16; i++) tx.describe(i, DATA, 16, 1, (i + 1) % 16); tx.offer(3); }));
  it("names a head out of range", () => broken((m, tx) => tx.offer(16)));
  it("names a next out of range", () => broken((m, tx) => { tx.describe(0, DATA, 16, 1, 999); tx.offer(0); }));
  it("jumps its available index", () => broken((m, tx) => { tx.avail = 40; tx.offer(0); }));
  it("puts a readable buffer after a writable one", () => broken((m, tx) => { tx.add([{ at: DATA, bytes: 16, write: true }, { at: DATA, bytes: 16 }]); }));
  it("points a buffer outside RAM", () => broken((m, tx) => { tx.add([{ at: 0xd0000000, bytes: 100 }]); }));
  it("points a buffer at the end of the address space", () => broken((m, tx) => { tx.add([{ at: 0xfffffffffffffff0n, bytes: 100 }]); }));
  it("makes lengths that add up past 32 bits", () => broken((m, tx) => { tx.add([{ at: DATA, bytes: 0xffffffff }, { at: DATA, bytes: 0xffffffff }]); }));
  it("uses an indirect table without the feature", () => broken((m, tx) => { tx.describe(0, 0x50000, 16, 4); tx.offer(0); }));
  it("gives an indirect table of no or odd length", async () => {
    for (const bytes of [0, 8, 17]) await broken((m, tx) => { tx.describe(0, 0x50000, bytes, 4); tx.offer(0); }, bits("indirect"));
  });
  it("nests indirect tables", () => broken((m, tx) => {
    m.set64(0x50000, 0x50000n); m.set32(0x50008, 16); m.set16(0x5000c, 4);
    tx.describe(0, 0x50000, 16, 4); tx.offer(0);
  }, bits("indirect")));
  it("chains on behind an indirect table", () => broken((m, tx) => { tx.describe(0, 0x50000, 16, 5, 1); tx.offer(0); }, bits("indirect")));
  it("puts an indirect table outside RAM", () => broken((m, tx) => { tx.describe(0, 0xc8000000, 16, 4); tx.offer(0); }, bits("indirect")));
  it("loops inside an indirect table", () => broken((m, tx) => {
    m.set64(0x50000, BigInt(DATA)); m.set32(0x50008, 16); m.set16(0x5000c, 1); m.set16(0x5000e, 0);
    tx.describe(0, 0x50000, 16, 4); tx.offer(0);
  }, bits("indirect")));
  it("puts its rings outside RAM", async () => {
    const m = await makeMachine(), d = new Driver(m);
    d.negotiate(bits("version_1"));
    for (const at of [0x20, 0x28, 0x30]) { m.write(d.common + 0x16, 2, 1); m.write(d.common + at, 4, 0xe0000000); }
    m.write(d.common + 0x1c, 2, 1);
    d.status = 15;
    d.notify(1);
    expect(d.status & NEEDS_RESET).toBe(NEEDS_RESET);
    expect(m.config(6, 2) & 0x2000).toBe(0x2000);
  });
  it("switches bus mastering off: nothing is fetched", async () => {
    const { m, d, tx } = await up();
    m.writeConfig(4, 2, 3);
    send(m, tx, frameOf(60));
    expect(m.takeFrames()).toEqual([]);
    expect(d.status & NEEDS_RESET).toBe(NEEDS_RESET);
  });
});

describe("interrupts", () => {
  const table = (m: TestMachine): number => m.bar(1);
  function arm(m: TestMachine, vector: number, data: number, masked = 0): void {
    const at = table(m) + 16 * vector;
    m.write(at, 4, 0xfee00000); m.write(at + 4, 4, 0); m.write(at + 8, 4, data); m.write(at + 12, 4, masked);
  }
  const msix = (m: TestMachine): number => m.capabilities().find(([id]) => id === 0x11)![1];
  const sent = (m: TestMachine): number => m.counter("MSIs sent");

  it("sends a queue's vector by MSI-X, holds it back while masked, and keeps it pending", async () => {
    const { m, d, tx } = await up();
    m.writeConfig(msix(m) + 2, 2, 0x8000);
    arm(m, 1, 0x41);
    m.write(d.common + 0x16, 2, 1);
    m.write(d.common + 0x1a, 2, 1);
    expect(m.read(d.common + 0x1a, 2)).toBe(1);
    const before = sent(m);
    send(m, tx, frameOf(60));
    expect(sent(m)).toBe(before + 1);
    arm(m, 1, 0x41, 1);
    send(m, tx, frameOf(60));
    expect(sent(m)).toBe(before + 1);
    expect(m.read(table(m) + 2048)).toBe(2);
    m.write(table(m) + 16 + 12, 4, 0);
    expect(sent(m)).toBe(before + 2);
    expect(m.read(table(m) + 2048)).toBe(0);
    m.writeConfig(msix(m) + 2, 2, 0xc000);
    send(m, tx, frameOf(60));
    expect(sent(m)).toBe(before + 2);
    m.writeConfig(msix(m) + 2, 2, 0x8000);
    expect(sent(m)).toBe(before + 3);
    expect(m.config(6, 2) & 8).toBe(0);
  });
  it("reads back no vector for one the function does not have", async () => {
    const { m, d } = await up();
    m.write(d.common + 0x16, 2, 0);
    m.write(d.common + 0x1a, 2, 4);
    expect(m.read(d.common + 0x1a, 2)).toBe(0xffff);
    m.write(d.common + 0x10, 2, 99);
    expect(m.read(d.common + 0x10, 2)).toBe(0xffff);
  });
  it("raises INTx without MSI-X, until the ISR is read; the command register can hold it down", async () => {
    const { m, d, tx } = await up(), before = m.counter("interrupt lines asserted");
    send(m, tx, frameOf(60));
    expect(m.config(6, 2) & 8).toBe(8);
    expect(m.counter("interrupt lines asserted")).toBe(before + 1);
    m.writeConfig(4, 2, 0x407);
    expect(m.config(6, 2) & 8).toBe(8);
    m.writeConfig(4, 2, 7);
    expect(m.counter("interrupt lines asserted")).toBe(before + 2);
    expect(d.isr()).toBe(1);
    expect(d.isr()).toBe(0);
    expect(m.config(6, 2) & 8).toBe(0);
  });
  it("honours NO_INTERRUPT and used_event", async () => {
    const a = await up();
    a.m.set16(a.tx.driver, 1);
    send(a.m, a.tx, frameOf(60));
    expect(a.d.isr()).toBe(0);
    expect(a.m.counter("virtio-net0 q1 interrupts moderated")).toBe(1);
    const b = await up(bits("event_idx"));
    b.tx.setEvent(1);
    send(b.m, b.tx, frameOf(60));
    expect(b.d.isr()).toBe(0);
    send(b.m, b.tx, frameOf(60));
    expect(b.d.isr()).toBe(1);
    send(b.m, b.tx, frameOf(60));
    expect(b.d.isr()).toBe(0);
    expect(b.tx.availEvent).toBe(3);
  });
  it("goes round the 16-bit indices", async () => {
    const { m, tx } = await up(bits("event_idx"));
    m.put(DATA, [...new Array(12).fill(0) as number[], ...frameOf(60)]);
    for (let i = 0; i < 70000; i++) {
      tx.add([{ at: DATA, bytes: 72 }], i % 8 === 7);
      if (i % 8 === 7) { m.takeFrames(); m.call("serviceRings"); m.call("setTicks", BigInt(i) * 1000n); }
    }
    expect(tx.take().length).toBe(70000 & 0xffff);
    expect(m.counter("virtio-net0 packets sent")).toBe(70000);
  });
});

describe("PCI", () => {
  it("is a transitional device with its structures in BAR 4, or a modern one", async () => {
    const old = await makeMachine();
    expect(old.config(0)).toBe(0x10001af4);
    expect(old.config(0x2c)).toBe(0x00011af4);
    const m = await makeMachine({ modernOnly: true });
    expect(m.config(0)).toBe(0x10411af4);
    expect(m.config(8)).toBe(0x02000001);
    expect(m.config(0x10)).toBe(0);
    const types = m.capabilities().filter(([id]) => id === 9).map(([, at]) => [m.config(at + 3, 1), m.config(at + 4, 1), m.config(at + 8), m.config(at + 12)]);
    expect(types).toEqual([[1, 4, 0, 64], [3, 4, 0x1000, 1], [4, 4, 0x2000, 20], [2, 4, 0x3000, 12], [5, 0, 0, 0]]);
  });
  it("sizes its BARs and moves them", async () => {
    const m = await makeMachine();
    const sizes = [0, 1, 4, 5].map((i) => { const at = 0x10 + 4 * i, old = m.config(at); m.writeConfig(at, 4, -1); const size = m.config(at); m.writeConfig(at, 4, old); return size; });
    expect(sizes).toEqual([0xffffff01, 0xfffff000, 0xffffc00c, 0xffffffff]);
    const at = m.bar(4);
    m.writeConfig(0x20, 4, 0xd0000000);
    expect(m.read(0xd0000012, 2)).toBe(3);
    expect(m.read(at + 0x12, 2)).toBe(0xffff);
    m.writeConfig(4, 2, 5);
    expect(m.read(0xd0000012, 2)).toBe(0xffff);
  });
  it("is reached through the window in configuration space", async () => {
    const m = await makeMachine();
    const cap = m.capabilities().filter(([id]) => id === 9).at(-1)![1];
    const reach = (offset: number, bytes: number): void => { m.writeConfig(cap + 4, 1, 4); m.writeConfig(cap + 8, 4, offset); m.writeConfig(cap + 12, 4, bytes); };
    reach(0x12, 2);
    expect(m.config(cap + 16, 2)).toBe(3);
    reach(0x14, 1);
    m.writeConfig(cap + 16, 1, 3);
    expect(m.config(cap + 16, 1)).toBe(3);
    for (const [offset, bytes] of [[0x13, 2], [0x100000, 4], [0x14, 3], [0xffffffff, 1]] as const) { reach(offset, bytes); m.config(cap + 16); m.writeConfig(cap + 16, 4, 0); }
    expect(new Driver(m).status).toBe(3);
  });
  it("takes up to eight cards, each with its own frames", async () => {
    const m = await makeMachine({ count: 8 });
    expect(Array.from({ length: 8 }, (_, i) => m.call("slotOfCard", i))).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(m.counter("virtio-net7 packets sent")).toBe(0);
  });
});
