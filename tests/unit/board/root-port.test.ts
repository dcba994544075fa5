// Root ports: bus numbers, windows, interrupts and requester ids of what is behind them, the bus's reset, and what a driver of a bridge must not get by nonsense.
import { describe, expect, it } from "vitest";
import { load, type Instance } from "../../support/compile.js";
import { randomFrom } from "./poke.js";

/** CardKind, CardPlace and CardOption of assembly/surface/cards.ts. */
const KIND = { EDU: 7, IOMMU: 9, PORT: 17 } as const, BEHIND = 0x100, OPTION = { DMA_MASK: 19, SLOT_NUMBER: 25 } as const;
const EDU = { SOURCE: 0x80, DESTINATION: 0x88, COUNT: 0x90, COMMAND: 0x98, RAISE: 0x60, LIVE: 4 } as const;
const TRANSFER_NS = 100_000_000;
const ONES = 0xffffffff;

class Board {
  constructor(readonly m: Instance) {}
  call(name: string, ...args: (number | bigint)[]): number { return Number(this.m.exports[name]!(...args)); }
  private select(bus: number, slot: number, offset: number): void { this.call("portWrite", 0xcf8, 4, 0x80000000 | bus << 16 | slot << 11 | offset & ~3); }
  get(bus: number, slot: number, offset: number, bytes = 4): number { this.select(bus, slot, offset); return this.call("portRead", 0xcfc + (offset & 3), bytes) >>> 0; }
  set(bus: number, slot: number, offset: number, bytes: number, value: number): void { this.select(bus, slot, offset); this.call("portWrite", 0xcfc + (offset & 3), bytes, value); }
  extended(bus: number, devfn: number, offset: number): number { return this.read(0xb0000000 + bus * 0x100000 + devfn * 0x1000 + offset); }
  read(gpa: number): number { return this.call("mmioRead", BigInt(gpa), 4) >>> 0; }
  write(gpa: number, value: number, bytes = 4): void { this.m.exports.mmioWrite!(BigInt(gpa), bytes, BigInt(value)); }
  capability(bus: number, slot: number, id: number): number {
    let at = this.get(bus, slot, 0x34, 1);
    while (at !== 0 && this.get(bus, slot, at, 1) !== id) at = this.get(bus, slot, at + 1, 1);
    return at;
  }
  get ram(): number { return this.call("ramBase"); }
  /** The edu card at `base` writes four bytes of its buffer to 8000; whether they came. */
  transfers(base: number): boolean {
    this.m.view.setUint32(this.ram + 0x8000, 0x12345678, true);
    for (const [at, value] of [[EDU.SOURCE, 0x40000], [EDU.DESTINATION, 0x8000], [EDU.COUNT, 4], [EDU.COMMAND, 3]] as const) this.write(base + at, value, 8);
    this.call("setTicks", BigInt(this.call("nowNs") + TRANSFER_NS));
    this.call("runTimers");
    return this.m.view.getUint32(this.ram + 0x8000, true) === 0;
  }
}

/** Ports in slots 1 and 2 with edu cards behind them, started as firmware leaves them: buses 1 and 2. */
async function make(): Promise<Board> {
  const b = new Board(await load("tests/unit/virtio/entry.ts", 1792));
  const add = (kind: number, slot: number): number => Number(b.m.exports.addCard!(kind, slot, 0n, 0n, 0, 0, 4));
  expect([add(KIND.PORT, 0), add(KIND.PORT, 0), add(KIND.EDU, BEHIND), add(KIND.EDU, BEHIND + 1)]).toEqual([0, 1, 2, 3]);
  // Behind a port is one card, and no port; a card is no port.
  expect([add(KIND.EDU, BEHIND), add(KIND.PORT, BEHIND), add(KIND.EDU, BEHIND + 2), add(KIND.EDU, BEHIND + 9)]).toEqual([-1, -1, -1, -1]);
  b.call("giveOption", 1, OPTION.SLOT_NUMBER, 7n);
  b.m.exports.make!(BigInt(4 << 20));
  for (const bus of [1, 2]) b.set(bus, 0, 4, 2, 7);
  return b;
}
const barOf = (b: Board, bus: number): number => (b.get(bus, 0, 0x10) & ~15) >>> 0;

describe("a root port", () => {
  it("is a bridge with a slot, a card in it, and access control", async () => {
    const b = await make();
    expect([b.get(0, 1, 0), b.get(0, 1, 8) >>> 8, b.get(0, 1, 0xe, 1), b.get(0, 1, 0x18)]).toEqual([0x000c1b36, 0x060400, 1, 0x010100]);
    const express = b.capability(0, 2, 0x10);
    expect([b.get(0, 2, express + 2, 2), b.get(0, 2, express + 0x14) >>> 19, b.get(0, 2, express + 0x1a, 2), b.get(0, 2, express + 0x12, 2)]).toEqual([0x142, 7, 0x40, 0x2011]);
    expect([b.extended(0, 8, 0x100), b.extended(0, 8, 0x104)]).toEqual([0x0001000d, 0x1f]);
    b.write(0xb0000000 + 8 * 0x1000 + 0x106, 0xffff, 2);
    expect(b.extended(0, 8, 0x104)).toBe(0x001f001f);
  });
  it("leads to its bus by number, device 0 alone", async () => {
    const b = await make();
    expect([b.get(1, 0, 0), b.get(2, 0, 0), b.get(1, 1, 0), b.get(3, 0, 0), b.extended(1, 0, 0), b.extended(1, 1, 0)]).toEqual([0x11e81234, 0x11e81234, ONES, ONES, 0x11e81234, ONES]);
    b.set(0, 1, 0x19, 1, 9);
    expect([b.get(1, 0, 0), b.get(9, 0, 0)]).toEqual([ONES, 0x11e81234]);
    b.set(0, 1, 0x19, 1, 0);
    expect(b.get(9, 0, 0)).toBe(ONES);
  });
  it("of two with one number the first has it, and the other comes back when it is free again", async () => {
    const b = await make();
    b.set(2, 0, 0x3c, 1, 0x77);
    b.set(0, 1, 0x19, 1, 2);
    expect(b.get(2, 0, 0x3c, 1)).not.toBe(0x77);
    b.set(0, 1, 0x19, 1, 1);
    expect(b.get(2, 0, 0x3c, 1)).toBe(0x77);
  });
  it("passes accesses inside its window, while it decodes", async () => {
    const b = await make(), base = barOf(b, 1);
    const answers = (): boolean => b.read(base) === 0x010000ed;
    expect([base & 0xfffff, answers()]).toEqual([0, true]);
    b.set(0, 1, 4, 2, 4);
    expect(answers()).toBe(false);
    b.set(0, 1, 4, 2, 6);
    expect(answers()).toBe(true);
    const limits = b.get(0, 1, 0x20);
    for (const closed of [0x0000fff0, limits + 0x00100010, limits - 0x00100010]) {
      b.set(0, 1, 0x20, 4, closed);
      expect(answers()).toBe(false);
    }
    b.set(0, 1, 0x24, 4, limits); // the prefetchable window will do
    expect(answers()).toBe(true);
    b.set(0, 1, 0x28, 4, 1);
    expect(answers()).toBe(false);
  });
  it("passes transfers while it has a number, and the card masters the bus", async () => {
    const b = await make(), base = barOf(b, 1);
    expect(b.transfers(base)).toBe(true);
    b.set(1, 0, 4, 2, 3);
    expect(b.transfers(base)).toBe(false);
    b.set(1, 0, 4, 2, 7);
    expect(b.transfers(base)).toBe(true);
    b.set(0, 1, 0x19, 1, 0);
    b.set(0, 1, 4, 2, 2);
    b.set(0, 1, 4, 2, 7);
    expect(b.transfers(base)).toBe(false);
    b.set(0, 1, 0x19, 1, 0x80);
    expect(b.transfers(base)).toBe(true);
  });
  it("numbers what is behind it: that is the requester of its transfers", async () => {
    const b = await make(), base = barOf(b, 1);
    const held = (requester: number): boolean => {
      b.call("setMaster", requester, 0);
      const held = !b.transfers(base);
      b.call("setMaster", requester, 1);
      return held;
    };
    expect([held(0x100), held(0x300), held(8)]).toEqual([true, false, false]);
    b.set(0, 1, 0x19, 1, 3);
    expect([held(0x100), held(0x300)]).toEqual([false, true]);
  });
  it("drives the pin of its own slot for the card behind it", async () => {
    const b = await make();
    const pins = [1, 2].map((bus) => {
      const before = b.call("linesUp");
      b.write(barOf(b, bus) + EDU.RAISE, 1);
      return b.call("linesUp") & ~before;
    });
    expect(pins.map((bits) => 31 - Math.clz32(bits))).toEqual([17, 18]);
  });
  it("resets what is behind it, and nothing else", async () => {
    const b = await make(), [one, two] = [barOf(b, 1), barOf(b, 2)];
    for (const base of [one, two]) b.write(base + EDU.LIVE, 0x55);
    b.set(0, 1, 0x3e, 2, 0x40);
    b.set(0, 1, 0x3e, 2, 0);
    expect([b.get(1, 0, 4, 2), barOf(b, 1), b.read(one)]).toEqual([0, 0, ONES]);
    b.set(1, 0, 0x10, 4, one); b.set(1, 0, 4, 2, 7);
    expect([b.read(one + EDU.LIVE), b.read(two + EDU.LIVE)]).toEqual([0, ~0x55 >>> 0]);
    expect(b.transfers(one)).toBe(true);
  });
});

/** What two ports and what is behind them must look like, by the rules alone. */
class Model {
  readonly bus = [1, 2]; readonly portOn = [7, 7]; readonly cardOn = [7, 7]; readonly bar = [0, 0]; readonly window = [0, 0];
  /** The port that a bus leads to. */
  portOf(bus: number): number { return bus === 0 ? -1 : this.bus.indexOf(bus); }
  answers(port: number): boolean {
    const from = this.window[port]! << 16 & 0xfff00000, to = this.window[port]! & 0xfff00000 | 0xfffff, bar = this.bar[port]!;
    return (this.portOn[port]! & 2) !== 0 && (this.cardOn[port]! & 2) !== 0 && bar !== 0 && bar >= from >>> 0 && bar + 0xfffff <= to >>> 0;
  }
  masters(port: number): boolean { return (this.cardOn[port]! & 4) !== 0 && this.portOf(this.bus[port]!) === port; }
}

/** Random writes to both ports and, where they can be reached, to the cards; what is there is held against the model now and then. */
async function runAtRandom(seed: number, steps: number): Promise<number> {
  const b = await make(), model = new Model(), random = randomFrom(seed);
  for (const port of [0, 1]) { model.bar[port] = barOf(b, port + 1); model.window[port] = b.get(0, port + 1, 0x20); }
  let moved = 0;
  for (let step = 0; step < steps; step++) {
    const port = random() & 1, slot = port + 1, value = random();
    switch (random() % 6) {
      case 0: model.bus[port] = value % 4; b.set(0, slot, 0x19, 1, model.bus[port]!); break;
      case 1: model.portOn[port] = value & 7; b.set(0, slot, 4, 2, value & 7); break;
      case 2: model.window[port] = (0xd000 + (value & 0x30)) | (0xd000 + (value >> 4 & 0x70)) << 16; b.set(0, slot, 0x20, 4, model.window[port]!); break;
      case 3: {
        const bus = value & 3, found = model.portOf(bus);
        b.set(bus, 0, 4, 2, value >> 4 & 7);
        if (found >= 0) model.cardOn[found] = value >> 4 & 7;
        break;
      }
      case 4: {
        // Each card has addresses of its own, so that only the windows decide.
        const bus = value & 3, found = model.portOf(bus), at = 0xd0000000 + (value >> 4 & 3) * 0x200000 + found * 0x100000;
        if (found >= 0) { b.set(bus, 0, 0x10, 4, at); model.bar[found] = at >>> 0; }
        break;
      }
      default:
        if (random() % 8) break;
        b.set(0, slot, 0x3e, 2, 0x40); b.set(0, slot, 0x3e, 2, 0);
        model.cardOn[port] = 0; model.bar[port] = 0;
    }
    if (step % 16) continue;
    for (const bus of [1, 2, 3]) expect(b.get(bus, 0, 0), `seed ${seed}, step ${step}, bus ${bus}`).toBe(model.portOf(bus) < 0 ? ONES : 0x11e81234);
    for (const one of [0, 1]) {
      const bar = model.bar[one]!;
      if (bar !== 0) expect(b.read(bar) === 0x010000ed, `seed ${seed}, step ${step}, port ${one}`).toBe(model.answers(one));
      if (!model.answers(one)) continue;
      expect(b.transfers(bar), `seed ${seed}, step ${step}, port ${one} masters`).toBe(model.masters(one));
      moved++;
    }
  }
  return moved;
}

it.each([1, 2, 3])("two ports under random writes are what the rules say (seed %i)", async (seed) => { expect(await runAtRandom(seed, 4000)).toBeGreaterThan(20); });
