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
  it("needs OUT2 for the line", () => {
    b.outb(COM1 + 1, 2);
    expect(taken()).toEqual([]);
    b.outb(COM1 + 4, 8);
    expect(taken()).toEqual([0x34]);
  });
  it("receives without loss past the FIFO", () => {
    const line = "0123456789abcdefghijklmnopqrstuvwxyz";
    b.outb(COM1 + 2, 0xc1); b.outb(COM1 + 4, 8); b.outb(COM1 + 1, 1);
    b.writeRing(1, line);
    expect(taken()).toEqual([0x34]);
    expect(b.inb(COM1 + 2)).toBe(0xc4);
    let got = "";
    while (b.inb(COM1 + 5) & 1) got += String.fromCharCode(b.inb(COM1));
    expect(got).toBe(line);
    expect(b.inb(COM1 + 2)).toBe(0xc1);
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
    const first = b.readRing(0);
    expect(first.length).toBe(65536);
    b.call("serviceRings");
    expect(b.inb(COM1 + 5) & 0x60).toBe(0x60);
    expect(b.readRing(0)).toBe("!?");
  });
});
