// Classes of faults that other machines' devices have had, where no test of a device names them already. docs/security.md lists all.
import { describe, expect, it } from "vitest";
import { makeBoard } from "../board/board.js";
import { Driver as E1000Driver, frameOf, makeCard, R, RX_RING, T, TX_RING } from "../e1000/driver.js";
import { CSR0, ENP, frameTo, MAC, makeDriver, OWN, RINGS, STP } from "../pcnet/driver.js";
import { bits, Driver } from "../virtio/driver.js";
import { makeMachine } from "../virtio/machine.js";

/** Where devices are, and nothing: the ECAM, the IOAPIC, the HPET, the local APIC. */
const DEVICES = [0xb0000000, 0xfec00000, 0xfed00000, 0xfee00000];
const HUGE = 65535;

describe("DMA at devices (CVE-2024-3446, CVE-2021-3750): a master abort, nothing is entered again", () => {
  it("e1000: buffers and rings in its own registers, and in the board's devices", async () => {
    for (const target of [0, ...DEVICES]) {
      const d: E1000Driver = (await makeCard()).start(), at = target || d.base;
      d.add(at, 64 | (T.EOP | T.IFCS | T.RS) << 24); d.ring();
      d.fresh(0, at);
      d.m.giveFrame(frameOf(60));
      d.set(R.TDBAL, at); d.set(R.RDBAL, at);
      d.set(R.TDT, 5); d.set(R.RDT, 3);
      d.m.giveFrame(frameOf(60));
      expect([d.m.takeFrames(), d.get(R.CTRL), d.m.config(6, 2) & 0x2000]).toEqual([[], 0x41, 0x2000]);
      expect(d.count("transfers refused")).toBeGreaterThan(2);
    }
  });
  it("pcnet: buffers, rings and init block in its own window, and in the board's devices", async () => {
    for (const target of [0, ...DEVICES]) {
      for (const what of ["transmit", "receive", "init"] as const) {
        const d = await makeDriver();
        d.start();
        const at = target || d.m.bar(1), csr1 = d.csr(1);
        if (what === "transmit") { d.describe(RINGS.TX, 0, at, 60, OWN | STP | ENP); d.setCsr(0, CSR0.TDMD); }
        if (what === "receive") { d.describe(RINGS.RX, 0, at, 2048, OWN); d.m.giveFrame(frameTo(MAC, 60)); }
        if (what === "init") { d.setCsr(0, CSR0.STOP); d.setCsr(1, at & 0xffff); d.setCsr(2, at >>> 16); d.setCsr(0, CSR0.INIT); }
        expect([what, d.csr(0) & (CSR0.STOP | CSR0.IDON), d.csr(5) & 0x800, d.m.config(6, 2) & 0x2000, d.frames()]).toEqual([what, CSR0.STOP, 0x800, 0x2000, []]);
        expect(d.csr(1)).toBe(what === "init" ? at & 0xffff : csr1);
      }
    }
  });
  it("virtio-net: rings and buffers in its own registers, and in the board's devices", async () => {
    for (const target of [0, ...DEVICES]) {
      const m = await makeMachine(), d = new Driver(m), { tx } = d.start(0n), at = target || d.common;
      tx.add([{ at, bytes: 100 }]);
      expect([m.takeFrames(), d.status & 64, m.config(6, 2) & 0x2000]).toEqual([[], 64, 0x2000]);
    }
  });
});

describe("sizes", () => {
  it("pcnet: the longest frame a host can give, kept unsigned (CVE-2018-17962, CVE-2015-7512)", async () => {
    const d = await makeDriver();
    d.start({ mode: 0x8000 });
    expect(d.m.giveFrame(frameTo(MAC, HUGE))).toBe(true);
    d.m.giveFrame(frameTo(MAC, 60));
    expect([d.m.counter("pcnet0 packets received refused"), d.m.counter("pcnet0 packets received"), d.rxCount(0)]).toEqual([1, 1, 64]);
  });
  it("e1000: the same, with and without long packets", async () => {
    for (const lpe of [0, 0x20]) {
      const d = (await makeCard()).start(0x0400800a | lpe);
      d.m.giveFrame(frameOf(HUGE));
      d.m.giveFrame(frameOf(60));
      expect([d.count("packets received refused"), d.take().length]).toEqual([1, 1]);
    }
  });
  it("virtio-net: a frame longer than the driver's buffers (CVE-2015-7295)", async () => {
    const m = await makeMachine(), d = new Driver(m), { rx } = d.start(0n);
    rx.add([{ at: 0x100000, bytes: 64, write: true }]);
    const after = m.bytes(0x100040, 64);
    m.giveFrame(frameOf(1514));
    expect(m.bytes(0x100040, 64)).toEqual(after);
  });
});

describe("indices and loops", () => {
  it("virtio: doorbells for queues that are not there, negative ones too (CVE-2011-2512)", async () => {
    const m = await makeMachine(), d = new Driver(m), { tx } = d.start(0n);
    for (const queue of [3, 63, 0x7fff, 0x8000, 0xffff]) {
      m.write(d.common + 0x3000, 2, queue);
      m.call("portWrite", m.bar(0) + 16, 2, queue);
      m.call("portWrite", m.bar(0) + 14, 2, queue);
      expect(m.call("portRead", m.bar(0) + 12, 2)).toBe(0);
    }
    expect(d.status & 64).toBe(0);
    m.put(0x40000, new Array<number>(72).fill(0));
    tx.add([{ at: 0x40000, bytes: 72 }]);
    expect(m.takeFrames()).toHaveLength(1);
  });
  it("virtio: a chain of nothing but empty buffers, looped (CVE-2016-6490)", async () => {
    const m = await makeMachine(), d = new Driver(m), { tx } = d.start(0n);
    for (let i = 0; i < 16; i++) tx.describe(i, 0x40000, 0, 1, (i + 1) % 16);
    tx.offer(0);
    expect([m.takeFrames(), d.status & 64]).toEqual([[], 64]);
  });
  it("virtio: more buffers than the ring holds, offered over and over (CVE-2016-5403)", async () => {
    const m = await makeMachine(), d = new Driver(m), { rx } = d.start(bits("mrg"));
    rx.describe(0, 0x100000, 2048, 2);
    for (let i = 0; i < 17; i++) rx.offer(0, false);
    d.notify(0);
    m.giveFrame(frameOf(60));
    expect(d.status & 64).toBe(64);
  });
  it("an index that only a reset clears: the keyboard controller's and fw_cfg's, written without end (CVE-2015-3456)", async () => {
    const b = await makeBoard();
    for (let i = 0; i < 70_000; i++) { b.outb(0x64, 0xd2); b.outb(0x60, i & 255); b.outb(0x60, 0xf2); b.outb(0x510, i & 1); b.inb(0x511); }
    b.call("portWrite", 0x510, 2, 0);
    expect(String.fromCharCode(b.inb(0x511), b.inb(0x511), b.inb(0x511), b.inb(0x511))).toBe("QEMU");
    for (let i = 0; i < 200; i++) b.inb(0x60);
    b.outb(0x64, 0xaa);
    expect(b.inb(0x60)).toBe(0x55);
  });
  it("a command that leads back to itself: fw_cfg's DMA over its own structure (CVE-2021-20255)", async () => {
    const b = await makeBoard(), at = b.call("ramBase") + 0x9000, view = b.m.view;
    // Read item 0 (key in the upper half), 16 bytes, onto the structure itself.
    view.setUint32(at, 0 << 16 | 8 | 2, false); view.setUint32(at + 4, 16, false); view.setBigUint64(at + 8, 0x9000n, false);
    b.call("portWrite", 0x514, 4, 0);
    b.call("portWrite", 0x518, 4, Number(0x00900000n) >>> 0);
    expect(view.getUint32(at + 4, false)).toBe(0);
    expect(b.read32(0xfee00030)).toBe(0x50014);
  });
  it("e1000: descriptors written back over the ring that is being read (CVE-2017-9310)", async () => {
    const d = (await makeCard()).start();
    for (let i = 0; i < 16; i++) d.fresh(i, RX_RING);
    for (let i = 0; i < 40; i++) d.m.giveFrame(frameOf(60));
    d.set(R.TDBAL, RX_RING); d.set(R.RDBAL, TX_RING);
    for (let i = 0; i < 16; i++) { d.set(R.TDT, i); d.set(R.RDT, i); }
    expect(d.get(R.RDH)).toBeLessThan(16);
  });
});
