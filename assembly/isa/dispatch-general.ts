// General instructions that are not in dispatch-hot.ts: dispatch only.

import { Insn } from "../decode/record";
import { lit, getCf, raiseIf, setFlag, xor } from "../ir/words";
import { setCf } from "../ir/words-flags";
import { Flag, Vector } from "../cpu/state";
import { H } from "../decode/handlers";
import { addWith, stepM, negate, complement } from "./alu";
import { shiftRm, countInCl, doubleShift } from "./shift";
import { multiply, multiplyInto, divide } from "./multiply";
import { bitImmediate, bitRegister, bitScan, countBits, crc32 } from "./bit";
import { pushM, popM, pushAll, popAll, pushSegment, enter, leave } from "./stack";
import { callRm, jmpRm, ret, loop, jcxz } from "./branch";
import { Str, string } from "./string";
import { decimal } from "./decimal";
import {
  exchange, exchangeAcc, exchangeAdd, compareExchange, widenAcc, signAcc, bswap, movbe, moffsLoad, moffsStore, xlat,
  lahf, sahf, setccM, moveNonTemporal, flushLine,
} from "./move";
import { compareExchangePair } from "./exchange-pair";

export function executeGeneral<M>(i: Insn): void {
  switch (<i32>i.handler) {
    case H.NOP: return;
    case H.RAISE: return raiseNow<M>(i.kind);
    case H.JMP_R: case H.JMP_M: return jmpRm<M>(i);
    case H.CALL_R: case H.CALL_M: return callRm<M>(i);
    case H.RET_I: return ret<M>(i, <u32>i.imm);
    case H.SHIFT_RM_IMM: return shiftRm<M>(i, lit<M>(<u64>i.imm));
    case H.SHIFT_RM_CL: return shiftRm<M>(i, countInCl<M>());
    case H.SHIFT_RM_1: return shiftRm<M>(i, lit<M>(1));
    case H.INC_M: return stepM<M>(i, true);
    case H.DEC_M: return stepM<M>(i, false);
    case H.NOT: return complement<M>(i);
    case H.NEG: return negate<M>(i);
    case H.MUL: return multiply<M>(i, false);
    case H.IMUL1: return multiply<M>(i, true);
    case H.DIV: return divide<M>(i, false);
    case H.IDIV: return divide<M>(i, true);
    case H.IMUL2: return multiplyInto<M>(i, false);
    case H.IMUL3: return multiplyInto<M>(i, true);
    case H.SETCC: return setccM<M>(i);
    case H.XCHG: return exchange<M>(i);
    case H.XCHG_ACC: return exchangeAcc<M>(i);
    case H.XADD: return exchangeAdd<M>(i);
    case H.CMPXCHG: return compareExchange<M>(i);
    case H.CMPXCHG8B: return compareExchangePair<M>(i);
    case H.PUSH_M: return pushM<M>(i);
    case H.POP_M: return popM<M>(i);
    case H.PUSHA: return pushAll<M>(i);
    case H.POPA: return popAll<M>(i);
    case H.PUSH_SEG: return pushSegment<M>(i);
    case H.ENTER: return enter<M>(i);
    case H.LEAVE: return leave<M>(i);
    case H.CBW: return widenAcc<M>(i);
    case H.CWD: return signAcc<M>(i);
    case H.LAHF: return lahf<M>(i);
    case H.SAHF: return sahf<M>(i);
    case H.CLC: return setCf<M>(lit<M>(0));
    case H.STC: return setCf<M>(lit<M>(1));
    case H.CMC: return setCf<M>(xor<M>(getCf<M>(), lit<M>(1)));
    case H.CLD: return setFlag<M>(Flag.DF, lit<M>(0));
    case H.STD: return setFlag<M>(Flag.DF, lit<M>(1));
    case H.BT_R: return bitRegister<M>(i);
    case H.BT_I: return bitImmediate<M>(i);
    case H.BSF: return bitScan<M>(i, false);
    case H.BSR: return bitScan<M>(i, true);
    case H.POPCNT: return countBits<M>(i);
    case H.BSWAP: return bswap<M>(i);
    case H.MOVBE: return movbe<M>(i, i.kind == 0);
    case H.CRC32: return crc32<M>(i);
    case H.ADCX: return addWith<M>(i, Flag.CF);
    case H.ADOX: return addWith<M>(i, Flag.OF);
    case H.MOVNTI: return moveNonTemporal<M>(i);
    case H.CLFLUSH: return flushLine<M>(i);
    case H.SHLD: return doubleShift<M>(i, true, lit<M>(<u64>i.imm));
    case H.SHRD: return doubleShift<M>(i, false, lit<M>(<u64>i.imm));
    case H.SHLD_CL: return doubleShift<M>(i, true, countInCl<M>());
    case H.SHRD_CL: return doubleShift<M>(i, false, countInCl<M>());
    case H.MOVS: return string<M>(i, Str.MOVS);
    case H.CMPS: return string<M>(i, Str.CMPS);
    case H.STOS: return string<M>(i, Str.STOS);
    case H.LODS: return string<M>(i, Str.LODS);
    case H.SCAS: return string<M>(i, Str.SCAS);
    case H.LOOP: return loop<M>(i);
    case H.JCXZ: return jcxz<M>(i);
    case H.XLAT: return xlat<M>(i);
    case H.SALC: case H.AAA: case H.AAS: case H.AAM: case H.AAD: case H.DAA: case H.DAS: case H.BOUND: return decimal<M>(i);
    case H.MOV_MOFFS_LOAD: return moffsLoad<M>(i);
    case H.MOV_MOFFS_STORE: return moffsStore<M>(i);
    default: return raiseNow<M>(Vector.UD);
  }
}

function raiseNow<M>(vector: u32): void { raiseIf<M>(lit<M>(1), vector); }
