// Keys and movements as the PS/2 controller hands them on: scan code sets 1, 2 and 3, keys that are sequences, packets of the mouse, and their interrupts.
import { beforeEach, describe, expect, it } from "vitest";
import { makeBoard, type Board } from "./board.js";

let b: Board;
beforeEach(async () => { b = await makeBoard(); });

/** What waits at the data port; 100h is added to the mouse's bytes. */
function waiting(): number[] {
  const got: number[] = [];
  while (b.inb(0x64) & 1 && got.length < 50) got.push((b.inb(0x64) & 0x20 ? 0x100 : 0) | b.inb(0x60));
  return got;
}
function controller(c: number, ...data: number[]): void {
  b.outb(0x64, c);
  for (const d of data) b.outb(0x60, d);
}
function keyboard(...data: number[]): void { for (const d of data) { b.outb(0x60, d); waiting(); } }
function mouse(...data: number[]): number[] {
  const got: number[] = [];
  for (const d of data) { controller(0xd4, d); got.push(...waiting()); }
  return got;
}
function press(key: number): number[] { b.call("pressKey", key, 1); return waiting(); }
function release(key: number): number[] { b.call("pressKey", key, 0); return waiting(); }
const TRANSLATED = 0x47, PLAIN = 0x07;

describe("keys", () => {
  // Number, then down and up in set 1, set 2 and set 3.
  const rows: [string, number, number[], number[], number[], number[], number[], number[]][] = [
    ["A", 0x1e, [0x1e], [0x9e], [0x1c], [0xf0, 0x1c], [0x1c], [0xf0, 0x1c]],
    ["F7", 0x41, [0x41], [0xc1], [0x83], [0xf0, 0x83], [0x37], [0xf0, 0x37]],
    ["right Control", 0x9d, [0xe0, 0x1d], [0xe0, 0x9d], [0xe0, 0x14], [0xe0, 0xf0, 0x14], [0x58], [0xf0, 0x58]],
    ["Delete", 0xd3, [0xe0, 0x53], [0xe0, 0xd3], [0xe0, 0x71], [0xe0, 0xf0, 0x71], [0x64], [0xf0, 0x64]],
    ["Pause", 0xc6, [0xe1, 0x1d, 0x45], [0xe1, 0x9d, 0xc5], [0xe1, 0x14, 0x77, 0xe1, 0xf0, 0x14, 0xf0, 0x77], [], [0x62], [0xf0, 0x62]],
    ["Print Screen", 0xb7, [0xe0, 0x2a, 0xe0, 0x37], [0xe0, 0xb7, 0xe0, 0xaa], [0xe0, 0x12, 0xe0, 0x7c], [0xe0, 0xf0, 0x7c, 0xe0, 0xf0, 0x12], [0x57], [0xf0, 0x57]],
  ];
  it.each(rows)("%s", (_, key, down1, up1, down2, up2, down3, up3) => {
    controller(0x60, TRANSLATED);
    expect([press(key), release(key)]).toEqual([down1, up1]);
    controller(0x60, PLAIN);
    expect([press(key), release(key)]).toEqual([down2, up2]);
    keyboard(0xf0, 1);
    expect([press(key), release(key)]).toEqual([down1, up1]);
    keyboard(0xf0, 3);
    expect([press(key), release(key)]).toEqual([down3, up3]);
  });
  it("set 2 comes back by the controller's translation, for every key that has a code", () => {
    // The 8042's table, of which the keyboard's is the inverse: no two keys have one code.
    controller(0x60, PLAIN);
    const codes = Array.from({ length: 0x80 }, (_, key) => press(key)).filter((bytes) => bytes.length > 0);
    expect(codes.length).toBeGreaterThan(90);
    expect(new Set(codes.map(String)).size).toBe(codes.length);
  });
  it("Pause is Break while Control is down", () => {
    press(0x1d);
    expect([press(0xc6), release(0xc6)]).toEqual([[0xe0, 0x46], [0xe0, 0xc6]]);
    release(0x1d);
    expect(press(0xc6)).toEqual([0xe1, 0x1d, 0x45]);
  });
  it("wait while the port is off, and are lost while the keyboard is, or when there is no room for all of one", () => {
    controller(0xad);
    expect([press(0x1e), b.call("keyRoom")]).toEqual([[], 0]);
    controller(0xae);
    expect([waiting(), b.call("keyRoom")]).toEqual([[0x1e], 1]);
    keyboard(0xf5);
    expect(press(0x1e)).toEqual([]);
    keyboard(0xf4);
    for (let i = 0; i < 40; i++) b.call("pressKey", 0xc8, 1);
    const kept = waiting();
    expect(kept.length % 2).toBe(0);
    expect(kept.length).toBeGreaterThan(8);
    expect(new Set(kept)).toEqual(new Set([0xe0, 0x48]));
  });
  it("interrupt once a byte", () => {
    b.call("enterVirtualWire");
    b.outb(0x20, 0x11); b.outb(0x21, 0x20); b.outb(0x21, 4); b.outb(0x21, 1);
    b.call("pressKey", 0xc8, 1);
    for (const byte of [0xe0, 0x48]) {
      expect(b.takeAll()).toEqual([0x21]);
      expect(b.inb(0x60)).toBe(byte);
      b.outb(0x20, 0x20);
    }
    expect(b.takeAll()).toEqual([]);
  });
});

describe("the mouse", () => {
  const move = (dx: number, dy: number, dz = 0, buttons = 0): number[] => { b.call("moveMouse", dx, dy, dz, buttons); return waiting().map((byte) => byte - 0x100); };
  it("says nothing until it is asked to report, then in packets of three bytes", () => {
    expect(move(5, 5)).toEqual([]);
    mouse(0xf6, 0xf4);
    expect(move(5, 3)).toEqual([0x28, 5, 0xfd]);
    expect(move(-1, -2, 0, 1)).toEqual([0x19, 0xff, 2]);
    expect(move(0, 0, 0, 1)).toEqual([]);
    expect(move(0, 0, 1, 6)).toEqual([0x0e, 0, 0]);
  });
  it("splits what a packet cannot hold, and adds up what waits", () => {
    mouse(0xf4);
    expect(move(300, 0)).toEqual([8, 127, 0, 8, 127, 0, 8, 46, 0]);
    controller(0xa7);
    for (let i = 0; i < 10; i++) b.call("moveMouse", 1, -1, 0, 0);
    controller(0xa8);
    expect(waiting().map((byte) => byte - 0x100)).toEqual([8, 1, 1, 8, 9, 9]);
  });
  it("has room when the guest has read all that it listens to", () => {
    expect(b.call("mouseRoom")).toBe(1);
    mouse(0xf4);
    b.call("moveMouse", 300, 0, 0, 0);
    expect(b.call("mouseRoom")).toBe(0);
    expect([waiting().length, b.call("mouseRoom")]).toEqual([9, 1]);
    mouse(0xf5);
    b.call("moveMouse", 1, 0, 0, 0);
    expect(b.call("mouseRoom")).toBe(1);
  });
  it("has a wheel for who asks by 200, 100, 80, and five buttons by 200, 200, 80", () => {
    expect(mouse(0xf3, 200, 0xf3, 100, 0xf3, 80, 0xf2).slice(-2)).toEqual([0x1fa, 0x103]);
    mouse(0xf4);
    expect(move(1, 0, -2)).toEqual([8, 1, 0, 0xfe]);
    expect(mouse(0xf3, 200, 0xf3, 200, 0xf3, 80, 0xf2).slice(-2)).toEqual([0x1fa, 0x104]);
    expect(move(0, 0, 1, 0x18)).toEqual([8, 0, 0, 0x31]);
    expect(mouse(0xff)).toEqual([0x1fa, 0x1aa, 0x100]);
    expect(mouse(0xf2)).toEqual([0x1fa, 0x100]);
  });
  it("answers in remote mode when it is asked, and says its state", () => {
    mouse(0xf4, 0xf0);
    expect(move(2, 0, 0, 1)).toEqual([]);
    expect(mouse(0xeb)).toEqual([0x1fa, 0x109, 0x102, 0x100]);
    expect(mouse(0xe9)).toEqual([0x1fa, 0x164, 0x102, 0x164]);
    mouse(0xea);
    expect(move(1, 0, 0, 1)).toEqual([9, 1, 0]);
  });
});
