// One instruction, or one block through the IR. The run loop inlines dispatch-hot.ts; everything else calls these.

import { control, RECORD } from "../base/control";
import { Insn } from "../decode/record";
import { Build, Run } from "../ir/words";
import { Op } from "../ir/ops";
import { begin, count, cutTo, isFull, record } from "../ir/block";
import { interpret } from "../ir/interpret";
import { verify } from "../ir/verify";
import { executeRare } from "./dispatch";

/** Executes a record now: what the IR's RUN operation calls (links.runSlot). Nothing in dispatch-integer.ts is recorded that way. */
export function runOne(i: Insn): void { executeRare<Run>(i); }

/** Appends a record's meaning to the IR. */
export function buildOne(i: Insn): void {
  record(Op.INSN, 0, 0, 0, changetype<usize>(i));
  executeRare<Build>(i);
}

/** Builds the records from `first` to `end`, or as many as fit; the address past the last. */
export function buildBlock(first: u32, end: u32): u32 {
  begin();
  for (let p = first; p < end; p += RECORD) {
    const before = count();
    buildOne(changetype<Insn>(<usize>p));
    if (isFull()) { cutTo(before); return p; }
  }
  return end;
}

/** Executes records through the IR, as translated code must: built as a block, verified, then run. The address past the last record run. */
export function interpretBlock(first: u32, end: u32): u32 {
  const built = buildBlock(first, end);
  assert(verify() == 0, "the IR is not sound: see ir/verify.ts");
  interpret();
  // The IR is a cache: what it took leaves no trace in the machine's state.
  begin();
  return control.end ? built : control.current + RECORD;
}
