// PIT, RTC, HPET and the ACPI PM timer in virtual time.
import { beforeEach, describe, expect, it } from "vitest";
import { makeBoard, type Board } from "./board.js";

const APIC = 0xfee00000, IOAPIC = 0xfec00000, HPET = 0xfed00000;
const NS = 1_000_000_000;
let b: Board;
beforeEach(async () => {
  b = await makeBoard();
  b.write32(APIC + 0xf0, 0x1ff);
});
function redirect(pin: number, low: number): void { b.write32(IOAPIC, 0x10 + 2 * pin); b.write32(IOAPIC + 16, low); }
function taken(): number[] { const v = b.takeAll(); v.forEach(() => b.write32(APIC + 0xb0, 0)); return v; }
/** Interrupts in `ns`, looking every `step` ns. */
function countIn(ns: number, step: number): number {
  let n = 0;
  for (let t = 0; t < ns; t += step) { b.advance(step); n += taken().length; }
  return n;
}
const toNs = (clocks: number): number => Math.ceil(clocks * NS / 1193182);

describe("8254", () => {
  function program(channel: number, mode: number, count: number): void {
    b.outb(0x43, channel << 6 | 0x30 | mode << 1);
    b.outb(0x40 + channel, count & 0xff); b.outb(0x40 + channel, count >> 8);
  }
  function latched(channel: number): number {
    b.outb(0x43, channel << 6);
    return b.inb(0x40 + channel) | b.inb(0x40 + channel) << 8;
  }
  beforeEach(() => redirect(2, 0x30));

  it("mode 0 interrupts once at terminal count", () => {
    program(0, 0, 1000);
    b.advance(toNs(1000) - 1);
    expect(taken()).toEqual([]);
    b.advance(1);
    expect(taken()).toEqual([0x30]);
    b.advance(NS);
    expect(taken()).toEqual([]);
  });
  it("mode 2 interrupts at 100 Hz", () => {
    program(0, 2, 11932);
    expect(countIn(NS, 1_000_000)).toBe(99);
  });
  it("mode 3 interrupts once a period", () => {
    program(0, 3, 1193);
    expect(countIn(NS / 10, 100_000)).toBe(100);
  });
  it.each([[0, 1000], [2, 1000], [3, 1000], [4, 1000]])("interrupts in mode %i where time has jumped past its pulse", (mode, count) => {
    program(0, mode, count);
    b.call("runTimers");
    b.takeAll();
    b.m.exports.jumpTo!(b.now() + BigInt(toNs(count + 400)));
    b.call("runTimers");
    expect(taken()).toEqual([0x30]);
    b.call("runTimers");
    expect(taken()).toEqual([]);
  });
  it("counts down, and by two in mode 3", () => {
    program(0, 2, 10000);
    b.advance(toNs(2500));
    expect(latched(0)).toBe(7500);
    program(0, 3, 10000);
    b.advance(toNs(2500));
    expect(latched(0)).toBe(5000);
  });
  it("holds a latch until it is read", () => {
    program(0, 2, 0);
    b.advance(toNs(100));
    b.outb(0x43, 0);
    b.advance(toNs(100));
    expect(b.inb(0x40) | b.inb(0x40) << 8).toBe(0xffff - 99);
    expect(latched(0)).toBe(0x10000 - 200);
  });
  it("reads back status and count together", () => {
    program(0, 2, 500);
    b.outb(0x43, 0xc2);
    expect(b.inb(0x40)).toBe(0xb4);
    expect(b.inb(0x40) | b.inb(0x40) << 8).toBe(500);
    b.outb(0x43, 0x30);
    b.outb(0x43, 0xe2);
    expect(b.inb(0x40)).toBe(0x70);
  });
  it("counts in BCD", () => {
    b.outb(0x43, 0x35); b.outb(0x40, 0x00); b.outb(0x40, 0x10);
    b.advance(toNs(1));
    expect(latched(0)).toBe(0x0999);
  });
  it("channel 2 waits for its gate at port 61h and shows its output there", () => {
    program(2, 0, 1193);
    b.advance(NS);
    expect(b.inb(0x61) & 0x20).toBe(0);
    b.outb(0x61, 1);
    b.advance(toNs(1193) - 1000);
    expect(b.inb(0x61) & 0x20).toBe(0);
    b.advance(2000);
    expect(b.inb(0x61) & 0x21).toBe(0x21);
  });
});

describe("RTC", () => {
  const read = (i: number): number => { b.outb(0x70, i); return b.inb(0x71); };
  const write = (i: number, v: number): void => { b.outb(0x70, i); b.outb(0x71, v); };
  const setTime = (y: number, mo: number, d: number, h: number, mi: number, s: number): void => {
    write(0x0b, 0x82);
    write(0x32, y >> 8); write(9, y & 0xff); write(8, mo); write(7, d); write(4, h); write(2, mi); write(0, s);
    write(0x0b, 0x02);
  };
  const time = (): number[] => [0x32, 9, 8, 7, 4, 2, 0].map(read);

  it("rolls over midnight into a leap day", () => {
    setTime(0x2024, 0x02, 0x28, 0x23, 0x59, 0x58);
    b.advance(2 * NS);
    expect(time()).toEqual([0x20, 0x24, 0x02, 0x29, 0, 0, 0]);
    expect(read(6)).toBe(5);
    b.advance(86400n * BigInt(NS));
    expect(time()).toEqual([0x20, 0x24, 0x03, 0x01, 0, 0, 0]);
  });
  it("speaks binary and twelve hours", () => {
    setTime(0x2025, 0x12, 0x31, 0x13, 0x30, 0x00);
    write(0x0b, 0x04);
    expect([read(0x32), read(9), read(7), read(4), read(2)]).toEqual([20, 25, 31, 0x81, 30]);
  });
  it("stands still under SET", () => {
    setTime(0x2025, 0x01, 0x01, 0, 0, 0);
    write(0x0b, 0x82);
    b.advance(5 * NS);
    expect(read(0)).toBe(0);
    write(0x0b, 0x02);
    b.advance(NS);
    expect(read(0)).toBe(1);
  });
  it("stands still while the divider is in reset, and turns half a second after it is let go", () => {
    b.advance(123_456_789);
    write(0x0b, 0x02);
    write(0x0a, 0x76);
    setTime(0x2011, 0x02, 0x02, 2, 4, 0x58);
    b.advance(3 * NS);
    expect([read(0), read(0x0a) & 0x80, read(0x0c) & 0x10]).toEqual([0x58, 0, 0]);
    write(0x0a, 0x26);
    b.advance(NS / 2 - 244_140 - 1);
    expect([read(0), read(0x0a) & 0x80]).toEqual([0x58, 0]);
    b.advance(2);
    expect(read(0x0a) & 0x80).toBe(0x80);
    b.advance(244_140);
    expect([read(0), read(0x0a) & 0x80, read(0x0c) & 0x10]).toEqual([0x59, 0, 0x10]);
    b.advance(NS);
    expect([read(2), read(0)]).toEqual([5, 0]);
    redirect(8, 0x48);
    read(0x0c); write(0x0b, 0x12);
    b.advance(NS - 3);
    expect(taken()).toEqual([]);
    b.advance(3);
    expect(taken()).toEqual([0x48]);
  });
  it("interrupts at the chosen rate until C is read", () => {
    redirect(8, 0x48);
    write(0x0a, 0x26); write(0x0b, 0x42);
    b.advance(976_563);
    expect(taken()).toEqual([0x48]);
    b.advance(NS);
    expect(taken()).toEqual([]);
    expect(read(0x0c) & 0xc0).toBe(0xc0);
    let n = 0;
    for (let t = 0; t < 1000; t++) { b.advance(1_000_000); n += taken().length; read(0x0c); }
    expect(n).toBeGreaterThan(990);
    expect(n).toBeLessThanOrEqual(1000);
  });
  it("sounds the alarm at its second only", () => {
    redirect(8, 0x48);
    setTime(0x2025, 0x06, 0x01, 0x11, 0x59, 0x50);
    write(1, 0); write(3, 0); write(5, 0x12);
    write(0x0b, 0x22);
    b.advance(9n * BigInt(NS));
    expect(taken()).toEqual([]);
    b.advance(NS);
    expect(taken()).toEqual([0x48]);
    expect(read(0x0c) & 0xa0).toBe(0xa0);
  });
  it("passes over a gap of wall time at once, with the alarm in it", () => {
    redirect(8, 0x48);
    setTime(0x2025, 0x06, 0x01, 0x11, 0x59, 0x50);
    write(1, 0); write(3, 0); write(5, 0x12);
    write(0x0b, 0x22);
    b.call("shiftRtc", 30n * BigInt(NS) + 250_000_000n);
    expect(taken()).toEqual([0x48]);
    expect(time()).toEqual([0x20, 0x25, 0x06, 0x01, 0x12, 0, 0x20]);
    expect(read(0x0c) & 0xb0).toBe(0xb0);
    write(0x0b, 0x12);
    b.advance(NS * 3 / 4 - 1);
    expect(taken()).toEqual([]);
    b.advance(1);
    expect(taken()).toEqual([0x48]);
    expect(read(0)).toBe(0x21);
  });
  it("goes back with the host's clock", () => {
    setTime(0x2025, 0x06, 0x01, 0, 0, 0);
    b.call("shiftRtc", -1_500_000_000n);
    expect(time()).toEqual([0x20, 0x25, 0x05, 0x31, 0x23, 0x59, 0x58]);
    b.advance(NS / 2);
    expect(read(0)).toBe(0x59);
    b.call("shiftRtc", -(86400n * 400n * BigInt(NS)));
    expect(time()).toEqual([0x20, 0x24, 0x04, 0x26, 0x23, 0x59, 0x59]);
  });
  it("shows an update in progress before the second turns", () => {
    b.advance(NS - 245_000);
    expect(read(0x0a) & 0x80).toBe(0);
    b.advance(1_000);
    expect(read(0x0a) & 0x80).toBe(0x80);
    b.advance(244_140);
    expect(read(0x0a) & 0x80).toBe(0);
  });
});

describe("HPET", () => {
  const r64 = (o: number): bigint => BigInt.asUintN(64, b.m.exports.mmioRead!(BigInt(HPET + o), 8) as bigint);
  const w64 = (o: number, v: bigint): void => { b.m.exports.mmioWrite!(BigInt(HPET + o), 8, BigInt.asIntN(64, v)); };

  it("identifies itself with a 10 ns period", () => {
    expect(r64(0)).toBe(0x009896808086a201n);
    expect(b.read32(HPET + 4)).toBe(10_000_000);
  });
  it("counts while enabled, and keeps a written value", () => {
    w64(0xf0, 1000n);
    b.advance(1000);
    expect(r64(0xf0)).toBe(1000n);
    w64(0x10, 1n);
    b.advance(1005);
    expect(r64(0xf0)).toBe(1100n);
    w64(0x10, 0n);
    b.advance(1000);
    expect(r64(0xf0)).toBe(1100n);
  });
  it("fires a one-shot through its pin", () => {
    redirect(20, 0x52);
    w64(0x10, 1n);
    w64(0x128, 500n);
    w64(0x120, BigInt(20 << 9 | 4));
    b.advance(4999);
    expect(taken()).toEqual([]);
    b.advance(1);
    expect(taken()).toEqual([0x52]);
    b.advance(NS);
    expect(taken()).toEqual([]);
  });
  it("repeats, replacing the PIT", () => {
    redirect(2, 0x30);
    b.outb(0x43, 0x34); b.outb(0x40, 0xa9); b.outb(0x40, 4);
    w64(0x10, 3n);
    b.write32(HPET + 0x100, 0x14c);
    b.write32(HPET + 0x108, 100_000);
    b.write32(HPET + 0x108, 100_000);
    expect(countIn(100_000_000, 100_000)).toBe(100);
    expect(b.read32(HPET + 0x100) & 0x40).toBe(0);
    w64(0x10, 1n);
    taken();
    expect(countIn(100_000_000, 100_000)).toBeGreaterThanOrEqual(100);
  });
  it("holds a level until its status is cleared", () => {
    redirect(21, 0x8053);
    w64(0x10, 1n); w64(0x108, 10n); w64(0x100, BigInt(21 << 9 | 6));
    b.advance(100);
    expect(taken()).toEqual([0x53]);
    expect(taken()).toEqual([0x53]);
    expect(r64(0x20)).toBe(1n);
    w64(0x20, 1n);
    taken();
    expect(taken()).toEqual([]);
  });
  it("holds a hostile period to its floor", () => {
    w64(0x10, 1n);
    w64(0x100, 0x4cn);
    w64(0x108, 1n);
    const before = b.counter("timers fired");
    b.advance(100_000);
    expect(b.counter("timers fired") - before).toBeLessThanOrEqual(101);
  });
});

describe("ACPI PM", () => {
  it("counts at 3.579545 MHz in 32 bits", () => {
    b.advance(NS);
    expect(b.call("portRead", 0x608, 4)).toBe(3_579_545);
    b.call("jumpTo", 1300n * BigInt(NS));
    expect(b.call("portRead", 0x608, 4) >>> 0).toBe(1300 * 3_579_545 % 2 ** 32);
  });
  it("raises SCI when the timer turns over, if it may", () => {
    redirect(9, 0x8059);
    b.call("portWrite", 0x602, 2, 1);
    b.advance(599n * BigInt(NS));
    expect(b.call("portRead", 0x600, 2)).toBe(0);
    b.advance(2n * BigInt(NS));
    expect(taken()).toEqual([]);
    expect(b.call("portRead", 0x600, 2)).toBe(1);
    b.outb(0xb2, 2);
    expect(b.call("portRead", 0x604, 2)).toBe(1);
    expect(taken()[0]).toBe(0x59);
    b.call("portWrite", 0x600, 2, 1);
    taken();
    expect(taken()).toEqual([]);
  });
  it("powers off by SLP_EN with type 0 and no other", () => {
    b.call("portWrite", 0x604, 2, 5 << 10 | 1 << 13);
    expect(b.call("events") & 32).toBe(0);
    b.call("portWrite", 0x604, 2, 1 << 13);
    expect(b.call("events") & 32).toBe(32);
    expect(b.call("stopReason")).toBe(16);
    expect(b.call("portRead", 0x604, 2) & 1 << 13).toBe(0);
  });
  it("moves with PMBASE", () => {
    b.call("portWrite", 0xcf8, 4, 0x8000f840);
    b.call("portWrite", 0xcfc, 4, 0xb001);
    b.advance(NS);
    expect(b.call("portRead", 0x608, 4) >>> 0).toBe(0xffffffff);
    expect(b.call("portRead", 0xb008, 4)).toBe(3_579_545);
  });
});
