// How often decoded code has been dropped, by page: what is made of decoded code (translations) stands only while its pages' counts stay.
// Pages share counts by their low bits; a count too many costs a translation, never too few.

import { CODE_CHANGES } from "./layout";
import { links } from "./machine";

@inline const COUNTS: u32 = 4096;
@inline function countAt(page: u32): usize { return CODE_CHANGES + <usize>(page & (COUNTS - 1)) * 4; }

@inline export function codeChanges(page: u32): u32 { return load<u32>(countAt(page)); }
export function noteChange(page: u32): void {
  store<u32>(countAt(page), codeChanges(page) + 1);
  links.changes++;
}
/** Every block was dropped. */
export function noteAllChanged(): void { for (let n: u32 = 0; n < COUNTS; n++) noteChange(n); }
