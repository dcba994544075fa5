// Seeded noise against the PCnet: register accesses of any width in both windows, init blocks, descriptors of every style, frames, time,
// bus mastering that comes and goes. Ends with what the card counted, so that a test can see that the noise reached the rings.
import { randomOf } from "../virtio/fuzz.js";
import { CSR0, Driver, ENP, frameTo, MAC, makeDriver, OWN, RINGS, STP } from "./driver.js";

const RAM = 4 << 20;
const RINGING = [0, 1, 2, 3, 4, 5, 8, 15, 24, 25, 30, 31, 47, 58, 72, 74, 76, 78, 112, 122, 124];
const LENGTHS = [1, 14, 60, 100, 1514, 1519, 4095, 4096];
const TARGETS = [MAC, [2, 0xaa, 0xbb, 0xcc, 0xdd, 0xee], Array<number>(6).fill(255), [0x33, 0x33, 0, 0, 0, 1]];
const NAMES = [
  "packets sent", "packets received", "packets looped back", "packets looped back without a buffer", "packets without enough buffers", "bus errors",
  "packets filtered", "packets to send refused", "polls by timer", "accesses refused", "resets by register", "interrupts asserted",
];

/** Mostly memory, now and then its end, a device, nowhere. */
function address(r: (n: number) => number): number {
  const kind = r(16);
  if (kind === 0) return r(0x100000000);
  if (kind === 1) return RAM - r(64);
  return kind === 2 ? 0 : r(RAM);
}

function status(r: (n: number) => number): number {
  return (r(4) ? OWN : 0) | (r(3) ? STP : 0) | (r(3) ? ENP : 0) | (r(6) ? 0 : r(0x10000));
}

/** Descriptors that are half sense, then a doorbell. */
function scribble(d: Driver, r: (n: number) => number): void {
  for (let i = r(6); i >= 0; i--) d.describe(r(2) ? RINGS.TX : RINGS.RX, r(16), address(r), LENGTHS[r(LENGTHS.length)]!, status(r));
  d.setCsr(0, r(8) ? CSR0.TDMD | CSR0.IENA | (r(2) ? 0x7f00 : 0) : 1 << r(16) | 1 << r(16));
}

/** Whatever the noise has made of the card, a driver can begin again. */
function begin(d: Driver, r: (n: number) => number): void {
  d.m.writeConfig(4, 2, 7);
  // RAP is a byte; where words are refused it reads as ones.
  d.wide = d.in(0x12, 2) === 0xffff;
  d.reset();
  d.setCsr(0, 4);
  d.setCsr(3, r(4) ? 0 : r(0x10000) & ~0x0100);
  d.start({ style: r(4), mode: [0, 4, 0x44, 0x54, 0x8000, 0x0c, 0x8044][r(7)]!, rx: r(5), tx: r(5), rxBytes: [64, 600, 2048, 4096][r(4)]!, csr4: r(2) ? 0x1915 : 0x0915 | r(0x10000) });
}

function step(d: Driver, r: (n: number) => number): void {
  switch (r(10)) {
    case 0: d.out(r(32), 1 << r(3), r(2) ? r(0x10000) : r(256)); break;
    case 1: d.in(r(32), 1 << r(3)); break;
    case 2: d.setCsr(RINGING[r(RINGING.length)]!, [r(0x10000), 0, 0xffff, 0x8300, r(16)][r(5)]!); break;
    case 3: if (r(4) === 0) d.setBcr(r(32), r(0x10000)); else d.csr(RINGING[r(RINGING.length)]!); break;
    case 4: d.m.set32(RINGS.INIT + 4 * r(8), r(2) ? r(RAM) : r(0x100000000)); break;
    case 5: d.m.giveFrame(frameTo(TARGETS[r(TARGETS.length)]!, 14 + (r(4) ? r(200) : r(5000))), { flags: r(20) ? 0 : r(4), gsoType: r(20) ? 0 : r(6) }); break;
    case 6: if (r(30) === 0) d.m.writeConfig(4, 2, r(8)); break;
    default: scribble(d, r);
  }
}

/** Runs so many steps; throws when memory outside guest RAM was changed. */
export async function fuzzPcnet(seed: number, steps: number): Promise<Record<string, number>> {
  const d = await makeDriver(seed % 2 === 1), r = randomOf(seed);
  const all = new Uint8Array(d.m.m.memory.buffer), end = d.m.ram + RAM;
  const after = all.subarray(end, end + 65536).fill(0xa5), below = all.slice(1024, 65536);
  for (let i = 0; i < steps; i++) {
    if (i % 60 === 0) begin(d, r);
    step(d, r);
    if (r(8)) d.m.takeFrames();
    if (r(4) === 0) d.m.call("serviceRings");
    if (r(8) === 0) { d.m.call("setTicks", BigInt(i) * 100_000n); d.m.call("runTimers"); }
  }
  if (!after.every((b) => b === 0xa5) || !below.every((b, i) => all[1024 + i] === b)) throw new Error(`seed ${seed}: memory outside guest RAM was changed`);
  return Object.fromEntries(NAMES.map((name) => [name, d.m.counter(`pcnet0 ${name}`)]));
}
