// The system chapter's dispatcher. Everything in it is too complex to lower: in Build an instruction is one operation
// that calls its Run function.

import { spend, Work } from "../base/control";
import { Insn } from "../decode/record";
import { running } from "../ir/words";
import { recordRun } from "./effects";
import { executeControl } from "./system-control";
import { executeFar } from "./far";
import { executeFlags } from "./system-flags";
import { executePorts } from "./system-ports";
import { executeSegments } from "./system-segments";
import { S } from "../decode/system-handlers";

export function executeSystem<M>(i: Insn): void {
  if (!running<M>()) { recordRun(i); return; }
  spend(Work.RARE);
  const h = <i32>i.handler;
  if (h <= S.SYSEXIT) executeFar(i);
  else if (h <= S.FSGSBASE) executeSegments(i);
  else if (h <= S.HYPERCALL) executeControl(i);
  else if (h <= S.AC_FLAG) executeFlags(i);
  else executePorts(i);
}
