// The device floor itself: bus splitting, clock, DMA, register tables, regions, debug ports, fw_cfg.
import { beforeEach, describe, expect, it } from "vitest";
import { text } from "../../support/compile.js";
import { makeBoard, type Board } from "./board.js";
import { checkRows, tryRows } from "./register-table.js";

let b: Board;
beforeEach(async () => { b = await makeBoard(); });

describe("buses", () => {
  it("split wide accesses to byte registers", () => {
    b.call("portWrite", 0x3fe, 2, 0x5a00);
    expect(b.inb(0x3ff)).toBe(0x5a);
    expect(b.call("portRead", 0x3fe, 2)).toBe(0x5ab0);
    expect(b.counter("com1", "writes")).toBe(2);
  });
  it("straddle the end of a device", () => {
    b.outb(0x3ff, 0x77);
    expect(b.call("portRead", 0x3ff, 4) >>> 0).toBe(0xffffff77);
    expect(b.call("portRead", 0xffff, 4) >>> 0).toBe(0xffffffff);
    expect(b.counter("unmapped reads")).toBeGreaterThanOrEqual(7);
  });
  it("cut narrow and crooked reads out of a dword register, and drop such writes", () => {
    expect(b.call("mmioRead", 0xfee00031n, 1)).toBe(0);
    expect(b.call("mmioRead", 0xfee00032n, 1)).toBe(5);
    expect(b.call("mmioRead", 0xfee00032n, 2)).toBe(5);
    b.m.exports.mmioWrite!(0xfee00080n, 1, 0x40n);
    expect(b.read32(0xfee00080)).toBe(0);
    expect(b.counter("writes too narrow for the device")).toBe(1);
  });
  it("give ones where nothing is", () => {
    expect(b.read32(0xd0000000)).toBe(0xffffffff);
    expect(b.m.exports.mmioRead!(0xffff_ffff_ffff_fffcn, 8)).toBe(-1n);
  });
});

/** A rate of whole ns a tick. */
const ns = (n: number): bigint => BigInt(n) << 20n;

describe("clock", () => {
  it("scales ticks by its rate and keeps time across a change", () => {
    b.call("setTicks", 1000n);
    expect(b.call("setRate", ns(3) / 2n)).toBe(1);
    b.call("setTicks", 2000n);
    expect(b.now()).toBe(2500n);
    expect(b.call("setRate", 0n)).toBe(0);
    expect(b.call("setRate", (1n << 36n) + 1n)).toBe(0);
    b.call("charge", 100n);
    expect(b.now()).toBe(2600n);
    b.call("jumpTo", 10_000n);
    expect(b.now()).toBe(10_000n);
    b.call("jumpTo", 5n);
    expect(b.now()).toBe(10_000n);
  });
  it("lowers the loop's limit for a nearer deadline, exactly", () => {
    b.call("setRate", ns(3));
    b.write32(0xfee000f0, 0x1ff); b.write32(0xfee003e0, 0xb); b.write32(0xfee00320, 0x40);
    b.write32(0xfee00380, 1000);
    expect(b.call("limit")).toBe(334);
    b.call("setTicks", 333n); b.call("runTimers");
    expect(b.takeAll()).toEqual([]);
    b.call("setTicks", 334n); b.call("runTimers");
    expect(b.takeAll()).toEqual([0x40]);
    expect(b.m.exports.limit!()).toBe(1n << 62n);
  });
  it("does not overflow after centuries", () => {
    const rate = ns(1) + 12345n;
    b.call("setRate", rate);
    b.call("setTicks", 1n << 62n);
    expect(b.now()).toBe((1n << 62n) * rate >> 20n);
  });
  it("loses nothing by changes of the rate, and stops at the first tick of a deadline", () => {
    const rates = [1n << 17n, ns(64), 131_073n, ns(1), 1_048_577n, 999_999n, 3_333_333n, 1n << 36n];
    let ticks = 0n, scaled = 0n;
    for (let round = 0; round < 400; round++) {
      const rate = rates[round % rates.length]!, step = BigInt(round * 7919 % 5000);
      expect(b.call("setRate", rate)).toBe(1);
      expect(b.now()).toBe(scaled >> 20n);
      const deadline = b.now() + 1n + BigInt(round * 104_729 % 100_000);
      b.m.exports.setTimer!(20, deadline);
      const due = BigInt.asUintN(64, b.m.exports.nextDeadline!() as bigint);
      const at = (tick: bigint): bigint => (scaled + (tick - ticks) * rate) >> 20n;
      expect([at(due) >= deadline, at(due - 1n) < deadline]).toEqual([true, true]);
      ticks += step;
      scaled += step * rate;
      b.call("setTicks", ticks);
      expect(b.now()).toBe(scaled >> 20n);
    }
  });
  it("keeps the TSC at 2.5 GHz against every other counter, whatever the rate", () => {
    const HPET = 0xfed00000n;
    b.m.exports.mmioWrite!(HPET + 0x10n, 8, 1n);
    let ticks = 0n;
    for (const rate of [ns(1), ns(64), 1n << 17n, 7_777_777n, ns(1024)]) {
      b.call("setRate", rate);
      ticks += 1_000_003n;
      b.call("setTicks", ticks);
      const now = b.now(), tsc = BigInt.asUintN(64, b.m.exports.readTsc!() as bigint);
      expect(tsc).toBe(now * 5n / 2n);
      expect(BigInt.asUintN(64, b.m.exports.mmioRead!(HPET + 0xf0n, 8) as bigint)).toBe(now / 10n);
      expect(b.call("portRead", 0x608, 4) >>> 0).toBe(Number(now * 3_579_545n / 1_000_000_000n));
    }
  });
  it("finds the ns at which the TSC reaches a value", () => {
    b.call("setTicks", 1001n);
    b.call("writeTsc", 77n);
    for (let value = 60n; value < 200n; value++) {
      const at = BigInt.asUintN(64, b.m.exports.tscToNs!(value) as bigint), tscAt = (n: bigint): bigint => n * 5n / 2n - 1001n * 5n / 2n + 77n;
      expect([tscAt(at) >= value, value <= 77n || tscAt(at - 1n) < value]).toEqual([true, true]);
      if (value <= 77n) expect(at).toBe(1001n);
    }
    expect(BigInt.asUintN(64, b.m.exports.tscToNs!(-1n) as bigint)).toBeGreaterThan(7n * 10n ** 18n);
  });
  it("goes on over a reset, with the TSC at zero", () => {
    b.call("setTicks", 5000n);
    b.call("resetChipset"); b.call("resetPci");
    expect(b.now()).toBe(5000n);
    expect(b.call("readTsc")).toBe(0);
  });
});

describe("DMA", () => {
  const END = 1 << 20;
  it("reaches RAM and nothing else", () => {
    expect(b.call("dmaWrite32", 8, 0x1000n, 0x12345678)).toBe(1);
    expect(b.call("dmaRead32", 8, 0x1000n)).toBe(0x12345678);
    expect(b.call("dmaFailed")).toBe(0);
    for (const address of [BigInt(END), 0xfee00000n, 0xffff_ffff_ffff_fffcn]) {
      expect(b.call("dmaRead32", 8, address) >>> 0).toBe(0xffffffff);
      expect(b.call("dmaFailed")).toBe(1);
      expect(b.call("dmaWrite32", 8, address, 1)).toBe(0);
    }
    expect(b.call("dmaFailed")).toBe(1);
    expect(b.counter("DMA aborts")).toBe(6);
  });
  it("moves what it can over the end of RAM", () => {
    b.call("dmaWrite32", 8, BigInt(END - 4), -1);
    expect(b.call("dmaWrite32", 8, BigInt(END - 2), 0x11223344)).toBe(0);
    expect(b.call("dmaRead32", 8, BigInt(END - 4)) >>> 0).toBe(0x3344ffff);
  });
});

describe("register tables", () => {
  it("keep every row inside its block, and its reset value inside its width", () => { expect(checkRows(b.m)).toBeGreaterThan(80); });
  it("reset, mask and protect every register without hooks", () => { expect(tryRows(b.m)).toBeGreaterThan(60); });
  it("touch a register once for a wide access, and only the written lanes", () => {
    const word = b.call("testBlock");
    const read = (o: number, n: number): number => b.call("readScratch", word, o, n);
    const write = (o: number, n: number, v: bigint): void => { b.call("writeScratch", word, o, n, v); };
    b.call("resetScratch", word);
    expect(read(0, 8)).toBe(0x00bb_1234);
    write(1, 2, 0xffffn);
    expect(read(0, 4)).toBe(0xffff34);
    expect(read(8, 1)).toBe(0x7f);
    expect(read(8, 1)).toBe(0);
    b.call("resetScratch", word);
    write(9, 1, 0x0fn);
    expect(read(9, 1)).toBe(0xf0);
    write(10, 1, 0x55n);
    expect(read(10, 1)).toBe(0);
    expect(read(100, 8)).toBe(0);
  });
});

describe("regions", () => {
  it("chain without gaps from zero to RAM, each named once", () => {
    const names = new Set<string>();
    let end = 0;
    for (let i = 0; i < b.call("regionCount"); i++) {
      const base = b.call("regionBase", i);
      names.add(text(b.m, b.call("regionName", i)));
      expect(base - end, [...names].pop()).toBeLessThan(65536);
      expect(base).toBeGreaterThanOrEqual(end);
      if (i < b.call("regionCount") - 1) expect(base).toBe(end);
      end = base + b.call("regionSize", i);
    }
    expect(names.size).toBe(b.call("regionCount"));
  });
});

describe("a snapshot", () => {
  it("of the state regions goes on in another instance, moved devices and armed timers too", async () => {
    const setUp = (x: Board): void => {
      x.call("portWrite", 0xcf8, 4, 0x8000f840); x.call("portWrite", 0xcfc, 4, 0xb001);
      x.write32(0xfee000f0, 0x1ff); x.write32(0xfee003e0, 0xb); x.write32(0xfee00320, 0x20040); x.write32(0xfee00380, 5000);
      for (const c of "abc") x.outb(0x3f8, c.charCodeAt(0));
    };
    const probe = (x: Board): unknown[] => [
      x.call("portRead", 0xb008, 4), x.call("portRead", 0x608, 4), x.read32(0xfee00390), x.readRing(0), x.now(), x.read32(0xb00f8040),
    ];
    setUp(b);
    b.advance(12_345);
    const copy = await makeBoard();
    for (let i = 0; i < b.call("regionCount") - 2; i++) {
      if (b.call("regionKind", i) !== 0) continue;
      const base = b.call("regionBase", i), size = b.call("regionSize", i);
      new Uint8Array(copy.m.memory.buffer, base, size).set(new Uint8Array(b.m.memory.buffer, base, size));
    }
    copy.call("attachChipset"); copy.call("attachPci");
    expect(probe(copy)).toEqual(probe(b));
    expect(copy.call("portRead", 0xb008, 4)).not.toBe(-1);
    b.takeAll(); copy.takeAll();
    b.write32(0xfee000b0, 0); copy.write32(0xfee000b0, 0);
    b.advance(2654); copy.advance(2654);
    expect(copy.takeAll()).toEqual([]);
    b.advance(1); copy.advance(1);
    expect(copy.takeAll()).toEqual([0x40]);
    expect(b.takeAll()).toEqual([0x40]);
  });
});

describe("debug ports", () => {
  it("carry a console and end the machine", () => {
    expect(b.inb(0xe9)).toBe(0xe9);
    for (const c of "ok") b.outb(0xe9, c.charCodeAt(0));
    expect(b.readRing(8)).toBe("ok");
    b.call("portWrite", 0x501, 4, 0x10);
    expect(b.call("stopReason")).toBe(18);
    expect(b.call("exitCode")).toBe(0x21);
  });
});

describe("pvpanic", () => {
  it("offers one event, which stops the machine; other bits do nothing", () => {
    expect(b.inb(0x505)).toBe(1);
    b.outb(0x505, 0xfe);
    expect(b.call("stopReason")).toBe(0);
    b.outb(0x505, 3);
    expect(b.call("stopReason")).toBe(19);
  });
});

describe("fw_cfg", () => {
  const AT = 0x4000;
  function item(key: number): void { b.call("portWrite", 0x510, 2, key); }
  function dma(control: number, length: number, address: number): number {
    const ram = b.call("ramBase"), v = b.m.view;
    v.setUint32(ram + AT, control); v.setUint32(ram + AT + 4, length); v.setBigUint64(ram + AT + 8, BigInt(address));
    b.call("portWrite", 0x514, 4, 0);
    b.call("portWrite", 0x518, 4, swap(AT));
    return v.getUint32(ram + AT);
  }
  const swap = (v: number): number => ((v & 0xff) << 24 | (v & 0xff00) << 8 | v >>> 8 & 0xff00 | v >>> 24) >>> 0;

  it("shows its signature and features", () => {
    item(0);
    expect(String.fromCharCode(b.inb(0x511), b.inb(0x511), b.inb(0x511), b.inb(0x511))).toBe("QEMU");
    expect(b.inb(0x511)).toBe(0);
    item(1);
    expect(b.inb(0x511)).toBe(3);
    expect(b.call("portRead", 0x514, 4) >>> 0).toBe(0x554d4551);
  });
  it("gives items by port and by DMA, zeros past their end", () => {
    const at = b.call("ramBase") + 0x8000;
    new Uint8Array(b.m.memory.buffer).set([1, 2, 3, 4], at);
    expect(b.call("addFwItem", 0x21, at - b.call("firmwareBase"), 4)).toBe(1);
    item(0x21);
    expect([b.inb(0x511), b.inb(0x511)]).toEqual([1, 2]);
    b.call("dmaWrite32", 0, 0x9004n, -1);
    expect(dma(0x21 << 16 | 8 | 2, 8, 0x9000)).toBe(0);
    expect(b.call("dmaRead32", 0, 0x9000n)).toBe(0x04030201);
    expect(b.call("dmaRead32", 0, 0x9004n)).toBe(0);
    expect(dma(0x21 << 16 | 8 | 2, 0xffffffff, 0x9000)).toBe(1);
    expect(dma(0x21 << 16 | 8 | 2, 4, 0x200000)).toBe(1);
  });
  it("goes on by turns where an item asks for more than the allowance, and a reset ends it", () => {
    const MiB = 1 << 20, ask = 0x23 << 16 | 8 | 2, worst = (): number => Math.max(...spent), spent: number[] = [];
    b.call("setRamSize", BigInt(64 * MiB));
    b.m.memory.grow(64 * 16);
    b.m.view = new DataView(b.m.memory.buffer);
    const from = b.call("ramBase") + 0x10000, to = 32 * MiB, bytes = 24 * MiB;
    b.m.view.setUint32(from + bytes - 4, 0x1234_5678);
    b.call("addFwItem", 0x23, from - b.call("firmwareBase"), bytes);
    const cost = (act: () => number): number => { const before = b.counter("device work"), got = act(); spent.push(b.counter("device work") - before); return got; };
    expect(cost(() => dma(ask, bytes, to))).toBe(ask);
    // Asked meanwhile, it does not hear.
    expect(dma(0x24 << 16 | 8 | 4, 1, to)).toBe(0x24 << 16 | 8 | 4);
    const control = (): number => b.m.view.getUint32(b.call("ramBase") + AT);
    b.m.view.setUint32(b.call("ramBase") + AT, ask);
    for (let i = 0; i < 100 && control() !== 0; i++) cost(() => { b.advance(20_000); return 0; });
    expect([control(), b.m.view.getUint32(b.call("ramBase") + to + bytes - 4)]).toEqual([0, 0x1234_5678]);
    expect(worst()).toBeLessThan(100_000 + 20_000);
    b.advance(1_000_000);
    expect(dma(ask, bytes, to)).toBe(ask);
    b.call("resetChipset");
    expect(cost(() => { b.advance(10_000_000); return 0; })).toBe(0);
    expect(spent.at(-1)).toBe(0);
  });
});
