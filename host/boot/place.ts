/** Where in guest memory a kernel, its initrd and what the loader tells it go, and what does not fit. */
import { PT_LOAD, type ElfImage } from './elf.js';
import { ImageError } from './errors.js';
import { ADDRESS } from './linux-entry.js';
import { BIOS_DATA_END } from './pc-data.js';
import type { LoadOptions } from './load-options.js';
import type { Segment } from './plan.js';
import { CONVENTIONAL_END, ONE_MIB } from './ram-layout.js';

const PAGE = 4096;

/** Throws for a part of a kernel below 1 MiB, unless it may lie there and does not reach into what is the BIOS's. */
export function checkLow(name: string, start: number, end: number, low: boolean): void {
  if (start >= ONE_MIB) return;
  const [from, to] = [`0x${start.toString(16)}`, `0x${end.toString(16)}`];
  if (!low) throw new ImageError(name, `wants to be loaded at ${from}, below 1 MiB`, 'Give a kernel linked at 1 MiB or above.');
  if (start >= BIOS_DATA_END && end <= CONVENTIONAL_END) return;
  throw new ImageError(name, `wants to be loaded from ${from} to ${to}; below 1 MiB there is memory from 0x${BIOS_DATA_END.toString(16)} to 0x${CONVENTIONAL_END.toString(16)}`, 'Link it elsewhere.');
}

/** A stretch of conventional memory of `bytes` bytes that a kernel in `taken` leaves, at `wanted` or the next page that is free. */
export function freeLow(name: string, taken: readonly Extent[], bytes: number, wanted: number): number {
  for (let at = wanted; at + bytes <= CONVENTIONAL_END; at += PAGE) {
    if (taken.every(({ start, end }) => at >= end || at + bytes <= start)) return at;
  }
  throw new ImageError(name, `leaves no ${bytes} bytes of memory below 640 KiB for what it is told`, 'Link it elsewhere, or give it less (-append, -initrd, -module).');
}

/** From the first byte to behind the last. */
export interface Extent {
  start: number;
  end: number;
}

/** What an ELF kernel takes in memory. */
export function elfExtents({ segments }: ElfImage): Extent[] {
  return segments.filter((row) => row.type === PT_LOAD && row.memoryBytes > 0).map((row) => ({ start: row.physical, end: row.physical + row.memoryBytes }));
}

/** The loadable segments, checked against RAM and against one another. `low`: the kernel may lie below 1 MiB, where a PC has memory. */
export function elfSegments(elf: { bytes: Uint8Array; image: ElfImage }, name: string, lowBytes: number, low = false): { segments: Segment[]; end: number } {
  const rows = elf.image.segments.filter((row) => row.type === PT_LOAD && row.memoryBytes > 0);
  if (rows.length === 0) throw new ImageError(name, 'has nothing to load', 'Give a linked kernel.');
  let end = 0;
  for (const row of [...rows].sort((a, b) => a.physical - b.physical)) {
    const rowEnd = row.physical + row.memoryBytes;
    checkLow(name, row.physical, rowEnd, low);
    if (row.physical < end) throw new ImageError(name, 'has segments that overlap in memory', 'Take a fresh copy of it.');
    end = rowEnd;
  }
  if (end > lowBytes) throw tooLarge(name, end, lowBytes);
  const segments = rows
    .filter((row) => row.fileBytes > 0)
    .map((row) => ({ gpa: row.physical, bytes: elf.bytes.subarray(row.offset, row.offset + row.fileBytes) }));
  return { segments, end };
}

function mib(bytes: number): string {
  return `${Math.ceil(bytes / ONE_MIB)} MiB`;
}

export function tooLarge(name: string, needed: number, lowBytes: number): ImageError {
  return new ImageError(name, `needs ${mib(needed)} of memory below 4 GiB, the machine has ${mib(lowBytes)}`, `Give the machine more memory (-m ${Math.ceil(needed / ONE_MIB / 64) * 64 + 64}).`);
}

/** Places the initrd at the top of what the kernel can reach. */
export function placeInitrd(options: LoadOptions, kernelEnd: number, limit: number): Segment | undefined {
  const bytes = options.initrd;
  if (bytes === undefined || bytes.length === 0) return undefined;
  const gpa = Math.floor((limit - bytes.length) / PAGE) * PAGE;
  const from = Math.max(kernelEnd, ONE_MIB);
  if (gpa < from) {
    const name = options.initrdName ?? 'initrd';
    throw new ImageError(name, `has ${mib(bytes.length)}, but only ${Math.max(0, Math.floor((limit - from) / ONE_MIB))} MiB of memory are left beside the kernel`, 'Give the machine more memory (-m) or a smaller file.');
  }
  return { gpa, bytes };
}

export function commandLine(cmdline: string, limit: number): Segment {
  const text = new TextEncoder().encode(cmdline);
  if (text.length >= limit || cmdline.includes('\0')) {
    const problem = cmdline.includes('\0') ? 'contains a NUL character' : `has ${text.length} bytes, the kernel takes ${limit - 1}`;
    throw new ImageError('the kernel command line (-append)', problem, 'Shorten it, or put settings into the guest.');
  }
  const bytes = new Uint8Array(text.length + 1);
  bytes.set(text);
  return { gpa: ADDRESS.commandLine, bytes };
}
