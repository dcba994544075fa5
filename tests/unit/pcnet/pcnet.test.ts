// The PCnet-PCI II: registers in both widths and windows, both directions in every software style, and what a hostile driver tries.
import { describe, expect, it } from "vitest";
import { BUFF, CSR0, ENP, ERR, fcs, frameTo, MAC, makeDriver, OWN, RINGS, STP, TX_DATA, type Driver, type Setup } from "./driver.js";

const PEER = [0x02, 0xaa, 0xbb, 0xcc, 0xdd, 0xee];
const ALL = Array(6).fill(0xff) as number[];
async function up(setup: Setup = {}): Promise<Driver> {
  const d = await makeDriver();
  d.start(setup);
  return d;
}
const counter = (d: Driver, name: string): number => d.m.counter(`pcnet0 ${name}`);
const received = (d: Driver, i: number, n: number): number[] => [...d.m.bytes(d.bufferAt(i), n)];

describe("registers", () => {
  for (const memory of [false, true]) {
    it(`are words, then dwords once a dword was written, in ${memory ? "memory" : "I/O"}`, async () => {
      const d = await makeDriver(memory);
      expect([d.m.config(0), d.m.config(8)]).toEqual([0x20001022, 0x02000010]);
      expect([d.csr(0), d.csr(88), d.csr(89), d.rap]).toEqual([4, 0x1003, 0x0262, 89]);
      expect(d.in(0x10, 4)).toBe(0xffffffff);
      expect(d.in(0x10, 1)).toBe(0xff);
      d.goWide();
      expect([d.csr(0), d.csr(88), d.bcr(18)]).toEqual([4, 0x1003, 0x9081]);
      expect(d.in(0x10, 2)).toBe(0xffff);
      d.reset();
      expect([d.csr(0), d.bcr(18) & 0x80]).toEqual([4, 0x80]);
      expect(counter(d, "accesses refused")).toBe(3);
    });
  }
  it("has an address PROM with its sum, written only when BCR2 allows it", async () => {
    const d = await makeDriver(), prom = (): number[] => Array.from({ length: 16 }, (_, i) => d.in(i, 1));
    const before = prom();
    expect([...before.slice(0, 6), before[14], before[15]]).toEqual([...MAC, 0x57, 0x57]);
    expect(before[12]! | before[13]! << 8).toBe(before.reduce((sum, byte, i) => i === 12 || i === 13 ? sum : sum + byte, 0));
    d.out(0, 4, 0);
    expect(prom()).toEqual(before);
    d.setBcr(2, 0x102);
    d.out(0, 1, 0x54);
    expect(d.in(0, 1)).toBe(0x54);
    expect([12, 13, 14].map((n) => d.csr(n))).toEqual([0x5452, 0x1200, 0x5634]);
  });
  it("holds what STOP protects while it runs, and opens it in suspension", async () => {
    const d = await up();
    d.setCsr(8, 0x1234); d.setCsr(76, 0); d.setBcr(20, 0);
    expect([d.csr(8), d.csr(76), d.bcr(20)]).toEqual([0, 0xfffc, 0x302]);
    d.setCsr(5, 1);
    expect(d.csr(5)).toBe(1);
    d.setCsr(8, 0x1234);
    expect(d.csr(8)).toBe(0x1234);
    d.setCsr(5, 0);
    d.setCsr(8, 0);
    expect(d.csr(8)).toBe(0x1234);
  });
  it("shows the style's size and makes reserved ones the first", async () => {
    const d = await makeDriver();
    expect([0, 1, 2, 3, 4, 0xff].map((style) => { d.setBcr(20, style); return d.bcr(20); })).toEqual([0x200, 0x101, 0x302, 0x303, 0x200, 0x200]);
    d.setCsr(58, 2);
    expect([d.bcr(20), d.csr(58)]).toEqual([0x302, 0x302]);
    d.setCsr(16, 0xabcd);
    expect(d.csr(1)).toBe(0xabcd);
  });
  it("lies about nothing that is not there", async () => {
    const d = await makeDriver();
    for (const n of [7, 50, 127, 128, 255]) { d.setCsr(n, 0xffff); expect(d.csr(n)).toBe(0); }
    for (const n of [3, 31, 32, 255]) { d.setBcr(n, 0xffff); expect(d.bcr(n)).toBe(0); }
  });
  it("counts accesses by register", async () => {
    const d = await makeDriver();
    d.csr(0); d.csr(0); d.setCsr(3, 0); d.bcr(20);
    expect([d.m.counter("pcnet0 CSR0", "reads"), d.m.counter("pcnet0 CSR3", "writes"), d.m.counter("pcnet0 BCR20", "reads")]).toEqual([2, 1, 1]);
  });
});

describe("CSR0", () => {
  it("initializes, starts, and stops to where it began", async () => {
    const d = await up();
    expect(d.csr(0)).toBe(CSR0.INIT | CSR0.STRT | CSR0.TXON | CSR0.RXON | CSR0.IENA);
    expect(d.m.get32(0)).toBe(0);
    d.setCsr(0, CSR0.STOP | CSR0.STRT | CSR0.IENA);
    expect(d.csr(0)).toBe(CSR0.STOP);
  });
  it("takes INIT and STRT in one write, and DTX and DRX from the mode", async () => {
    const d = await up({ mode: 3 });
    expect(d.csr(0) & (CSR0.TXON | CSR0.RXON)).toBe(0);
    d.setCsr(0, CSR0.STOP);
    d.m.set16(RINGS.INIT, 0);
    d.setCsr(0, CSR0.INIT | CSR0.STRT);
    expect(d.csr(0) & ~CSR0.INTR).toBe(CSR0.INIT | CSR0.STRT | CSR0.TXON | CSR0.RXON | CSR0.IDON);
  });
  it("interrupts by IENA and masks, until the cause is written away", async () => {
    const d = await up(), pending = (): number => d.m.config(6, 2) & 8;
    d.send([frameTo(PEER, 60)]);
    expect([d.csr(0) & (CSR0.TINT | CSR0.INTR), pending()]).toEqual([CSR0.TINT | CSR0.INTR, 8]);
    d.setCsr(3, 0x200);
    expect([d.csr(0) & CSR0.INTR, pending()]).toEqual([0, 0]);
    d.setCsr(3, 0);
    d.setCsr(0, 0);
    expect([d.csr(0) & CSR0.INTR, pending()]).toEqual([CSR0.INTR, 0]);
    d.setCsr(0, CSR0.IENA);
    expect(pending()).toBe(8);
    d.setCsr(0, CSR0.TINT | CSR0.IENA);
    expect([d.csr(0) & (CSR0.TINT | CSR0.INTR), pending()]).toEqual([0, 0]);
    expect(counter(d, "interrupts asserted")).toBe(3);
  });
  it("interrupts by CSR4's own command, and CSR5 can keep good transmissions quiet", async () => {
    const d = await up();
    d.setCsr(4, 0x0915 | 0x80);
    expect([d.csr(4) & 0xc0, d.csr(0) & CSR0.INTR]).toEqual([0x40, CSR0.INTR]);
    d.setCsr(4, 0x0915 | 0x40);
    expect(d.csr(0) & CSR0.INTR).toBe(0);
    d.setCsr(5, 0x8000);
    d.send([frameTo(PEER, 60)]);
    expect(d.csr(0) & CSR0.TINT).toBe(0);
    d.setCsr(5, 0x4000);
    d.send([frameTo(PEER, 60)]);
    expect(d.csr(0) & CSR0.TINT).toBe(0);
    d.send([frameTo(PEER, 60)], 0x1000);
    expect(d.csr(0) & CSR0.TINT).toBe(CSR0.TINT);
  });
});

describe("look-ahead (LAPPEN)", () => {
  const STATUS = (d: Driver): number => d.style ? 6 : 2;
  async function ahead(starts: number[], style = 2): Promise<Driver> {
    const d = await makeDriver();
    d.setCsr(3, 0x20);
    d.start({ style, rx: 3, rxBytes: 100 });
    for (let i = 0; i < 8; i++) if (starts.includes(i)) { const at = RINGS.RX + i * d.step + STATUS(d); d.m.set16(at, d.m.get16(at) | STP); }
    return d;
  }
  for (const style of [0, 2, 3]) {
    it(`begins frames at STP alone, and gives back what lies between: style ${style}`, async () => {
      const d = await ahead([0, 4], style);
      d.m.giveFrame(frameTo(MAC, 150));
      d.m.giveFrame(frameTo(MAC, 60));
      expect([0, 1, 2, 3, 4, 5].map((i) => d.rxStatus(i) & (OWN | STP | ENP))).toEqual([STP, ENP, 0, 0, STP | ENP, OWN]);
      expect(received(d, 4, 60)).toEqual(frameTo(MAC, 60));
    });
  }
  it("interrupts for the first buffer of a frame too", async () => {
    const d = await ahead([0]), before = counter(d, "interrupts asserted");
    d.m.giveFrame(frameTo(MAC, 150));
    expect([counter(d, "interrupts asserted") - before, d.csr(0) & CSR0.RINT]).toEqual([1, CSR0.RINT]);
  });
  it("passes the driver's own descriptors without STP, and waits at its own with it", async () => {
    const d = await ahead([2]);
    for (const i of [0, 1]) d.describe(RINGS.RX, i, d.bufferAt(i), 100, 0);
    d.describe(RINGS.RX, 2, d.bufferAt(2), 100, STP);
    d.m.giveFrame(frameTo(MAC, 60));
    expect([d.csr(72), d.rxStatus(2)]).toEqual([0xfffa, STP]);
    d.describe(RINGS.RX, 2, d.bufferAt(2), 100, STP | OWN);
    d.setCsr(0, CSR0.TDMD | CSR0.IENA);
    expect(d.rxStatus(2) & (OWN | STP | ENP)).toBe(STP | ENP);
  });
  it("does not search for ever in a ring without STP", async () => {
    const d = await ahead([]);
    d.setCsr(0, 4); d.setCsr(76, 0); d.setCsr(0, 2);
    d.m.giveFrame(frameTo(MAC, 60));
    expect(counter(d, "waits for a receive buffer")).toBeGreaterThan(0);
  });
});

describe("a driver of boot firmware", () => {
  it("probes by words, takes the address from the PROM, and polls CSR0 with interrupts off, as iPXE does", async () => {
    const d = await makeDriver();
    d.reset();
    expect([d.csr(0), d.csr(88) | d.csr(89) << 16]).toEqual([4, 0x02621003]);
    const mac = [0, 1, 2].flatMap((i) => { const word = d.in(2 * i, 2); return [word & 255, word >> 8]; });
    expect(mac).toEqual(MAC);
    d.setBcr(2, d.bcr(2) | 2);
    d.setCsr(4, 0x0915); d.setCsr(3, 0x5f00);
    d.start({ style: 2, rx: 2, tx: 0 });
    d.setCsr(0, CSR0.STRT);
    d.send([frameTo(PEER, 60)]);
    let tries = 0;
    while (!(d.csr(0) & CSR0.TINT) && tries < 10) tries++;
    expect([tries < 10, d.frames().length, d.txStatus(0) & OWN]).toEqual([true, 1, 0]);
    d.m.giveFrame(frameTo(MAC, 99));
    expect([d.csr(0) & CSR0.RINT, d.rxCount(0), received(d, 0, 99)]).toEqual([CSR0.RINT, 103, frameTo(MAC, 99)]);
    d.setCsr(0, CSR0.STOP);
    expect(d.csr(0)).toBe(CSR0.STOP);
  });
});

describe("an idle card", () => {
  it("costs a poll every 64 ms at most, and none without a transmitter or with DPOLL", async () => {
    const polls = async (setup: Setup): Promise<number> => {
      const d = await up(setup), second = 1_000_000_000;
      let now = 0;
      for (let i = 0; i < 1000; i++) {
        const next = Number(BigInt.asUintN(64, d.m.m.exports.nextDeadlineNs!() as bigint));
        if (next > second) break;
        now = Math.max(now, next);
        d.m.call("setTicks", BigInt(now)); d.m.call("runTimers");
      }
      return counter(d, "polls by timer");
    };
    expect(await polls({ csr4: 0x0915 })).toBeLessThanOrEqual(22);
    expect(await polls({ csr4: 0x0915 })).toBeGreaterThan(14);
    expect([await polls({}), await polls({ csr4: 0x0915, mode: 2 })]).toEqual([0, 0]);
  });
});

describe.each([0, 1, 2, 3])("software style %i", (style) => {
  it("sends frames whole and in pieces, round the ring", async () => {
    const d = await up({ style }), frame = frameTo(PEER, 300);
    for (let i = 0; i < 3; i++) {
      d.send([frame]);
      d.send([frame.slice(0, 100), frame.slice(100, 101), frame.slice(101)]);
    }
    expect(d.frames()).toEqual(Array(6).fill(frame));
    expect([0, 1, 2, 3].map((i) => d.txStatus(i) & (OWN | ERR))).toEqual([0, 0, 0, 0]);
    expect(counter(d, "transmit descriptors used")).toBe(12);
    expect(counter(d, "doorbells")).toBe(6);
  });
  it("receives with FCS into one buffer, and into as many as it takes", async () => {
    const d = await up({ style, rxBytes: 100 }), frame = frameTo(MAC, 250);
    d.m.giveFrame(frame);
    expect([0, 1, 2, 3].map((i) => d.rxStatus(i) & 0xff00)).toEqual([STP, 0, ENP, OWN]);
    expect(d.rxCount(2)).toBe(254);
    expect([0, 1, 2].flatMap((i) => received(d, i, i === 2 ? 54 : 100))).toEqual([...frame, ...fcs(frame)]);
    expect(d.csr(0) & CSR0.RINT).toBe(CSR0.RINT);
    for (let i = 0; i < 4; i++) d.giveBuffer(i);
    d.m.giveFrame(frameTo(MAC, 42));
    expect(d.rxStatus(3) & 0xff00).toBe(STP | ENP);
    expect(d.rxCount(3)).toBe(64);
    expect(received(d, 3, 60)).toEqual([...frameTo(MAC, 42), ...Array(18).fill(0) as number[]]);
  });
  it("reports a buffer that is missing in the middle of a frame", async () => {
    const d = await up({ style, rxBytes: 100 });
    d.describe(RINGS.RX, 1, d.bufferAt(1), 100, 0);
    d.m.giveFrame(frameTo(MAC, 250));
    expect(d.rxStatus(0) & 0xff00).toBe(STP | ERR | BUFF);
    d.send([frameTo(PEER, 100)], 0, 0);
    expect(d.txStatus(0) & (OWN | ERR)).toBe(ERR);
    expect(d.errors(0)).toBe(0xc000);
    expect([d.csr(0) & (CSR0.TXON | CSR0.TINT), d.frames()]).toEqual([CSR0.TINT, []]);
  });
});

describe("transmit", () => {
  it("pads by APAD_XMT, and takes the driver's own FCS off or, when it is wrong, sends nothing", async () => {
    const d = await up({ mode: 8, csr4: 0x0115 | 0x1000 }), frame = frameTo(PEER, 60);
    d.send([[...frame, ...fcs(frame)]]);
    d.send([[...frame, 1, 2, 3, 4]]);
    d.send([frame], 0x2000);
    d.setCsr(4, 0x0915);
    d.send([frame.slice(0, 20)]);
    expect(d.frames()).toEqual([frame, frame, [...frame.slice(0, 20), ...Array(40).fill(0) as number[]]]);
    expect(counter(d, "packets sent with a wrong FCS")).toBe(1);
  });
  it("gives back unsent what does not begin a frame", async () => {
    const d = await up();
    d.describe(RINGS.TX, 0, TX_DATA, 60, OWN | ENP);
    d.txAt = 1;
    d.send([frameTo(PEER, 70)]);
    expect(d.frames()).toEqual([frameTo(PEER, 70)]);
    expect(d.txStatus(0) & OWN).toBe(0);
  });
  it("keeps frames while the host's ring is full, and goes on once it is drained", async () => {
    const d = await up(), frame = frameTo(PEER, 1500);
    let sent = 0;
    for (; sent < 300 && !counter(d, "waits for room in the frame ring"); sent++) d.send([frame]);
    expect(sent).toBeLessThan(300);
    expect(d.frames()).toHaveLength(sent - 1);
    d.m.call("serviceRings");
    expect(d.frames()).toEqual([frame]);
  });
  it("finds by polling what nobody rang for, unless DPOLL forbids it", async () => {
    const d = await up({ csr4: 0x0915 });
    d.m.put(TX_DATA, frameTo(PEER, 60));
    d.describe(RINGS.TX, 0, TX_DATA, 60, OWN | STP | ENP);
    d.m.m.exports.setTicks!(3_000_000n);
    d.m.call("runTimers");
    expect(d.frames()).toEqual([frameTo(PEER, 60)]);
    d.setCsr(4, 0x1915);
    d.m.m.exports.setTicks!(200_000_000n);
    d.m.call("runTimers");
    d.describe(RINGS.TX, 1, TX_DATA, 60, OWN | STP | ENP);
    d.m.m.exports.setTicks!(900_000_000n);
    d.m.call("runTimers");
    expect(d.frames()).toEqual([]);
  });
  it("babbles above 1518 bytes, and cuts off what the jabber timer would", async () => {
    const d = await up({ tx: 4 });
    d.send([frameTo(PEER, 1600)]);
    expect([d.csr(0) & (CSR0.BABL | CSR0.ERR), d.frames()]).toEqual([CSR0.BABL | CSR0.ERR, [frameTo(PEER, 1600)]]);
    d.send(Array.from({ length: 8 }, () => frameTo(PEER, 4096)));
    expect([d.csr(4) & 2, d.frames()]).toEqual([2, []]);
  });
});

describe("receive", () => {
  it("leaves the frame waiting while there is no buffer, and misses nothing", async () => {
    const d = await up({ rx: 0 });
    d.m.giveFrame(frameTo(MAC, 100));
    d.m.giveFrame(frameTo(MAC, 200));
    expect([d.rxCount(0), counter(d, "waits for a receive buffer"), d.csr(0) & CSR0.MISS, d.csr(112)]).toEqual([104, 1, 0, 0]);
    d.giveBuffer(0);
    d.setCsr(0, CSR0.IENA | CSR0.RINT);
    expect(d.rxCount(0)).toBe(204);
    d.giveBuffer(0);
    d.m.giveFrame(frameTo(MAC, 300), {}, false);
    d.m.m.exports.setTicks!(1_000_000_000n);
    d.m.call("runTimers");
    d.m.call("serviceRings");
    expect(d.rxCount(0)).toBe(304);
  });
  it("filters by address, hash, broadcast and promiscuity, and says in 32-bit descriptors which it was", async () => {
    const group = [0x01, 0x00, 0x5e, 0x00, 0x00, 0x01];
    const crc = fcs(group).reduceRight((sum, byte) => sum * 256 + byte, 0), index = (~crc >>> 26) & 63;
    const seen = async (setup: Setup): Promise<number[]> => {
      const d = await up({ rx: 3, ...setup });
      return [MAC, PEER, ALL, group].map((to) => {
        const before = counter(d, "packets received");
        d.m.giveFrame(frameTo(to, 100));
        return counter(d, "packets received") === before ? -1 : d.rxStatus(before) & 0xff;
      });
    };
    expect(await seen({})).toEqual([0x40, -1, 0x10, -1]);
    expect(await seen({ ladrf: 1n << BigInt(index) })).toEqual([0x40, -1, 0x10, 0x20]);
    expect(await seen({ ladrf: ~(1n << BigInt(index)) })).toEqual([0x40, -1, 0x10, -1]);
    expect(await seen({ mode: 0x8000 })).toEqual([0x40, 0, 0x10, 0]);
    expect(await seen({ mode: 0x4000 })).toEqual([0x40, -1, -1, -1]);
    expect(await seen({ mode: 0x2000 })).toEqual([-1, -1, 0x10, -1]);
  });
  it("strips pad and FCS of short 802.3 frames when told so", async () => {
    const d = await up({ csr4: 0x0d15 }), frame = frameTo(MAC, 60);
    frame[12] = 0; frame[13] = 10;
    d.m.giveFrame(frame);
    frame[13] = 46;
    d.m.giveFrame(frame);
    expect([d.rxCount(0), d.rxCount(1)]).toEqual([24, 64]);
  });
  it("drops what is longer than a descriptor can count, or wants work done, and counts it", async () => {
    const d = await up({ rxBytes: 4096 });
    d.m.giveFrame(frameTo(MAC, 4092));
    d.m.giveFrame(frameTo(MAC, 65000));
    d.m.giveFrame(frameTo(MAC, 100), { gsoType: 1, gsoSize: 100 });
    d.m.giveFrame(frameTo(MAC, 13));
    expect(counter(d, "packets received refused")).toBe(4);
    d.m.giveFrame(frameTo(MAC, 4091));
    expect(d.rxCount(0)).toBe(4095);
  });
});

describe("loopback", () => {
  it("inside the card brings a frame back with its FCS and sends nothing", async () => {
    const d = await up({ mode: 0x44 }), frame = frameTo(MAC, 1514);
    d.send([frame]);
    expect(d.frames()).toEqual([]);
    expect([d.rxCount(0), d.rxStatus(0) & 0xff00]).toEqual([1518, STP | ENP]);
    expect(received(d, 0, 1518)).toEqual([...frame, ...fcs(frame)]);
  });
  it("without a buffer is missed: MISS, and CSR112 counts to where it starts again", async () => {
    const d = await up({ mode: 0x44, rx: 0 });
    for (const expected of [0, 1, 2]) {
      d.send([frameTo(MAC, 60)]);
      expect([d.csr(112), d.csr(0) & (CSR0.MISS | CSR0.ERR)]).toEqual([expected, expected ? CSR0.MISS | CSR0.ERR : 0]);
    }
    expect(counter(d, "packets looped back without a buffer")).toBe(2);
  });
  it("with FCOLL collides until it gives up: RTRY, and nothing comes round", async () => {
    const d = await up({ mode: 0x54 });
    d.send([frameTo(MAC, 60)]);
    expect([d.txStatus(0) & (OWN | ERR), d.errors(0) & 0xfc00, d.csr(0) & (CSR0.TINT | CSR0.RINT), d.frames()]).toEqual([ERR, 0x0400, CSR0.TINT, []]);
  });
  it("by the transceiver does both, and a wrong FCS is a CRC error", async () => {
    const d = await up({ mode: 0x0c, csr4: 0x1115 }), frame = frameTo(MAC, 60);
    d.send([[...frame, ...fcs(frame)]]);
    d.send([[...frame, 0, 0, 0, 0]]);
    expect(d.frames()).toEqual([frame]);
    expect([d.rxStatus(0) & 0xff00, d.rxStatus(1) & 0xff00]).toEqual([STP | ENP, STP | ENP | ERR | 0x0800]);
  });
  it("of the longest frame there is, and one byte more, stays within bounds", async () => {
    const d = await up({ mode: 0x44, rxBytes: 4096 });
    for (const n of [4091, 4092, 4096]) d.send([frameTo(MAC, n)]);
    expect(d.rxCount(0)).toBe(4095);
    expect(d.rxStatus(1) & OWN).toBe(OWN);
  });
});

describe("a hostile driver", () => {
  it("chains descriptors without end: the ring ends, the card goes on after a restart", async () => {
    const d = await up({ tx: 9 });
    for (let i = 0; i < 512; i++) d.describe(RINGS.TX, i, TX_DATA, 4096, OWN | STP);
    d.m.put(TX_DATA, Array(4096).fill(0xff) as number[]);
    d.setCsr(0, CSR0.TDMD);
    // The entry of the longest frame, and nothing behind it.
    const behind = new Uint8Array(d.m.m.memory.buffer, d.m.call("ringAt", 16, 0) + 16 + 25008, 400_000);
    expect(behind.every((byte) => byte === 0)).toBe(true);
    expect(d.frames()).toEqual([]);
    expect(d.txStatus(511) & OWN).toBe(0);
    d.setCsr(0, CSR0.STOP);
    d.start();
    d.send([frameTo(PEER, 60)]);
    expect(d.frames()).toHaveLength(1);
  });
  it("gives rings a length of 0 by CSR76 and 78", async () => {
    const d = await up();
    d.setCsr(0, CSR0.STOP);
    for (const n of [72, 74, 76, 78]) d.setCsr(n, 0);
    d.setCsr(0, CSR0.STRT | CSR0.TDMD);
    d.describe(RINGS.TX, 0, TX_DATA, 60, OWN | STP | ENP);
    d.setCsr(0, CSR0.TDMD);
    expect(d.frames()).toHaveLength(1);
    d.m.giveFrame(frameTo(MAC, 60));
    expect(d.rxCount(0)).toBe(64);
  });
  it("loops frames back over its own rings for ever", async () => {
    const d = await up({ mode: 0x8044 }), rings = 0x30000, source = 0x38000;
    d.setCsr(0, CSR0.STOP);
    [[24, rings], [30, rings + 32]].forEach(([n, at]) => { d.setCsr(n!, at! & 0xffff); d.setCsr(n! + 1, at! >>> 16); });
    for (const [n, value] of [[72, -2], [74, -1], [76, -2], [78, -1]] as const) d.setCsr(n, value & 0xffff);
    // Each frame that comes in makes both receive descriptors and the transmit descriptor the card's again.
    for (const at of [rings, source]) {
      for (const i of [0, 1]) d.describe(at, i, rings, 2048, OWN);
      d.describe(at, 2, source, 48, OWN | STP | ENP);
    }
    d.setCsr(4, 0x1115);
    d.setCsr(0, CSR0.STRT);
    const once = counter(d, "packets looped back");
    // As many as the machine's allowance has room for; a doorbell makes no more of them, time does.
    expect(once).toBeGreaterThan(500);
    expect(d.m.counter("device work")).toBeLessThan(120_000);
    d.setCsr(0, CSR0.TDMD);
    expect(counter(d, "packets looped back")).toBe(once);
    d.m.call("setTicks", 1_000_000n); d.m.call("runTimers");
    expect(counter(d, "packets looped back")).toBeGreaterThan(once + 500);
  });
  it("puts init block, rings or buffers where no memory is: SINT, master abort, stopped", async () => {
    const d = await makeDriver();
    d.setCsr(5, 0x400);
    d.setCsr(1, 0); d.setCsr(2, 0xf000);
    d.setCsr(0, CSR0.INIT);
    expect([d.csr(0) & CSR0.STOP, d.csr(5) & 0x800, d.m.config(6, 2) & 0x2008]).toEqual([CSR0.STOP, 0x800, 0x2008]);
    d.setCsr(5, 0xc00);
    expect(d.m.config(6, 2) & 8).toBe(0);
    d.start();
    d.describe(RINGS.TX, 0, 0xf0000000, 60, OWN | STP | ENP);
    d.setCsr(0, CSR0.TDMD);
    expect([d.csr(0) & CSR0.STOP, counter(d, "bus errors"), d.frames()]).toEqual([CSR0.STOP, 2, []]);
    d.start();
    d.describe(RINGS.RX, 0, 0xf0000000, 2048, OWN);
    d.m.giveFrame(frameTo(MAC, 60));
    expect([d.csr(0) & CSR0.STOP, counter(d, "bus errors")]).toEqual([CSR0.STOP, 3]);
  });
  it("takes bus mastering away: MERR, and the frame goes once it is back", async () => {
    const d = await up();
    d.m.writeConfig(4, 2, 3);
    d.send([frameTo(PEER, 60)]);
    expect([d.csr(0) & CSR0.MERR, d.frames()]).toEqual([CSR0.MERR, []]);
    d.m.writeConfig(4, 2, 7);
    d.setCsr(0, CSR0.MERR | CSR0.TDMD);
    expect(d.frames()).toHaveLength(1);
  });
});
