// The VGA by its registers: indexed registers and their bits, planes and write modes, the ways into video memory, Bochs' VBE, and the framebuffer as memory.
import { beforeEach, describe, expect, it } from "vitest";
import { makeMachine, type TestMachine } from "../virtio/machine.js";

const KIND = 10, RAM_BYTES = 4 << 20;
const Vbe = { ID: 0, XRES: 1, YRES: 2, BPP: 3, ENABLE: 4, BANK: 5, WIDTH: 6, HEIGHT: 7, X: 8, Y: 9, MEMORY: 10 } as const;

let m: TestMachine;
beforeEach(async () => { m = await makeMachine({ kind: KIND, mac: 0n }); });
const out = (port: number, value: number, bytes = 1): void => { m.call("portWrite", port, bytes, value); };
const inp = (port: number, bytes = 1): number => m.call("portRead", port, bytes) >>> 0;
const setIndexed = (port: number, index: number, value: number): void => { out(port, index); out(port + 1, value); };
const getIndexed = (port: number, index: number): number => { out(port, index); return inp(port + 1); };
const sequencer = (index: number, value: number): void => setIndexed(0x3c4, index, value);
const graphics = (index: number, value: number): void => setIndexed(0x3ce, index, value);
const setVbe = (index: number, value: number): void => { out(0x1ce, index, 2); out(0x1cf, value, 2); };
const getVbe = (index: number): number => { out(0x1ce, index, 2); return inp(0x1cf, 2); };
const poke = (at: number, value: number, bytes = 1): void => m.write(at, bytes, value);
const peek = (at: number, bytes = 1): number => m.read(at, bytes);
/** Four planes' bytes of an address. */
const planes = (at: number): number[] => [...m.bytes(RAM_BYTES + at * 4, 4)];
/** A planar mode of 64 KiB at A0000. */
function planar(): void {
  out(0x3c2, 0x67);
  sequencer(2, 15); sequencer(4, 6);
  graphics(5, 0); graphics(6, 5); graphics(8, 0xff); graphics(1, 0); graphics(3, 0); graphics(4, 0);
}

describe("registers", () => {
  it("keep the bits they have", () => {
    for (const [index, mask] of [[0, 3], [1, 0x3d], [2, 15], [3, 0x3f], [4, 14], [5, 0]] as const) { sequencer(index, 0xff); expect(getIndexed(0x3c4, index)).toBe(mask); }
    for (const [index, mask] of [[0, 15], [3, 0x1f], [4, 3], [5, 0x7b], [6, 15], [8, 0xff], [9, 0]] as const) { graphics(index, 0xff); expect(getIndexed(0x3ce, index)).toBe(mask); }
    out(0x3c2, 0xff);
    expect(inp(0x3cc)).toBe(0xef);
  });
  it("of the CRTC answer at one of two places, and seven are locked but for the split's bit", () => {
    setIndexed(0x3b4, 0, 0x55);
    expect([getIndexed(0x3b4, 0), inp(0x3d5), inp(0x3da)]).toEqual([0x55, 0xff, 0xff]);
    out(0x3c2, 1);
    expect([getIndexed(0x3d4, 0), inp(0x3b5)]).toEqual([0x55, 0xff]);
    setIndexed(0x3d4, 0x11, 0x80);
    setIndexed(0x3d4, 0, 0x66); setIndexed(0x3d4, 7, 0xff); setIndexed(0x3d4, 0x13, 0x28);
    expect([0, 7, 0x13].map((index) => getIndexed(0x3d4, index))).toEqual([0x55, 0x10, 0x28]);
  });
  it("of the attribute controller take index and data by turns, from the start after a read of the status", () => {
    out(0x3c2, 1);
    inp(0x3da);
    out(0x3c0, 0x10); out(0x3c0, 0xff); out(0x3c0, 0x14); out(0x3c0, 0xff); out(0x3c0, 0x30);
    expect([inp(0x3c1), inp(0x3c0)]).toEqual([0xef, 0]);
    inp(0x3da);
    expect(inp(0x3c0)).toBe(0x30);
    out(0x3c0, 0x14);
    expect(inp(0x3c1)).toBe(0x0f);
  });
  it("of the DAC go on by themselves, and a colour is taken whole", () => {
    out(0x3c8, 254);
    for (const part of [1, 2, 3, 4, 5, 6, 7, 8]) out(0x3c9, part);
    out(0x3c7, 254);
    expect([inp(0x3c7), ...Array.from({ length: 9 }, () => inp(0x3c9))]).toEqual([3, 1, 2, 3, 4, 5, 6, 0, 0, 0]);
    out(0x3c8, 7);
    expect([inp(0x3c7), inp(0x3c8)]).toEqual([0, 7]);
  });
  it("lie in BAR 2 too, with the VBE's, the monitor's and what QEMU has there", () => {
    const bar = m.bar(2);
    poke(bar + 0x404, 0x0f02, 2);
    expect([getIndexed(0x3c4, 2), peek(bar + 0x405)]).toEqual([15, 15]);
    poke(bar + 0x502, 640, 2);
    expect([getVbe(Vbe.XRES), peek(bar + 0x502, 2), peek(bar + 0x600, 4), peek(bar + 0x604, 4)]).toEqual([640, 640, 8, 0x1e1e1e1e]);
    const edid = Array.from({ length: 128 }, (_, i) => peek(bar + i));
    expect([edid.slice(0, 8), edid.reduce((sum, byte) => sum + byte, 0) & 255]).toEqual([[0, 255, 255, 255, 255, 255, 255, 0], 0]);
    expect(peek(bar + 0x200)).toBe(0);
  });
});

describe("the retrace", () => {
  it("comes 70 times a second for 2 of 449 lines, by virtual time", () => {
    out(0x3c2, 0x67);
    sequencer(1, 0);
    [0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf, 0x1f, 0, 0x4f, 13, 14, 0, 0, 0, 0, 0x9c, 0x0e, 0x8f].forEach((value, index) => setIndexed(0x3d4, index, value));
    const line = 31_777, seen: string[] = [];
    for (let i = 0; i < 449; i++) {
      m.call("setTicks", BigInt(i * line + 3000));
      const status = inp(0x3da);
      seen.push(status & 8 ? "retrace" : status & 1 ? "dark" : "shown");
    }
    expect(["shown", "dark", "retrace"].map((what) => seen.filter((one) => one === what).length)).toEqual([400, 47, 2]);
    expect(seen.indexOf("retrace")).toBe(412);
  });
  it("is seen at least once in any frame whatever the registers say", () => {
    for (const value of [0, 0xff, 0x5a]) {
      out(0x3c2, 1);
      for (let index = 0; index < 0x19; index++) setIndexed(0x3d4, index, value);
      let [dark, shown, retrace] = [0, 0, 0];
      for (let i = 0; i < 12_000; i++) {
        m.call("setTicks", BigInt(i * 10_007));
        const status = inp(0x3da);
        if (status & 8) retrace++; else if (status & 1) dark++; else shown++;
      }
      expect([dark > 0, shown > 0, retrace > 0]).toEqual([true, true, true]);
    }
  });
});

describe("planes", () => {
  beforeEach(planar);
  it("write mode 0: rotated, set and reset by plane, under the bit mask, by function", () => {
    poke(0xa0000, 0x81);
    expect(planes(0)).toEqual([0x81, 0x81, 0x81, 0x81]);
    graphics(3, 1);
    poke(0xa0001, 0x81);
    expect(planes(1)).toEqual([0xc0, 0xc0, 0xc0, 0xc0]);
    graphics(3, 0); graphics(0, 5); graphics(1, 7); sequencer(2, 14);
    poke(0xa0002, 0x3c);
    expect(planes(2)).toEqual([0, 0, 0xff, 0x3c]);
    sequencer(2, 15); graphics(1, 0); graphics(8, 0x0f);
    for (const [func, result] of [[0, 0xc5], [8, 0xc1], [16, 0xc5 | 0x01], [24, 0xc4]] as const) {
      graphics(8, 0xff); graphics(3, 0); poke(0xa0003, 0xc1);
      peek(0xa0003);
      graphics(8, 0x0f); graphics(3, func); poke(0xa0003, 0x05);
      expect(planes(3)[0]).toBe(result);
    }
  });
  it("write modes 1, 2 and 3: the latches, a colour, and set/reset under the byte", () => {
    for (const [plane, value] of [0x11, 0x22, 0x44, 0x88].entries()) { sequencer(2, 1 << plane); poke(0xa0010, value); }
    sequencer(2, 15);
    peek(0xa0010);
    graphics(5, 1);
    poke(0xa0020, 0);
    expect(planes(0x20)).toEqual([0x11, 0x22, 0x44, 0x88]);
    graphics(5, 2); graphics(8, 0xf0);
    poke(0xa0021, 5);
    expect(planes(0x21)).toEqual([0xf1, 0x02, 0xf4, 0x08]);
    graphics(5, 3); graphics(0, 2); graphics(8, 0xff);
    poke(0xa0022, 0x0f);
    expect(planes(0x22)).toEqual([0x10, 0x2f, 0x40, 0x80]);
  });
  it("read a plane, or which pixels have a colour", () => {
    for (const [plane, value] of [0x0f, 0x33, 0x55, 0].entries()) { sequencer(2, 1 << plane); poke(0xa0000, value); }
    expect([0, 1, 2, 3].map((plane) => { graphics(4, plane); return peek(0xa0000); })).toEqual([0x0f, 0x33, 0x55, 0]);
    graphics(5, 8); graphics(2, 3); graphics(7, 15);
    expect(peek(0xa0000)).toBe(0x0f & 0x33 & ~0x55);
    graphics(7, 0);
    expect(peek(0xa0000)).toBe(0xff);
  });
  it("the map says where the window is; outside it there is nothing, and no RAM", () => {
    const where = (at: number): boolean => { poke(at, 0xaa); const seen = peek(at) === 0xaa; poke(at, 0); return seen; };
    const places = [0xa0000, 0xa8000, 0xb0000, 0xb8000, 0xbffff];
    expect([1, 2, 3].map((map) => { graphics(6, map << 2 | 1); return places.map(where); })).toEqual([[true, true, false, false, false], [false, false, true, false, false], [false, false, false, true, true]]);
    expect([...m.bytes(0xa0000, 4), ...m.bytes(0xb8000, 4)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
    expect([m.call("dmaWrite32", 8, 0xa0000n, 1), m.call("dmaFailed"), m.call("dmaWrite32", 8, 0x9ffffn - 3n, 1)]).toEqual([0, 1, 1]);
  });
  it("odd and even, and chained by four", () => {
    sequencer(4, 2); graphics(5, 0x10); graphics(6, 14);
    poke(0xb8000, 0x1f41, 2); poke(0xb8002, 0x2e42, 2);
    expect([planes(0), planes(1)]).toEqual([[0x41, 0x1f, 0, 0], [0x42, 0x2e, 0, 0]]);
    expect(peek(0xb8000, 4)).toBe(0x2e421f41);
    sequencer(4, 14); graphics(5, 0x40); graphics(6, 5);
    poke(0xa0100, 0x44332211, 4);
    expect([...m.bytes(RAM_BYTES + 0x100, 4), peek(0xa0102)]).toEqual([0x11, 0x22, 0x33, 0x44, 0x33]);
    sequencer(2, 5);
    poke(0xa0104, 0xffffffff, 4);
    expect([...m.bytes(RAM_BYTES + 0x104, 4)]).toEqual([0xff, 0, 0xff, 0]);
  });
});

describe("VBE", () => {
  function mode(x: number, y: number, bpp: number, flags = 0x41): void {
    setVbe(Vbe.ENABLE, 0);
    setVbe(Vbe.XRES, x); setVbe(Vbe.YRES, y); setVbe(Vbe.BPP, bpp);
    setVbe(Vbe.ENABLE, flags);
  }
  const all = (): number[] => [Vbe.XRES, Vbe.YRES, Vbe.BPP, Vbe.WIDTH, Vbe.HEIGHT, Vbe.X, Vbe.Y].map(getVbe);
  it("says what it is and can", () => {
    expect([getVbe(Vbe.ID), getVbe(Vbe.MEMORY), getVbe(11)]).toEqual([0xb0c5, 256, 0]);
    setVbe(Vbe.ID, 0xb0c2); setVbe(Vbe.ID, 0x1234);
    expect(getVbe(Vbe.ID)).toBe(0xb0c2);
    setVbe(Vbe.ENABLE, 2);
    expect([getVbe(Vbe.XRES), getVbe(Vbe.YRES), getVbe(Vbe.BPP)]).toEqual([16000, 12000, 32]);
  });
  it("makes a mode fit, and tells the older registers", () => {
    mode(1024, 768, 32);
    expect(all()).toEqual([1024, 768, 32, 1024, 4096, 0, 0]);
    setVbe(Vbe.WIDTH, 2048); setVbe(Vbe.Y, 1279); setVbe(Vbe.X, 8);
    expect(all()).toEqual([1024, 768, 32, 2048, 2048, 8, 1279]);
    setVbe(Vbe.Y, 1280);
    expect(all()).toEqual([1024, 768, 32, 2048, 2048, 8, 0]);
    mode(1921, 9999, 7);
    expect(all()).toEqual([1920, 8738, 8, 1920, 8738, 0, 0]);
    mode(0, 0, 15);
    expect(all()).toEqual([8, 1, 15, 8, 1048576 & 0xffff, 0, 0]);
    out(0x3c2, 1);
    mode(640, 480, 8);
    expect([1, 0x12, 0x13, 0x18].map((index) => getIndexed(0x3d4, index))).toEqual([79, 479 & 255, 80, 255]);
  });
  it("clears the picture unless told to keep it, in a time", () => {
    poke(0xa0000, 0);
    m.put(RAM_BYTES, [1, 2, 3]);
    mode(640, 480, 8, 0xc1);
    expect([...m.bytes(RAM_BYTES, 3)]).toEqual([1, 2, 3]);
    const before = m.call("nowNs");
    mode(1920, 1080, 32);
    expect([...m.bytes(RAM_BYTES, 3)]).toEqual([0, 0, 0]);
    expect(m.call("nowNs") - before).toBe(1920 * 1080);
  });
  it("shows memory in the window by banks", () => {
    mode(1024, 768, 32);
    setVbe(Vbe.BANK, 0x1ff);
    expect(getVbe(Vbe.BANK)).toBe(0xff);
    poke(0xaffff, 0x5a);
    expect(m.bytes(RAM_BYTES + (16 << 20) - 1, 1)[0]).toBe(0x5a);
    setVbe(Vbe.BANK, 1);
    poke(0xa0004, 0x12345678, 4);
    expect(m.get32(RAM_BYTES + 0x10004)).toBe(0x12345678);
  });
});

describe("the framebuffer", () => {
  const at = (gpa: number): number => m.call("hostOf", BigInt(gpa), 4);
  it("is memory where BAR 0 puts it, and is on the board only then", () => {
    const base = m.bar(0);
    expect([m.config(0), m.config(8), m.config(0x10) & 15]).toEqual([0x11111234, 0x03000002, 8]);
    expect([at(base) - m.ram, at(base + (16 << 20) - 4) - m.ram, at(base + (16 << 20) - 2), at(base - 4)]).toEqual([RAM_BYTES, RAM_BYTES + (16 << 20) - 4, 0, 0]);
    m.writeConfig(4, 2, 0);
    expect(at(base)).toBe(0);
    m.writeConfig(0x10, 4, 0xd000_0000 | 0);
    m.writeConfig(4, 2, 2);
    expect([at(base), at(0xd000_0000) - m.ram]).toEqual([0, RAM_BYTES]);
  });
  it("sizes as 16 MiB, and there is one", () => {
    m.writeConfig(4, 2, 0);
    m.writeConfig(0x10, 4, 0xffffffff | 0);
    expect(m.config(0x10) >>> 0).toBe(0xff000008);
    expect(m.call("addCard", KIND, 0, 0n, 0n, 0, 0, 4)).toBe(-1);
  });
});
