// The lane operations as a module of their own, for vector.test.ts.

import { machine } from "../../../assembly/base/machine";
import { Vendor } from "../../../assembly/base/vendor";
import { env } from "../../../assembly/float/env";
import { V } from "../../../assembly/float/ops";
import { settle } from "../../../assembly/float/sse-soft";
import { vectorOp } from "../../../assembly/float/vector";

/** Operands at `at` and at + 16, result to at + 32. Flags for MXCSR, and bit 8 when they make an exception. */
export function run(kind: V, imm: u32, mxcsr: u32, at: usize): u32 {
  machine.vendor = Vendor.INTEL; // whose the recordings are
  env.mxcsr = mxcsr;
  env.flags = 0;
  v128.store(at + 32, vectorOp(kind, v128.load(at), v128.load(at + 16), imm));
  const raised = settle();
  return env.flags | u32(raised) << 8;
}
