// The PS/2 controller as operating systems probe it.
import { beforeEach, describe, expect, it } from "vitest";
import { makeBoard, type Board } from "./board.js";

let b: Board;
beforeEach(async () => { b = await makeBoard(); });
function replies(): number[] {
  const got: number[] = [];
  while (b.inb(0x64) & 1 && got.length < 50) got.push((b.inb(0x64) & 0x20 ? 0x100 : 0) | b.inb(0x60));
  return got;
}
function command(c: number, ...data: number[]): number[] {
  b.outb(0x64, c);
  for (const d of data) b.outb(0x60, d);
  return replies();
}
function keyboard(...data: number[]): number[] { for (const d of data) b.outb(0x60, d); return replies(); }

describe("i8042", () => {
  it("passes its tests", () => {
    expect(command(0xaa)).toEqual([0x55]);
    expect(command(0xab)).toEqual([0]);
    expect(command(0xa9)).toEqual([0]);
  });
  it("keeps the command byte", () => {
    command(0x60, 0x74);
    expect(command(0x20)).toEqual([0x74]);
    command(0xa8);
    expect(command(0x20)).toEqual([0x54]);
    command(0xa7);
    expect(command(0x20)).toEqual([0x74]);
  });
  it("loops a byte back as the mouse's", () => {
    command(0x60, 0x44);
    expect(command(0xd3, 0x5a)).toEqual([0x15a]);
  });
  it("answers for a keyboard", () => {
    command(0x60, 0x04);
    expect(keyboard(0xff)).toEqual([0xfa, 0xaa]);
    expect(keyboard(0xf2)).toEqual([0xfa, 0xab, 0x83]);
    expect(keyboard(0xed, 7)).toEqual([0xfa, 0xfa]);
    expect(keyboard(0xee)).toEqual([0xee]);
    expect(keyboard(0x12)).toEqual([0xfe]);
  });
  it("answers for a mouse", () => {
    command(0x60, 0x04);
    expect(command(0xd4, 0xff)).toEqual([0x1fa, 0x1aa, 0x100]);
    expect(command(0xd4, 0xf2)).toEqual([0x1fa, 0x100]);
    expect(command(0xd4, 0xf3)).toEqual([0x1fa]);
    expect(command(0xd4, 40)).toEqual([0x1fa]);
    expect(command(0xd4, 0xe9)).toEqual([0x1fa, 0x100, 0x102, 0x128]);
  });
  it("interrupts for each byte of a reply", () => {
    b.call("enterVirtualWire");
    b.outb(0x20, 0x11); b.outb(0x21, 0x20); b.outb(0x21, 4); b.outb(0x21, 1);
    command(0x60, 0x05);
    b.outb(0x60, 0xff);
    for (const byte of [0xfa, 0xaa]) {
      expect(b.takeAll()).toEqual([0x21]);
      expect(b.inb(0x60)).toBe(byte);
      b.outb(0x20, 0x20);
    }
    expect(b.takeAll()).toEqual([]);
  });
  it("drops what it cannot hold instead of growing", () => {
    for (let i = 0; i < 100; i++) command(0x60, 0x34);
    for (let i = 0; i < 1000; i++) { b.outb(0x64, 0xd2); b.outb(0x60, i & 0x7f); }
    command(0x60, 0x04);
    expect(replies().length).toBeLessThanOrEqual(17);
  });
  it("resets the machine by pulse, output port and port 92h", () => {
    for (const pulse of [() => b.outb(0x64, 0xfe), () => command(0xd1, 0xfe), () => b.outb(0x92, 1)]) {
      b.call("clearEvents");
      pulse();
      expect(b.call("events") & 32).toBe(32);
    }
    b.call("clearEvents");
    b.outb(0x64, 0xff);
    expect(b.call("events") & 32).toBe(0);
  });
});
