// A board with one card, as firmware leaves it, and what a driver's author needs: configuration space, BARs, RAM, rings, counters.
import { load, text, type Instance } from "../../support/compile.js";

const PAGES = 1792;
const RAM_BYTES = 4 << 20;
export const PORT_A = 1024;

export interface CardOptions { mac?: bigint; masked?: bigint; mtu?: number; modernOnly?: boolean; vectors?: number; kind?: number; count?: number; queues?: number; legacyOnly?: boolean; speed?: number; first?: number; lab?: { mode: number; kbits: number; fifo: number } }

export class TestMachine {
  readonly ram: number;
  readonly devfn: number;

  constructor(readonly m: Instance, options: CardOptions) {
    const first = options.first ?? 0;
    for (let i = first; i < first + (options.count ?? 1); i++) {
      const n = this.call("addCard", options.kind ?? 1, 0, options.mac ?? 0x563412005452n, options.masked ?? 0n, options.mtu ?? 0, options.modernOnly ? 1 : 0, options.vectors ?? 4);
      if (n !== i) throw new Error("card refused");
      // CardOption of assembly/surface/cards.ts.
      if (options.queues !== undefined && (options.kind ?? 1) === 1) this.call("giveOption", i, 2, BigInt(options.queues));
      if (options.legacyOnly) this.call("giveOption", i, 18, 1n);
      if (options.speed !== undefined) { this.call("giveOption", i, 3, BigInt(options.speed)); this.call("giveOption", i, 4, 1n); }
    }
    const { lab } = options;
    if (lab !== undefined) this.call("setLab", 0, lab.mode, 60, 1000, 1, lab.kbits, 0, lab.fifo, 0);
    this.m.exports.make!(BigInt(RAM_BYTES));
    this.ram = this.call("ramBase");
    this.devfn = this.call("slotOfCard", first) << 3;
    this.writeConfig(4, 2, 7);
  }

  call(name: string, ...args: (number | bigint)[]): number {
    const f = this.m.exports[name];
    if (!f) throw new Error(`no export ${name}`);
    return Number(f(...args));
  }

  config(offset: number, bytes = 4): number {
    this.call("portWrite", 0xcf8, 4, 0x80000000 | this.devfn << 8 | offset & ~3);
    return this.call("portRead", 0xcfc + (offset & 3), bytes) >>> 0;
  }
  writeConfig(offset: number, bytes: number, value: number): void {
    this.call("portWrite", 0xcf8, 4, 0x80000000 | this.devfn << 8 | offset & ~3);
    this.call("portWrite", 0xcfc + (offset & 3), bytes, value);
  }
  bar(index: number): number { return (this.config(0x10 + 4 * index) & ~15) >>> 0; }
  /** Capabilities of the function: id and offset, in their order. */
  capabilities(): [number, number][] {
    const found: [number, number][] = [];
    for (let at = this.config(0x34, 1); at && found.length < 32; at = this.config(at + 1, 1)) found.push([this.config(at, 1), at]);
    return found;
  }

  read(gpa: number, bytes = 4): number { return Number(BigInt.asUintN(64, this.m.exports.mmioRead!(BigInt(gpa), bytes) as bigint)); }
  write(gpa: number, bytes: number, value: number | bigint): void { this.m.exports.mmioWrite!(BigInt(gpa), bytes, BigInt(value)); }

  /** RAM by guest-physical address. */
  get16(gpa: number): number { return this.m.view.getUint16(this.ram + gpa, true); }
  get32(gpa: number): number { return this.m.view.getUint32(this.ram + gpa, true); }
  set8(gpa: number, value: number): void { this.m.view.setUint8(this.ram + gpa, value); }
  set16(gpa: number, value: number): void { this.m.view.setUint16(this.ram + gpa, value, true); }
  set32(gpa: number, value: number): void { this.m.view.setUint32(this.ram + gpa, value, true); }
  set64(gpa: number, value: bigint): void { this.m.view.setBigUint64(this.ram + gpa, BigInt.asUintN(64, value), true); }
  bytes(gpa: number, n: number): Uint8Array { return new Uint8Array(this.m.memory.buffer, this.ram + gpa, n).slice(); }
  put(gpa: number, data: ArrayLike<number>): void { new Uint8Array(this.m.memory.buffer, this.ram + gpa, data.length).set(data); }

  /** Frames the card has sent, with their entry headers. */
  takeFrames(port = 0, most = Infinity): { header: Uint8Array; frame: Uint8Array }[] {
    const [data, size, head, tail] = [0, 1, 2, 3].map((part) => this.call("ringAt", 16 + 2 * port, part)) as [number, number, number, number];
    const out: { header: Uint8Array; frame: Uint8Array }[] = [];
    const view = this.m.view;
    let at = view.getUint32(tail, true);
    while (at !== view.getUint32(head, true) && out.length < most) {
      const entry = data + (at & (size - 1)), length = view.getUint32(entry, true);
      if (length === 0xffffffff) { at = at + size - (at & (size - 1)) >>> 0; continue; }
      out.push({
        header: new Uint8Array(this.m.memory.buffer, entry, 16).slice(),
        frame: new Uint8Array(this.m.memory.buffer, entry + 16, length).slice(),
      });
      at = at + 16 + (length + 15 & ~15) >>> 0;
    }
    view.setUint32(tail, at, true);
    return out;
  }
  /** A frame for the guest; false when the ring is full. The module looks at it at once. */
  giveFrame(frame: ArrayLike<number>, offload: Partial<Record<"flags" | "gsoType" | "gsoSize" | "csumStart" | "csumOffset", number>> = {}, look = true): boolean {
    const [data, size, head, tail] = [0, 1, 2, 3].map((part) => this.call("ringAt", 17, part)) as [number, number, number, number];
    const view = this.m.view, need = 16 + (frame.length + 15 & ~15);
    let at = view.getUint32(head, true);
    const rest = size - (at & (size - 1)), skip = rest < need ? rest : 0;
    if (size - (at - view.getUint32(tail, true) >>> 0) < need + skip) return false;
    if (skip) { view.setUint32(data + (at & (size - 1)), 0xffffffff, true); at = at + skip >>> 0; }
    const entry = data + (at & (size - 1));
    new Uint8Array(this.m.memory.buffer, entry, 16).fill(0);
    view.setUint32(entry, frame.length, true);
    view.setUint8(entry + 4, offload.flags ?? 0);
    view.setUint8(entry + 5, offload.gsoType ?? 0);
    view.setUint16(entry + 8, offload.gsoSize ?? 0, true);
    view.setUint16(entry + 10, offload.csumStart ?? 0, true);
    view.setUint16(entry + 12, offload.csumOffset ?? 0, true);
    new Uint8Array(this.m.memory.buffer, entry + 16, frame.length).set(frame);
    view.setUint32(head, at + need >>> 0, true);
    if (look) this.call("serviceRings");
    return true;
  }

  /** A histogram's buckets that have seen something: the first number of each, and how often. */
  histogram(name: string): Record<number, number> {
    for (let id = 0; id < this.call("histogramIds"); id++) {
      if (text(this.m, this.call("histogramName", id)) !== name) continue;
      const at = this.call("histogramAddress", id);
      const times = Array.from({ length: 16 }, (_, i) => [i ? 2 ** (i - 1) : 0, Number(this.m.view.getBigUint64(at + 8 * i, true))] as const);
      return Object.fromEntries(times.filter(([, n]) => n));
    }
    throw new Error(`no histogram ${name}`);
  }
  counter(name: string, unit?: string): number {
    for (let id = 0; id < this.call("counterIds"); id++) {
      if (text(this.m, this.call("counterName", id)) !== name) continue;
      if (unit && text(this.m, this.call("counterUnit", id)) !== unit) continue;
      return Number(this.m.view.getBigUint64(this.call("counterAddress", id), true));
    }
    throw new Error(`no counter ${name}`);
  }
}

export async function makeMachine(options: CardOptions = {}): Promise<TestMachine> {
  return new TestMachine(await load("tests/unit/virtio/entry.ts", PAGES), options);
}
