/**
 * Loads a kernel: picks the format and the way in, and plans what goes where.
 *
 *     0x00500 GDT   0x06000 start info / 0x07000 zero page   0x09000 page tables   0x20000 command line
 *     0xe0000 ACPI tables     1 MiB.. the kernel, where it wants to be     the initrd, at the top of low RAM
 *
 * Ways in: `pvh` (an ELF kernel with a PVH note; the one inside a bzImage is unpacked here, which saves the guest most of
 * its boot), `linux64` (a bzImage unpacks itself in the guest; an x86-64 vmlinux is entered directly), `linux32` (the same
 * for 32-bit kernels), `real16` (a bzImage's own setup code, in real mode, over BIOS services of ours: real-mode.ts),
 * `multiboot` (multiboot.ts). Without a choice: pvh where the kernel has it, else multiboot, else linux64, else linux32.
 */
import type { AcpiImage } from './acpi/index.js';
import { isBzImage, readBzImage, unpackBzImage, type BzImage } from './bzimage.js';
import { EM_X86_64, isElf, PT_LOAD, readElf, readNotes, type ElfImage } from './elf.js';
import { ImageError } from './errors.js';
import { longModeTables, linuxGdt, zeroPage, ADDRESS } from './linux-entry.js';
import { checkDemands, findMultibootHeader, flatSegments, multibootInfo, type MultibootHeader, type MultibootModule } from './multiboot.js';
import type { BootPlan, Entry, Segment } from './plan.js';
import { startInfo } from './pvh.js';
import { REAL_COMMAND_LINE, REAL_ENTRY, realModeSegments, SETUP_BASE } from './real-mode.js';
import { ONE_MIB, ramLayout } from './ram-layout.js';
import { type Budget, detectPacking } from './unpack/index.js';

export const ENTRY_NAMES = ['pvh', 'linux64', 'linux32', 'real16', 'multiboot'] as const;
export type EntryName = (typeof ENTRY_NAMES)[number];

/** A file that a multiboot kernel is given, with the text that names it. */
export interface ModuleFile {
  bytes: Uint8Array;
  text: string;
}

export interface LoadOptions {
  kernel: Uint8Array;
  /** The file as the user knows it, for errors. */
  kernelName: string;
  initrd?: Uint8Array;
  initrdName?: string;
  /** For multiboot kernels, after the initrd. */
  modules?: readonly ModuleFile[];
  cmdline: string;
  /** Guest RAM in bytes. */
  memory: number;
  entry?: EntryName;
  /** Tables to put into memory and point the kernel at. */
  acpi?: AcpiImage;
  /** What unpacking may cost; it carries an abort and a deadline. */
  budget?: Budget;
}

/** Everything a way in needs to know. */
interface Kernel {
  name: string;
  file: Uint8Array;
  bzImage?: BzImage;
  elf?: { bytes: Uint8Array; image: ElfImage };
  multiboot?: MultibootHeader;
  notes: string[];
  budget?: Budget;
}

const PAGE = 4096;
const PVH_NOTE_OWNER = 'Xen';
/** XEN_ELFNOTE_PHYS32_ENTRY of Xen's elfnote.h. */
const PVH_NOTE_TYPE = 18;
const COMMAND_LINE_BYTES = 2048;

const KNOWN_BUT_WRONG: readonly [offset: number, magic: string, what: string][] = [
  [56, 'ARM\x64', 'a kernel for 64-bit ARM'],
  [48, 'RISCV', 'a kernel for RISC-V'],
  [0x8001, 'CD001', 'a CD image'],
  [0, 'MZ', 'an EFI program without a Linux boot header'],
  [0, 'QFI\xfb', 'a qcow2 disk image'],
  [0, '070701', 'a cpio archive (an initrd?)'],
];

function guessFormat(bytes: Uint8Array): string {
  const packing = detectPacking(bytes);
  if (packing !== 'none') return `a ${packing} file`;
  for (const [offset, magic, what] of KNOWN_BUT_WRONG) {
    if ([...magic].every((char, i) => bytes[offset + i] === char.charCodeAt(0))) return what;
  }
  const start = [...bytes.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
  return `neither a bzImage nor an ELF file (it starts with ${start})`;
}

function readKernel(file: Uint8Array, name: string): Kernel {
  if (file.length === 0) throw new ImageError(name, 'is empty', 'Give a Linux bzImage (vmlinuz) or an ELF kernel (vmlinux).');
  const multiboot = findMultibootHeader(file);
  const common = { name, file, notes: [], ...(multiboot === undefined ? {} : { multiboot }) };
  if (isElf(file)) return { ...common, elf: { bytes: file, image: readElf(file, name) } };
  if (isBzImage(file)) return { ...common, bzImage: readBzImage(file, name) };
  if (multiboot?.flat) return common;
  throw new ImageError(name, `is ${guessFormat(file)}`, 'Give a Linux bzImage (vmlinuz) or an ELF kernel (vmlinux).');
}

/** The ELF kernel: the file, or what a bzImage unpacks to. */
function elfOf(kernel: Kernel): { bytes: Uint8Array; image: ElfImage } {
  if (kernel.elf) return kernel.elf;
  const bytes = unpackBzImage(kernel.bzImage!, kernel.name, kernel.budget);
  if (!isElf(bytes)) {
    throw new ImageError(kernel.name, 'has a payload that is not an ELF kernel', 'Take a fresh copy, or try the linux64 entry.');
  }
  kernel.notes.push(`unpacked the ${kernel.bzImage!.packing} payload: ${bytes.length} bytes`);
  kernel.elf = { bytes, image: readElf(bytes, `${kernel.name} (unpacked)`) };
  return kernel.elf;
}

function findPvhEntry(elf: { bytes: Uint8Array; image: ElfImage }, name: string): number | undefined {
  const note = readNotes(elf.bytes, elf.image, name).find(({ owner, type }) => owner === PVH_NOTE_OWNER && type === PVH_NOTE_TYPE);
  if (note === undefined || note.data.length < 4) return undefined;
  return new DataView(note.data.buffer, note.data.byteOffset).getUint32(0, true);
}

/** The loadable segments, checked against RAM and against one another. */
function elfSegments(elf: { bytes: Uint8Array; image: ElfImage }, name: string, lowBytes: number): { segments: Segment[]; end: number } {
  const rows = elf.image.segments.filter((row) => row.type === PT_LOAD && row.memoryBytes > 0);
  if (rows.length === 0) throw new ImageError(name, 'has nothing to load', 'Give a linked kernel.');
  let end = 0;
  for (const row of [...rows].sort((a, b) => a.physical - b.physical)) {
    const rowEnd = row.physical + row.memoryBytes;
    if (row.physical < ONE_MIB) {
      throw new ImageError(name, `wants to be loaded at 0x${row.physical.toString(16)}, below 1 MiB`, 'Give a kernel linked at 1 MiB or above.');
    }
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

function tooLarge(name: string, needed: number, lowBytes: number): ImageError {
  return new ImageError(name, `needs ${mib(needed)} of memory below 4 GiB, the machine has ${mib(lowBytes)}`, `Give the machine more memory (-m ${Math.ceil(needed / ONE_MIB / 64) * 64 + 64}).`);
}

/** Places the initrd at the top of what the kernel can reach. */
function placeInitrd(options: LoadOptions, kernelEnd: number, limit: number): Segment | undefined {
  const bytes = options.initrd;
  if (bytes === undefined || bytes.length === 0) return undefined;
  const gpa = Math.floor((limit - bytes.length) / PAGE) * PAGE;
  if (gpa < kernelEnd) {
    const name = options.initrdName ?? 'initrd';
    throw new ImageError(name, `has ${mib(bytes.length)}, but only ${Math.max(0, Math.floor((limit - kernelEnd) / ONE_MIB))} MiB of memory are left beside the kernel`, 'Give the machine more memory (-m) or a smaller file.');
  }
  return { gpa, bytes };
}

function commandLine(cmdline: string, limit: number): Segment {
  const text = new TextEncoder().encode(cmdline);
  if (text.length >= limit || cmdline.includes('\0')) {
    const problem = cmdline.includes('\0') ? 'contains a NUL character' : `has ${text.length} bytes, the kernel takes ${limit - 1}`;
    throw new ImageError('the kernel command line (-append)', problem, 'Shorten it, or put settings into the guest.');
  }
  const bytes = new Uint8Array(text.length + 1);
  bytes.set(text);
  return { gpa: ADDRESS.commandLine, bytes };
}

function planPvh(kernel: Kernel, options: LoadOptions): BootPlan | undefined {
  const elf = elfOf(kernel);
  const rip = findPvhEntry(elf, kernel.name);
  if (rip === undefined) return undefined;
  const { lowBytes } = ramLayout(options.memory);
  const { segments, end } = elfSegments(elf, kernel.name, lowBytes);
  const initrd = placeInitrd(options, end, lowBytes);
  const cmdline = commandLine(options.cmdline, kernel.bzImage?.commandLineBytes ?? COMMAND_LINE_BYTES);
  const info = startInfo({ at: ADDRESS.startInfo, memory: options.memory, initrd, commandLine: cmdline.gpa, rsdp: options.acpi?.rsdp ?? 0 });
  kernel.notes.push(`PVH entry at 0x${rip.toString(16)}`);
  return {
    segments: [info, cmdline, ...segments, ...(initrd ? [initrd] : [])],
    entry: { mode: 'pvh32', rip, rbx: ADDRESS.startInfo },
    notes: kernel.notes,
  };
}

/** Where the kernel's own bytes go for the Linux protocols, where it starts, and how far it reaches. */
function placeLinux(kernel: Kernel, wide: boolean, lowBytes: number): { segments: Segment[]; start: number; end: number } {
  const { bzImage } = kernel;
  if (bzImage === undefined) {
    const elf = elfOf(kernel);
    const placed = elfSegments(elf, kernel.name, lowBytes);
    const { entry } = elf.image;
    // A kernel for x86-64 is linked at -2 GiB + its physical address; its entry may be given as either.
    const start = entry > 0xffff_ffffn ? Number(BigInt.asUintN(31, entry)) : Number(entry);
    return { ...placed, start };
  }
  const start = wide ? bzImage.preferredAddress : bzImage.code32Start;
  const runs = wide ? start : Math.max(start, bzImage.preferredAddress);
  const end = Math.max(start + bzImage.protectedMode.length, runs + bzImage.initBytes);
  if (end > lowBytes) throw tooLarge(kernel.name, end, lowBytes);
  return { segments: [{ gpa: start, bytes: bzImage.protectedMode }], start: wide ? start + 0x200 : start, end };
}

function planLinux(kernel: Kernel, options: LoadOptions, wide: boolean): BootPlan {
  const { lowBytes } = ramLayout(options.memory);
  const placed = placeLinux(kernel, wide, lowBytes);
  const reach = kernel.bzImage ? kernel.bzImage.initrdLimit + 1 : wide ? lowBytes : 0x3800_0000;
  const initrd = placeInitrd(options, placed.end, Math.min(lowBytes, reach));
  const cmdline = commandLine(options.cmdline, kernel.bzImage ? kernel.bzImage.commandLineBytes + 1 : COMMAND_LINE_BYTES);
  const page = zeroPage({
    setupHeader: kernel.bzImage?.setupHeader,
    memory: options.memory,
    initrd,
    commandLine: cmdline.gpa,
    rsdp: options.acpi?.rsdp ?? 0,
  });
  const common = { rip: placed.start, rsi: ADDRESS.zeroPage, ...linuxGdt(wide).registers };
  const entry: Entry = wide
    ? { mode: 'long64', ...common, cr3: ADDRESS.pageTables }
    : { mode: 'linux32', ...common };
  kernel.notes.push(`Linux ${wide ? 64 : 32}-bit entry at 0x${placed.start.toString(16)}`);
  const tables = wide ? [longModeTables()] : [];
  return {
    segments: [linuxGdt(wide).segment, page, ...tables, cmdline, ...placed.segments, ...(initrd ? [initrd] : [])],
    entry,
    notes: kernel.notes,
  };
}

/** Real mode: the setup code low, the rest of the kernel where it always goes. */
function planReal(kernel: Kernel, options: LoadOptions): BootPlan {
  const { bzImage } = kernel;
  if (bzImage === undefined) throw new ImageError(kernel.name, 'is no bzImage and has no real-mode code', 'Use another entry.');
  if (SETUP_BASE + bzImage.setup.length > REAL_COMMAND_LINE - 0x2000) {
    throw new ImageError(kernel.name, `has ${bzImage.setup.length} bytes of real-mode code, too many for its segment`, 'Use another entry.');
  }
  const { lowBytes } = ramLayout(options.memory);
  const placed = placeLinux(kernel, false, lowBytes);
  const initrd = placeInitrd(options, placed.end, Math.min(lowBytes, bzImage.initrdLimit + 1));
  const cmdline = { ...commandLine(options.cmdline, bzImage.commandLineBytes + 1), gpa: REAL_COMMAND_LINE };
  kernel.notes.push('Linux 16-bit entry at 9020:0000');
  return {
    segments: [...realModeSegments({ setup: bzImage.setup, initrd, memory: options.memory }), cmdline, ...placed.segments, ...(initrd ? [initrd] : [])],
    entry: REAL_ENTRY,
    notes: kernel.notes,
  };
}

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

/** Room for the information structure: up to the page tables' place and the command line's behind it. */
const INFO_LIMIT = 0x8_0000;

function planMultiboot(kernel: Kernel, options: LoadOptions): BootPlan {
  const header = kernel.multiboot;
  if (header === undefined) throw new ImageError(kernel.name, 'has no multiboot header in its first 8 KiB', 'Use another entry.');
  checkDemands(header, kernel.name);
  const { lowBytes } = ramLayout(options.memory);
  const placed = header.flat
    ? flatSegments(kernel.file, header, kernel.name)
    : { ...elfSegments(elfOf(kernel), kernel.name, lowBytes), entry: physicalEntry(elfOf(kernel).image) };
  if (placed.end > lowBytes) throw tooLarge(kernel.name, placed.end, lowBytes);
  const modules = placeModules(options, placed.end, lowBytes);
  const info = multibootInfo(ADDRESS.startInfo, options.memory, commandLine(options.cmdline, INFO_LIMIT).bytes.length > 1 ? options.cmdline : '', modules);
  if (info.gpa + info.bytes.length > INFO_LIMIT) throw new ImageError(kernel.name, 'is given too many or too long module names', 'Give fewer modules.');
  kernel.notes.push(`multiboot entry at 0x${placed.entry.toString(16)}, ${modules.length} modules`);
  return {
    segments: [info, ...placed.segments, ...modules.map(({ segment }) => segment).filter(({ bytes }) => bytes.length > 0)],
    entry: { mode: 'multiboot', rip: placed.entry, rbx: ADDRESS.startInfo },
    notes: kernel.notes,
  };
}

function isWide(kernel: Kernel): boolean {
  if (kernel.bzImage) return kernel.bzImage.has64BitEntry;
  return kernel.elf!.image.machine === EM_X86_64;
}

function planByName(kernel: Kernel, options: LoadOptions): BootPlan {
  if (options.entry === 'real16') return planReal(kernel, options);
  if (options.entry === 'multiboot' || (options.entry === undefined && !kernel.elf && !kernel.bzImage)) return planMultiboot(kernel, options);
  if (!kernel.elf && !kernel.bzImage) throw new ImageError(kernel.name, 'is a flat multiboot kernel', 'Use the multiboot entry.');
  const wide = isWide(kernel);
  if (options.entry === 'linux64' && !wide) {
    throw new ImageError(kernel.name, 'is a 32-bit kernel without a 64-bit entry', 'Use the linux32 entry.');
  }
  if (options.entry === 'linux32' && wide && !kernel.bzImage) {
    throw new ImageError(kernel.name, 'is an x86-64 vmlinux, which starts in 64-bit mode', 'Use the pvh or the linux64 entry.');
  }
  if (options.entry === 'linux64' || options.entry === 'linux32') return planLinux(kernel, options, options.entry === 'linux64');
  // A 32-bit bzImage is unpacked only when asked to: none that distributions build has the note.
  // A bzImage without a payload (memtest86+) is no packed kernel.
  if (options.entry === 'pvh' || kernel.elf || (wide && kernel.bzImage!.payload.length > 0)) {
    const plan = planPvh(kernel, options);
    if (plan) return plan;
    if (options.entry === 'pvh') {
      throw new ImageError(kernel.name, 'has no PVH entry (no Xen note of type 18)', 'Use the linux64 or linux32 entry, or a kernel with CONFIG_PVH.');
    }
  }
  if (kernel.multiboot && kernel.elf) return planMultiboot(kernel, options);
  return planLinux(kernel, options, wide);
}

/** Plans the boot of a kernel; throws ImageError when it cannot be done. */
export function loadKernel(options: LoadOptions): BootPlan {
  if (options.initrd?.length === 0) {
    throw new ImageError(options.initrdName ?? 'initrd', 'is empty', 'Give a cpio archive, or leave it out.');
  }
  const kernel = readKernel(options.kernel, options.kernelName);
  if (options.budget) kernel.budget = options.budget;
  const plan = planByName(kernel, options);
  if (options.acpi) plan.segments.unshift(...options.acpi.segments);
  return plan;
}
