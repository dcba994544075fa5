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
