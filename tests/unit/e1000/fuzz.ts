// Seeded noise against the 82540EM: register accesses of any width, half-sensible descriptors, frames, time. Ends with what the card
// counted, so that a test can see that the noise reached the rings.
import { randomOf } from "../virtio/fuzz.js";
import { Driver, frameOf, makeCard, OWN, R, RX_RING, TX_RING } from "./driver.js";

const REGISTERS = Object.values(R);
const RAM = 4 << 20;

function address(r: (n: number) => number): bigint {
  const kind = r(16);
  if (kind === 0) return BigInt(r(0x100000000)) << 32n | BigInt(r(0x100000000));
  if (kind === 1) return BigInt(RAM - r(64));
  return kind === 2 ? 0n : BigInt(r(RAM));
}

/** Descriptors that are half sense, then a tail. */
function scribble(d: Driver, r: (n: number) => number): void {
  for (let i = r(6); i >= 0; i--) {
    const tx = TX_RING + 16 * r(16), rx = RX_RING + 16 * r(16);
    d.m.set64(tx, address(r));
    d.m.set32(tx + 8, (r(4) ? [0, 14, 60, 200, 1514, 9000][r(6)]! : r(0x100000)) | (r(3) === 0 ? 0x100000 : 0) | (r(2) ? 1 : 0) << 24 | r(256) << 24);
    d.m.set32(tx + 12, r(0x100000000));
    d.m.set64(rx, address(r));
  }
  if (r(3) === 0) d.get(R.ICR);
  d.set(R.TDT, r(20) ? r(16) : r(65536));
  d.set(R.RDT, r(20) ? r(16) : r(65536));
}

function step(d: Driver, r: (n: number) => number): void {
  switch (r(9)) {
    case 0: d.m.write(d.base + r(0x20000), 1 << r(4), BigInt(r(0x100000000)) * 0x10001n); break;
    case 1: d.m.read(d.base + r(0x20000), 1 << r(4)); break;
    case 2: d.set(REGISTERS[r(REGISTERS.length)]!, r(2) ? r(0x100000000) : r(64)); break;
    case 3: d.get(REGISTERS[r(REGISTERS.length)]!); break;
    case 4: d.m.call("portWrite", d.m.bar(2) + 4 * r(2), 4, r(3) ? r(0x6000) : r(0x100000000)); break;
    case 5: d.m.giveFrame(frameOf(14 + r(3000), r(2) ? OWN : [255, 255, 255, 255, 255, 255], [r(256), r(256)]), { flags: r(20) ? 0 : r(4), gsoType: r(20) ? 0 : r(6) }); break;
    default: scribble(d, r);
  }
}

const NAMES = ["packets sent", "packets received", "driver errors", "packets to send refused", "interrupts asserted", "interrupts moderated", "transfers refused"];

/** Runs so many steps; throws when memory outside guest RAM was changed. */
export async function fuzzE1000(seed: number, steps: number): Promise<Record<string, number>> {
  const d = await makeCard(), r = randomOf(seed), all = new Uint8Array(d.m.m.memory.buffer), end = d.m.ram + RAM;
  const after = all.subarray(end, end + 65536).fill(0xa5), below = all.slice(1024, 65536);
  for (let i = 0; i < steps; i++) {
    if (i % 200 === 0) { d.m.writeConfig(4, 2, 7); d.set(R.CTRL, 0x04000000); d.set(R.MDIC, 1 << 26 | 1 << 21 | 0x1140); d.start(); d.set(R.RCTL, 0x8002 | r(0x4000000) & ~0xc0 | (r(4) ? 0 : 0xc0)); d.set(R.IMS, r(0x20000)); d.set(R.ITR, r(1000)); }
    step(d, r);
    if (r(8)) d.m.takeFrames();
    if (r(4) === 0) d.m.call("serviceRings");
    if (r(8) === 0) { d.m.call("setTicks", BigInt(i) * 20000n); d.m.call("runTimers"); }
  }
  if (!after.every((b) => b === 0xa5) || !below.every((b, i) => all[1024 + i] === b)) throw new Error(`seed ${seed}: memory outside guest RAM was changed`);
  return Object.fromEntries(NAMES.map((name) => [name, d.count(name)]));
}
