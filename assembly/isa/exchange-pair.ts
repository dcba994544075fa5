// CMPXCHG8B and CMPXCHG16B. SDM vol. 2A. The destination is written in any case; only ZF changes.

import { Insn } from "../decode/record";
import { Run, getReg, setReg, faulted, recordRun, running } from "../ir/words";
import { loadMem, storeMem, probeMem } from "../ir/words-memory";
import { raise } from "../cpu/exceptions";
import { Vector } from "../cpu/state";
import { address, R } from "./operands";
import { setZf } from "./status";

export function compareExchangePair<M>(i: Insn): void {
  if (!running<M>()) return recordRun();
  const bits = <u32>i.bits, bytes = bits >> 3, where = address<Run>(i, bytes * 2, true);
  if (faulted<Run>()) return;
  if (bits == 64 && where & 15) return raise(Vector.GP, 0);
  probeMem<Run>(where, bytes);
  if (!faulted<Run>()) probeMem<Run>(where + bytes, bytes);
  if (faulted<Run>()) return;
  const low = loadMem<Run>(where, bytes), high = loadMem<Run>(where + bytes, bytes);
  const same = low == getReg<Run>(R.AX, bits) && high == getReg<Run>(R.DX, bits);
  storeMem<Run>(where, bytes, same ? getReg<Run>(R.BX, bits) : low);
  storeMem<Run>(where + bytes, bytes, same ? getReg<Run>(R.CX, bits) : high);
  if (!same) { setReg<Run>(R.AX, low, bits); setReg<Run>(R.DX, high, bits); }
  setZf<Run>(same ? 1 : 0);
}
