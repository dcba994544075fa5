// The display controller's registers that small kernels touch, and pc-testdev.
import { beforeEach, describe, expect, it } from "vitest";
import { makeBoard, type Board } from "./board.js";

let b: Board;
beforeEach(async () => { b = await makeBoard(); });

describe("CRT controller", () => {
  it("keeps what is written to its registers, the cursor's place among them", () => {
    for (const [index, value] of [[0x0e, 0x07], [0x0f, 0xd0], [0x00, 0x5f], [0x18, 0xff]] as const) { b.outb(0x3d4, index); b.outb(0x3d5, value); }
    expect(b.inb(0x3d4)).toBe(0x18);
    const read = (index: number): number => { b.outb(0x3d4, index); return b.inb(0x3d5); };
    expect([0x0e, 0x0f, 0, 0x18, 1, 0x19, 0xff].map(read)).toEqual([0x07, 0xd0, 0x5f, 0xff, 0, 0xff, 0xff]);
    b.call("portWrite", 0x3d4, 2, 0x120f);
    expect(read(0x0f)).toBe(0x12);
    b.call("resetChipset");
    expect(read(0x0f)).toBe(0);
  });
  it("lets loops end that wait for a retrace to come or to go", () => {
    const states = Array.from({ length: 4 }, () => b.inb(0x3da) & 9);
    expect(new Set(states)).toEqual(new Set([0, 9]));
    expect(states[0]).not.toBe(states[1]);
  });
});

describe("pc-testdev", () => {
  it("is not there unless it is asked for", () => {
    b.call("portWrite", 0xe0, 4, 0x12345678);
    expect(b.call("portRead", 0xe0, 4) >>> 0).toBe(0xffffffff);
    expect(b.read32(0xff000000)).toBe(0xffffffff);
  });
  it("has a port of any width, one of a byte, and memory", () => {
    b.call("placeTestdev", 1);
    b.call("portWrite", 0xe0, 4, 0x12345678);
    b.call("portWrite", 0xe1, 1, 0xaa);
    b.call("portWrite", 0xe2, 2, 0xbbcc);
    expect([b.call("portRead", 0xe0, 4) >>> 0, b.call("portRead", 0xe2, 2), b.inb(0xe1)]).toEqual([0xbbccaa78, 0xbbcc, 0xaa]);
    b.outb(0xea, 0x77);
    expect([0xe8, 0xea, 0xeb].map((port) => b.inb(port))).toEqual([0x77, 0x77, 0x77]);
    b.call("portWrite", 0xe4, 4, 0x1000);
    for (const [at, value] of [[0xff000000, 0x11223344], [0xff00fffc, 0x55667788], [0xff000100, 0]] as const) {
      b.write32(at, value);
      expect(b.read32(at)).toBe(value);
    }
    expect([b.read32(0xff000001) & 0xffffff, b.read32(0xff010000)]).toEqual([0x112233, 0xffffffff]);
  });
  it("drives interrupt lines", () => {
    b.call("placeTestdev", 1);
    b.write32(0xfee000f0, 0x1ff);
    b.write32(0xfec00000, 0x10 + 2 * 20); b.write32(0xfec00010, 0x8040);
    b.outb(0x2014, 1);
    expect(b.takeAll()).toEqual([0x40]);
    b.outb(0x2014, 0);
    b.write32(0xfee000b0, 0);
    expect(b.takeAll()).toEqual([]);
    b.outb(0x2018, 1);
    expect(b.inb(0x2014)).toBe(0);
  });
});
