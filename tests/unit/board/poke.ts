// Random accesses of a hostile guest at every device, for the short fuzz and the long one.
import type { Board } from "./board.js";

/** xorshift32. */
export function randomFrom(seed: number): () => number {
  let x = seed;
  return () => { x ^= x << 13; x ^= x >>> 17; x ^= x << 5; return x >>> 0; };
}

const BASES = [0xfee00000, 0xfec00000, 0xfed00000, 0xb0000000, 0xb00f8000, 0xfed1c000, 0xfffffff8, 0xaffffffc];

/** A hundred accesses of random kind, place, width and value, at devices and beside them; then the processor's own. */
export function poke(b: Board, random: () => number): void {
  const widths = [1, 2, 4, 8], x = b.m.exports;
  const ports = [0x20, 0xa0, 0x40, 0x60, 0x70, 0x80, 0x92, 0xb2, 0xcf8, 0x3f8, 0x2f8, 0x4d0, 0x500, 0x600, 0x620, 0x510, 0x505, random() & 0xffff];
  for (let i = 0; i < 100; i++) {
    const bytes = widths[random() & 3]!, value = BigInt(random()) << 32n | BigInt(random() & random());
    switch (random() & 3) {
      case 0: x.mmioRead!(BigInt(BASES[random() % BASES.length]!) + BigInt(random() & 0xfff), bytes); break;
      case 1: x.mmioWrite!(BigInt(BASES[random() % BASES.length]!) + BigInt(random() & 0xfff), bytes, value); break;
      case 2: x.portRead!((ports[random() % ports.length]! + (random() & 15)) & 0xffff, Math.min(bytes, 4)); break;
      default: x.portWrite!((ports[random() % ports.length]! + (random() & 15)) & 0xffff, Math.min(bytes, 4), random());
    }
  }
  x.acknowledge!();
  x.apicWriteMsr!(0x800 + (random() & 0x3f), BigInt(random() & 0xffff));
  x.apicReadMsr!(0x800 + (random() & 0x3f));
}

/** Rounds of pokes with random time between them. Fails the test by throwing, if the module traps. */
export function pokeFor(b: Board, seed: number, rounds: number): bigint {
  const random = randomFrom(seed);
  let ticks = 0n;
  for (let round = 0; round < rounds; round++) {
    poke(b, random);
    ticks += BigInt(random() >>> (random() & 31));
    b.call("setTicks", ticks);
    const before = b.counter("timers fired");
    b.call("runTimers");
    const fired = b.counter("timers fired") - before;
    if (fired > 256) throw new Error(`seed ${seed}, round ${round}: one call fired ${fired} timers`);
    for (const id of [0, 2, 4, 6, 8]) b.readRing(id);
    b.call("serviceRings");
  }
  return ticks;
}
