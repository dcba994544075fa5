// virtio-console by a mock driver: one port, several with control queues, back-pressure both ways, sizes, emergency writes, misuse.
import { describe, expect, it } from "vitest";
import { Driver, type Ring } from "./driver.js";
import { makeMachine, type TestMachine } from "./machine.js";

const SIZE = 1n, MULTIPORT = 2n, EMERG = 4n, VERSION = 1n << 32n;
const READY = 0, ADD = 1, PORT_READY = 3, CONSOLE = 4, RESIZE = 5, OPEN = 6, NAME = 7;
const NEEDS_RESET = 64;
const RINGS = 0x10000, DATA = 0x100000;
/** Ports 0 to 2 of 3, the first a console. */
const DETAIL = 7 | 1 << 8 | 3 << 16;

class Console {
  readonly d: Driver;
  readonly rings: Ring[];
  private buffers = 0;
  constructor(readonly m: TestMachine, features: bigint) {
    this.d = new Driver(m);
    if (!(this.d.negotiate(features | VERSION) & 8)) throw new Error("features refused");
    this.rings = Array.from({ length: features & MULTIPORT ? 8 : 2 }, (_, i) => this.d.enable(i, 64, RINGS + i * 0x4000));
    this.d.status = 15;
  }
  /** The words that host and module share of a port. */
  words(port: number): number { return this.m.call("stream", port); }
  set(port: number, listens: boolean, columns = 0, rows = 0): void {
    const at = this.words(port), { view } = this.m.m;
    view.setUint32(at, listens ? 1 : 0, true); view.setUint16(at + 4, columns, true); view.setUint16(at + 6, rows, true);
    this.m.call("serviceRings");
  }
  guestListens(port: number): boolean { return this.m.m.view.getUint32(this.words(port) + 8, true) !== 0; }
  private ring(id: number): { at: (n: number) => number; head: number; tail: number; size: number } {
    const [data, size, head, tail] = [0, 1, 2, 3].map((part) => this.m.call("ringAt", id, part)) as [number, number, number, number];
    return { at: (n) => data + (n & (size - 1)), head, tail, size };
  }
  /** What a port has sent, at most so many bytes. */
  sent(port: number, most = Infinity): string {
    const r = this.ring(48 + 2 * port), { view } = this.m.m, bytes: number[] = [];
    let tail = view.getUint32(r.tail, true);
    for (; tail !== view.getUint32(r.head, true) && bytes.length < most; tail = tail + 1 >>> 0) bytes.push(view.getUint8(r.at(tail)));
    view.setUint32(r.tail, tail, true);
    this.m.call("serviceRings");
    return String.fromCharCode(...bytes);
  }
  type(port: number, text: string): void {
    const r = this.ring(49 + 2 * port), { view } = this.m.m;
    let head = view.getUint32(r.head, true);
    for (const c of text) { view.setUint8(r.at(head), c.charCodeAt(0)); head = head + 1 >>> 0; }
    view.setUint32(r.head, head, true);
    this.m.call("serviceRings");
  }
  private buffer(): number { return DATA + 0x1000 * (this.buffers++ & 127); }
  say(queue: number, text: string): void {
    const at = this.buffer();
    this.m.put(at, [...text].map((c) => c.charCodeAt(0)));
    this.rings[queue]!.add([{ at, bytes: text.length }]);
  }
  /** Buffers of `bytes` for what comes; read back with `heard`. */
  private readonly out = new Map<Ring, { head: number; at: number }[]>();
  listen(queue: number, bytes: number, n = 1): void {
    const ring = this.rings[queue]!, list = this.out.get(ring) ?? [];
    for (let i = 0; i < n; i++) { const at = this.buffer(); list.push({ head: ring.add([{ at, bytes, write: true }]), at }); }
    this.out.set(ring, list);
  }
  heard(queue: number): Uint8Array[] {
    const ring = this.rings[queue]!, list = this.out.get(ring) ?? [];
    return ring.take().map(([head, n]) => this.m.bytes(list.splice(list.findIndex((b) => b.head === head), 1)[0]!.at, n));
  }
  tell(id: number, event: number, value: number): void {
    const at = this.buffer();
    this.m.set32(at, id); this.m.set16(at + 4, event); this.m.set16(at + 6, value);
    this.rings[3]!.add([{ at, bytes: 8 }]);
  }
  told(): [id: number, event: number, value: number, rest: string][] {
    return this.heard(2).map((b) => [b[0]! | b[1]! << 8, b[4]! | b[5]! << 8, b[6]! | b[7]! << 8, String.fromCharCode(...b.slice(8))]);
  }
}

async function make(features: bigint, detail = DETAIL, names: string[] = []): Promise<Console> {
  const m = await makeMachine({ kind: 4, mac: 0n, mtu: detail, vectors: 4 });
  names.forEach((name, port) => { const at = m.call("portName", 0, port); m.m.view.setUint8(at, name.length); [...name].forEach((c, i) => m.m.view.setUint8(at + 1 + i, c.charCodeAt(0))); });
  return new Console(m, features);
}
const text = (bytes: Uint8Array[]): string => bytes.map((b) => String.fromCharCode(...b)).join("|");

describe("one port", () => {
  it("carries bytes both ways", async () => {
    const c = await make(0n);
    c.say(1, "hello ");
    c.say(1, "host");
    expect(c.sent(0)).toBe("hello host");
    c.listen(0, 4, 3);
    c.type(0, "hello guest");
    expect(text(c.heard(0))).toBe("hell|o gu|est");
  });

  it("keeps what the guest has no buffer for, and gives it later", async () => {
    const c = await make(0n);
    c.type(0, "abcdef");
    expect(c.heard(0)).toEqual([]);
    c.listen(0, 4);
    c.listen(0, 4);
    expect(text(c.heard(0))).toBe("abcd|ef");
  });

  it("holds the guest back when the host does not drain, in the middle of a buffer too", async () => {
    const c = await make(0n), long = "0123456789abcdef".repeat(4096);
    c.m.put(0x200000, [...long].map((ch) => ch.charCodeAt(0)));
    c.rings[1]!.add([{ at: 0x200000, bytes: 40000 }, { at: 0x200000 + 40000, bytes: long.length - 40000 }]);
    c.say(1, "!");
    expect(c.rings[1]!.take()).toEqual([]);
    let all = "";
    for (let i = 0; i < 100 && all.length < long.length + 1; i++) all += c.sent(0, 1000);
    expect(all).toBe(`${long}!`);
    expect(c.rings[1]!.take()).toHaveLength(2);
  });

  it("has a size that may change, with an interrupt for it", async () => {
    const c = await make(SIZE), before = c.m.counter("virtio-console0 configuration interrupts");
    c.set(0, true, 100, 40);
    expect([c.d.deviceConfig(0, 2), c.d.deviceConfig(2, 2), c.d.deviceConfig(4, 4)]).toEqual([100, 40, 3]);
    expect(c.m.counter("virtio-console0 configuration interrupts")).toBe(before + 1);
  });

  it("takes emergency writes at any time, before the driver is there too", async () => {
    const c = await make(EMERG);
    c.d.status = 0;
    for (const ch of "oops") c.m.write(c.d.common + 0x2000 + 8, 4, ch.charCodeAt(0));
    expect(c.sent(0)).toBe("oops");
  });

  it("has no other queues: their doorbells do nothing", async () => {
    const c = await make(0n);
    for (const queue of [2, 3, 4, 5, 99]) c.d.notify(queue);
    c.say(1, "x");
    expect(c.sent(0)).toBe("x");
    expect(c.d.status & NEEDS_RESET).toBe(0);
  });
});

describe("several ports", () => {
  async function up(names = ["", "org.example.one", "two"]): Promise<Console> {
    const c = await make(MULTIPORT, DETAIL, names);
    c.listen(2, 80, 16);
    c.tell(0, READY, 1);
    return c;
  }

  it("are added, introduced and named in an order that stays", async () => {
    const c = await up();
    expect(c.told()).toEqual([[0, ADD, 1, ""], [1, ADD, 1, ""], [2, ADD, 1, ""]]);
    c.set(1, true);
    for (const port of [0, 1, 2]) c.tell(port, PORT_READY, 1);
    expect(c.told()).toEqual([[0, CONSOLE, 1, ""], [1, NAME, 1, "org.example.one"], [1, OPEN, 1, ""], [2, NAME, 1, "two"]]);
    c.set(1, false);
    expect(c.told()).toEqual([[1, OPEN, 0, ""]]);
  });

  it("have streams of their own, that wait until the guest listens", async () => {
    const c = await up();
    c.told();
    c.listen(6, 16);
    c.type(2, "for two");
    expect(c.heard(6)).toEqual([]);
    expect(c.guestListens(2)).toBe(false);
    c.tell(2, OPEN, 1);
    expect(text(c.heard(6))).toBe("for two");
    expect(c.guestListens(2)).toBe(true);
    c.say(5, "from one");
    c.say(7, "from two");
    expect([c.sent(1), c.sent(2), c.sent(0)]).toEqual(["from one", "from two", ""]);
    c.tell(2, OPEN, 0);
    expect(c.guestListens(2)).toBe(false);
  });

  it("tell a console's new size", async () => {
    const c = await up();
    c.tell(0, PORT_READY, 1);
    c.told();
    c.set(0, true, 132, 50);
    expect(c.told()).toEqual([[0, OPEN, 1, ""], [0, RESIZE, 0, "\x84\0\x32\0"]]);
    c.set(0, true, 132, 50);
    expect(c.told()).toEqual([]);
  });

  it("keep their messages until there are buffers", async () => {
    const c = await make(MULTIPORT);
    c.tell(0, READY, 1);
    c.listen(2, 8);
    expect(c.told()).toEqual([[0, ADD, 1, ""]]);
    c.listen(2, 8, 2);
    expect(c.told()).toEqual([[1, ADD, 1, ""], [2, ADD, 1, ""]]);
  });

  it("start again with a reset", async () => {
    const c = await up();
    c.tell(1, OPEN, 1);
    expect(c.guestListens(1)).toBe(true);
    c.d.status = 0;
    expect(c.guestListens(1)).toBe(false);
    const again = new Console(c.m, MULTIPORT);
    again.listen(2, 80, 4);
    again.tell(0, READY, 1);
    expect(again.told()).toHaveLength(3);
  });
});

describe("misuse", () => {
  it("messages that are short, of no port or of no kind are refused, and counted", async () => {
    const c = await make(MULTIPORT);
    c.rings[3]!.add([{ at: DATA, bytes: 7 }]);
    c.rings[3]!.add([{ at: DATA, bytes: 8, write: true }]);
    c.tell(3, PORT_READY, 1);
    c.tell(0xffff_ffff, OPEN, 1);
    c.tell(0, 99, 1);
    c.tell(0, NAME, 1);
    expect(c.m.counter("virtio-console0 control messages refused")).toBe(6);
    expect(c.rings[3]!.take()).toHaveLength(6);
    expect(c.d.status & NEEDS_RESET).toBe(0);
  });

  it("a buffer that is too small for a message gets its beginning", async () => {
    const c = await make(MULTIPORT, DETAIL, ["", "long-name-of-a-port"]);
    c.listen(2, 12, 4);
    c.tell(1, PORT_READY, 1);
    expect(c.told()).toEqual([[1, NAME, 1, "long"]]);
  });

  it("empty buffers and buffers the wrong way are given back", async () => {
    const c = await make(0n);
    c.rings[1]!.add([{ at: DATA, bytes: 0 }]);
    c.rings[1]!.add([{ at: DATA, bytes: 64, write: true }]);
    c.rings[0]!.add([{ at: DATA, bytes: 64 }]);
    c.listen(0, 8);
    c.type(0, "x");
    expect(c.rings[1]!.take().map(([, n]) => n)).toEqual([0, 0]);
    expect(c.rings[0]!.take().map(([, n]) => n)).toEqual([0, 1]);
  });

  it.each<[string, (c: Console) => void]>([
    ["a loop", (c) => { c.rings[1]!.describe(0, DATA, 1, 1, 0); c.rings[1]!.offer(0); }],
    ["data outside RAM", (c) => c.rings[1]!.add([{ at: 0xc000_0000n, bytes: 8 }])],
    ["a receive buffer outside RAM", (c) => { c.rings[0]!.add([{ at: 0xc000_0000n, bytes: 8, write: true }]); c.type(0, "x"); }],
    ["a message outside RAM", (c) => c.rings[3]!.add([{ at: 0xc000_0000n, bytes: 8 }])],
    ["a head out of range", (c) => c.rings[1]!.offer(200)],
  ])("%s stops the device", async (_, act) => {
    const c = await make(MULTIPORT);
    c.tell(0, OPEN, 1);
    act(c);
    expect(c.d.status & NEEDS_RESET).toBe(NEEDS_RESET);
  });

  it("nonsense from the host in a ring's counts is as nothing", async () => {
    const c = await make(0n);
    c.listen(0, 8);
    c.m.m.view.setUint32(c.m.call("ringAt", 49, 2), 0xdead_beef, true);
    c.m.m.view.setUint32(c.m.call("ringAt", 48, 3), 0x1234_5678, true);
    c.m.call("serviceRings");
    c.say(1, "x");
    expect(c.heard(0)).toEqual([]);
  });
});
