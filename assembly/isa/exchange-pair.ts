// CMPXCHG8B and CMPXCHG16B. SDM vol. 2A. The destination is written in any case; only ZF changes.

import { Insn } from "../decode/record";
import { Run, getReg, setReg, faulted, running } from "../ir/words";
import { setZf } from "../ir/words-flags";
import { aim, loadAimed, storeAimed } from "../ir/words-memory";
import { raise } from "../cpu/exceptions";
import { Vector } from "../cpu/state";
import { recordRun } from "./effects";
import { address, R } from "./operands";

export function compareExchangePair<M>(i: Insn): void {
  if (!running<M>()) return recordRun(i);
  const bits = <u32>i.bits, bytes = bits >> 3, where = address<Run>(i, bytes * 2, true);
  if (faulted<Run>()) return;
  if (bits == 64 && where & 15) return raise(Vector.GP, 0);
  const at = aim<Run>(where, bytes, true), low = loadAimed<Run>(at, where, bytes);
  if (faulted<Run>()) return;
  const above = aim<Run>(where + bytes, bytes, true), high = loadAimed<Run>(above, where + bytes, bytes);
  if (faulted<Run>()) return;
  const same = low == getReg<Run>(R.AX, bits) && high == getReg<Run>(R.DX, bits);
  storeAimed<Run>(at, where, bytes, same ? getReg<Run>(R.BX, bits) : low);
  storeAimed<Run>(above, where + bytes, bytes, same ? getReg<Run>(R.CX, bits) : high);
  if (!same) { setReg<Run>(R.AX, low, bits); setReg<Run>(R.DX, high, bits); }
  setZf<Run>(same ? 1 : 0);
}
