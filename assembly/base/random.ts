// The machine's random numbers: splitmix64 (Steele, Lea, Flood 2014) over a seeded word of the control block.

import { machine } from "./machine";

/** The next 64 bits. */
export function nextRandom(): u64 {
  machine.random += 0x9e37_79b9_7f4a_7c15;
  let z = machine.random;
  z = (z ^ z >> 30) * 0xbf58_476d_1ce4_e5b9;
  z = (z ^ z >> 27) * 0x94d0_49bb_1331_11eb;
  return z ^ z >> 31;
}
