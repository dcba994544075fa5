// x87 arithmetic, comparison and transcendental instructions on registers and on operands already loaded.
// Intel SDM vol. 2 under each mnemonic; stack faults per vol. 1, 8.5.1.1.

import { env } from "../float/env";
import { Condition, EXPONENT_MAX, SIGN } from "../float/f80";
import { addF80, divF80, mulF80, sqrtF80, subF80 } from "../float/f80-arithmetic";
import { classify, compareF80 } from "../float/f80-compare";
import { roundToInteger } from "../float/f80-convert";
import { exp2m1F80, ylog2xF80, ylog2xp1F80 } from "../float/f80-logarithm";
import { extractF80, remainderF80, scaleF80 } from "../float/f80-scale";
import { atanF80, cosF80, sinCosF80, sinF80, tanF80 } from "../float/f80-trigonometry";
import {
  Fsw, begin, exponentOf, isBlocked, isEmpty, mantissaOf, mergeStatus, overflow, pop, push, settle, underflow, writeSt,
} from "./x87-stack";

/** ModRM.reg of D8, DA, DC, DE. */
export const enum Fop { ADD, MUL, COM, COMP, SUB, SUBR, DIV, DIVR }

/** `a` is the destination. */
function compute(op: u32, ae: u32, am: u64, be: u32, bm: u64): void {
  switch (op) {
    case Fop.ADD: addF80(ae, am, be, bm); break;
    case Fop.MUL: mulF80(ae, am, be, bm); break;
    case Fop.SUB: subF80(ae, am, be, bm); break;
    case Fop.SUBR: subF80(be, bm, ae, am); break;
    case Fop.DIV: divF80(ae, am, be, bm); break;
    default: divF80(be, bm, ae, am);
  }
}

/** ST(0) op= an operand from memory, or compares with it. */
export function binaryMemory(op: u32, e: u32, m: u64): void {
  begin();
  if (op == Fop.COM || op == Fop.COMP) {
    compareWith(isEmpty(0), e, m, false);
    if (settleCompare(Condition.ALL) && op == Fop.COMP) pop();
    return;
  }
  if (isEmpty(0)) underflow();
  else compute(op, exponentOf(0), mantissaOf(0), e, m);
  if (settle(Condition.C1)) writeSt(0, env.exponent, env.mantissa);
}

/** ST(to) op= ST(from), then `pops`. */
export function binaryRegister(op: u32, to: u32, from: u32, pops: bool): void {
  begin();
  if (isEmpty(to) || isEmpty(from)) underflow();
  else compute(op, exponentOf(to), mantissaOf(to), exponentOf(from), mantissaOf(from));
  if (!settle(Condition.C1)) return;
  writeSt(to, env.exponent, env.mantissa);
  if (pops) pop();
}

function compareWith(empty: bool, e: u32, m: u64, quiet: bool): void {
  if (empty) {
    underflow();
    env.condition = Condition.C3 | Condition.C2 | Condition.C0;
  } else {
    env.condition = compareF80(exponentOf(0), mantissaOf(0), e, m, quiet);
  }
}
/** A comparison leaves its condition bits even with the exception unmasked; it only does not pop. */
function settleCompare(mask: u32): bool {
  const blocked = isBlocked();
  mergeStatus(mask);
  return !blocked;
}

/** FCOM, FUCOM and their popping forms. */
export function compareRegister(i: u32, quiet: bool, pops: u32): void {
  begin();
  compareWith(isEmpty(0) || isEmpty(i), exponentOf(i), mantissaOf(i), quiet);
  if (!settleCompare(Condition.ALL)) return;
  for (; pops > 0; pops--) pop();
}

/** FCOMI and FUCOMI: returns the condition bits for ZF, PF and CF; C1 stays but for a stack fault. */
export function compareToFlags(i: u32, quiet: bool, pops: bool): u32 {
  begin();
  compareWith(isEmpty(0) || isEmpty(i), exponentOf(i), mantissaOf(i), quiet);
  const order = env.condition;
  env.condition = 0;
  if (settleCompare((env.flags & Fsw.SF) != 0 ? Condition.C1 : 0) && pops) pop();
  return order;
}

export function test(): void {
  begin();
  compareWith(isEmpty(0), 0, 0, false);
  settleCompare(Condition.ALL);
}

/** FXAM looks at an empty register's sign as well. */
export function examine(): void {
  begin();
  const e = exponentOf(0);
  env.condition = isEmpty(0) ? Condition.C3 | Condition.C0 : classify(e, mantissaOf(0));
  if ((e & SIGN) != 0) env.condition |= Condition.C1;
  mergeStatus(Condition.ALL);
}

/** FCHS and FABS touch the sign alone. */
export function changeSign(clear: bool): void {
  begin();
  if (isEmpty(0)) underflow();
  else {
    const e = exponentOf(0);
    env.exponent = clear ? e & EXPONENT_MAX : e ^ SIGN;
    env.mantissa = mantissaOf(0);
  }
  if (settle(Condition.C1)) writeSt(0, env.exponent, env.mantissa);
}

/** Functions of ST(0) in D9 F0-FF, by the opcode's low four bits. */
export const enum Unary { F2XM1 = 0, FSQRT = 10, FRNDINT = 12, FSIN = 14, FCOS = 15 }

export function unary(op: u32): void {
  begin();
  const e = exponentOf(0), m = mantissaOf(0);
  if (isEmpty(0)) underflow();
  else switch (op) {
    case Unary.F2XM1: exp2m1F80(e, m); break;
    case Unary.FSQRT: sqrtF80(e, m); break;
    case Unary.FRNDINT: roundToInteger(e, m); break;
    case Unary.FSIN: sinF80(e, m); break;
    default: cosF80(e, m);
  }
  // C2 of the trigonometric functions says that the operand was out of range.
  if (settle(op >= <u32>Unary.FSIN ? Condition.C1 | Condition.C2 : Condition.C1)) writeSt(0, env.exponent, env.mantissa);
}

/** FPREM, FPREM1, FSCALE: ST(0) by ST(1). */
export const enum Binary { FPREM1 = 5, FPREM = 8, FSCALE = 13, FYL2X = 1, FPATAN = 3, FYL2XP1 = 9 }

export function partialOrScale(op: u32): void {
  begin();
  // Without a quotient C0 and C3 stay.
  let mask: u32 = op == Binary.FSCALE ? Condition.C1 : Condition.C1 | Condition.C2;
  if (isEmpty(0) || isEmpty(1)) underflow();
  else if (op == Binary.FSCALE) scaleF80(exponentOf(0), mantissaOf(0), exponentOf(1), mantissaOf(1));
  else if (remainderF80(exponentOf(0), mantissaOf(0), exponentOf(1), mantissaOf(1), op == Binary.FPREM1)) mask = Condition.ALL;
  if (settle(mask)) writeSt(0, env.exponent, env.mantissa);
}

/** FYL2X, FYL2XP1, FPATAN: into ST(1), then pop. */
export function binaryPop(op: u32): void {
  begin();
  const xe = exponentOf(0), xm = mantissaOf(0), ye = exponentOf(1), ym = mantissaOf(1);
  if (isEmpty(0) || isEmpty(1)) underflow();
  else if (op == Binary.FYL2X) ylog2xF80(ye, ym, xe, xm);
  else if (op == Binary.FPATAN) atanF80(ye, ym, xe, xm);
  else ylog2xp1F80(ye, ym, xe, xm);
  if (!settle(Condition.C1)) return;
  writeSt(1, env.exponent, env.mantissa);
  pop();
}

/** Instructions that replace ST(0) and push a second result. */
export const enum Push { FPTAN = 2, FXTRACT = 4, FSINCOS = 11 }

export function unaryPush(op: u32): void {
  begin();
  const e = exponentOf(0), m = mantissaOf(0);
  if (isEmpty(0)) { underflow(); bothInvalid(); }
  else if (!isEmpty(7)) { overflow(); bothInvalid(); }
  else if (op == Push.FXTRACT) extractF80(e, m);
  else if (op == Push.FSINCOS) sinCosF80(e, m);
  else tanF80(e, m);
  const partial = (env.condition & Condition.C2) != 0;
  if (!settle(op == Push.FXTRACT ? Condition.C1 : Condition.C1 | Condition.C2)) return;
  if (partial) return;
  writeSt(0, env.exponent, env.mantissa);
  push(env.exponent2, env.mantissa2);
}

function bothInvalid(): void {
  env.exponent2 = env.exponent;
  env.mantissa2 = env.mantissa;
}
