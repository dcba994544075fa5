// The functions that translated code imports, by index, with their types: the rows from which the import section is written. Names are
// those of helpers.ts and x87-helpers.ts; the host links them by name.

import { T } from "./wasm";
import { byte, unsigned } from "./writer";

export const enum Import {
  LOAD, STORE, UPDATE, PROBE, VLOAD, VSTORE, REPORT, LANES, RAISE, SEGMENT, TARGET, RUN, STANDS, SHADOWED, MUL_HIGH_U, MUL_HIGH_S, WIDE, FITS, RESULT, CARRY, X_ADD, X_SUB, X_MUL, X_DIV, X_ROOT, X_COMPARE, X_WIDEN, X_OUT, COUNT,
}

/** Its parameters and result, one letter each: i = i32, l = i64, v = v128, after '>' the result. */
function shapeOf(f: u32): string {
  switch (<i32>f) {
    case Import.LOAD: return "tLoad liii>l";
    case Import.STORE: return "tStore lliii>";
    case Import.UPDATE: return "tUpdate liii>l";
    case Import.PROBE: return "tProbe liii>";
    case Import.VLOAD: return "tVload liii>v";
    case Import.VSTORE: return "tVstore lviii>";
    case Import.REPORT: return "tReport vviii>v";
    case Import.LANES: return "tLanes vvi>v";
    case Import.RAISE: return "tRaise iii>";
    case Import.SEGMENT: return "tSegment liii>l";
    case Import.TARGET: return "tTarget lii>";
    case Import.RUN: return "tRun ii>i";
    case Import.STANDS: return "tStands i>i";
    case Import.SHADOWED: return "tShadowed i>i";
    case Import.MUL_HIGH_U: return "tMulHighU ll>l";
    case Import.MUL_HIGH_S: return "tMulHighS ll>l";
    case Import.WIDE: return "tWide llli>l";
    case Import.FITS: return "tFits llli>l";
    case Import.RESULT: return "tResult >l";
    case Import.X_ADD: return "tXAdd lili>l";
    case Import.X_SUB: return "tXSub lili>l";
    case Import.X_MUL: return "tXMul lili>l";
    case Import.X_DIV: return "tXDiv lili>l";
    case Import.X_ROOT: return "tXRoot li>l";
    case Import.X_COMPARE: return "tXCompare lilii>i";
    case Import.X_WIDEN: return "tXWiden li>l";
    case Import.X_OUT: return "tXOut lii>l";
    default: return "tCarry >l";
  }
}
function typeOf(letter: u32): u32 { return letter == 0x69 ? T.I32 : letter == 0x6c ? T.I64 : T.V128; }

/** The type of import `f`, as the type section has it. */
export function writeType(f: u32): void {
  const s = shapeOf(f), from = s.indexOf(" ") + 1, to = s.indexOf(">"), results = s.length - to - 1;
  byte(T.FUNC);
  unsigned(to - from);
  for (let k = from; k < to; k++) byte(typeOf(s.charCodeAt(k)));
  unsigned(results);
  if (results) byte(typeOf(s.charCodeAt(to + 1)));
}
/** Its entry in the import section: from module "m", of type `f`. */
export function writeImport(f: u32): void {
  const s = shapeOf(f), length = s.indexOf(" ");
  byte(1); byte(0x6d);
  unsigned(length);
  for (let k = 0; k < length; k++) byte(s.charCodeAt(k));
  byte(0); unsigned(f);
}
