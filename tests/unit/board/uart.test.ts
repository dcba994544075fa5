// 16550A: FIFOs, interrupts, loopback, back-pressure.
import { beforeEach, describe, expect, it } from "vitest";
import { makeBoard, type Board } from "./board.js";

const COM1 = 0x3f8;
let b: Board;
beforeEach(async () => {
  b = await makeBoard();
  b.write32(0xfee000f0, 0x1ff);
  b.write32(0xfec00000, 0x10 + 8); b.write32(0xfec00010, 0x34);
});
const taken = (): number[] => { const v = b.takeAll(); v.forEach(() => b.write32(0xfee000b0, 0)); return v; };

describe("16550A", () => {
  it("sends what is written, in order", () => {
    for (const c of "hello") b.outb(COM1, c.charCodeAt(0));
    expect(b.readRing(0)).toBe("hello");
    expect(b.inb(COM1 + 5)).toBe(0x60);
  });
  it("keeps the divisor apart", () => {
    b.outb(COM1 + 3, 0x83); b.outb(COM1, 1); b.outb(COM1 + 1, 2);
    expect([b.inb(COM1), b.inb(COM1 + 1)]).toEqual([1, 2]);
    b.outb(COM1 + 3, 3);
    expect(b.inb(COM1 + 1)).toBe(0);
    expect(b.readRing(0)).toBe("");
  });
  it("shows FIFOs only when they are on", () => {
    expect(b.inb(COM1 + 2)).toBe(1);
    b.outb(COM1 + 2, 1);
    expect(b.inb(COM1 + 2)).toBe(0xc1);
  });
  it("raises THRE once each time it is enabled or sent, and IIR clears it", () => {
    b.outb(COM1 + 4, 8); b.outb(COM1 + 1, 2);
    expect(taken()).toEqual([0x34]);
    expect(b.inb(COM1 + 2)).toBe(2);
    expect(b.inb(COM1 + 2)).toBe(1);
    b.outb(COM1, 65); b.outb(COM1, 66);
    expect(taken()).toEqual([]);
    expect(b.inb(COM1 + 5) & 0x20).toBe(0x20);
    b.advance(20_000);
    expect(taken()).toEqual([0x34]);
    b.advance(1_000_000);
    expect(taken()).toEqual([]);
    b.outb(COM1 + 1, 0); b.outb(COM1 + 1, 2);
    expect(taken()).toEqual([0x34]);
  });
  it("interrupts with OUT2 and without, as drivers that never set it expect", () => {
    for (const mcr of [0, 8, 0x0b]) {
      b.outb(COM1 + 4, mcr); b.outb(COM1 + 1, 2);
      expect(taken()).toEqual([0x34]);
      b.outb(COM1 + 1, 0);
    }
  });
  describe("receives at the rate of its line", () => {
    /** 9600 baud, 8N1: ten bits. */
    const CHARACTER = 1_041_666;
    const line = "0123456789abcdefghijklmnopqrstuvwxyz";
    const drain = (): string => {
      let got = "";
      while (b.inb(COM1 + 5) & 1) got += String.fromCharCode(b.inb(COM1));
      return got;
    };
    beforeEach(() => { b.outb(COM1 + 3, 3); b.outb(COM1 + 1, 1); });

    it("a FIFO full at once, then by what raises an interrupt, and nothing is lost", () => {
      b.outb(COM1 + 2, 0xc1);
      b.writeRing(1, line);
      expect(taken()).toEqual([0x34]);
      expect(b.inb(COM1 + 2)).toBe(0xc4);
      expect(drain()).toBe(line.slice(0, 16));
      expect(b.inb(COM1 + 2)).toBe(0xc1);
      b.advance(14 * CHARACTER - 1);
      expect([taken(), drain()]).toEqual([[], ""]);
      b.advance(1);
      expect([taken(), b.inb(COM1 + 2), drain()]).toEqual([[0x34], 0xc4, line.slice(16, 30)]);
      b.advance(6 * CHARACTER - 1);
      expect(drain()).toBe("");
      b.advance(1);
      expect([taken(), b.inb(COM1 + 2), drain()]).toEqual([[0x34], 0xcc, line.slice(30)]);
      b.advance(10 * CHARACTER);
      expect([taken(), drain()]).toEqual([[], ""]);
    });
    it("a FIFO full at once again after a rest", () => {
      b.outb(COM1 + 2, 0xc1);
      for (const part of [line.slice(0, 16), line.slice(16, 32)]) {
        b.writeRing(1, part);
        expect(drain()).toBe(part);
        b.advance(16 * CHARACTER);
      }
      expect(taken()).not.toEqual([]);
    });
    it("without FIFOs one by one", () => {
      b.writeRing(1, line.slice(0, 3));
      for (const character of line.slice(0, 3)) {
        expect([taken(), drain()]).toEqual([[0x34], character]);
        b.advance(CHARACTER - 1);
        expect(drain()).toBe("");
        b.advance(1);
      }
    });
    it("faster with another divisor, and slower with more bits", () => {
      for (const [divisor, lcr, bits] of [[1, 3, 10], [1, 0x1f, 12], [12, 0, 7]] as const) {
        b.outb(COM1 + 3, lcr | 0x80); b.outb(COM1, divisor); b.outb(COM1 + 1, 0); b.outb(COM1 + 3, lcr);
        b.advance(1_000_000_000);
        const each = Math.floor(bits * divisor * 1e9 / 115200);
        b.writeRing(1, "xy");
        expect(drain()).toBe("x");
        b.advance(each - 1);
        expect(drain()).toBe("");
        b.advance(1);
        expect(drain()).toBe("y");
      }
    });
    it("as fast as it is read where the host says so, after a reset too", () => {
      b.call("setPacing", 0, 0);
      for (const again of [false, true]) {
        if (again) b.call("resetChipset");
        b.outb(COM1 + 2, 1);
        b.writeRing(1, line);
        expect(drain()).toBe(line);
      }
    });
    it("what a guest has no room for waits until it has, however long", () => {
      b.outb(COM1 + 2, 0xc1);
      b.writeRing(1, line);
      b.advance(1_000_000_000);
      expect(b.inb(COM1)).toBe(line.charCodeAt(0));
      expect(line.slice(1, 17)).toBe(drain().slice(0, 16));
    });
  });
  it("reports a timed-out FIFO below the trigger", () => {
    b.outb(COM1 + 2, 0xc1); b.outb(COM1 + 1, 1);
    b.writeRing(1, "x");
    expect(b.inb(COM1 + 2)).toBe(0xcc);
  });
  it("loops back data and modem lines, off the wire", () => {
    b.outb(COM1 + 2, 1); b.outb(COM1 + 4, 0x1a);
    expect(b.inb(COM1 + 6) & 0xf0).toBe(0x90);
    b.outb(COM1, 0x5a);
    expect(b.inb(COM1 + 5) & 1).toBe(1);
    expect(b.inb(COM1)).toBe(0x5a);
    expect(b.readRing(0)).toBe("");
  });
  it("reports an overrun in loopback", () => {
    b.outb(COM1 + 2, 1); b.outb(COM1 + 4, 0x10);
    for (let i = 0; i < 17; i++) b.outb(COM1, i);
    expect(b.inb(COM1 + 5) & 2).toBe(2);
    expect(b.inb(COM1 + 5) & 2).toBe(0);
  });
  it("holds bytes back while the host's ring is full, and ends the slice", () => {
    b.outb(COM1 + 2, 1);
    for (let i = 0; i < 65536; i++) b.outb(COM1, 97 + (i % 26));
    expect(b.inb(COM1 + 5) & 0x60).toBe(0x60);
    b.outb(COM1, 33); b.outb(COM1, 63);
    expect(b.inb(COM1 + 5) & 0x60).toBe(0);
    expect(b.m.exports.limit!()).toBe(0n);
    b.advance(50_000_000);
    expect(b.inb(COM1 + 5) & 0x60).toBe(0);
    const first = b.readRing(0);
    expect(first.length).toBe(65536);
    b.advance(1_100_000);
    expect(b.inb(COM1 + 5) & 0x60).toBe(0x60);
    expect(b.readRing(0)).toBe("!?");
  });
  it("interrupts a guest that waits for room, once the host has drained its ring", () => {
    b.outb(COM1 + 2, 1); b.outb(COM1 + 1, 2);
    for (let i = 0; i <= 65536; i++) b.outb(COM1, 97);
    b.inb(COM1 + 2);
    taken();
    b.readRing(0);
    b.advance(1_100_000);
    expect(taken()).toEqual([0x34]);
  });
});
