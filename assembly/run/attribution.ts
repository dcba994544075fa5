// What the host asks of attribution (profile/): room for it, symbols and marks, on and off, and what was counted. Between runs.

import { Counter, readCount } from "../base/counters";
import { links } from "../base/machine";
import { AttributionTable } from "../surface/attribution";
import { clearStacks } from "../profile/stacks";
import { forgetCode, takeCode } from "../profile/programs";
import { askedPage, marksAt, nodeAt, profile, PROFILE_BYTES, programSymbolsAt, symbolsAt } from "../profile/state";
import { beginRun } from "../profile/step";
import { clearTree } from "../profile/tree";

/** Bytes that it needs behind RAM. */
export function attributionBytes(): u32 { return <u32>PROFILE_BYTES; }

/** It has its room there, which is zero, from here on. */
export function placeAttribution(at: u32): void {
  links.profile = at;
  clearTree();
}

/** Where a table of the host's lies, and where the nodes do. */
export function attributionTable(table: u32): u32 {
  switch (table) {
    case AttributionTable.SYMBOLS: return <u32>symbolsAt();
    case AttributionTable.MARKS: return <u32>marksAt();
    case AttributionTable.PROGRAM_SYMBOLS: return <u32>programSymbolsAt();
    case AttributionTable.CODE: return <u32>changetype<usize>(askedPage());
    default: return <u32>changetype<usize>(nodeAt(0));
  }
}

/** The host has written so many symbols and marks: what is known of blocks is known anew. */
export function setSymbols(symbols: u32, marks: u32): void {
  const p = profile();
  p.symbols = symbols; p.marks = marks;
  p.epoch++;
}

/** The host knows this many programs' files: their code is asked for from here on, anew. */
export function setPrograms(programs: u32): void {
  const p = profile();
  p.programs = programs;
  p.epoch++;
  forgetCode();
}

/** The host has told, in the table CODE, of the page that was asked for. */
export function placeCode(): void { takeCode(); }

/** On, with no callers known, or off. What was counted stays. */
export function setAttribution(on: u32): void {
  const p = profile();
  links.profiling = on;
  p.top = 0; p.freeFrames = 0; p.frames = 0; p.openMark = 0; p.openFrame = 0; p.asked = 0;
  p.crossings = readCount(Counter.BOUNDARIES);
  clearStacks();
}

/** What has been served since the last run is counted for who ran last. */
export function settleAttribution(): void { if (links.profiling) beginRun(); }

/** Nodes in use, and what found no room in the tables. */
export function attributionNodes(): u32 { return profile().nodes; }
export function attributionLost(): u32 { return profile().lost; }

/** The mark that a run ended for, plus one, with MARK_END where it was left; taken with that. 0: none. */
export function takeMark(): u32 {
  if (!links.profiling) return 0;
  const p = profile(), asked = p.asked;
  p.asked = 0;
  return asked;
}
