// The PCI root: mechanism 1, ECAM, the two bridges.
import { beforeEach, describe, expect, it } from "vitest";
import { makeBoard, type Board } from "./board.js";

const ECAM = 0xb0000000;
let b: Board;
beforeEach(async () => { b = await makeBoard(); });
function config(devfn: number, offset: number, bytes = 4): number {
  b.call("portWrite", 0xcf8, 4, 0x80000000 | devfn << 8 | offset & ~3);
  return b.call("portRead", 0xcfc + (offset & 3), bytes) >>> 0;
}

describe("PCI root", () => {
  it("shows the bridges and nothing else on bus 0", () => {
    const found: string[] = [];
    for (let devfn = 0; devfn < 256; devfn++) {
      const id = config(devfn, 0);
      if (id !== 0xffffffff) found.push(`${devfn}:${id.toString(16)}:${(config(devfn, 8) >>> 8).toString(16)}`);
    }
    expect(found).toEqual(["0:29c08086:60000", "248:29188086:60100"]);
  });
  it("answers ones on other buses, and with the address off", () => {
    b.call("portWrite", 0xcf8, 4, 0x80010000);
    expect(b.call("portRead", 0xcfc, 4) >>> 0).toBe(0xffffffff);
    b.call("portWrite", 0xcf8, 4, 0);
    expect(b.call("portRead", 0xcfc, 4) >>> 0).toBe(0xffffffff);
  });
  it("gives the same through the ECAM, by byte, word and dword", () => {
    expect(b.read32(ECAM)).toBe(0x29c08086);
    expect(b.call("mmioRead", BigInt(ECAM + 0xf8002), 2)).toBe(0x2918);
    expect(b.call("mmioRead", BigInt(ECAM + 0xf800e), 1)).toBe(0x80);
    expect(b.call("mmioRead", BigInt(ECAM), 8)).toBe(0x29c08086);
    expect(b.read32(ECAM + 0x100000)).toBe(0xffffffff);
    expect(b.read32(ECAM + 0x8000)).toBe(0xffffffff);
  });
  it("moves and removes the ECAM by PCIEXBAR", () => {
    b.call("portWrite", 0xcf8, 4, 0x80000060);
    b.call("portWrite", 0xcfc, 4, 0xc0000001);
    expect(b.read32(ECAM)).toBe(0xffffffff);
    expect(b.read32(0xc0000000)).toBe(0x29c08086);
    b.call("portWrite", 0xcfc, 4, 0xc0000000);
    expect(b.read32(0xc0000000)).toBe(0xffffffff);
  });
  it("keeps read-only bits, by width", () => {
    b.call("portWrite", 0xcf8, 4, 0x8000f800);
    b.call("portWrite", 0xcfc, 4, 0);
    expect(config(0xf8, 0)).toBe(0x29188086);
    b.call("portWrite", 0xcf8, 4, 0x8000f804);
    b.call("portWrite", 0xcfc, 2, 0xffff);
    expect(config(0xf8, 4, 2)).toBe(0x547);
    b.call("portWrite", 0xcf8, 4, 0x8000f860);
    b.call("portWrite", 0xcfd, 1, 0xff);
    expect(config(0xf8, 0x60)).toBe(0x80808f80);
  });
  it("keeps the address register to whole dwords, and resets by cf9h", () => {
    b.call("portWrite", 0xcf8, 4, 0x80001234);
    b.call("portWrite", 0xcf8, 1, 0xff);
    expect(b.call("portRead", 0xcf8, 4) >>> 0).toBe(0x80001234);
    b.outb(0xcf9, 2);
    expect(b.call("events") & 32).toBe(0);
    b.outb(0xcf9, 6);
    expect(b.call("events") & 32).toBe(32);
    expect(b.call("stopReason")).toBe(17);
    expect(b.call("portRead", 0xcf8, 4) >>> 0).toBe(0x80001234);
  });
});

describe("a function with BARs", () => {
  const DEVFN = 3 << 3;
  let f: number;
  function write(offset: number, bytes: number, value: number): void {
    b.call("portWrite", 0xcf8, 4, 0x80000000 | DEVFN << 8 | offset & ~3);
    b.call("portWrite", 0xcfc + (offset & 3), bytes, value);
  }
  beforeEach(() => {
    f = b.call("attachCard");
    b.call("resetPci");
  });

  it("tells its BARs' sizes and kinds", () => {
    for (const offset of [0x10, 0x14, 0x18, 0x1c, 0x20]) write(offset, 4, 0xffffffff);
    expect([0x10, 0x14, 0x18, 0x1c, 0x20].map((o) => config(DEVFN, o))).toEqual([0xfffff000, 0xffffffe1, 0xffffc00c, 0xffffffff, 0]);
  });
  it("answers only where and when it is told to", () => {
    write(0x10, 4, 0xd0000000); write(0x14, 4, 0xc000); write(0x18, 4, 0x4000); write(0x1c, 4, 8);
    expect(b.read32(0xd0000000)).toBe(0xffffffff);
    write(4, 2, 3);
    b.outb(0xc005, 0x5a);
    expect(b.read32(0xd0000004)).toBe(0x00005a00);
    expect(b.read32(0x8_0000_4004n)).toBe(0x00005a00);
    write(0x10, 4, 0xd1000000);
    expect(b.read32(0xd0000004)).toBe(0xffffffff);
    expect(b.read32(0xd1000004)).toBe(0x00005a00);
    write(4, 2, 2);
    expect(b.inb(0xc005)).toBe(0xff);
    expect(b.read32(0xd1000004)).toBe(0x00005a00);
  });
  it("gives way to what was there before it", () => {
    write(0x10, 4, 0xfee00000); write(0x14, 4, 0x3e0);
    write(4, 2, 3);
    expect(b.read32(0xfee00030)).toBe(0x50014);
    b.outb(0x3ff, 0x11);
    expect(b.inb(0x3ff)).toBe(0x11);
    write(4, 2, 0);
    expect(b.read32(0xfee00030)).toBe(0x50014);
    expect(b.inb(0x3ff)).toBe(0x11);
  });
  it("chains its capabilities", () => {
    expect(config(DEVFN, 6, 2)).toBe(0x10);
    expect(config(DEVFN, 0x34, 1)).toBe(0x40);
    expect(config(DEVFN, 0x40, 2)).toBe(0x4809);
    expect(config(DEVFN, 0x48, 2)).toBe(0x0005);
  });
  it("drives its IOAPIC pin, and the PIC's input that PIRQ D is routed to", () => {
    const line = (n: number): number => { b.outb(0x20 + (n > 7 ? 0x80 : 0), 0x0a); return b.inb(0x20 + (n > 7 ? 0x80 : 0)) >> (n & 7) & 1; };
    b.write32(0xfee000f0, 0x1ff);
    b.write32(0xfec00000, 0x10 + 2 * 19); b.write32(0xfec00010, 0x8066);
    b.call("driveIntx", f, 1);
    expect(b.takeAll()).toEqual([0x66]);
    expect(config(DEVFN, 6, 2) & 8).toBe(8);
    const route = (v: number): void => { b.call("portWrite", 0xcf8, 4, 0x8000f860); b.call("portWrite", 0xcff, 1, v); };
    route(10);
    expect(line(10)).toBe(1);
    route(11);
    expect([line(10), line(11)]).toEqual([0, 1]);
    write(4, 2, 0x400);
    expect(line(11)).toBe(0);
    write(4, 2, 0);
    expect(line(11)).toBe(1);
    b.call("driveIntx", f, 0);
    expect(line(11)).toBe(0);
    b.write32(0xfee000b0, 0);
    expect(b.takeAll()).toEqual([]);
  });
});
