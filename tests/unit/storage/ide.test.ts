// PIIX3's IDE by ATA/ATAPI-7 and the bus master's specification: task file, PIO in blocks, DMA by PRD tables, packets, interrupts on lines 14 and 15, misuse.
import { describe, expect, it } from "vitest";
import { CardKind } from "../../../assembly/surface/cards.js";
import { makeStorage, pattern, type DriveOptions, type StorageMachine } from "./machine.js";

const DISK = 2 << 20, TABLE = 0x80000, DATA = 0x100000;

class Ide {
  readonly master: number;
  constructor(readonly m: StorageMachine, readonly channel = 0) { this.master = (m.config(0x20) & ~3) + 8 * channel; }
  get base(): number { return this.channel ? 0x170 : 0x1f0; }
  get status(): number { return this.m.in(this.base + 0x206); }
  task(command: number, lba: number, count: number, device = 0xe0, feature = 0): void {
    const { m, base } = this;
    [[1, feature], [2, count], [3, lba & 0xff], [4, lba >> 8 & 0xff], [5, lba >> 16 & 0xff], [6, device | lba >> 24 & 15], [7, command]].forEach(([at, value]) => m.out(base + at!, value!));
  }
  wide(command: number, lba: number, count: number): void {
    for (const [at, high, low] of [[2, count >> 8, count & 0xff], [3, lba >>> 24, lba & 0xff], [4, 0, lba >> 8 & 0xff], [5, 0, lba >> 16 & 0xff]] as const) { this.m.out(this.base + at, high); this.m.out(this.base + at, low); }
    this.m.out(this.base + 6, 0xe0); this.m.out(this.base + 7, command);
  }
  read(bytes: number, width = 2): Buffer {
    const out = Buffer.alloc(bytes);
    for (let i = 0; i < bytes; i += width) out.writeUIntLE(this.m.in(this.base, width) & (width === 4 ? -1 : 0xffff) & 0xffffffff >>> 0 || 0, i, width);
    return out;
  }
  write(bytes: Uint8Array): void { for (let i = 0; i < bytes.length; i += 2) this.m.out(this.base, bytes[i]! | bytes[i + 1]! << 8, 2); }
  packet(packet: number[], limit = 0xfffe, feature = 0): void {
    this.task(0xa0, limit << 8, 0, 0xa0, feature);
    this.write(new Uint8Array([...packet, ...new Array<number>(12 - packet.length).fill(0)]));
  }
  table(pieces: [number, number][]): void {
    pieces.forEach(([at, bytes], i) => { this.m.set32(TABLE + 8 * i, at); this.m.set32(TABLE + 8 * i + 4, bytes & 0xffff | (i === pieces.length - 1 ? 1 << 31 : 0)); });
    this.m.out(this.master + 4, TABLE, 4);
    this.m.out(this.master + 2, 6);
  }
  /** A transfer by the bus master to its end: its status, and the drive's. */
  dma(inward: boolean): [number, number] {
    this.m.out(this.master, inward ? 9 : 1);
    this.m.settle(20);
    this.m.out(this.master, inward ? 8 : 0);
    return [this.m.in(this.master + 2) & 7, this.m.in(this.base + 7)];
  }
}
const make = async (drives: DriveOptions[], channel = 0): Promise<Ide> => new Ide(await makeStorage(CardKind.IDE, drives, (m) => { m.writeConfig(4, 2, 7); }), channel);
async function disk(): Promise<{ d: Ide; bytes: Uint8Array }> {
  const bytes = pattern(DISK);
  return { d: await make([{ port: 0, bytes }]), bytes };
}

describe("the function and its drives", () => {
  it("is PIIX3's, at the old ports", async () => {
    const { d } = await disk();
    expect([d.m.config(0), d.m.config(8), d.m.config(0x40)]).toEqual([0x70108086, 0x01018000, 0x80008000]);
    expect([d.status, d.m.in(0x376), d.m.in(0x177), d.m.in(0x172)]).toEqual([0x50, 0x7f, 0x7f, 0xff]);
  });
  it("tells drives apart by their signatures; one that is not there answers zeros beside one that is", async () => {
    const d = await make([{ port: 0, bytes: new Uint8Array(DISK) }, { port: 3, cd: true, bytes: new Uint8Array(20480) }]), other = new Ide(d.m, 1);
    const signature = (one: Ide, device: number): number[] => { d.m.out(one.base + 0x206, 4); d.m.out(one.base + 0x206, 0); d.m.out(one.base + 6, device); return [2, 3, 4, 5, 7].map((at) => d.m.in(one.base + at)); };
    expect([signature(d, 0xa0), signature(d, 0xb0), signature(other, 0xa0), signature(other, 0xb0)]).toEqual([[1, 1, 0, 0, 0x50], [0, 0, 0, 0, 0], [0, 0, 0, 0, 0], [1, 1, 0x14, 0xeb, 0]]);
  });
  it("shows what was written before a register under HOB", async () => {
    const { d } = await disk();
    d.m.out(0x1f3, 0x12); d.m.out(0x1f3, 0x34);
    d.m.out(0x3f6, 0x80);
    expect(d.m.in(0x1f3)).toBe(0x12);
    d.m.out(0x1f4, 0);
    expect(d.m.in(0x1f3)).toBe(0x34);
  });
});

describe("PIO", () => {
  it("reads sector by sector, an interrupt each; reading the status lowers the line", async () => {
    const { d, bytes } = await disk();
    d.task(0x20, 5, 2);
    expect(d.status).toBe(0x80);
    d.m.answer(); d.m.pass();
    expect([d.status, d.m.in(d.master + 2) & 4, d.m.in(0x1f7)]).toEqual([0x58, 4, 0x58]);
    expect(Buffer.compare(d.read(512), bytes.subarray(5 * 512, 6 * 512))).toBe(0);
    expect(d.status).toBe(0x80);
    d.m.answer(); d.m.pass();
    expect(Buffer.compare(d.read(512), bytes.subarray(6 * 512, 7 * 512))).toBe(0);
    expect([d.status, d.m.in(0x1f3), d.m.in(0x1f2), d.m.counter("piix3-ide0 interrupts raised")]).toEqual([0x50, 7, 0, 2]);
  });
  it("READ MULTIPLE gives blocks, the last a short one, also in dwords and by 48 bits", async () => {
    const { d, bytes } = await disk();
    d.task(0xc6, 0, 8);
    d.wide(0x29, 100, 11);
    for (const sectors of [8, 3]) {
      d.m.answer(); d.m.pass();
      expect(d.status).toBe(0x58);
      d.read(sectors * 512);
    }
    expect([d.status, d.m.counter("ide-hd0 bytes read")]).toEqual([0x50, 11 * 512]);
    d.task(0x20, 300, 1);
    d.m.answer(); d.m.pass();
    const got = Buffer.alloc(512);
    for (let i = 0; i < 512; i += 4) got.writeUInt32LE(d.m.in(0x1f0, 4), i);
    expect(Buffer.compare(got, bytes.subarray(300 * 512, 301 * 512))).toBe(0);
  });
  it("writes: the first block without an interrupt, and one after each", async () => {
    const { d, bytes } = await disk(), data = pattern(1024, 7);
    d.task(0x30, 9, 2);
    expect([d.status, d.m.in(d.master + 2) & 4]).toEqual([0x58, 0]);
    d.write(data.subarray(0, 512));
    d.m.answer(); d.m.pass();
    expect([d.status, d.m.in(d.master + 2) & 4]).toEqual([0x58, 4]);
    d.write(data.subarray(512));
    d.m.answer(); d.m.pass();
    expect([d.status, Buffer.compare(bytes.subarray(9 * 512, 11 * 512), data)]).toEqual([0x50, 0]);
  });
  it("a command while the drive is busy is nothing; an error comes with an interrupt", async () => {
    const { d } = await disk();
    d.task(0x20, 5, 1);
    d.m.out(0x1f7, 0xec);
    d.m.answer(); d.m.pass();
    d.read(512);
    expect(d.status).toBe(0x50);
    d.task(0x20, DISK / 512, 1);
    expect([d.status, d.m.in(0x1f1)]).toEqual([0x41, 0x10]);
    d.task(0xfe, 0, 0);
    expect([d.status, d.m.in(0x1f1)]).toEqual([0x41, 4]);
  });
  it("interrupts are off by nIEN", async () => {
    const { d } = await disk();
    const lines = (): number => d.m.counter("interrupt lines asserted");
    const before = lines();
    d.m.out(0x3f6, 2);
    d.task(0xec, 0, 0);
    expect(lines()).toBe(before);
    d.m.out(0x3f6, 0);
    expect(lines()).toBe(before + 1);
  });
});

describe("the bus master", () => {
  it("reads and writes through its table; active stays while there is more of it", async () => {
    const { d, bytes } = await disk();
    d.table([[DATA, 100], [DATA + 100, 924], [DATA + 1024, 0]]);
    d.task(0xc8, 40, 3);
    expect(d.dma(true)).toEqual([4, 0x50]);
    expect(Buffer.compare(d.m.bytes(DATA, 1536), bytes.subarray(40 * 512, 43 * 512))).toBe(0);
    d.m.put(DATA, pattern(1024, 3));
    d.table([[DATA, 1024]]);
    d.wide(0x35, 2, 2);
    expect(d.dma(false)).toEqual([4, 0x50]);
    expect(Buffer.compare(bytes.subarray(1024, 2048), pattern(1024, 3))).toBe(0);
    d.table([[DATA, 2048]]);
    d.task(0xc8, 0, 1);
    d.m.out(d.master, 9);
    d.m.settle(5);
    expect(d.m.in(d.master + 2) & 7).toBe(5);
  });
  it("a table that is too short stops it, and nobody is told; one outside memory is an error", async () => {
    const { d } = await disk();
    d.table([[DATA, 512]]);
    d.task(0xc8, 0, 4);
    expect(d.dma(true)).toEqual([0, 0x50]);
    d.table([[0xf0000000, 512]]);
    d.task(0xc8, 0, 1);
    expect(d.dma(true)).toEqual([6, 0x41]);
    expect(d.m.config(6, 2) & 0x2000).toBe(0x2000);
  });
  it("a transfer stopped under way waits again", async () => {
    const { d, bytes } = await disk();
    d.table([[DATA, 512]]);
    d.task(0xc8, 8, 1);
    d.m.out(d.master, 9);
    d.m.out(d.master, 8);
    d.m.settle(5);
    expect(d.m.in(d.master + 2) & 7).toBe(0);
    expect(d.dma(true)).toEqual([4, 0x50]);
    expect(Buffer.compare(d.m.bytes(DATA, 512), bytes.subarray(8 * 512, 9 * 512))).toBe(0);
  });
});

describe("packets", () => {
  async function cd(): Promise<{ d: Ide; bytes: Uint8Array }> {
    const bytes = pattern(50 * 2048);
    return { d: await make([{ port: 2, cd: true, bytes }], 1), bytes };
  }
  it("by PIO come in pieces as long as the host lets them be", async () => {
    const { d, bytes } = await cd();
    d.packet([0x28, 0, 0, 0, 0, 3, 0, 0, 2], 1025);
    const got: Buffer[] = [], sizes: number[] = [];
    for (let i = 0; i < 10; i++) {
      d.m.answer(); d.m.pass();
      if (!(d.status & 8)) break;
      expect(d.m.in(0x172) & 3).toBe(2);
      const size = d.m.in(0x174) | d.m.in(0x175) << 8;
      sizes.push(size);
      got.push(d.read(size));
    }
    expect([sizes, d.status, d.m.in(0x172) & 3]).toEqual([[1024, 1024, 1024, 1024], 0x50, 3]);
    expect(Buffer.compare(Buffer.concat(got), bytes.subarray(3 * 2048, 5 * 2048))).toBe(0);
  });
  it("by DMA, and an answer that is shorter than its room", async () => {
    const { d, bytes } = await cd();
    d.table([[DATA, 4096]]);
    d.packet([0x28, 0, 0, 0, 0, 9, 0, 0, 2], 0, 1);
    expect(d.dma(true)).toEqual([4, 0x50]);
    expect(Buffer.compare(d.m.bytes(DATA, 4096), bytes.subarray(9 * 2048, 11 * 2048))).toBe(0);
    d.table([[DATA, 64]]);
    d.packet([0x12, 0, 0, 0, 64], 0, 1);
    d.m.out(d.master, 9);
    expect([d.m.in(d.master + 2) & 7, d.m.bytes(DATA, 2)]).toEqual([5, new Uint8Array([5, 0x80])]);
  });
  it("DEVICE RESET ends what is under way", async () => {
    const { d } = await cd();
    d.packet([0x28, 0, 0, 0, 0, 3, 0, 0, 2]);
    d.m.out(0x177, 8);
    d.m.settle(5);
    expect([d.status, d.m.in(0x174), d.m.in(0x175)]).toEqual([0, 0x14, 0xeb]);
  });
});

describe("a hostile driver", () => {
  it("leaves the board whole after random accesses to every register, and spends within its allowance", async () => {
    const d = await make([{ port: 0, bytes: pattern(DISK) }, { port: 1, cd: true, bytes: pattern(40960) }, { port: 2, bytes: pattern(DISK, 2) }]);
    let x = 12345;
    const random = (n: number): number => { x = (Math.imul(x, 1664525) + 1013904223) >>> 0; return Math.floor((x / 2 ** 32) * n); };
    const commands = [0x20, 0x24, 0x29, 0x30, 0xc4, 0xc5, 0xc8, 0xca, 0x25, 0x35, 0xa0, 0xec, 0xa1, 0xef, 0x06, 0xe7, 0x90, 0x08];
    d.table([[DATA, 0], [DATA, 6], [0xf0000000, 600], [DATA + 1, 3]]);
    let worst = 0;
    for (let i = 0; i < 6_000; i++) {
      const before = d.m.counter("device work"), base = random(2) ? 0x1f0 : 0x170;
      switch (random(8)) {
        case 0: d.m.out(base + 7, commands[random(commands.length)]!); break;
        case 1: d.m.out(base + 1 + random(6), random(256)); break;
        case 2: d.m.out(base + 0x206, random(4) ? 0 : random(256)); break;
        case 3: for (let n = random(300); n > 0; n--) d.m.out(base, random(65536), 2); break;
        case 4: for (let n = random(300); n > 0; n--) d.m.in(base, [1, 2, 4][random(3)]!); break;
        case 5: d.m.out(d.master + random(16), random(256)); break;
        case 6: d.m.out(d.master + 8 * random(2), random(2) ? 9 : 1); d.m.out(d.master + 4 + 8 * random(2), TABLE, 4); break;
        default: d.m.pass(20_000);
      }
      worst = Math.max(worst, d.m.counter("device work") - before);
    }
    expect(worst).toBeLessThan(140_000);
    expect(d.m.counter("ide-hd0 commands")).toBeGreaterThan(30);
    for (const control of [0x3f6, 0x376]) { d.m.out(control, 4); d.m.out(control, 0); }
    d.task(0xec, 0, 0);
    expect(d.status).toBe(0x58);
  });
});
