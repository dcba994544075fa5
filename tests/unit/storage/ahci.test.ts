// AHCI by its specification (1.3.1): reset and signatures, transfers by PIO, DMA and native queuing, errors and recovery, interrupts, packets; and what a hostile driver may ask.
import { describe, expect, it } from "vitest";
import { Ahci, AT, IS, makeAhci, P, R } from "./ahci-driver.js";
import { pattern } from "./machine.js";

const DISK = 4 << 20;
async function disk(options: Partial<{ readOnly: boolean; writethrough: boolean }> = {}): Promise<{ d: Ahci; bytes: Uint8Array }> {
  const bytes = pattern(DISK), d = await makeAhci([{ port: 1, bytes, ...options }]);
  d.start();
  return { d, bytes };
}
async function cd(blocks = 100): Promise<{ d: Ahci; bytes: Uint8Array }> {
  const bytes = pattern(blocks * 2048), d = await makeAhci([{ port: 2, cd: true, bytes }]);
  d.start();
  return { d, bytes };
}

describe("the function", () => {
  it("is ICH9's, with six ports of which those with a drive have a link", async () => {
    const d = await makeAhci([{ port: 1, bytes: new Uint8Array(DISK) }]);
    expect([d.m.config(0), d.m.config(8), d.m.capabilities(), d.m.config(0x3d, 1)]).toEqual([0x29228086, 0x01060102, [[5, 0x80], [0x12, 0xa8]], 1]);
    expect([d.get(R.CAP), d.get(R.GHC), d.get(R.PI), d.get(R.VS)]).toEqual([0xc0141f05, 0x80000000, 0x3f, 0x10000]);
    expect([0, 1, 2, 5].map((port) => new Ahci(d.m, port).px(P.SSTS))).toEqual([0, 0x113, 0, 0]);
  });
  it("shows its registers by index and data too", async () => {
    const { d } = await disk(), ports = d.m.config(0x20) & ~3;
    d.m.out(ports + 0x10, R.PI, 4);
    expect([d.m.in(ports + 0x10, 4), d.m.in(ports + 0x14, 4)]).toEqual([R.PI, 0x3f]);
  });
});

describe("a port", () => {
  it("tells the device's signature when it receives, of a disk and of a CD-ROM drive", async () => {
    const d = await makeAhci([{ port: 1, bytes: new Uint8Array(DISK) }]);
    expect([d.px(P.SIG), d.px(P.TFD)]).toEqual([0xffffffff, 0x7f]);
    d.setPx(P.FB, AT.FIS);
    d.setPx(P.CMD, 0x16);
    expect([d.px(P.SIG), d.px(P.TFD), d.px(P.IS), d.m.bytes(AT.FIS + 0x40, 4)]).toEqual([0x101, 0x150, IS.DHRS, new Uint8Array([0x34, 0x40, 0x50, 1])]);
    const other = await cd();
    expect(other.d.px(P.SIG)).toBe(0xeb140101);
  });
  it("COMRESET and a software reset tell it again; a reset of the controller takes everything back", async () => {
    const { d } = await disk();
    d.setPx(P.SCTL, 1); d.setPx(P.SIG, 0);
    d.setPx(P.SCTL, 0);
    expect([d.px(P.SIG), d.px(P.IS) & IS.DHRS]).toEqual([0x101, 1]);
    d.setPx(P.IS, 0xffffffff);
    for (const up of [4, 0]) {
      d.prepare(0, { command: 0 });
      d.m.put(AT.TABLES, [0x27, 0]); d.m.set8(AT.TABLES + 15, up);
      d.issue(1);
      expect([d.px(P.CI), d.px(P.IS)]).toEqual([0, up ? 0 : IS.DHRS]);
    }
    d.set(R.GHC, 3);
    expect([d.get(R.GHC), d.px(P.CMD), d.px(P.CLB), d.px(P.SIG), d.px(P.SSTS)]).toEqual([0x80000000, 6, 0, 0xffffffff, 0x113]);
  });
  it("takes no command while it does not run, and forgets those that wait when it is stopped", async () => {
    const { d } = await disk();
    d.setPx(P.CMD, 0x16);
    d.prepare(0, { command: 0xec });
    d.issue(1);
    expect([d.px(P.CI), d.px(P.CMD) & 0xc000]).toEqual([0, 0x4000]);
    d.setPx(P.CMD, 0x17);
    d.prepare(0, { command: 0x25, count: 8 });
    d.issue(1);
    expect([d.px(P.CI), d.px(P.TFD) & 0x80]).toEqual([1, 0x80]);
    d.setPx(P.CMD, 0x16);
    d.m.settle(5);
    expect([d.px(P.CI), d.px(P.IS)]).toEqual([0, 0]);
  });
});

describe("commands", () => {
  it("IDENTIFY by PIO: PIO setup and registers, its text and size, queuing", async () => {
    const { d } = await disk();
    expect(d.run({ command: 0xec })).toEqual({ status: 0x50, error: 0, moved: 512 });
    const w = d.words();
    expect([w(0), w(47), w(49), w(60) | w(61) << 16, w(75), w(76), w(83) & 0x7400, w(85) & 0x20, w(100)]).toEqual([0x40, 0x8010, 0xb00, DISK / 512, 31, 0x100, 0x7400, 0x20, DISK / 512]);
    expect(Buffer.from(d.m.bytes(AT.DATA + 54, 16)).swap16().toString()).toBe("PINTAIL HARDDISK");
    expect([d.px(P.IS), d.m.bytes(AT.FIS + 0x20, 4), d.m.get16(AT.FIS + 0x30)]).toEqual([IS.DHRS | IS.PSS, new Uint8Array([0x5f, 0x60, 0x58, 0]), 512]);
  });
  it.each([["READ SECTORS", 0x20, 1], ["READ SECTORS EXT", 0x24, 9], ["READ MULTIPLE EXT", 0x29, 40], ["READ DMA", 0xc8, 200], ["READ DMA EXT", 0x25, 3000]])("%s reads", async (_, command, count) => {
    const { d, bytes } = await disk();
    expect(d.run({ command, lba: 77, count: count & 0xffff, pieces: [[AT.DATA, 1024], [AT.DATA + 1024, 512 * 3000]] })).toEqual({ status: 0x50, error: 0, moved: 512 * count });
    expect(Buffer.compare(d.m.bytes(AT.DATA, 512 * count), bytes.subarray(77 * 512, (77 + count) * 512))).toBe(0);
  });
  it.each([["WRITE SECTORS", 0x30], ["WRITE MULTIPLE", 0xc5], ["WRITE DMA", 0xca], ["WRITE DMA EXT", 0x35], ["WRITE DMA FUA EXT", 0x3d]])("%s writes, from odd pieces", async (_, command) => {
    const { d, bytes } = await disk(), data = pattern(512 * 3, 9);
    d.m.put(AT.DATA, data);
    expect(d.run({ command, lba: 5, count: 3, write: true, pieces: [[AT.DATA, 2], [AT.DATA + 2, 600], [AT.DATA + 602, 2000]] })).toMatchObject({ status: 0x50, moved: 1536 });
    expect(Buffer.compare(bytes.subarray(5 * 512, 8 * 512), data)).toBe(0);
  });
  it("flush, and a cache that is off writes through", async () => {
    const { d } = await disk();
    expect([d.run({ command: 0xea, pieces: [] }).status, d.m.asked]).toEqual([0x50, [4]]);
    expect(d.run({ command: 0xef, feature: 0x82, pieces: [] }).status).toBe(0x50);
    d.run({ command: 0xec });
    expect([d.words()(85) & 0x20, d.m.asked]).toEqual([0, [4, 4]]);
  });
  it("CHS addresses, and where a read ended", async () => {
    const { d, bytes } = await disk();
    d.prepare(0, { command: 0xc8, device: 3 });
    d.m.put(AT.TABLES + 4, [5, 2, 0, 3]);
    d.issue(1);
    d.m.settle(5);
    const sector = (2 * 16 + 3) * 63 + 4;
    expect(Buffer.compare(d.m.bytes(AT.DATA, 512), bytes.subarray(sector * 512, sector * 512 + 512))).toBe(0);
    expect([...d.m.bytes(AT.FIS + 0x44, 4)].map((one) => one & 15)).toEqual([6, 2, 0, 3]);
  });
  it("TRIM discards ranges, and refuses one outside the disk", async () => {
    const { d, bytes } = await disk(), kept = bytes.slice(12 * 512, 100 * 512);
    d.m.put(AT.DATA, new Uint8Array(512));
    d.m.set64(AT.DATA, 8n | 4n << 48n); d.m.set64(AT.DATA + 16, 100n | 2n << 48n);
    expect(d.run({ command: 0x06, feature: 1, count: 1, write: true }).status).toBe(0x50);
    expect([bytes.subarray(8 * 512, 12 * 512).some(Boolean), Buffer.compare(bytes.subarray(12 * 512, 100 * 512), kept), bytes.subarray(100 * 512, 102 * 512).some(Boolean)]).toEqual([false, 0, false]);
    d.m.set64(AT.DATA, BigInt(DISK / 512) | 1n << 48n);
    expect(d.run({ command: 0x06, feature: 1, count: 1, write: true })).toMatchObject({ status: 0x41, error: 0x10 });
  });
  it("what is not there is aborted, what is not on the disk not found; the port then waits to begin anew", async () => {
    const { d } = await disk();
    expect(d.run({ command: 0x99 ^ 0x66 })).toMatchObject({ status: 0x41, error: 4 });
    expect([d.px(P.IS) & IS.TFES, d.px(P.CI)]).toEqual([IS.TFES, 1]);
    d.prepare(1, { command: 0xec });
    d.issue(2);
    expect(d.px(P.CI)).toBe(3);
    d.recover();
    expect(d.run({ command: 0x25, lba: DISK / 512 - 1, count: 2 })).toMatchObject({ status: 0x41, error: 0x10 });
    d.recover();
    expect(d.run({ command: 0x25, lba: DISK / 512 - 1 }).status).toBe(0x50);
  });
  it("a read-only disk refuses writes; an error of the host is one of the medium", async () => {
    const { d } = await disk({ readOnly: true });
    expect(d.run({ command: 0x35, write: true })).toMatchObject({ status: 0x41, error: 0x44 });
    d.recover();
    d.m.failing.add(0);
    expect(d.run({ command: 0x25 })).toMatchObject({ status: 0x41, error: 0x40 });
  });
  it("a list that is too short ends the transfer where it ends", async () => {
    const { d } = await disk();
    expect(d.run({ command: 0x25, count: 8, pieces: [[AT.DATA, 1024]] })).toMatchObject({ status: 0x50, moved: 1024 });
    expect(d.px(P.IS) & IS.OFS).toBe(IS.OFS);
  });
  it("lists, tables and buffers outside memory are a host bus error", async () => {
    for (const spoil of [(d: Ahci) => d.setPx(P.CLBU, 0x100), (d: Ahci) => d.m.set32(AT.LIST + 8, 0xf0000000), (d: Ahci) => d.m.set64(AT.TABLES + 0x80, 0xf0000000n)]) {
      const { d } = await disk();
      d.prepare(0, { command: 0x25 });
      spoil(d);
      d.issue(1);
      d.m.settle(5);
      expect([d.px(P.IS) & (IS.HBFS | IS.TFES), d.m.config(6, 2) & 0x2000]).toEqual([IS.HBFS | IS.TFES, 0x2000]);
    }
  });
});

describe("native command queuing", () => {
  it("runs what was queued, each told by its bit", async () => {
    const { d, bytes } = await disk();
    for (let tag = 0; tag < 32; tag++) d.prepare(tag, { command: 0x60, queued: tag, lba: tag * 3, count: 2, pieces: [[AT.DATA + tag * 1024, 1024]] });
    d.setPx(P.SACT, 0xffffffff);
    d.issue(0xffffffff);
    d.m.settle(60);
    expect([d.px(P.CI), d.px(P.SACT), d.px(P.IS), d.m.bytes(AT.FIS + 0x58, 4)]).toEqual([0, 0, IS.SDBS, new Uint8Array([0xa1, 0x40, 0x50, 0])]);
    for (let tag = 0; tag < 32; tag++) expect(Buffer.compare(d.m.bytes(AT.DATA + tag * 1024, 1024), bytes.subarray(tag * 1536, tag * 1536 + 1024)), `tag ${tag}`).toBe(0);
  });
  it("writes; one that fails stops the others, and the log says which it was", async () => {
    const { d, bytes } = await disk();
    d.m.put(AT.DATA, pattern(512, 5));
    d.prepare(3, { command: 0x61, queued: 3, lba: 9, write: true });
    d.prepare(4, { command: 0x60, queued: 4, lba: 0xffffff });
    d.prepare(5, { command: 0x60, queued: 5 });
    d.setPx(P.SACT, 0x38);
    d.issue(0x38);
    d.m.settle(10);
    expect(Buffer.compare(bytes.subarray(9 * 512, 10 * 512), pattern(512, 5))).toBe(0);
    expect([d.px(P.SACT), d.px(P.CI), d.px(P.TFD), d.px(P.IS) & IS.TFES]).toEqual([0x30, 0x20, 0x1041, IS.TFES]);
    d.recover();
    expect([d.px(P.SACT), d.px(P.CI)]).toEqual([0, 0]);
    expect(d.run({ command: 0x2f, lba: 0x10 }).status).toBe(0x50);
    const log = d.m.bytes(AT.DATA, 512);
    expect([log[0], log[2], log[3], log.reduce((a, b) => a + b, 0) & 0xff]).toEqual([4, 0x41, 0x10, 0]);
  });
});

describe("interrupts", () => {
  it("by line: from the port through the controller, down when both are clear", async () => {
    const { d } = await disk();
    expect(d.line).toBe(false);
    d.run({ command: 0xec });
    expect([d.get(R.IS), d.line]).toEqual([2, true]);
    d.set(R.IS, 2);
    expect([d.get(R.IS), d.line]).toEqual([2, true]);
    d.setPx(P.IS, 0xffffffff);
    d.set(R.IS, 2);
    expect([d.get(R.IS), d.line]).toEqual([0, false]);
    d.setPx(P.IE, 0);
    d.run({ command: 0xec });
    expect([d.get(R.IS), d.line]).toEqual([0, false]);
  });
});

describe("packets", () => {
  it("INQUIRY, READ CAPACITY, READ TOC, and blocks", async () => {
    const { d, bytes } = await cd();
    const ask = (packet: number[], size: number, feature = 1): Uint8Array => {
      expect(d.run({ command: 0xa0, packet, feature, count: 0, pieces: [[AT.DATA, size]] }).status).toBe(0x50);
      return d.m.bytes(AT.DATA, size);
    };
    expect(Buffer.from(ask([0x12, 0, 0, 0, 36], 36)).toString("latin1").slice(8, 24)).toBe("PINTAIL DVD-ROM ");
    expect(ask([0x25], 8)).toEqual(new Uint8Array([0, 0, 0, 99, 0, 0, 8, 0]));
    expect(ask([0x43, 0, 0, 0, 0, 0, 0, 0, 20], 20, 0)).toEqual(new Uint8Array([0, 18, 1, 1, 0, 0x14, 1, 0, 0, 0, 0, 0, 0, 0x14, 0xaa, 0, 0, 0, 0, 100]));
    expect(ask([0x43, 2, 0, 0, 0, 0, 0xaa, 0, 12], 12).subarray(8)).toEqual(new Uint8Array([0, 0, 3, 25]));
    expect(Buffer.compare(ask([0x28, 0, 0, 0, 0, 7, 0, 0, 5], 5 * 2048), bytes.subarray(7 * 2048, 12 * 2048))).toBe(0);
    expect(Buffer.compare(ask([0xa8, 0, 0, 0, 0, 99, 0, 0, 0, 1], 2048, 0), bytes.subarray(99 * 2048))).toBe(0);
    expect(ask([0x46, 0, 0, 0, 0, 0, 0, 0, 32], 8)).toEqual(new Uint8Array([0, 0, 0, 64, 0, 0, 0, 8]));
    expect(ask([0x5a, 0, 0x2a, 0, 0, 0, 0, 0, 28], 28).subarray(0, 12)).toEqual(new Uint8Array([0, 26, 1, 0, 0, 0, 0, 0, 0x2a, 18, 0x3b, 0]));
  });
  it("what cannot be is told by sense data, once", async () => {
    const { d } = await cd();
    const sense = (): number[] => {
      d.recover();
      d.run({ command: 0xa0, packet: [3, 0, 0, 0, 18], feature: 1, pieces: [[AT.DATA, 18]] });
      const [, , key, , , , , , , , , , code] = d.m.bytes(AT.DATA, 18);
      return [key!, code!];
    };
    expect(d.run({ command: 0xa0, packet: [0x28, 0, 0, 0, 0, 99, 0, 0, 2], feature: 1 })).toMatchObject({ status: 0x41, error: 0x50 });
    expect([sense(), sense()]).toEqual([[5, 0x21], [0, 0]]);
    expect(d.run({ command: 0xa0, packet: [0xff], feature: 1 })).toMatchObject({ status: 0x41, error: 0x54 });
    expect(sense()).toEqual([5, 0x20]);
    d.m.failing.add(0);
    expect(d.run({ command: 0xa0, packet: [0x28, 0, 0, 0, 0, 0, 0, 0, 1], feature: 1 })).toMatchObject({ status: 0x41, error: 0x30 });
    expect(sense()).toEqual([3, 0x11]);
  });
  it("a locked tray stays shut; one that is opened is empty, and a medium put in is told of once", async () => {
    const { d } = await cd();
    const run = (...packet: number[]): number[] => { const { status, error } = d.run({ command: 0xa0, packet, feature: 1, pieces: [[AT.DATA, 8]] }); if (status & 1) d.recover(); return [status, error]; };
    expect([run(0x1e, 0, 0, 0, 1), run(0x1b, 0, 0, 0, 2), run(0x1e, 0, 0, 0, 0), run(0x1b, 0, 0, 0, 2)]).toEqual([[0x50, 0], [0x41, 0x50], [0x50, 0], [0x50, 0]]);
    expect(run(0)).toEqual([0x41, 0x20]);
    run(0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8);
    expect(d.m.bytes(AT.DATA, 8)).toEqual(new Uint8Array([0, 6, 4, 0x10, 3, 0, 0, 0]));
    d.m.call("changeCard", 1, 400n, 1);
    expect([run(0), run(0), run(0x25)]).toEqual([[0x41, 0x60], [0x50, 0], [0x50, 0]]);
    expect(d.m.bytes(AT.DATA, 8)).toEqual(new Uint8Array([0, 0, 0, 99, 0, 0, 8, 0]));
  });
  it("an ATA command that is none of a packet device's shows the signature", async () => {
    const { d } = await cd();
    expect(d.run({ command: 0xec })).toMatchObject({ status: 0x41, error: 4 });
    expect([...d.m.bytes(AT.FIS + 0x44, 3), d.m.bytes(AT.FIS + 0x4c, 1)[0]]).toEqual([1, 0x14, 0xeb, 1]);
  });
});

describe("a hostile driver", () => {
  const work = (d: Ahci): number => d.m.counter("device work");
  it("a list of entries of two bytes costs no more than a burst, and goes on by its turn", async () => {
    const { d } = await disk();
    d.prepare(0, { command: 0x25, count: 2048, pieces: [] });
    d.m.set32(AT.LIST, 5 | 0xffff << 16);
    d.m.set32(AT.LIST + 8, 0x200000);
    d.m.put(0x200000, d.m.bytes(AT.TABLES, 0x80));
    for (let i = 0; i < 65535; i++) { d.m.set64(0x200080 + 16 * i, BigInt(AT.DATA)); d.m.set32(0x20008c + 16 * i, 1); }
    let worst = 0;
    for (let i = 0; i < 400 && d.px(P.IS) === 0; i++) {
      const before = work(d);
      if (i === 0) d.issue(1);
      d.m.pass(100_000);
      worst = Math.max(worst, work(d) - before);
    }
    expect(worst).toBeLessThan(100_000 + 2 * 20_000);
    expect([d.px(P.IS) & IS.OFS, d.m.get32(AT.LIST + 4)]).toEqual([IS.OFS, 65535 * 2 & ~511]);
  });
  it("32 commands with data at once are drawn from the allowance", async () => {
    const { d } = await disk();
    for (let slot = 0; slot < 32; slot++) d.prepare(slot, { command: 0xec, pieces: Array.from({ length: 256 }, () => [AT.DATA, 2] as [number, number]) });
    const before = work(d);
    d.issue(0xffffffff);
    expect(work(d) - before).toBeLessThan(120_000);
    d.m.settle(100);
    expect([d.px(P.CI), d.m.counter("ide-hd0 commands")]).toEqual([0, 32]);
  });
});
