// A mock driver of virtio over modern PCI with split or packed rings: brings a device up and plays both fair and foul.
import type { TestMachine } from "./machine.js";

export const F = { csum: 0, guest_csum: 1, offloads: 2, mac: 5, guest_tso4: 7, host_tso4: 11, mrg: 15, status: 16, ctrl_vq: 17, ctrl_rx: 18, ctrl_vlan: 19, announce: 21, mq: 22, ctrl_mac: 23, indirect: 28, event_idx: 29, version_1: 32, packed: 34, in_order: 35, ring_reset: 40 } as const;
export const bits = (...names: (keyof typeof F)[]): bigint => names.reduce((sum, name) => sum | 1n << BigInt(F[name]), 0n);

export interface Buffer { at: number | bigint; bytes: number; write?: boolean }

/** One split ring in RAM: descriptors, available and used ring one page apart. */
export class Ring {
  avail = 0;
  used = 0;
  next = 0;
  constructor(readonly m: TestMachine, readonly d: Driver, readonly index: number, readonly size: number, readonly base: number) {}

  get desc(): number { return this.base; }
  get driver(): number { return this.base + 0x2000; }
  get device(): number { return this.base + 0x3000; }

  /** Writes a descriptor as it is, whatever it says. */
  describe(i: number, at: number | bigint, bytes: number, flags: number, next = 0): void {
    const d = this.desc + 16 * i;
    this.m.set64(d, BigInt(at));
    this.m.set32(d + 8, bytes);
    this.m.set16(d + 12, flags);
    this.m.set16(d + 14, next);
  }
  /** Makes `head` available and, unless told otherwise, rings. */
  offer(head: number, ring = true): void {
    this.m.set16(this.driver + 4 + 2 * (this.avail % this.size), head);
    this.avail = this.avail + 1 & 0xffff;
    this.m.set16(this.driver + 2, this.avail);
    if (ring) this.d.notify(this.index);
  }
  /** A chain of buffers in the next free descriptors; its head. */
  add(buffers: Buffer[], ring = true): number {
    const head = this.next;
    buffers.forEach(({ at, bytes, write }, i) => {
      const last = i === buffers.length - 1, here = (head + i) % this.size;
      this.describe(here, at, bytes, (write ? 2 : 0) | (last ? 0 : 1), (here + 1) % this.size);
    });
    this.next = (head + buffers.length) % this.size;
    this.offer(head, ring);
    return head;
  }
  /** Used elements that are new: head and length. */
  take(): [number, number][] {
    const out: [number, number][] = [];
    for (; this.used !== this.m.get16(this.device + 2); this.used = this.used + 1 & 0xffff) {
      const at = this.device + 4 + 8 * (this.used % this.size);
      out.push([this.m.get32(at), this.m.get32(at + 4)]);
    }
    return out;
  }
  /** Interrupt after this used index (EVENT_IDX). */
  setEvent(index: number): void { this.m.set16(this.driver + 4 + 2 * this.size, index); }
  get availEvent(): number { return this.m.get16(this.device + 4 + 8 * this.size); }
}

const AVAIL = 0x80, USED = 0x8000;

/** One packed ring in RAM: descriptors, the driver's and the device's event structure one page apart. */
export class PackedRing {
  next = 0;
  wrap = 1;
  usedNext = 0;
  usedWrap = 1;
  /** Places of each id that is out. */
  readonly places = new Map<number, number>();
  constructor(readonly m: TestMachine, readonly d: Driver, readonly index: number, readonly size: number, readonly base: number) {}

  get desc(): number { return this.base; }
  get driver(): number { return this.base + 0x2000; }
  get device(): number { return this.base + 0x3000; }

  /** Writes a descriptor as it is, whatever it says. */
  describe(place: number, at: number | bigint, bytes: number, id: number, flags: number): void {
    const d = this.desc + 16 * place;
    this.m.set64(d, BigInt(at));
    this.m.set32(d + 8, bytes);
    this.m.set16(d + 12, id);
    this.m.set16(d + 14, flags);
  }
  flags(place: number): number { return this.m.get16(this.desc + 16 * place + 14); }
  /** What makes a descriptor available in this round. */
  get mark(): number { return this.wrap ? AVAIL : USED; }
  /** Puts one descriptor at the next place. */
  put(at: number | bigint, bytes: number, id: number, flags: number): void {
    this.describe(this.next, at, bytes, id, flags | this.mark);
    if (++this.next === this.size) { this.next = 0; this.wrap ^= 1; }
  }
  /** A chain of buffers with the lowest id that is not out; the id. */
  add(buffers: Buffer[], ring = true, id = this.freeId()): number {
    buffers.forEach(({ at, bytes, write }, i) => this.put(at, bytes, id, (write ? 2 : 0) | (i === buffers.length - 1 ? 0 : 1)));
    this.places.set(id, buffers.length);
    if (ring) this.d.notify(this.index);
    return id;
  }
  freeId(): number {
    let id = 0;
    while (this.places.has(id)) id++;
    return id;
  }
  /** Used elements that are new: id and length. */
  take(): [number, number][] {
    const out: [number, number][] = [];
    for (;;) {
      const flags = this.flags(this.usedNext), at = this.desc + 16 * this.usedNext, id = this.m.get16(at + 12);
      if (!!(flags & AVAIL) !== !!this.usedWrap || !!(flags & USED) !== !!this.usedWrap) return out;
      out.push([id, flags & 2 ? this.m.get32(at + 8) : 0]);
      this.usedNext += this.places.get(id)!;
      this.places.delete(id);
      if (this.usedNext >= this.size) { this.usedNext -= this.size; this.usedWrap ^= 1; }
    }
  }
  /** The driver's event suppression structure: flags 0 always, 1 never, 2 at the place. */
  suppress(flags: number, place = 0, wrap = 0): void { this.m.set32(this.driver, place | wrap << 15 | flags << 16); }
}

export class Driver {
  readonly common: number;
  readonly rings: Ring[] = [];
  constructor(readonly m: TestMachine) { this.common = m.bar(4); }

  get status(): number { return this.m.read(this.common + 0x14, 1); }
  set status(value: number) { this.m.write(this.common + 0x14, 1, value); }
  isr(): number { return this.m.read(this.common + 0x1000, 1); }
  deviceConfig(at: number, bytes: number): number { return this.m.read(this.common + 0x2000 + at, bytes); }
  notify(queue: number): void { this.m.write(this.common + 0x3000 + 4 * queue, 2, queue); }

  offered(): bigint {
    const half = (select: number): bigint => { this.m.write(this.common, 4, select); return BigInt(this.m.read(this.common + 4)); };
    return half(0) | half(1) << 32n;
  }
  /** Status to FEATURES_OK; what the device then says. */
  negotiate(features: bigint): number {
    this.status = 0; this.status = 1; this.status = 3;
    for (const select of [0, 1]) {
      this.m.write(this.common + 8, 4, select);
      this.m.write(this.common + 0xc, 4, features >> BigInt(32 * select) & 0xffffffffn);
    }
    this.status = 11;
    return this.status;
  }
  /** Sets a queue up; its rings are `base` and 16 KiB after. */
  enable(index: number, size: number, base: number, vector = 0xffff): Ring {
    return this.rings[index] = this.place(new Ring(this.m, this, index, size, base), vector);
  }
  enablePacked(index: number, size: number, base: number, vector = 0xffff): PackedRing {
    return this.place(new PackedRing(this.m, this, index, size, base), vector);
  }
  private place<R extends Ring | PackedRing>(ring: R, vector: number): R {
    const c = this.common, { index, size, base } = ring;
    this.m.put(base, new Uint8Array(0x4000));
    this.m.write(c + 0x16, 2, index);
    this.m.write(c + 0x18, 2, size);
    this.m.write(c + 0x1a, 2, vector);
    for (const [at, value] of [[0x20, ring.desc], [0x28, ring.driver], [0x30, ring.device]] as const) {
      this.m.write(c + at, 4, value);
      this.m.write(c + at + 4, 4, 0);
    }
    this.m.write(c + 0x1c, 2, 1);
    return ring;
  }
  /** Everything, with three queues of 16. */
  start(features: bigint, size = 16): { rx: Ring; tx: Ring; ctrl: Ring } {
    if (!(this.negotiate(features | bits("version_1")) & 8)) throw new Error("features refused");
    const rings = [0, 1, 2].map((i) => this.enable(i, size, 0x10000 + i * 0x4000));
    this.status = 15;
    return { rx: rings[0]!, tx: rings[1]!, ctrl: rings[2]! };
  }
  /** Several pairs and the control queue, each with its own vector. */
  startPairs(features: bigint, pairs: number, size = 16): { rx: Ring[]; tx: Ring[]; ctrl: Ring } {
    if (!(this.negotiate(features | bits("version_1", "ctrl_vq", "mq")) & 8)) throw new Error("features refused");
    const rings = Array.from({ length: 2 * pairs + 1 }, (_, i) => this.enable(i, size, 0x10000 + i * 0x4000, i));
    this.status = 15;
    return { rx: rings.filter((_, i) => i % 2 === 0).slice(0, pairs), tx: rings.filter((_, i) => i % 2 === 1), ctrl: rings.at(-1)! };
  }
  /** The same with packed rings. */
  startPacked(features: bigint, size = 16): { rx: PackedRing; tx: PackedRing; ctrl: PackedRing } {
    if (!(this.negotiate(features | bits("version_1", "packed")) & 8)) throw new Error("features refused");
    const rings = [0, 1, 2].map((i) => this.enablePacked(i, size, 0x10000 + i * 0x4000));
    this.status = 15;
    return { rx: rings[0]!, tx: rings[1]!, ctrl: rings[2]! };
  }
}
