/** From a multiboot kernel to a plan: the kernel wherever a PC has memory, modules at the top of low RAM, the information structure where both leave room. */
import { PT_LOAD, type ElfImage } from './elf.js';
import { ImageError } from './errors.js';
import { elfOf, type Kernel } from './kernel.js';
import { ADDRESS } from './linux-entry.js';
import type { LoadOptions } from './load-options.js';
import { checkDemands, flatSegments, multibootInfo, type MultibootModule } from './multiboot.js';
import { checkLow, commandLine, elfExtents, elfSegments, freeLow, placeInitrd, tooLarge, type Extent } from './place.js';
import type { BootPlan, Segment } from './plan.js';
import { ramLayout } from './ram-layout.js';

/** An ELF entry as a physical address: kernels may be linked elsewhere than they are loaded. */
function physicalEntry({ entry, segments }: ElfImage): number {
  const home = segments.find((row) => row.type === PT_LOAD && entry >= row.virtual && entry < row.virtual + BigInt(row.memoryBytes));
  return home === undefined ? Number(BigInt.asUintN(32, entry)) : home.physical + Number(entry - home.virtual);
}

/** Modules from the top of low RAM down, each at a page. */
function placeModules(options: LoadOptions, kernelEnd: number, lowBytes: number): MultibootModule[] {
  const initrd = options.initrd === undefined ? [] : [{ bytes: options.initrd, text: options.initrdName ?? 'initrd' }];
  let top = lowBytes;
  return [...initrd, ...(options.modules ?? [])].map(({ bytes, text }) => {
    const segment = placeInitrd({ ...options, initrd: bytes, initrdName: text }, kernelEnd, top) ?? { gpa: top, bytes };
    top = segment.gpa;
    return { segment, text };
  });
}

/** Of all texts together; no kernel reads as much. */
const MOST_TEXT = 0x4_0000;

function placeKernel(kernel: Kernel, lowBytes: number): { segments: Segment[]; entry: number; end: number; taken: Extent[] } {
  const header = kernel.multiboot!;
  if (header.flat === undefined) {
    const elf = elfOf(kernel);
    return { ...elfSegments(elf, kernel.name, lowBytes, true), entry: physicalEntry(elf.image), taken: elfExtents(elf.image) };
  }
  const flat = flatSegments(kernel.file, header, kernel.name);
  const start = header.flat.loadAt;
  checkLow(kernel.name, start, flat.end, true);
  return { ...flat, taken: [{ start, end: flat.end }] };
}

/** The command line as boot loaders give it: the image's name, then the user's words. */
function words(kernel: Kernel, cmdline: string): string {
  const text = cmdline === '' ? kernel.name : `${kernel.name} ${cmdline}`;
  commandLine(text, MOST_TEXT);
  return text;
}

export function planMultiboot(kernel: Kernel, options: LoadOptions): BootPlan {
  const header = kernel.multiboot;
  if (header === undefined) throw new ImageError(kernel.name, 'has no multiboot header in its first 8 KiB', 'Use another entry.');
  checkDemands(header, kernel.name);
  const { lowBytes } = ramLayout(options.memory);
  const placed = placeKernel(kernel, lowBytes);
  if (placed.end > lowBytes) throw tooLarge(kernel.name, placed.end, lowBytes);
  const modules = placeModules(options, placed.end, lowBytes);
  const infoAt = (at: number): Segment => multibootInfo(at, options.memory, words(kernel, options.cmdline), modules);
  const at = freeLow(kernel.name, placed.taken, infoAt(0).bytes.length, ADDRESS.startInfo);
  kernel.notes.push(`multiboot entry at 0x${placed.entry.toString(16)}, ${modules.length} modules`);
  return {
    segments: [infoAt(at), ...placed.segments, ...modules.map(({ segment }) => segment).filter(({ bytes }) => bytes.length > 0)],
    entry: { mode: 'multiboot', rip: placed.entry, rbx: at },
    notes: kernel.notes,
  };
}
