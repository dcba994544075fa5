// Which program's file code of privilege 3 is of, and which function of it. The host is asked once for each page of an address space, when code of it is first run,
// and tells it by the page's bytes: no guest needs to say how it has loaded what. What it has said holds while the same memory lies there, so an address space that
// another process has taken over is asked for anew.
//
// A function is one number (surface/attribution.ts, FunctionBit): its linear address, or the file's own with the program's number above, which is the same
// wherever the file is loaded.

import { cpu } from "../cpu/state";
import { peek } from "../cpu/paging";
import { entryAt } from "../cpu/tlb";
import { ramAt } from "../memory/ram";
import { FunctionBit, ProgramSymbol } from "../surface/attribution";
import { ASKED_CODE, askedPage, CodePage, codePageAt, MAX_PROGRAM_SYMBOLS, PAGE_SETS, PAGE_WAYS, Profile, profile, programSymbolsAt } from "./state";

/** The address space, without PCID and cache bits. */
@inline export function spaceNow(): u64 { return cpu.cr3 & 0x000f_ffff_ffff_f000; }

// --- Pages ---

/** Where the page at `linear` lies in the module's memory; 0: it has none. Nothing of the guest's is touched. */
function frameOf(linear: u64): u32 {
  const page = linear & ~0xfff, e = entryAt(cpu.tlbExec, linear);
  if (load<u64>(e) == page) return <u32>page + load<u32>(e, 8);
  const gpa = peek(page);
  return gpa == ~0 ? 0 : <u32>ramAt(gpa & ~0xfff, 4096);
}

@inline function setOf(space: u64, page: u64): u32 { return <u32>((space ^ page << 9) * 0x9e37_79b9_7f4a_7c15 >> 40) & (PAGE_SETS - 1); }

/** What is known of the page with the program's code at `linear`; null where the host has not been asked. */
function pageAt(linear: u64, frame: u32): CodePage {
  const space = spaceNow(), page = linear & ~0xfff, first = setOf(space, page) * PAGE_WAYS;
  for (let k: u32 = 0; k < PAGE_WAYS; k++) {
    const c = codePageAt(first + k);
    if (c.page == page && c.space == space && c.frame == frame && frame) return c;
  }
  return changetype<CodePage>(0);
}

/** The host has told of the page with code at `linear`. */
export function isTold(linear: u64): bool { return changetype<usize>(pageAt(linear, frameOf(linear))) != 0; }

/** Code of a program is about to run whose page the host has not told of: it is asked. */
export function asksForCode(p: Profile, linear: u64): bool {
  const frame = frameOf(linear);
  if (!frame || changetype<usize>(pageAt(linear, frame))) return false;
  const c = askedPage();
  c.space = spaceNow(); c.page = linear & ~0xfff; c.frame = frame;
  p.asked = ASKED_CODE;
  return true;
}

/** The host has told of the page that was asked for. */
export function takeCode(): void {
  const p = profile(), asked = askedPage(), first = setOf(asked.space, asked.page) * PAGE_WAYS;
  let place = codePageAt(first + (p.pageTurn++ & (PAGE_WAYS - 1)));
  for (let k: u32 = 0; k < PAGE_WAYS; k++) {
    const c = codePageAt(first + k);
    if (c.page == asked.page && c.space == asked.space || !c.frame) { place = c; break; }
  }
  memory.copy(changetype<usize>(place), changetype<usize>(asked), offsetof<CodePage>());
}

/** Other files than before: every page is asked for anew. */
export function forgetCode(): void { memory.fill(changetype<usize>(codePageAt(0)), 0, offsetof<CodePage>() * <usize>(PAGE_SETS * PAGE_WAYS)); }

/** Code at the current privilege is a program's, and the host knows files. */
@inline export function isProgram(p: Profile): bool { return p.programs != 0 && cpu.cpl == 3; }

/** The file's page with code at `linear`; null where it is of none that is known. */
export function fileAt(linear: u64): CodePage {
  const c = pageAt(linear, frameOf(linear));
  return changetype<usize>(c) && c.program ? c : changetype<CodePage>(0);
}

// --- Symbols of a file: addresses in order, with a bit where code without one begins ---

@inline const GAP: u64 = <u64>1 << ProgramSymbol.GAP_BIT;
@inline function symbol(n: u32): u64 { return load<u64>(programSymbolsAt() + (<usize>min(n, MAX_PROGRAM_SYMBOLS - 1) << 3)); }

/** How many of them lie at or before the file's address. */
function rank(c: CodePage, address: u64): u32 {
  let low: u32 = 0, high = c.count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((symbol(c.first + middle) & ~GAP) <= address) low = middle + 1; else high = middle;
  }
  return low;
}

@inline function numberOf(c: CodePage, address: u64): u64 { return <u64>c.program << FunctionBit.PROGRAM | address; }

/** The function that the code at `linear` is of; 0 where no symbol says. */
export function startInFile(c: CodePage, linear: u64): u64 {
  const n = rank(c, linear - c.bias), start = n ? symbol(c.first + n - 1) : GAP;
  return start & GAP ? 0 : numberOf(c, start);
}
/** Code at `linear`, of which no symbol says, was jumped to from `number`: that has a symbol, or is of another file. */
export function isLeft(linear: u64, number: u64): bool {
  const c = fileAt(linear), program = changetype<usize>(c) ? <u64>c.program : 0;
  return number >> FunctionBit.PROGRAM != program || program && startInFile(c, (number & ((<u64>1 << FunctionBit.PROGRAM) - 1)) + c.bias) != 0;
}
/** Linear address where the next begins; all ones for none. */
export function endInFile(c: CodePage, linear: u64): u64 {
  const n = rank(c, linear - c.bias);
  return n < c.count ? (symbol(c.first + n) & ~GAP) + c.bias : ~0;
}
/** The number of a function that begins at `linear`. */
export function numberIn(c: CodePage, linear: u64): u64 { return numberOf(c, linear - c.bias); }
