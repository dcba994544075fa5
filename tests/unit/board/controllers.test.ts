// The interrupt controllers: 8259 pair, local APIC, IOAPIC.
import { beforeEach, describe, expect, it } from "vitest";
import { makeBoard, type Board } from "./board.js";

const APIC = 0xfee00000, IOAPIC = 0xfec00000;
let b: Board;
beforeEach(async () => { b = await makeBoard(); });

function initPic(): void {
  for (const [base, vector, cascade] of [[0x20, 0x20, 4], [0xa0, 0x28, 2]] as const) {
    b.outb(base, 0x11); b.outb(base + 1, vector); b.outb(base + 1, cascade); b.outb(base + 1, 1); b.outb(base + 1, 0);
  }
}
function enableApic(): void { b.write32(APIC + 0xf0, 0x1ff); }
function redirect(pin: number, low: number): void {
  b.write32(IOAPIC, 0x11 + 2 * pin); b.write32(IOAPIC + 16, 0);
  b.write32(IOAPIC, 0x10 + 2 * pin); b.write32(IOAPIC + 16, low);
}
function entry(pin: number): number { b.write32(IOAPIC, 0x10 + 2 * pin); return b.read32(IOAPIC + 16); }

describe("8259", () => {
  beforeEach(() => { b.call("enterVirtualWire"); initPic(); });
  it("gives vectors by priority, one in service at a time", () => {
    b.call("drive", 4, 1); b.call("drive", 1, 1);
    expect(b.takeAll()).toEqual([0x21]);
    b.outb(0x20, 0x20);
    expect(b.takeAll()).toEqual([0x24]);
  });
  it("lets a higher request in above one in service", () => {
    b.call("drive", 4, 1);
    expect(b.takeAll()).toEqual([0x24]);
    b.call("drive", 0, 0); b.call("drive", 0, 1);
    expect(b.takeAll()).toEqual([0x20]);
    b.outb(0x20, 0x0b);
    expect(b.inb(0x20)).toBe(0x11);
  });
  it("cascades the slave", () => {
    b.call("drive", 12, 1);
    expect(b.takeAll()).toEqual([0x2c]);
    b.outb(0xa0, 0x0b);
    expect(b.inb(0xa0)).toBe(0x10);
    b.outb(0x20, 0x0b);
    expect(b.inb(0x20)).toBe(4);
  });
  it("takes an edge once, a level again after its EOI", () => {
    b.outb(0x4d0, 0xff);
    expect(b.inb(0x4d0)).toBe(0xf8);
    b.call("drive", 5, 1); b.call("drive", 1, 1);
    expect(b.takeAll()).toEqual([0x21]);
    b.outb(0x20, 0x20);
    expect(b.takeAll()).toEqual([0x25]);
    b.outb(0x20, 0x20);
    expect(b.takeAll()).toEqual([0x25]);
    b.call("drive", 5, 0);
    b.outb(0x20, 0x20);
    expect(b.waiting()).toBe(false);
  });
  it("drops a masked request, and one that falls before it is taken", () => {
    b.outb(0x21, 0x02);
    b.call("drive", 1, 1);
    expect(b.waiting()).toBe(false);
    b.call("drive", 3, 1); b.call("drive", 3, 0);
    expect(b.waiting()).toBe(false);
    b.outb(0x21, 0);
    expect(b.takeAll()).toEqual([0x21]);
  });
  it("is silent behind a masked LINT0", () => {
    b.write32(APIC + 0x350, 0x10700);
    b.call("drive", 1, 1);
    expect(b.waiting()).toBe(false);
    b.write32(APIC + 0x350, 0x700);
    expect(b.waiting()).toBe(true);
  });
  it("answers a poll", () => {
    b.call("drive", 3, 1);
    b.outb(0x20, 0x0c);
    expect(b.inb(0x20)).toBe(0x83);
    b.outb(0x20, 0x0c);
    expect(b.inb(0x20)).toBe(0);
  });
});

describe("local APIC", () => {
  it("resets software-disabled with every LVT entry masked", () => {
    expect(b.read32(APIC + 0x30)).toBe(0x50014);
    expect(b.read32(APIC + 0xf0)).toBe(0xff);
    for (const lvt of [0x320, 0x330, 0x340, 0x350, 0x360, 0x370]) {
      expect(b.read32(APIC + lvt)).toBe(0x10000);
      b.write32(APIC + lvt, 0x31);
      expect(b.read32(APIC + lvt)).toBe(0x10031);
    }
  });
  it("holds a vector back under the task priority", () => {
    enableApic();
    b.write32(APIC + 0x80, 0x40);
    b.write32(APIC + 0x300, 0x44031);
    expect(b.waiting()).toBe(false);
    b.call("writeCr8", 2n);
    expect(b.read32(APIC + 0x80)).toBe(0x20);
    expect(b.waiting()).toBe(true);
    expect(b.takeAll()).toEqual([0x31]);
    expect(b.read32(APIC + 0xa0)).toBe(0x30);
    b.write32(APIC + 0x300, 0x44035);
    expect(b.waiting()).toBe(false);
    b.write32(APIC + 0xb0, 0);
    expect(b.takeAll()).toEqual([0x35]);
  });
  it("reports an illegal vector through ESR and the error entry", () => {
    enableApic();
    b.write32(APIC + 0x370, 0xee);
    b.write32(APIC + 0x300, 0x40005);
    expect(b.takeAll()).toEqual([0xee]);
    expect(b.read32(APIC + 0x280)).toBe(0);
    b.write32(APIC + 0x280, 0);
    expect(b.read32(APIC + 0x280)).toBe(0x20);
  });
  it("takes messages for it and no others", () => {
    enableApic();
    b.call("sendMsi", 0xfee00000n, 0x51);
    b.call("sendMsi", 0xfee05000n, 0x61);
    b.call("sendMsi", 0xfeeff000n, 0x71);
    expect(b.takeAll()).toEqual([0x71]);
    b.write32(APIC + 0xb0, 0);
    expect(b.takeAll()).toEqual([0x51]);
  });
  it("turns into an x2APIC and refuses what one refuses", () => {
    const base = b.m.exports.apicReadMsr!(0x1b) as bigint;
    expect(base).toBe(0xfee00900n);
    expect(b.call("apicWriteMsr", 0x1b, base | 0x400n)).toBe(1);
    expect(b.read32(APIC + 0x30)).toBe(0xffffffff);
    expect(b.call("apicReadMsr", 0x803)).toBe(0x50014);
    expect(b.call("apicReadMsr", 0x80d)).toBe(1);
    expect(b.call("apicWriteMsr", 0x80f, 0x1ffn)).toBe(1);
    expect(b.call("apicWriteMsr", 0x80f, 0x3ffn)).toBe(0);
    expect(b.call("apicWriteMsr", 0x80b, 1n)).toBe(0);
    expect(b.call("apicHasMsr", 0x80e)).toBe(0);
    expect(b.call("apicHasMsr", 0x80b)).toBe(0);
    expect(b.call("apicWriteMsr", 0x83f, 0x99n)).toBe(1);
    expect(b.takeAll()).toEqual([0x99]);
    expect(b.call("apicWriteMsr", 0x1b, base)).toBe(0);
    expect(b.call("apicWriteMsr", 0x1b, 0xfee00000n)).toBe(1);
    expect(b.call("apicWriteMsr", 0x1b, base | 0x400n)).toBe(0);
    expect(b.call("apicWriteMsr", 0x1b, base)).toBe(1);
    expect(b.read32(APIC + 0xf0)).toBe(0xff);
  });
});

describe("local APIC timer", () => {
  beforeEach(() => enableApic());
  it("counts once, by its divider", () => {
    b.write32(APIC + 0x3e0, 0xb);
    b.write32(APIC + 0x320, 0x40);
    b.write32(APIC + 0x380, 5000);
    b.advance(1000);
    expect(b.read32(APIC + 0x390)).toBe(4000);
    b.advance(3999);
    expect(b.takeAll()).toEqual([]);
    b.advance(1);
    expect(b.takeAll()).toEqual([0x40]);
    expect(b.read32(APIC + 0x390)).toBe(0);
  });
  it("repeats, and a divider of 16 stretches it", () => {
    b.write32(APIC + 0x3e0, 3);
    b.write32(APIC + 0x320, 0x20040);
    b.write32(APIC + 0x380, 1000);
    for (let i = 0; i < 5; i++) {
      b.advance(15999);
      expect(b.takeAll()).toEqual([]);
      b.advance(1);
      expect(b.takeAll()).toEqual([0x40]);
      b.write32(APIC + 0xb0, 0);
    }
  });
  it("fires at a TSC deadline, moved with the TSC", () => {
    b.write32(APIC + 0x320, 0x40040);
    b.call("apicWriteMsr", 0x6e0, 10_000n);
    expect(b.call("apicReadMsr", 0x6e0)).toBe(10_000);
    b.call("writeTsc", 4000n);
    b.advance(2399);
    expect(b.waiting()).toBe(false);
    b.advance(1);
    expect(b.takeAll()).toEqual([0x40]);
    expect(b.call("apicReadMsr", 0x6e0)).toBe(0);
    b.write32(APIC + 0xb0, 0);
    b.call("apicWriteMsr", 0x6e0, 5n);
    expect(b.takeAll()).toEqual([0x40]);
  });
  it("holds a one-count periodic timer to its floor", () => {
    b.write32(APIC + 0x3e0, 0xb);
    b.write32(APIC + 0x320, 0x20040);
    b.write32(APIC + 0x380, 1);
    const before = b.counter("timers fired");
    b.advance(100_000);
    expect(b.counter("timers fired") - before).toBe(100);
  });
});

describe("IOAPIC", () => {
  beforeEach(() => enableApic());
  it("resets with 24 masked pins", () => {
    b.write32(IOAPIC, 1);
    expect(b.read32(IOAPIC + 16)).toBe(0x170020);
    for (let pin = 0; pin < 24; pin++) expect(entry(pin)).toBe(0x10000);
  });
  it("sends an edge once, line 0 by pin 2", () => {
    redirect(2, 0x30);
    b.call("drive", 0, 0); b.call("drive", 0, 1);
    expect(b.takeAll()).toEqual([0x30]);
    b.write32(APIC + 0xb0, 0);
    expect(b.waiting()).toBe(false);
    b.call("drive", 0, 0); b.call("drive", 0, 1);
    expect(b.takeAll()).toEqual([0x30]);
  });
  it("repeats a level after its EOI while the line is up", () => {
    redirect(20, 0x8055);
    b.call("drive", 20, 1);
    expect(b.takeAll()).toEqual([0x55]);
    expect(entry(20) & 0x4000).toBe(0x4000);
    b.write32(APIC + 0xb0, 0);
    expect(b.takeAll()).toEqual([0x55]);
    b.call("drive", 20, 0);
    b.write32(APIC + 0xb0, 0);
    expect(b.waiting()).toBe(false);
    expect(entry(20) & 0x4000).toBe(0);
  });
  it("sends a waiting level when it is unmasked", () => {
    redirect(16, 0x18060);
    b.call("drive", 16, 1);
    expect(b.waiting()).toBe(false);
    redirect(16, 0x8060);
    expect(b.takeAll()).toEqual([0x60]);
  });
});
