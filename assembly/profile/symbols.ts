// Whose code an address is: by the kernel's symbols, as the host has written them, addresses in order, or by a program's file (programs.ts). Other code's functions
// are known by their calls. And the marks.

import { endInFile, fileAt, isProgram, numberIn, startInFile } from "./programs";
import { CodePage, marksAt, MAX_MARKS, MAX_SYMBOLS, profile, symbolsAt } from "./state";

/** Farther behind a symbol than this is no longer its code: host/machine/symbols.ts has the same. */
@inline const MOST_BYTES: u64 = 1 << 20;

@inline function symbol(n: u32): u64 { return load<u64>(symbolsAt() + (<usize>n << 3)); }

/** How many symbols lie at or before `address`. */
function rank(address: u64): u32 {
  let low: u32 = 0, high = min(profile().symbols, MAX_SYMBOLS);
  while (low < high) {
    const middle = (low + high) >> 1;
    if (symbol(middle) <= address) low = middle + 1; else high = middle;
  }
  return low;
}

@inline function fileOf(address: u64): CodePage { return isProgram(profile()) ? fileAt(address) : changetype<CodePage>(0); }

/** The function that begins at `address`, symbol or not. */
export function numberAt(address: u64): u64 {
  const c = fileOf(address);
  return changetype<usize>(c) ? numberIn(c, address) : address;
}
/** The function that the code at `address` belongs to, 0 where no symbol says. */
export function startOf(address: u64): u64 {
  const c = fileOf(address);
  if (changetype<usize>(c)) return startInFile(c, address);
  const n = rank(address), start = n ? symbol(n - 1) : 0;
  return start != 0 && address - start < MOST_BYTES ? start : 0;
}
/** Address of the next symbol behind `address`; all ones for none. */
export function endOf(address: u64): u64 {
  const c = fileOf(address);
  if (changetype<usize>(c)) return endInFile(c, address);
  const n = rank(address);
  return n < min(profile().symbols, MAX_SYMBOLS) ? symbol(n) : ~0;
}

@inline function mark(n: u32): u64 { return load<u64>(marksAt() + (<usize>n << 3)); }

/** Number plus one of the mark at `address`, 0 for none. */
export function markAt(address: u64): u32 {
  for (let n: u32 = 0; n < min(profile().marks, MAX_MARKS); n++) if (mark(n) == address) return n + 1;
  return 0;
}
/** Address of the nearest mark behind `address`; all ones for none. */
export function nextMark(address: u64): u64 {
  let nearest: u64 = ~0;
  for (let n: u32 = 0; n < min(profile().marks, MAX_MARKS); n++) if (mark(n) > address) nearest = min(nearest, mark(n));
  return nearest;
}
