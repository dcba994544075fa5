// The IR interpreter's vector operations, by the Run side of their words.

import { Inst, valueAt } from "./block";
import { Op } from "./ops";
import { Run } from "./words";
import { lowOf, vget, vload, vlow, vop, vset, vstore } from "./words-vector";

export function interpretVector(i: Inst, id: u32): void {
  const to = valueAt(id), imm = <u32>i.imm;
  const a = v128.load(valueAt(i.a)), b = v128.load(valueAt(i.b)), low = load<u64>(valueAt(i.a));
  switch (<i32>i.op) {
    case Op.VGET: v128.store(to, vget<Run>(imm)); break;
    case Op.VSET: vset<Run>(imm, a); break;
    case Op.VLOAD: v128.store(to, vload<Run>(low, imm)); break;
    case Op.VSTORE: vstore<Run>(low, imm, b); break;
    case Op.VOP: v128.store(to, vop<Run>(imm & 0xffff, a, b, imm >> 16)); break;
    case Op.VCONST_LOW: v128.store(to, vlow<Run>(low)); break;
    case Op.VLOW: store<u64>(to, lowOf<Run>(a)); break;
  }
}
