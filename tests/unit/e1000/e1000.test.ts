// The 82540EM by a mock driver: registers, EEPROM, PHY, both directions, offloads, interrupts, and what a hostile driver tries.
import { describe, expect, it } from "vitest";
import { crc32 } from "node:zlib";
import { BUFFERS, C, DATA, Driver, frameOf, makeCard, OWN, R, RCTL, RX_RING, sum, T, TX_RING, tcpFrame } from "./driver.js";

const up = async (rctl?: number): Promise<Driver> => (await makeCard()).start(rctl);
const sent = (d: Driver): number[][] => d.m.takeFrames().map(({ frame }) => [...frame]);
const later = (d: Driver, ns: number): void => { d.m.call("setTicks", BigInt(d.m.call("nowNs") + ns)); d.m.call("runTimers"); };
const lineUp = (d: Driver): boolean => (d.m.config(6, 2) & 8) !== 0;

describe("registers", () => {
  it.each([
    ["CTRL", 0x0, 0x201, 0xd8fc1be9], ["VET", 0x38, 0x8100, 0xffff], ["RDBAL", 0x2800, 0, 0xfffffff0], ["RDBAH", 0x2804, 0, 0xffffffff], ["RDLEN", 0x2808, 0, 0xfff80],
    ["RDH", 0x2810, 0, 0xffff], ["RADV", 0x282c, 0, 0xffff], ["TDBAL", 0x3800, 0, 0xfffffff0], ["TDLEN", 0x3808, 0, 0xfff80], ["TIPG", 0x410, 0x602008, 0x3fffffff],
    ["TADV", 0x382c, 0, 0xffff], ["RXCSUM", 0x5000, 0, 0x7ff], ["FCRTH", 0x2168, 0, 0xfff8], ["ITR", 0xc4, 0, 0xffff], ["STATUS", 8, 0x681, 0], ["GPRC", 0x4074, 0, 0],
    ["MTA", 0x53fc, 0, 0xffffffff], ["VFTA", 0x57fc, 0, 0xffffffff], ["RAL 15", 0x5478, 0, 0xffffffff], ["nothing", 0x5ff0, 0, 0], ["packet memory", 0x10000, 0, 0],
  ])("%s has its value after reset and its bits", async (_, at, reset, mask) => {
    const d = await makeCard();
    expect(d.get(at)).toBe(reset);
    d.set(at, ~0x04000000);
    expect(d.get(at) & mask).toBe((mask & ~0x04000000) | 0);
    d.set(at, 0);
    if (mask) expect((d.get(at) & mask) >>> 0).toBe(0);
  });
  it("is a 82540EM with memory and ports, and the ports reach the registers", async () => {
    const d = await makeCard(), io = d.m.bar(2);
    expect([d.m.config(0), d.m.config(8) >>> 8, d.m.config(0x3c, 2) >> 8]).toEqual([0x100e8086, 0x020000, 1]);
    d.m.call("portWrite", io, 4, R.VET); d.m.call("portWrite", io + 4, 4, 0x88a8);
    expect(d.get(R.VET)).toBe(0x88a8);
    expect(d.m.call("portRead", io + 4, 4)).toBe(0x88a8);
    d.m.call("portWrite", io, 4, 0xfffffffc); d.m.call("portWrite", io + 4, 4, 1);
    expect(d.m.call("portRead", io + 4, 4)).toBe(0);
  });
  it("forgets all but EEPROM and PHY on CTRL.RST", async () => {
    const d = await up();
    d.set(R.IMS, 0xff); d.set(R.ICS, C.LSC);
    expect(lineUp(d)).toBe(true);
    d.set(R.CTRL, 0x04000000);
    expect([d.get(R.CTRL), d.get(R.RCTL), d.get(R.IMS), d.get(R.RDLEN), d.get(R.RAL), d.get(R.RAH)]).toEqual([0x201, 0, 0, 0, 0x12005452, 0x80005634]);
    expect(lineUp(d)).toBe(false);
  });
});

describe("EEPROM and PHY", () => {
  const eerd = (d: Driver, word: number): number => { d.set(R.EERD, word << 8 | 1); return d.get(R.EERD); };
  it("holds the address and sums to BABA", async () => {
    const d = await makeCard(), words = Array.from({ length: 64 }, (_, i) => eerd(d, i));
    expect(words.every((w) => w & 0x10)).toBe(true);
    expect(words.slice(0, 3).map((w) => w >>> 16)).toEqual([0x5452, 0x1200, 0x5634]);
    expect(words.reduce((s, w) => s + (w >>> 16), 0) & 0xffff).toBe(0xbaba);
    expect(eerd(d, 200) >>> 16).toBe(0);
  });
  /** Bits to the Microwire bus, highest first; what came back. */
  function shift(d: Driver, value: number, bits: number): number {
    let out = 0;
    for (let i = bits - 1; i >= 0; i--) {
      const di = (value >> i & 1) << 2;
      d.set(R.EECD, 0x42 | di); d.set(R.EECD, 0x43 | di);
      out = out << 1 | d.get(R.EECD) >> 3 & 1;
      d.set(R.EECD, 0x42 | di);
    }
    return out;
  }
  const command = (d: Driver, bits: number, value: number): void => { d.set(R.EECD, 0x40); d.set(R.EECD, 0x42); shift(d, value, bits); };
  it("is read bit by bit, and written only when writing is enabled", async () => {
    const d = await makeCard();
    d.set(R.EECD, 0x40);
    expect(d.get(R.EECD) & 0x80).toBe(0x80);
    command(d, 9, 0b110 << 6 | 1);
    expect(shift(d, 0, 32)).toBe(0x12005634);
    const write = (): void => { command(d, 9, 0b101 << 6 | 5); shift(d, 0xcafe, 16); d.set(R.EECD, 0x40); };
    write();
    expect(eerd(d, 5) >>> 16).toBe(0);
    command(d, 9, 0b100110000);
    write();
    expect(eerd(d, 5) >>> 16).toBe(0xcafe);
    d.set(R.EECD, 0x42);
    expect(d.get(R.EECD) & 8).toBe(8);
  });
  const mdic = (d: Driver, op: number, reg: number, data = 0, phy = 1): number => { d.set(R.MDIC, op << 26 | phy << 21 | reg << 16 | data); return d.get(R.MDIC); };
  it("shows the PHY, linked; another address is an error", async () => {
    const d = await up();
    expect([2, 3, 1].map((n) => mdic(d, 2, n) & 0xffff)).toEqual([0x0141, 0x0c20, 0x796d]);
    expect(mdic(d, 2, 2, 0, 7) >>> 28).toBe(5);
    mdic(d, 1, 1, 0);
    expect(mdic(d, 2, 1) & 0xffff).toBe(0x796d);
    expect(d.get(R.STATUS) & 3).toBe(3);
  });
  it("loses and finds the link with the PHY's power, and says so", async () => {
    const d = await up();
    mdic(d, 1, 0, 0x0800);
    expect([d.get(R.STATUS) & 2, d.get(R.ICR), mdic(d, 2, 1) & 0x24]).toEqual([0, C.LSC, 0]);
    d.legacy(frameOf(60));
    expect(sent(d)).toEqual([]);
    mdic(d, 1, 0, 0x1200);
    expect([d.get(R.STATUS) & 2, d.get(R.ICR) & C.LSC]).toEqual([2, C.LSC]);
    d.set(R.MDIC, 0x20000000 | 2 << 26 | 1 << 21);
    expect(d.get(R.ICR)).toBe(C.MDAC);
  });
});

describe("transmit", () => {
  it("sends, pads, reports done where asked, and counts", async () => {
    const d = await up(), doorbells = d.count("q1 doorbells");
    const first = d.legacy(frameOf(42)), second = d.legacy(frameOf(100), T.EOP | T.IFCS);
    expect(sent(d)).toEqual([[...frameOf(42), ...new Array<number>(18).fill(0)], frameOf(100)]);
    expect([d.done(first), d.done(second)]).toEqual([true, false]);
    expect([d.get(R.TDH), d.get(R.ICR), d.get(R.GPTC), d.get(R.GPTC), d.get(R.GOTCL), d.get(R.GOTCH), d.get(R.GOTCL)]).toEqual([2, C.TXDW | C.TXQE, 2, 0, 168, 0, 0]);
    expect([d.count("packets sent"), d.count("bytes sent"), d.count("q1 doorbells") - doorbells, d.count("q1 descriptors read"), d.count("q1 descriptors written")]).toEqual([2, 160, 2, 2, 1]);
  });
  it("gathers a packet over descriptors, and waits for the one with EOP", async () => {
    const d = await up();
    d.m.put(DATA, frameOf(90));
    d.add(DATA, 30); d.add(DATA + 30, 0); d.ring();
    expect([sent(d), d.get(R.TDH)]).toEqual([[], 0]);
    d.add(DATA + 30, 60 | (T.EOP | T.IFCS) << 24); d.ring();
    expect(sent(d)).toEqual([frameOf(90)]);
  });
  it("takes the FCS off a frame that comes with it", async () => {
    const d = await up();
    d.legacy([...frameOf(80), 1, 2, 3, 4], T.EOP | T.RS);
    expect(sent(d)).toEqual([frameOf(80)]);
  });
  it("inserts a legacy checksum, in the ring's fields or itself", async () => {
    const d = await up();
    d.legacy(frameOf(80), T.EOP | T.IFCS | T.IC, 20 << 8, 30);
    const [asked] = d.m.takeFrames();
    expect([...asked!.header.slice(4)]).toEqual([1, 0, 0, 0, 0, 0, 20, 0, 10, 0, 0, 0]);
    d.legacy(frameOf(80), T.EOP | T.IFCS | T.IC, 40 << 8, 30);
    const [done] = sent(d), s = ~sum(frameOf(80).slice(40)) & 0xffff;
    expect([done![30], done![31]]).toEqual([s >> 8, s & 255]);
    for (const [start, field] of [[90, 30], [20, 79], [20, 255]] as const) d.legacy(frameOf(80), T.EOP | T.IFCS | T.IC, start << 8, field);
    expect(sent(d)).toEqual([frameOf(80), frameOf(80), frameOf(80)]);
  });
  it("sums IP itself and leaves TCP to the far side; a partial range it sums itself", async () => {
    const d = await up(), frame = tcpFrame(101), whole = tcpFrame(101, { sums: true });
    d.context({ ip: [14, 24, 33], upper: [34, 50, 0], command: 3 });
    d.data(frame, T.EOP | T.IFCS | T.RS, 3);
    const [one] = d.m.takeFrames();
    expect([...one!.header.slice(4)]).toEqual([1, 0, 0, 0, 0, 0, 34, 0, 16, 0, 0, 0]);
    expect([...one!.frame.slice(14, 34)]).toEqual(whole.slice(14, 34));
    d.context({ ip: [14, 24, 33], upper: [34, 50, frame.length - 2], command: 3 });
    d.data([...frame.slice(0, -1), 0], T.EOP | T.IFCS, 3);
    expect(d.m.takeFrames()[0]!.header[4]).toBe(0);
  });
  it("hands a segmented packet down whole, lengths and pseudo-header filled in", async () => {
    const d = await up(), frame = tcpFrame(5000, { lengthInPseudo: false });
    frame[16] = 0; frame[17] = 0;
    d.context({ ip: [14, 24, 33], upper: [34, 50, 0], payload: 5000, command: 7, header: 54, mss: 1460 });
    d.data(frame, T.EOP | T.IFCS | T.RS | T.TSE, 3);
    const [one] = d.m.takeFrames(), like = tcpFrame(5000);
    const ipSum = ~sum(like.slice(14, 34)) & 0xffff;
    [like[24], like[25]] = [ipSum >> 8, ipSum & 255];
    expect([...one!.frame]).toEqual(like);
    expect([...one!.header.slice(4)]).toEqual([1, 1, 54, 0, 0xb4, 5, 34, 0, 16, 0, 0, 0]);
    expect([d.get(R.TPT), d.get(R.TSCTC), d.count("packets sent to be segmented")]).toEqual([4, 1, 1]);
  });
  it("puts a VLAN tag in and moves the offload's offsets with it", async () => {
    const d = await up();
    d.set(R.CTRL, 0x40000041);
    d.context({ ip: [14, 24, 33], upper: [34, 50, 0], command: 3 });
    const frame = tcpFrame(40);
    d.data(frame, T.EOP | T.IFCS | T.VLE, 2, 0x2064);
    const [one] = d.m.takeFrames();
    expect([...one!.frame]).toEqual([...frame.slice(0, 12), 0x81, 0, 0x20, 0x64, ...frame.slice(12)]);
    expect(one!.header[10]).toBe(38);
  });
  it("keeps packets while the ring is full and goes on once it is drained", async () => {
    const d = await up();
    const big = frameOf(16000);
    let i = 0;
    for (; i < 15; i++) d.legacy(big);
    while (d.count("waits for room in the frame ring") === 0 && i < 60) { d.legacy(big); i++; }
    expect(d.get(R.TDH)).not.toBe(d.get(R.TDT));
    const first = d.m.takeFrames().length;
    d.m.call("serviceRings");
    expect(first + d.m.takeFrames().length).toBe(i);
    expect(d.get(R.TDH)).toBe(d.get(R.TDT));
  });
  it("stops for a PAUSE frame, for so long", async () => {
    const d = await up();
    d.set(R.CTRL, 0x08000041);
    d.m.giveFrame([1, 0x80, 0xc2, 0, 0, 1, 2, 0, 0, 0, 0, 9, 0x88, 8, 0, 1, 0, 100, ...new Array<number>(42).fill(0)]);
    expect([d.take(), d.get(R.XOFFRXC), d.get(R.STATUS) & 0x10]).toEqual([[], 1, 0x10]);
    d.legacy(frameOf(60));
    later(d, 51_000);
    expect(sent(d)).toEqual([]);
    later(d, 300);
    expect([sent(d).length, d.get(R.STATUS) & 0x10]).toEqual([1, 0]);
  });
});

describe("flow control", () => {
  const FCRTL = 0x2160, FCRTH = 0x2168, FCTTV = 0x170, TFCE = 0x10000041, XONRXC = 0x4048, XONTXC = 0x404c, XOFFTXC = 0x4054, FCRUC = 0x4058;
  const control = (to: number[], opcode: number, quanta: number): number[] => [...to, 2, 0, 0, 0, 0, 9, 0x88, 8, 0, opcode, quanta >> 8, quanta & 255, ...new Array<number>(42).fill(0)];
  const GROUP = [1, 0x80, 0xc2, 0, 0, 1];
  const pause = (quanta: number): number[] => [...GROUP, ...OWN, 0x88, 8, 0, 1, quanta >> 8, quanta & 255, ...new Array<number>(42).fill(0)];

  it("takes PAUSE to the group's address and to its own, and counts what it does not know", async () => {
    const d = await up();
    for (const frame of [control(GROUP, 1, 5), control(OWN, 1, 0), control(GROUP, 2, 5)]) d.m.giveFrame(frame);
    expect([d.take(), d.get(R.XOFFRXC), d.get(XONRXC), d.get(FCRUC)]).toEqual([[], 1, 1, 1]);
    // Without RFCE nothing is obeyed.
    d.legacy(frameOf(60));
    expect([sent(d).length, d.get(R.STATUS) & 0x10]).toEqual([1, 0]);
    d.set(R.RCTL, RCTL.EN | RCTL.BAM | RCTL.SECRC | 0x800000);
    d.m.giveFrame(control(GROUP, 1, 5));
    expect(d.take()).toHaveLength(1);
    // Another address or type makes it an ordinary frame.
    d.set(0x30, 0x1234);
    d.m.giveFrame(control(OWN, 1, 5));
    expect([d.take().length, d.get(R.XOFFRXC)]).toEqual([1, 1]);
  });
  it("ends a pause early with XON", async () => {
    const d = await up();
    d.set(R.CTRL, 0x08000041);
    d.m.giveFrame(control(GROUP, 1, 1000));
    d.legacy(frameOf(60));
    expect(sent(d)).toEqual([]);
    d.m.giveFrame(control(GROUP, 1, 0));
    later(d, 1);
    expect([sent(d).length, d.get(R.STATUS) & 0x10]).toEqual([1, 0]);
  });
  it("keeps PAUSE frames from the host with DPF, whatever PMCF says, and obeys them all the same", async () => {
    for (const [bits, passed] of [[0, 0], [1 << 23, 1], [1 << 22, 0], [1 << 23 | 1 << 22, 0]] as const) {
      const d = await up();
      d.set(R.CTRL, 0x08000041);
      d.set(R.RCTL, RCTL.EN | RCTL.BAM | RCTL.SECRC | bits);
      d.m.giveFrame(control(GROUP, 1, 1000));
      expect([d.take().length, d.get(R.STATUS) & 0x10, d.get(R.XOFFRXC)]).toEqual([passed, 0x10, 1]);
    }
  });
  it("obeys and counts a PAUSE once, however often it waits for a buffer", async () => {
    const d = await up();
    d.set(R.CTRL, 0x08000041);
    d.set(R.RCTL, RCTL.EN | RCTL.BAM | RCTL.SECRC | 1 << 23);
    d.set(R.RDT, 0);
    d.m.giveFrame(control(GROUP, 1, 1000));
    for (let i = 0; i < 3; i++) d.m.call("serviceRings");
    d.set(R.RDT, 5);
    expect([d.take().length, d.get(R.XOFFRXC)]).toEqual([1, 1]);
  });
  it("sends XOFF once when what waits passes FCRTH, and XON when it is back at FCRTL", async () => {
    const d = await up();
    d.set(FCTTV, 0x1234); d.set(FCRTH, 4096); d.set(FCRTL, 0x80000000 | 1024); d.set(R.CTRL, TFCE);
    for (let i = 0; i < 20; i++) d.m.giveFrame(frameOf(600));
    expect([sent(d), d.get(XOFFTXC)]).toEqual([[], 0]);
    for (let i = 0; i < 4; i++) d.m.giveFrame(frameOf(600));
    expect([sent(d), d.get(XOFFTXC), d.get(XONTXC), d.get(R.GPTC)]).toEqual([[pause(0x1234)], 1, 0, 1]);
    d.m.giveFrame(frameOf(600));
    expect(sent(d)).toEqual([]);
    d.take(); for (let i = 0; i < 16; i++) d.fresh(i);
    d.set(R.RDT, 5);
    expect(sent(d)).toEqual([]);
    d.set(R.RDT, 13);
    expect([sent(d), d.get(XOFFTXC), d.get(XONTXC)]).toEqual([[pause(0)], 0, 1]);
  });
  it("sends none without TFCE or without a threshold, and no XON without XONE", async () => {
    for (const [ctrl, high, low] of [[0x41, 2048, 0x80000008], [TFCE, 0, 0x80000008], [TFCE, 2048, 8]] as const) {
      const d = await up();
      d.set(FCRTH, high); d.set(FCRTL, low); d.set(R.CTRL, ctrl); d.set(FCTTV, 1);
      for (let i = 0; i < 24; i++) d.m.giveFrame(frameOf(600));
      const off = d.get(XOFFTXC);
      d.take(); for (let i = 0; i < 16; i++) d.fresh(i);
      d.set(R.RDT, 13);
      expect([off, d.get(XONTXC)]).toEqual([ctrl === TFCE && high ? 1 : 0, 0]);
    }
  });
  it("sends XOFF when software says so, though it is itself silenced", async () => {
    const d = await up();
    d.set(R.CTRL, 0x08000041); d.set(FCTTV, 77);
    d.m.giveFrame(control(GROUP, 1, 1000));
    d.set(R.TCTL, 0x40000a);
    expect([sent(d), d.get(R.TCTL), d.get(XOFFTXC)]).toEqual([[pause(77)], 0xa, 1]);
  });
});

describe("statistics", () => {
  it("each counts what it is for, stays until it is read, and is 0 then", async () => {
    const S = {
      RNBC: 0x40a0, ROC: 0x40ac, MPC: 0x4010, PRC64: 0x405c, PRC127: 0x4060, PRC255: 0x4064, PRC511: 0x4068, PRC1023: 0x406c, PRC1522: 0x4070, GPRC: 0x4074,
      BPRC: 0x4078, MPRC: 0x407c, GPTC: 0x4080, GORCL: 0x4088, GOTCL: 0x4090, TORL: 0x40c0, TOTL: 0x40c8, TPR: 0x40d0, TPT: 0x40d4,
      PTC64: 0x40d8, PTC127: 0x40dc, PTC255: 0x40e0, PTC511: 0x40e4, PTC1023: 0x40e8, PTC1522: 0x40ec, MPTC: 0x40f0, BPTC: 0x40f4, TSCTC: 0x40f8,
    };
    const d = await up(), sizes = [60, 100, 200, 400, 800, 1514], group = [1, 0, 0x5e, 0, 0, 1], all = new Array<number>(6).fill(255);
    d.set(R.RCTL, RCTL.EN | RCTL.BAM | RCTL.MPE | RCTL.SECRC);
    for (const n of sizes) { d.m.giveFrame(frameOf(n)); d.legacy(frameOf(n)); }
    for (const to of [group, all]) { d.m.giveFrame(frameOf(60, to)); d.legacy(frameOf(60, to)); }
    d.m.giveFrame(frameOf(1600));
    d.take(); sent(d);
    const bytes = sizes.reduce((sum, n) => sum + n + 4, 0) + 128;
    const expected: Record<string, number> = {
      RNBC: 0, ROC: 1, MPC: 0, PRC64: 3, PRC127: 1, PRC255: 1, PRC511: 1, PRC1023: 1, PRC1522: 1, GPRC: 8, BPRC: 1, MPRC: 1, GPTC: 8, GORCL: bytes, GOTCL: bytes,
      TORL: bytes + 1604, TOTL: bytes, TPR: 9, TPT: 8, PTC64: 3, PTC127: 1, PTC255: 1, PTC511: 1, PTC1023: 1, PTC1522: 1, MPTC: 1, BPTC: 1, TSCTC: 0,
    };
    for (const [name, at] of Object.entries(S)) expect([name, d.get(at)]).toEqual([name, expected[name]]);
    // The 64-bit counts are cleared by their upper halves.
    for (const at of [S.GORCL, S.GOTCL, S.TORL, S.TOTL]) expect([d.get(at) > 0, d.get(at + 4), d.get(at)]).toEqual([true, 0, 0]);
    for (const [name, at] of Object.entries(S)) expect([name, d.get(at)]).toEqual([name, 0]);
    for (let i = 0; i < 20; i++) d.m.giveFrame(frameOf(60));
    expect([d.get(S.RNBC), d.get(S.RNBC)]).toEqual([1, 0]);
  });
  it("stop at their largest value", async () => {
    const d = await up(), at = d.m.call("e1000Register", 0, 0x4074);
    d.m.m.view.setUint32(at, 0xffffffff, true);
    d.m.giveFrame(frameOf(60));
    expect([d.get(0x4074), d.get(0x4074)]).toEqual([0xffffffff, 0]);
  });
});

describe("receive", () => {
  it("writes frame, length, status and, unless told to strip it, the FCS", async () => {
    const d = await up();
    d.m.giveFrame(frameOf(300));
    d.set(R.RCTL, RCTL.EN | RCTL.BAM);
    d.m.giveFrame(frameOf(300));
    const [a, b] = d.take();
    expect([a!.length, a!.status, [...a!.data]]).toEqual([300, 7, frameOf(300)]);
    const fcs = crc32(Buffer.from(frameOf(300)));
    expect([b!.length, [...b!.data.slice(300)]]).toEqual([304, [fcs & 255, fcs >>> 8 & 255, fcs >>> 16 & 255, fcs >>> 24]]);
    expect([d.get(R.RDH), d.get(R.ICR), d.get(R.GPRC)]).toEqual([2, C.RXT0, 2]);
    expect(a!.checksum).toBe((sum(a!.data) >> 8 | sum(a!.data) << 8) & 0xffff);
  });
  it.each([[0, 2048], [1 << 16, 1024], [2 << 16, 512], [3 << 16, 256], [RCTL.BSEX | 1 << 16, 16384], [RCTL.BSEX | 2 << 16, 8192], [RCTL.BSEX | 3 << 16, 4096]])("fills buffers by BSIZE %i: %i bytes", async (bits, size) => {
    const d = await up(RCTL.EN | RCTL.LPE | RCTL.SECRC | bits);
    const frame = frameOf(3500);
    d.m.giveFrame(frame);
    const parts = d.take();
    expect(parts.map(({ length }) => length)).toEqual(Array.from({ length: Math.ceil(3500 / size) }, (_, i) => Math.min(size, 3500 - i * size)));
    expect(parts.flatMap(({ data }) => [...data])).toEqual(frame);
    expect(parts.map(({ status }) => status & 2)).toEqual([...new Array<number>(parts.length - 1).fill(0), 2]);
  });
  it("refuses long frames without LPE, pads short ones", async () => {
    const d = await up();
    d.m.giveFrame(frameOf(1519)); d.m.giveFrame(frameOf(1518)); d.m.giveFrame(frameOf(42));
    expect(d.take().map(({ length }) => length)).toEqual([1518, 60]);
    expect([d.get(R.ROC), d.get(R.PRC64)]).toEqual([1, 1]);
  });
  it("keeps a frame while there are no descriptors, and counts it once", async () => {
    const d = await up();
    d.set(R.RDT, 0);
    d.m.giveFrame(frameOf(100));
    d.m.call("serviceRings");
    expect([d.take(), d.get(R.RNBC), d.count("waits for a receive buffer")]).toEqual([[], 1, 2]);
    d.set(R.RDT, 4);
    expect(d.take()).toHaveLength(1);
  });
  it("raises RXDMT0 as descriptors run low", async () => {
    const d = await up();
    for (let i = 0; i < 6; i++) d.m.giveFrame(frameOf(60));
    expect(d.get(R.ICR) & C.RXDMT0).toBe(0);
    d.m.giveFrame(frameOf(60));
    expect(d.get(R.ICR) & C.RXDMT0).toBe(C.RXDMT0);
  });
  it("filters by address, table, hash and mode", async () => {
    const d = await up(RCTL.EN | RCTL.SECRC);
    const arrives = (to: number[]): number => { d.m.giveFrame(frameOf(60, to)); const [got] = d.take(); d.set(R.RDT, (d.get(R.RDH) + 15) % 16); return got ? got.status : 0; };
    const group = [0x33, 0x33, 0, 0, 0x12, 0x34], all = [255, 255, 255, 255, 255, 255];
    expect([OWN, [2, 0, 0, 0, 0, 9], group, all].map(arrives)).toEqual([7, 0, 0, 0]);
    const hash = 0x3412 >> 4;
    d.set(R.MTA + 4 * (hash >> 5), 1 << (hash & 31));
    expect(arrives(group)).toBe(0x87);
    d.set(R.MTA + 4 * (hash >> 5), 0);
    d.set(R.RAL + 8, 0x00003333); d.set(R.RAH + 8, 0x80003412);
    expect(arrives(group)).toBe(7);
    d.set(R.RCTL, RCTL.EN | RCTL.SECRC | RCTL.BAM | RCTL.MPE);
    expect([all, [1, 2, 3, 4, 5, 6], [2, 0, 0, 0, 0, 9]].map(arrives)).toEqual([7, 0x87, 0]);
    d.set(R.RCTL, RCTL.EN | RCTL.SECRC | RCTL.UPE);
    expect([[2, 0, 0, 0, 0, 9], all].map(arrives)).toEqual([0x87, 0]);
  });
  it("takes VLAN tags out, and filters by them", async () => {
    const d = await up(RCTL.EN | RCTL.SECRC | RCTL.VFE);
    d.set(R.CTRL, 0x40000041);
    const tagged = [...OWN, 2, 0, 0, 0, 0, 9, 0x81, 0, 0x20, 0x64, ...frameOf(100).slice(12)];
    d.m.giveFrame(tagged);
    expect(d.take()).toEqual([]);
    d.set(R.VFTA + 4 * (100 >> 5), 1 << (100 & 31));
    d.m.giveFrame(tagged);
    const [got] = d.take();
    expect([got!.status, got!.special, [...got!.data]]).toEqual([0xf, 0x2064, frameOf(100)]);
  });
  it("filters VLAN 0, a tag of priority alone, by its own bit, and takes such a tag out as any other", async () => {
    const d = await up(RCTL.EN | RCTL.SECRC | RCTL.VFE);
    d.set(R.CTRL, 0x40000041);
    const tagged = [...OWN, 2, 0, 0, 0, 0, 9, 0x81, 0, 0xa0, 0, ...frameOf(100).slice(12)];
    for (let i = 0; i < 128; i++) d.set(R.VFTA + 4 * i, i ? 0xffffffff : 0xfffffffe);
    d.m.giveFrame(tagged);
    expect([d.take(), d.count("packets filtered")]).toEqual([[], 1]);
    for (let i = 0; i < 128; i++) d.set(R.VFTA + 4 * i, i ? 0 : 1);
    d.m.giveFrame(tagged);
    const [got] = d.take();
    expect([got!.status, got!.special, [...got!.data]]).toEqual([0xf, 0xa000, frameOf(100)]);
    // A frame without a tag is of no VLAN.
    d.set(R.VFTA, 0);
    d.m.giveFrame(frameOf(60));
    expect(d.take()).toHaveLength(1);
  });
  it("chooses the hash's bits by MO", async () => {
    const d = await up(RCTL.EN | RCTL.SECRC), group = [0x33, 0x33, 0, 0, 0xa5, 0xc3], tail = 0xc3a5;
    for (const [mo, shift] of [[0, 4], [1, 3], [2, 2], [3, 0]] as const) {
      const hash = tail >> shift & 0xfff;
      d.set(R.RCTL, RCTL.EN | RCTL.SECRC | mo << 12);
      for (const bit of [hash, hash ^ 1]) {
        for (let i = 0; i < 128; i++) d.set(R.MTA + 4 * i, 0);
        d.set(R.MTA + 4 * (bit >> 5), 1 << (bit & 31));
        d.m.giveFrame(frameOf(60, group));
        expect([mo, d.take().length]).toEqual([mo, bit === hash ? 1 : 0]);
        d.set(R.RDT, (d.get(R.RDH) + 15) % 16);
      }
    }
  });
  it("matches a source address with ASEL, and an entry only while it is valid", async () => {
    const d = await up(RCTL.EN | RCTL.SECRC), other = [2, 9, 9, 9, 9, 9];
    d.set(R.RAL + 16, 0x00000002); d.set(R.RAH + 16, 0x80010900);
    d.m.giveFrame(frameOf(60, other));
    expect(d.take()).toHaveLength(1);
    d.set(R.RAH + 16, 0x00010900);
    d.m.giveFrame(frameOf(60, other));
    d.set(R.RAH + 16, 0x80000900);
    d.m.giveFrame(frameOf(60, other));
    expect(d.take()).toEqual([]);
  });
  it("leaves tags in without VME, compares CFI with CFIEN, and knows another ethertype by VET", async () => {
    const d = await up(RCTL.EN | RCTL.SECRC | RCTL.VFE), rctl = RCTL.EN | RCTL.SECRC | RCTL.VFE;
    const tagged = (tci: number, type = [0x81, 0]): number[] => [...OWN, 2, 0, 0, 0, 0, 9, ...type, tci >> 8, tci & 255, ...frameOf(100).slice(12)];
    d.set(R.VFTA + 4 * (100 >> 5), 1 << (100 & 31));
    d.m.giveFrame(tagged(100));
    expect(d.take().map(({ status, data }) => [status & 8, [...data]])).toEqual([[0, tagged(100)]]);
    d.set(R.RCTL, rctl | 0x80000);
    for (const tci of [100, 0x1064]) d.m.giveFrame(tagged(tci));
    expect(d.take().map(({ data }) => data[14])).toEqual([0]);
    d.set(R.RCTL, rctl | 0x180000);
    for (const tci of [100, 0x1064]) d.m.giveFrame(tagged(tci));
    expect(d.take().map(({ data }) => data[14])).toEqual([0x10]);
    d.set(R.VET, 0x88a8); d.set(R.RCTL, rctl);
    for (const [tci, type] of [[100, [0x88, 0xa8]], [101, [0x88, 0xa8]], [101, [0x81, 0]]] as const) d.m.giveFrame(tagged(tci, [...type]));
    expect(d.take().map(({ data }) => [...data.slice(12, 16)])).toEqual([[0x88, 0xa8, 0, 100], [0x81, 0, 0, 101]]);
  });
  it("verifies IP and TCP sums", async () => {
    const d = await up(), good = tcpFrame(101, { sums: true });
    d.set(R.RXCSUM, 0x300);
    const bad = [...good], ip = [...good];
    bad[60]! ^= 1; ip[22]! ^= 1;
    for (const frame of [good, bad, ip, frameOf(100)]) d.m.giveFrame(frame);
    expect(d.take().map(({ status, errors }) => [status, errors])).toEqual([[0x63, 0], [0x63, 0x20], [0x63, 0x40], [7, 0]]);
  });
  it("loops its own frames back, padded, and misses them without buffers", async () => {
    const d = await up(RCTL.EN | RCTL.SECRC | RCTL.LBM);
    d.legacy(frameOf(100));
    expect([sent(d), d.take().map(({ data }) => [...data])]).toEqual([[], [frameOf(100)]]);
    d.set(R.RDT, d.get(R.RDH));
    d.legacy(frameOf(100));
    expect([d.get(R.MPC), d.get(R.ICR) & C.RXO]).toEqual([1, C.RXO]);
  });
});

describe("interrupts", () => {
  it("follow cause and mask, until the ICR is read", async () => {
    const d = await up();
    d.set(R.ICS, C.LSC);
    expect(lineUp(d)).toBe(false);
    d.set(R.IMS, C.LSC | C.RXT0);
    expect(lineUp(d)).toBe(true);
    d.set(R.IMC, C.LSC);
    expect([lineUp(d), d.get(R.IMS)]).toEqual([false, C.RXT0]);
    d.set(R.IMS, C.LSC);
    expect([d.get(R.ICR), d.get(R.ICR), lineUp(d), d.count("interrupts asserted"), d.count("interrupts delivered")]).toEqual([C.LSC, 0, false, 2, 1]);
    d.set(R.ICS, 5); d.set(R.ICR, 4);
    expect(d.get(R.ICR)).toBe(1);
  });
  it("are spaced by ITR", async () => {
    const d = await up();
    d.set(R.ITR, 400);
    d.set(R.IMS, 0xff);
    d.set(R.ICS, C.LSC); d.get(R.ICR);
    d.set(R.ICS, C.LSC);
    expect([lineUp(d), d.count("interrupts moderated")]).toEqual([false, 1]);
    later(d, 102_300);
    expect(lineUp(d)).toBe(false);
    later(d, 100);
    expect([lineUp(d), d.get(R.ICR), d.count("interrupts asserted")]).toEqual([true, C.LSC, 2]);
    d.set(R.ICS, C.LSC); d.set(R.ITR, 0);
    expect(lineUp(d)).toBe(true);
  });
  it("are spaced by ITR where a cause comes when the interval is over and its timer has not fired", async () => {
    const d = await up();
    d.set(R.ITR, 400);
    d.set(R.IMS, 0xff);
    d.set(R.ICS, C.LSC); d.get(R.ICR);
    d.set(R.ICS, C.LSC);
    d.m.call("setTicks", BigInt(d.m.call("nowNs") + 102_500));
    d.set(R.ICS, C.LSC);
    expect([lineUp(d), d.count("interrupts asserted")]).toEqual([true, 2]);
    d.m.call("runTimers");
    d.get(R.ICR);
    d.set(R.ICS, C.LSC);
    expect(lineUp(d)).toBe(false);
    later(d, 102_400);
    expect([lineUp(d), d.count("interrupts asserted")]).toEqual([true, 3]);
  });
  it("wait for RDTR, at most for RADV, and come at once with FPD", async () => {
    const d = await up();
    d.set(R.RDTR, 10); d.set(R.RADV, 15);
    d.m.giveFrame(frameOf(60));
    later(d, 8_000);
    d.m.giveFrame(frameOf(60));
    later(d, 7_000);
    expect(d.get(R.ICR)).toBe(0);
    later(d, 400);
    expect(d.get(R.ICR)).toBe(C.RXT0);
    d.m.giveFrame(frameOf(60));
    d.set(R.RDTR, 0x8000000a);
    expect([d.get(R.ICR), d.get(R.RDTR)]).toEqual([C.RXT0, 10]);
    d.set(R.RSRPD, 64);
    d.m.giveFrame(frameOf(60));
    expect(d.get(R.ICR)).toBe(C.SRPD);
  });
  it("wait for TIDV and TADV only with IDE", async () => {
    const d = await up();
    d.set(R.TIDV, 10); d.set(R.TADV, 12);
    d.legacy(frameOf(60), T.EOP | T.IFCS | T.RS | T.IDE);
    expect(d.get(R.ICR)).toBe(C.TXQE);
    later(d, 9_000);
    d.legacy(frameOf(60), T.EOP | T.IFCS | T.RS | T.IDE);
    later(d, 3_300);
    expect(d.get(R.ICR) & C.TXDW).toBe(C.TXDW);
    d.legacy(frameOf(60));
    expect(d.get(R.ICR) & C.TXDW).toBe(C.TXDW);
  });
});

describe("wake-up registers", () => {
  it("are storage: tables of addresses, lengths, masks and values, by their bits", async () => {
    const d = await makeCard();
    const rows: [number, number][] = [[0x5838, 0x1000f], [0x5840, 0xffffffff], [0x5858, 0xffffffff], [0x5880, 0xffffffff], [0x588c, 0xffffffff], [0x5900, 0xfff],
      [0x5a00, 0xffffffff], [0x5a7c, 0xffffffff], [0x5f00, 0x7ff], [0x5f18, 0x7ff], [0x9000, 15], [0x93f8, 15], [0x9800, 0xffffffff], [0x9bf8, 0xffffffff]];
    for (const [at] of rows) d.set(at, 0xffffffff);
    expect(rows.map(([at]) => d.get(at))).toEqual(rows.map(([, mask]) => mask));
    for (const at of [0x5844, 0x5f04, 0x9004, 0x9804, 0x9400, 0x9c00, 0x10000]) { d.set(at, 0xffffffff); expect(d.get(at)).toBe(0); }
    for (let i = 0; i < 128; i++) { d.set(0x9000 + 8 * i, i & 15); d.set(0x9800 + 8 * i, i * 0x01010101); }
    expect([d.get(0x9000 + 8 * 77), d.get(0x9800 + 8 * 77), d.get(0x9800)]).toEqual([13, 77 * 0x01010101, 0]);
  });
});

describe("as a PCI function", () => {
  it("has power management at DC, a reset of its own at E4 and MSI with a 64-bit address at F0, nothing else", async () => {
    const d = await makeCard();
    expect(d.m.capabilities()).toEqual([[1, 0xdc], [5, 0xf0], [0x13, 0xe4]]);
    expect([d.m.config(6, 2), d.m.config(0xde, 2), d.m.config(0xf2, 2)]).toEqual([0x230, 0xc822, 0x80]);
  });
  it("signals by MSI, a message each time the line would go up", async () => {
    const d = await up();
    d.m.writeConfig(0xf4, 4, 0xfee00000); d.m.writeConfig(0xfc, 2, 0x55); d.m.writeConfig(0xf2, 2, 1);
    const sent = (): number => d.m.counter("MSIs sent"), before = sent(), lines = d.m.counter("interrupt lines asserted");
    d.set(R.IMS, C.LSC | C.RXT0);
    d.set(R.ICS, C.LSC); d.set(R.ICS, C.RXT0);
    expect(sent() - before).toBe(1);
    d.get(R.ICR); d.set(R.ICS, C.RXT0);
    expect([sent() - before, d.m.counter("interrupt lines asserted") - lines]).toEqual([2, 0]);
  });
  it("is new after a reset of the function alone, its configuration too; the bit reads as zero, and a zero does nothing", async () => {
    const d = await up(), before = [d.get(R.RCTL), d.m.config(4, 2)];
    expect([d.m.config(0xe4), d.m.config(0xe8, 2)]).toEqual([0x03060013, 0]);
    d.m.writeConfig(0xe8, 1, 0);
    expect([d.get(R.RCTL), d.m.config(4, 2)]).toEqual(before);
    d.m.writeConfig(0xe8, 1, 1);
    expect([d.m.config(4, 2), d.m.config(0x10), d.m.config(0xe4), d.m.config(0xe8, 2)]).toEqual([0, 0, 0x03060013, 0]);
    d.m.writeConfig(0x10, 4, d.base); d.m.writeConfig(4, 2, 7);
    expect([d.get(R.RCTL), d.get(R.TDLEN), d.get(R.RAL)]).toEqual([0, 0, 0x12005452]);
    d.start();
    d.legacy(frameOf(60));
    expect(d.m.takeFrames()).toHaveLength(1);
  });
  it("sleeps in D3 and is new when it wakes", async () => {
    const d = await up();
    d.m.writeConfig(0xe0, 2, 3);
    expect(d.get(R.CTRL)).toBe(0xffffffff);
    d.m.giveFrame(frameOf(60));
    d.m.writeConfig(0xe0, 2, 0);
    d.m.writeConfig(0x10, 4, d.base); d.m.writeConfig(4, 2, 7);
    expect([d.get(R.RCTL), d.get(R.TDLEN), d.get(R.RAL), d.count("packets received")]).toEqual([0, 0, 0x12005452, 0]);
    d.start();
    d.legacy(frameOf(60));
    expect(d.m.takeFrames()).toHaveLength(1);
  });
});

describe("a driver that breaks the rules", () => {
  it("sets head or tail outside the ring: nothing moves, and it is counted", async () => {
    const d = await up();
    d.set(R.TDT, 900);
    d.set(R.TDT, 1); d.set(R.TDH, 5000); d.set(R.TDT, 2);
    d.set(R.RDT, 0xffff); d.m.giveFrame(frameOf(60));
    d.set(R.RDH, 4000); d.set(R.RDT, 3);
    expect([sent(d), d.take()]).toEqual([[], []]);
    expect(d.count("driver errors")).toBeGreaterThan(3);
    d.set(R.RDH, 0); d.set(R.RDT, 15);
    expect(d.take()).toHaveLength(1);
  });
  it("gives rings of no length", async () => {
    const d = await up();
    d.set(R.TDLEN, 0); d.set(R.RDLEN, 0);
    d.legacy(frameOf(60)); d.m.giveFrame(frameOf(60));
    expect([sent(d), d.take()]).toEqual([[], []]);
  });
  it("segments without progress: MSS 0, headers as long as the packet, headers that do not fit", async () => {
    const d = await up(), frame = tcpFrame(2000);
    const bad = [{ header: 54, mss: 0 }, { header: 255, mss: 1460, upper: [250, 266 & 255, 0] }, { header: 20, mss: 1460 }, { header: 54, mss: 1460, ip: [0, 10, 20] }, { header: 54, mss: 1460, command: 6 }];
    for (const { header, mss, ip, upper, command } of bad as { header: number; mss: number; ip?: number[]; upper?: number[]; command?: number }[]) {
      d.context({ ip: ip ?? [14, 24, 33], upper: upper ?? [34, 50, 0], command: command ?? 7, header, mss });
      d.data(frame, T.EOP | T.IFCS | T.TSE, 3);
    }
    d.context({ ip: [14, 24, 33], upper: [34, 50, 0], command: 7, header: 54, mss: 1460 });
    d.data(tcpFrame(0), T.EOP | T.IFCS | T.TSE, 3);
    expect([sent(d), d.count("packets to send refused"), d.get(R.TDH)]).toEqual([[], 6, d.tail]);
  });
  it("sends nothing, too little, too much, and descriptors of no kind", async () => {
    const d = await up();
    for (const length of [0, 13, 16289, 65535]) { d.add(DATA, length | (T.EOP | T.IFCS) << 24); d.ring(); }
    d.add(DATA, 0x7fffff | (T.EOP | T.IFCS | T.DEXT) << 24); d.ring();
    expect([sent(d), d.count("packets to send refused"), d.get(R.TDH)]).toEqual([[], 5, 5]);
  });
  it("never ends its packet: the ring is read again with each doorbell and nothing more", async () => {
    const d = await up();
    for (let i = 0; i < 15; i++) d.add(DATA, 100);
    for (let i = 0; i < 5; i++) d.ring();
    expect([d.get(R.TDH), d.count("q1 descriptors read")]).toEqual([0, 75]);
  });
  it("makes a packet of more descriptors than there can be: it is passed over to its end", async () => {
    const d = await up();
    d.set(R.TDLEN, 16 * 2048);
    const empty = new Uint8Array(16 * 2048);
    d.m.put(TX_RING, empty);
    d.m.set32(TX_RING + 16 * 1500 + 8, (T.EOP | T.IFCS) << 24);
    d.m.put(DATA, frameOf(60));
    d.m.set64(TX_RING + 16 * 1501, BigInt(DATA)); d.m.set32(TX_RING + 16 * 1501 + 8, 60 | (T.EOP | T.IFCS) << 24);
    d.set(R.TDT, 1502);
    expect([sent(d), d.get(R.TDH), d.count("packets to send refused")]).toEqual([[frameOf(60)], 1502, 1]);
  });
  it("points outside RAM: master abort, counted, and the rest goes on", async () => {
    const d = await up();
    d.add(0xd0000000, 100 | (T.EOP | T.IFCS | T.RS) << 24); d.ring();
    d.add(0xfffffffffffffff8n, 100 | (T.EOP | T.IFCS) << 24); d.ring();
    expect([sent(d), d.count("packets to send refused"), d.count("transfers refused")]).toEqual([[], 2, 2]);
    expect(d.m.config(6, 2) & 0x2000).toBe(0x2000);
    d.legacy(frameOf(60));
    expect(sent(d)).toHaveLength(1);
    d.fresh(0, 0xe0000000);
    d.m.giveFrame(frameOf(60));
    expect(d.count("transfers refused")).toBe(3);
    d.set(R.TDBAH, 0xffffffff);
    d.legacy(frameOf(60));
    expect([sent(d), d.get(R.TDH)]).toEqual([[], d.tail]);
  });
  it("is off the bus: nothing is fetched, and nothing lost: it goes on when it may master again", async () => {
    const d = await up();
    d.m.writeConfig(4, 2, 3);
    d.legacy(frameOf(60));
    d.m.giveFrame(frameOf(61));
    expect([sent(d), d.take(), d.get(R.TDH)]).toEqual([[], [], 0]);
    expect(d.m.bytes(BUFFERS, 60).every((b) => b === 0)).toBe(true);
    d.m.writeConfig(4, 2, 7);
    expect([sent(d).length, d.take().length, d.get(R.TDH), d.m.config(6, 2) & 0x2000]).toEqual([1, 1, 1, 0]);
  });
  it("offers buffers at address zero: they go back empty and the next takes the frame", async () => {
    const d = await up();
    const low = d.m.bytes(0, 256);
    for (const i of [0, 1, 3]) d.fresh(i, 0);
    d.m.giveFrame(frameOf(60)); d.m.giveFrame(frameOf(61));
    expect([0, 1, 2, 3, 4].map((i) => [d.m.get16(RX_RING + 16 * i + 8), d.m.get32(RX_RING + 16 * i + 12) & 3])).toEqual([[0, 1], [0, 1], [60, 3], [0, 1], [61, 3]]);
    expect(d.m.bytes(0, 256)).toEqual(low);
    for (let i = 0; i < 16; i++) d.fresh(i, 0);
    d.set(R.RDT, 4);
    d.m.giveFrame(frameOf(60));
    expect([d.get(R.RDH), d.get(R.RNBC)]).toEqual([4, 1]);
  });
  it("writes descriptors over the ring itself, and rings over each other", async () => {
    const d = await up();
    d.set(R.TDBAL, RX_RING);
    for (let i = 0; i < 16; i++) d.fresh(i, RX_RING);
    for (let i = 0; i < 8; i++) d.m.giveFrame(frameOf(1500));
    d.set(R.TDT, 15);
    expect(d.get(R.TDH)).toBeLessThan(16);
  });
  it("loops back without end: a doorbell moves a bounded amount, the rest goes on with time", async () => {
    const d = await up(RCTL.EN | RCTL.SECRC | RCTL.LBM | RCTL.LPE);
    d.set(R.TDLEN, 16 * 1024);
    for (let i = 0; i < 1024; i++) { d.m.set64(TX_RING + 16 * i, BigInt(DATA)); d.m.set32(TX_RING + 16 * i + 8, 16000 | (T.EOP | T.IFCS) << 24); d.m.set32(TX_RING + 16 * i + 12, 0); }
    d.set(R.TDT, 1023);
    expect(d.get(R.TDH)).toBeLessThan(1023);
    expect(d.m.counter("device work")).toBeLessThan(120_000);
    for (let i = 0; i < 20; i++) later(d, 100_000);
    expect(d.get(R.TDH)).toBe(1023);
  });
});
