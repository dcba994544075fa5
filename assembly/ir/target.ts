// Branch targets: #GP(0) for one outside the code segment, or not canonical in 64-bit code.

import { raise } from "../cpu/exceptions";
import { cpu, Mode, Seg, Vector, segment } from "../cpu/state";

export function checkTargetIn(t: u64): void {
  const bad = cpu.mode & Mode.LONG ? <u64>((<i64>t << 16) >> 16) != t : t > <u64>segment(Seg.CS).limit;
  if (bad) raise(Vector.GP, 0);
}
