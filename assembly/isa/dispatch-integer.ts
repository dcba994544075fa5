// The frequent integer instructions, operation and size read from the handler's number (decode/handlers.ts): all of them in Build, and in
// Run those that dispatch-hot.ts leaves out.

import { Insn } from "../decode/record";
import { H } from "../decode/handlers";
import { Alu, aluRR, aluRM, aluRI, aluM, testRR, testRI, testM, incR, decR } from "./alu";
import { movRR, movRM, movMR, movRI, movMI, extendR, extendM, lea, cmovR, cmovM, setccR } from "./move";
import { pushR, popR, pushI } from "./stack";
import { jcc, jmp, call, ret } from "./branch";
import { shiftRI } from "./shift";

/** Whether handler `h` belongs here. */
@inline export function isInteger(h: i32): bool { return h >= H.ALU_RR && h <= H.RET || h >= H.SHIFT_RI && h < H.CMOV_M + 4; }

export function executeInteger<M>(i: Insn): void {
  const h = <i32>i.handler, bits = <u32>8 << <u32>(h & 3);
  if (h < H.MOV_RR) return arithmetic<M>(i, h, bits);
  if (h < H.JCC) return bySize<M>(i, h & ~3, bits);
  if (h < H.JMP) return jcc<M>(i, h - H.JCC);
  if (h == H.JMP) return jmp<M>(i);
  if (h == H.CALL) return call<M>(i);
  if (h == H.RET) return ret<M>(i, 0);
  if (h < H.SETCC_R) return shiftRI<M>(i, (h - H.SHIFT_RI) >> 2, bits);
  if (h == H.SETCC_R) return setccR<M>(i);
  if (h < H.CMOV_M) return cmovR<M>(i, <u32>8 << <u32>(h - H.CMOV_R));
  cmovM<M>(i, <u32>8 << <u32>(h - H.CMOV_M));
}

/** Eight operations by four sizes, by where the operands are. */
function arithmetic<M>(i: Insn, h: i32, bits: u32): void {
  const op = <u32>(h >> 2 & 7);
  switch (h & ~31) {
    case H.ALU_RR: return aluRR<M>(i, op, bits);
    case H.ALU_RM: return aluRM<M>(i, op, bits);
    case H.ALU_MR: return aluM<M>(i, op, bits, false);
    case H.ALU_RI: return aluRI<M>(i, op, bits);
    default: return aluM<M>(i, op, bits, true);
  }
}

function bySize<M>(i: Insn, family: i32, bits: u32): void {
  switch (family) {
    case H.MOV_RR: return movRR<M>(i, bits);
    case H.MOV_RM: return movRM<M>(i, bits);
    case H.MOV_MR: return movMR<M>(i, bits);
    case H.MOV_RI: return movRI<M>(i, bits);
    case H.MOV_MI: return movMI<M>(i, bits);
    case H.TEST_RR: return testRR<M>(i, bits);
    case H.TEST_MR: return testM<M>(i, bits, false);
    case H.TEST_RI: return testRI<M>(i, bits);
    case H.TEST_MI: return testM<M>(i, bits, true);
    case H.INC_R: return incR<M>(i, bits);
    case H.DEC_R: return decR<M>(i, bits);
    case H.MOVZX8_R: return extendR<M>(i, 8, bits, false);
    case H.MOVZX8_M: return extendM<M>(i, 8, bits, false);
    case H.MOVZX16_R: return extendR<M>(i, 16, bits, false);
    case H.MOVZX16_M: return extendM<M>(i, 16, bits, false);
    case H.MOVSX8_R: return extendR<M>(i, 8, bits, true);
    case H.MOVSX8_M: return extendM<M>(i, 8, bits, true);
    case H.MOVSX16_R: return extendR<M>(i, 16, bits, true);
    case H.MOVSX16_M: return extendM<M>(i, 16, bits, true);
    // MOVSXD with a 16-bit operand size moves 16 bits.
    case H.MOVSXD_R: return extendR<M>(i, min<u32>(bits, 32), bits, true);
    case H.MOVSXD_M: return extendM<M>(i, min<u32>(bits, 32), bits, true);
    case H.LEA: return lea<M>(i, bits);
    case H.PUSH_R: return pushR<M>(i, bits);
    case H.POP_R: return popR<M>(i, bits);
    default: return pushI<M>(i, bits); // PUSH_I
  }
}
