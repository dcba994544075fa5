// One instruction, in either execution. The run loop inlines the hot switch; everything else calls these.

import { Insn } from "../decode/record";
import { Build, Run } from "../ir/words";
import { Op } from "../ir/ops";
import { begin, record } from "../ir/block";
import { interpret } from "../ir/interpret";
import { executeHot } from "./hot";
import { executeRare } from "./rare";

/** Executes a record now: what the IR's RUN operation calls (links.runSlot). Nothing in hot.ts is recorded that way. */
export function runOne(i: Insn): void { executeRare<Run>(i); }

/** Appends a record's meaning to the IR. */
export function buildOne(i: Insn): void {
  record(Op.INSN, 0, 0, 0, changetype<usize>(i));
  executeHot<Build>(i);
}

/** Executes a record through the IR: what translated code must agree with. */
export function interpretOne(i: Insn): void {
  begin();
  buildOne(i);
  interpret();
  // The IR is a cache: what it took leaves no trace in the machine's state.
  begin();
}
