// The floppy controller by its data sheet (82077AA) and the DMA controller (8237A): reset and polling, seeks, transfers by channel 2, formats of diskettes, what ends abnormally.
import { describe, expect, it } from "vitest";
import { CardKind } from "../../../assembly/surface/cards.js";
import { makeStorage, pattern, type DriveOptions, type StorageMachine } from "./machine.js";

const DATA = 0x23000;

class Floppy {
  constructor(readonly m: StorageMachine) {}
  get status(): number { return this.m.in(0x3f4); }
  get line(): boolean { return (this.m.in(0x3f0) & 0x80) !== 0; }
  command(...bytes: number[]): void { for (const byte of bytes) { expect(this.status & 0xc0).toBe(0x80); this.m.out(0x3f5, byte); } }
  answer(): number[] {
    const out: number[] = [];
    while ((this.status & 0xd0) === 0xd0 && out.length < 20) out.push(this.m.in(0x3f5));
    return out;
  }
  start(): void {
    this.m.out(0x3f2, 0); this.m.out(0x3f2, 0x1c);
    for (let n = 0; n < 4; n++) { this.command(8); expect(this.answer()).toEqual([0xc0 | n, 0]); }
    this.command(3, 0xaf, 2);
  }
  /** Channel 2: into memory (46h) or out of it (4ah). */
  channel(mode: number, at: number, bytes: number): void {
    const { m } = this;
    m.out(0x0a, 6); m.out(0x0c, 0); m.out(0x0b, mode);
    m.out(0x04, at & 0xff); m.out(0x04, at >> 8 & 0xff); m.out(0x05, bytes - 1 & 0xff); m.out(0x05, bytes - 1 >> 8);
    m.out(0x81, at >> 16); m.out(0x0a, 2);
  }
  transfer(command: number, c: number, h: number, r: number, bytes: number, eot = 18, drive = 0): number[] {
    this.channel((command & 0x1f) === 6 ? 0x46 : 0x4a, DATA, bytes);
    this.command(command, h << 2 | drive, c, h, r, 2, eot, 0x1b, 0xff);
    this.m.settle(5);
    return this.answer();
  }
}
async function make(...drives: Partial<DriveOptions>[]): Promise<{ d: Floppy; bytes: Uint8Array }> {
  const all = drives.map((one, port) => ({ port, bytes: pattern(2880 * 512), floppy: CardKind.FLOPPY, ...one }));
  const d = new Floppy(await makeStorage(CardKind.FDC, all));
  d.start();
  return { d, bytes: all[0]!.bytes };
}

describe("the controller", () => {
  it("says what it is, and tells of each drive after a reset", async () => {
    const { d } = await make({});
    d.command(0x10);
    expect([d.answer(), d.line]).toEqual([[0x90], false]);
    d.command(8);
    expect(d.answer()).toEqual([0x80]);
    d.command(0x1d);
    expect(d.answer()).toEqual([0x80]);
  });
  it("seeks and recalibrates, each with an interrupt", async () => {
    const { d } = await make({});
    d.command(0x0f, 0, 40);
    expect(d.line).toBe(true);
    d.command(8);
    expect([d.answer(), d.line]).toEqual([[0x20, 40], false]);
    d.command(7, 0); d.command(8);
    expect(d.answer()).toEqual([0x20, 0]);
    d.command(4, 4);
    expect(d.answer()).toEqual([0x3c]);
  });
  it("is silent while its line is off", async () => {
    const { d } = await make({}), lines = (): number => d.m.counter("interrupt lines asserted"), before = lines();
    d.m.out(0x3f2, 0x14);
    d.command(7, 0);
    expect([lines() - before, d.line]).toEqual([0, true]);
    d.m.out(0x3f2, 0x1c);
    expect(lines() - before).toBe(1);
  });
  it("CMOS has the drives' types", async () => {
    const { d } = await make({}, { bytes: new Uint8Array(1440 * 512) });
    const cmos = (i: number): number => { d.m.out(0x70, i); return d.m.in(0x71); };
    expect([cmos(0x10), cmos(0x14) & 0xc1]).toEqual([0x43, 0x41]);
  });
});

describe("transfers", () => {
  it("read by DMA to the terminal count, and say where they ended", async () => {
    const { d, bytes } = await make({});
    expect(d.transfer(0xe6, 3, 1, 5, 1024)).toEqual([4, 0, 0, 3, 1, 7, 2]);
    const sector = (3 * 2 + 1) * 18 + 4;
    expect(Buffer.compare(d.m.bytes(DATA, 1024), bytes.subarray(sector * 512, sector * 512 + 1024))).toBe(0);
    expect([d.status, d.line, d.m.in(0x08) & 4]).toEqual([0x80, false, 4]);
  });
  it("go on with the other side by MT, and end at the end of the track without a terminal count", async () => {
    const { d, bytes } = await make({});
    expect(d.transfer(0xe6, 0, 0, 1, 36 * 512)).toEqual([0, 0, 0, 1, 0, 1, 2]);
    expect(Buffer.compare(d.m.bytes(DATA, 36 * 512), bytes.subarray(0, 36 * 512))).toBe(0);
    expect(d.transfer(0x66, 0, 0, 10, 36 * 512)).toEqual([0x40, 0x80, 0, 1, 0, 1, 2]);
    expect(Buffer.compare(d.m.bytes(DATA, 9 * 512), bytes.subarray(9 * 512, 18 * 512))).toBe(0);
  });
  it("write, and wait for a channel that is masked", async () => {
    const { d, bytes } = await make({}), data = pattern(512, 3);
    d.m.put(DATA, data);
    expect(d.transfer(0xc5, 79, 1, 18, 512)).toEqual([4, 0, 0, 80, 0, 1, 2]);
    expect(Buffer.compare(bytes.subarray(2879 * 512), data)).toBe(0);
    d.channel(0x46, DATA, 512);
    d.m.out(0x0a, 6);
    d.command(0xe6, 0, 0, 0, 1, 2, 18, 0x1b, 0xff);
    d.m.settle(5);
    expect(d.status).toBe(0x10);
    d.m.out(0x0a, 2);
    d.m.settle(5);
    expect(d.answer()).toEqual([0, 0, 0, 0, 0, 2, 2]);
  });
  it("format a track with a byte", async () => {
    const { d, bytes } = await make({});
    d.command(0x0f, 4, 7); d.command(8); d.answer();
    d.channel(0x4a, DATA, 72);
    d.command(0x4d, 4, 2, 18, 0x54, 0xf6);
    d.m.settle(5);
    expect(d.answer()).toEqual([4, 0, 0, 7, 1, 1, 2]);
    const from = (7 * 2 + 1) * 18 * 512;
    expect([bytes.subarray(from, from + 18 * 512).every((one) => one === 0xf6), bytes[from - 1], bytes[from + 18 * 512]]).toEqual([true, pattern(2880 * 512)[from - 1], pattern(2880 * 512)[from + 18 * 512]]);
  });
  it.each([[720, 40, 9], [1440, 80, 9], [2400, 80, 15], [5760, 80, 36]])("of a diskette of %i sectors, %i cylinders of %i", async (sectors, cylinders, track) => {
    const { d, bytes } = await make({ bytes: pattern(sectors * 512) });
    expect(d.transfer(0xe6, cylinders - 1, 1, track, 512, track)[0]).toBe(4);
    expect(Buffer.compare(d.m.bytes(DATA, 512), bytes.subarray((sectors - 1) * 512))).toBe(0);
    expect([d.transfer(0xe6, 0, 0, track + 1, 512, track + 1).slice(0, 2), d.transfer(0xe6, cylinders, 0, 1, 512, track).slice(0, 2)]).toEqual([[0x40, 4], [0x40, 4]]);
  });
  it("fail on a protected diskette, without one, without DMA, and where the host fails", async () => {
    const { d } = await make({ readOnly: true }, { bytes: new Uint8Array(0) });
    expect(d.transfer(0xc5, 0, 0, 1, 512).slice(0, 2)).toEqual([0x40, 2]);
    expect(d.transfer(0xe6, 0, 0, 1, 512, 18, 1).slice(0, 2)).toEqual([0x41, 1]);
    d.m.failing.add(0);
    expect(d.transfer(0xe6, 0, 0, 1, 512).slice(0, 2)).toEqual([0x40, 0x20]);
    d.m.failing.clear();
    d.command(3, 0xaf, 3);
    expect(d.transfer(0xe6, 0, 0, 1, 512).slice(0, 2)).toEqual([0x40, 0x10]);
  });
  it("a changed diskette is shown until a step", async () => {
    const { d } = await make({});
    expect(d.m.in(0x3f7) & 0x80).toBe(0);
    d.m.call("changeCard", 1, 1440n, 0);
    expect(d.m.in(0x3f7) & 0x80).toBe(0x80);
    d.command(0x0f, 0, 1); d.command(8); d.answer();
    expect(d.m.in(0x3f7) & 0x80).toBe(0);
  });
});

describe("a hostile driver", () => {
  it("leaves the board whole after random accesses", async () => {
    const { d } = await make({}, {});
    let x = 99;
    const random = (n: number): number => { x = (Math.imul(x, 1664525) + 1013904223) >>> 0; return Math.floor((x / 2 ** 32) * n); };
    let worst = 0;
    for (let i = 0; i < 1500; i++) {
      const before = d.m.counter("device work");
      switch (random(6)) {
        case 0: d.m.out(0x3f0 + random(8), random(256)); break;
        case 1: for (let n = random(12); n > 0; n--) d.m.out(0x3f5, random(3) ? random(32) : random(256)); break;
        case 2: for (let n = random(12); n > 0; n--) d.m.in(0x3f0 + random(8)); break;
        case 3: d.m.out(random(2) ? random(16) : 0x80 + random(16), random(256)); break;
        case 4: d.m.out(0x3f2, 0x1c); d.m.out(0x0a, 2); break;
        default: d.m.pass(30_000);
      }
      worst = Math.max(worst, d.m.counter("device work") - before);
    }
    expect(worst).toBeLessThan(140_000);
    expect(d.m.counter("isa-fdc0 commands")).toBeGreaterThan(20);
    d.m.out(0x0d, 0);
    d.start();
    expect(d.transfer(0xe6, 0, 0, 1, 512)).toEqual([0, 0, 0, 0, 0, 2, 2]);
  });
});
