// The environment of a floating-point operation: what it must obey and what it reports. Intel SDM vol. 1, 10.2.3
// (MXCSR) and 8.1.3-8.1.5 (x87 status and control words).
// A caller copies the architectural control word in, clears the reported flags, runs one operation, and looks at the
// flags: they have the same places in MXCSR bits 0-5 and in the x87 status word.

import { FLOAT_ENV } from "../base/layout";

/** Exception flags, at their places in MXCSR and in the x87 status word. */
export const enum Raised { IE = 1, DE = 2, ZE = 4, OE = 8, UE = 16, PE = 32, PRE = 7, POST = 56, ALL = 63 }

/** MXCSR bits above the flags. */
export const enum Mxcsr { DAZ = 64, MASKS = 0x1f80, MASK_SHIFT = 7, RC_SHIFT = 13, RC = 0x6000, FZ = 0x8000, DEFAULT = 0x1f80 }

/** Rounding modes, as encoded in MXCSR.RC, the x87 control word's RC and ROUND*'s immediate. */
export const enum Rounding { NEAREST, DOWN, UP, ZERO }

@unmanaged export class FloatEnv {
  /** MXCSR as the SSE operation in hand sees it. */
  mxcsr: u32;
  /** Exceptions raised since the caller cleared them (Raised bits). */
  flags: u32;
  /** SSE: exceptions that earlier steps of the operation in hand have raised for good (DPPS). */
  kept: u32;
  /** x87: control word as the operation in hand sees it. */
  fcw: u32;
  /** x87: C0-C3 as the operation in hand leaves them (status word places). */
  condition: u32;
  pad0: u32;
  /** Second results of multi-word arithmetic (base/wide.ts). */
  wide0: u64; wide1: u64; wide2: u64; wide3: u64;
  /** x87: result of the operation in hand. */
  mantissa: u64; exponent: u32; pad1: u32;
  /** x87: second result of FXTRACT, FSINCOS and FPTAN (the one that ends in ST(0)). */
  mantissa2: u64; exponent2: u32; pad2: u32;
}

@inline export const env = changetype<FloatEnv>(FLOAT_ENV);
/** Room for what does not fit a field: tables built at start, operands in memory. */
@inline export const FLOAT_SCRATCH: usize = FLOAT_ENV + 512;
