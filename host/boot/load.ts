/**
 * Loads a kernel: picks the format and the way in, and plans what goes where.
 *
 *     0 what a PC's firmware leaves (pc-data.ts)   0x00500 GDT   0x06000 start info / 0x07000 zero page   0x09000 page tables   0x20000 command line
 *     0xe0000 ACPI tables     1 MiB.. the kernel, where it wants to be     the initrd, at the top of low RAM
 *
 * Ways in: `pvh` (an ELF kernel with a PVH note; the one inside a bzImage is unpacked here, which saves the guest most of
 * its boot), `linux64` (a bzImage unpacks itself in the guest; an x86-64 vmlinux is entered directly), `linux32` (the same
 * for 32-bit kernels), `real16` (a bzImage's own setup code, in real mode, over BIOS services of ours: real-mode.ts),
 * `multiboot` (multiboot.ts). Without a choice: multiboot where a 32-bit or flat kernel has its header, as in QEMU (Xen has both and wants its
 * modules); else linux64, with the kernel unpacked, for a 64-bit Linux on a machine with a screen; else pvh where the kernel has it, else multiboot, else linux64, else linux32; and real16 for what is no kernel that could be
 * entered without its setup code (boot protocols before 2.10, among them boot loaders).
 */
import { DIRECT_PROTOCOL, type BzImage } from './bzimage.js';
import { EM_X86_64, readNotes, type ElfImage } from './elf.js';
import { ImageError } from './errors.js';
import { elfOf, readKernel, type Kernel } from './kernel.js';
import { longModeTables, linuxGdt, zeroPage, ADDRESS } from './linux-entry.js';
import type { EntryName, LoadOptions } from './load-options.js';
import { planMultiboot } from './multiboot-plan.js';
import { pcData } from './pc-data.js';
import { commandLine, elfExtents, elfSegments, freeLow, placeInitrd, tooLarge } from './place.js';
import type { BootPlan, Entry, Segment } from './plan.js';
import { startInfo } from './pvh.js';
import { LOW_KERNEL, REAL_COMMAND_LINE, realMode, SETUP_BASE } from './real-mode.js';
import { ONE_MIB, ramLayout } from './ram-layout.js';

const COMMAND_LINE_BYTES = 2048;
const PVH_NOTE_OWNER = 'Xen';
/** XEN_ELFNOTE_PHYS32_ENTRY of Xen's elfnote.h. */
const PVH_NOTE_TYPE = 18;

function findPvhEntry(elf: { bytes: Uint8Array; image: ElfImage }, name: string): number | undefined {
  const note = readNotes(elf.bytes, elf.image, name).find(({ owner, type }) => owner === PVH_NOTE_OWNER && type === PVH_NOTE_TYPE);
  if (note === undefined || note.data.length < 4) return undefined;
  return new DataView(note.data.buffer, note.data.byteOffset).getUint32(0, true);
}

function planPvh(kernel: Kernel, options: LoadOptions): BootPlan | undefined {
  const elf = elfOf(kernel);
  const rip = findPvhEntry(elf, kernel.name);
  if (rip === undefined) return undefined;
  const { lowBytes } = ramLayout(options.memory);
  const { segments, end } = elfSegments(elf, kernel.name, lowBytes, true);
  const initrd = placeInitrd(options, end, lowBytes);
  const taken = elfExtents(elf.image);
  const text = commandLine(options.cmdline, kernel.bzImage?.commandLineBytes ?? COMMAND_LINE_BYTES);
  const cmdline = { ...text, gpa: freeLow(kernel.name, taken, text.bytes.length, ADDRESS.commandLine) };
  const place = { memory: options.memory, initrd, commandLine: cmdline.gpa, rsdp: options.acpi?.rsdp ?? 0 };
  const at = freeLow(kernel.name, [...taken, { start: cmdline.gpa, end: cmdline.gpa + text.bytes.length }], startInfo({ at: 0, ...place }).bytes.length, ADDRESS.startInfo);
  const info = startInfo({ at, ...place });
  kernel.notes.push(`PVH entry at 0x${rip.toString(16)}`);
  return {
    segments: [info, cmdline, ...segments, ...(initrd ? [initrd] : [])],
    entry: { mode: 'pvh32', rip, rbx: at },
    notes: kernel.notes,
  };
}

/** Where the kernel's own bytes go for the Linux protocols, where it starts, and how far it reaches. */
function placeLinux(kernel: Kernel, wide: boolean, lowBytes: number, unpacked: boolean): { segments: Segment[]; start: number; end: number } {
  const { bzImage } = kernel;
  if (bzImage === undefined || unpacked) {
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

/** `unpacked`: the kernel inside a bzImage is unpacked here. */
function planLinux(kernel: Kernel, options: LoadOptions, wide: boolean, unpacked = false): BootPlan {
  const { lowBytes } = ramLayout(options.memory);
  const placed = placeLinux(kernel, wide, lowBytes, unpacked);
  const reach = kernel.bzImage ? kernel.bzImage.initrdLimit + 1 : wide ? lowBytes : 0x3800_0000;
  const initrd = placeInitrd(options, placed.end, Math.min(lowBytes, reach));
  const cmdline = commandLine(options.cmdline, kernel.bzImage ? kernel.bzImage.commandLineBytes + 1 : COMMAND_LINE_BYTES);
  const page = zeroPage({
    setupHeader: kernel.bzImage?.setupHeader,
    memory: options.memory,
    initrd,
    commandLine: cmdline.gpa,
    rsdp: options.acpi?.rsdp ?? 0,
    screen: options.screen === true,
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
  // At 1 MiB, whatever code32_start says: boot loaders of this protocol leave that field to their own prefix (iPXE's is 0).
  const placed = bzImage.loadedHigh ? placeHigh(kernel, bzImage, lowBytes) : placeLow(kernel.name, bzImage.protectedMode);
  const initrd = placeInitrd(options, placed.end, Math.min(lowBytes, bzImage.initrdLimit + 1));
  const cmdline = { ...commandLine(options.cmdline, bzImage.commandLineBytes + 1), gpa: REAL_COMMAND_LINE };
  const real = realMode({ setup: bzImage.setup, protocol: bzImage.protocol, initrd, commandLineBytes: cmdline.bytes.length, memory: options.memory });
  kernel.notes.push('Linux 16-bit entry at 9020:0000');
  return { segments: [...real.segments, cmdline, ...placed.segments, ...(initrd ? [initrd] : [])], entry: real.entry, notes: kernel.notes };
}

function placeHigh({ name }: Kernel, { protectedMode, preferredAddress, initBytes }: BzImage, lowBytes: number): { segments: Segment[]; end: number } {
  const end = Math.max(ONE_MIB + protectedMode.length, Math.max(ONE_MIB, preferredAddress) + initBytes);
  if (end > lowBytes) throw tooLarge(name, end, lowBytes);
  return { segments: [{ gpa: ONE_MIB, bytes: protectedMode }], end };
}

/** A zImage, which its setup code moves to 0x1000. */
function placeLow(name: string, bytes: Uint8Array): { segments: Segment[]; end: number } {
  const end = LOW_KERNEL + bytes.length;
  if (end > SETUP_BASE) throw new ImageError(name, `has ${bytes.length} bytes to be loaded below its setup code, there is room for ${SETUP_BASE - LOW_KERNEL}`, 'Build it as a bzImage.');
  return { segments: [{ gpa: LOW_KERNEL, bytes }], end };
}

function isWide(kernel: Kernel): boolean {
  if (kernel.bzImage) return kernel.bzImage.has64BitEntry;
  return kernel.elf!.image.machine === EM_X86_64;
}

/** The entry of a kernel for which none was asked: see the head of this file. Undefined: pvh where it has it, else by Linux's protocol. */
function usualEntry({ bzImage, elf, multiboot }: Kernel): EntryName | undefined {
  if (multiboot !== undefined && bzImage === undefined && !elf?.image.class64) return 'multiboot';
  return bzImage !== undefined && (bzImage.protocol < DIRECT_PROTOCOL || !bzImage.loadedHigh) ? 'real16' : undefined;
}

const BANNER = new TextEncoder().encode('Linux version ');

/** A bzImage with a kernel packed in it, or an ELF kernel with Linux's banner: others (Xen, unikernels) have a PVH entry too. */
function isLinux({ bzImage, elf }: Kernel): boolean {
  if (bzImage !== undefined) return bzImage.payload.length > 0;
  const bytes = elf!.bytes;
  for (let at = bytes.indexOf(BANNER[0]!); at >= 0; at = bytes.indexOf(BANNER[0]!, at + 1)) if (BANNER.every((byte, i) => bytes[at + i] === byte)) return true;
  return false;
}

function planByName(kernel: Kernel, options: LoadOptions): BootPlan {
  const entry = options.entry ?? usualEntry(kernel);
  if (entry === 'real16') return planReal(kernel, options);
  if (entry === 'multiboot') return planMultiboot(kernel, options);
  if (!kernel.elf && !kernel.bzImage) throw new ImageError(kernel.name, 'is a flat multiboot kernel', 'Use the multiboot entry.');
  if (kernel.bzImage?.loadedHigh === false) throw new ImageError(kernel.name, 'is a zImage, loaded below 1 MiB', 'Use the real16 entry.');
  const wide = isWide(kernel);
  if (entry === 'linux64' && !wide) {
    throw new ImageError(kernel.name, 'is a 32-bit kernel without a 64-bit entry', 'Use the linux32 entry.');
  }
  if (entry === 'linux32' && wide && !kernel.bzImage) {
    throw new ImageError(kernel.name, 'is an x86-64 vmlinux, which starts in 64-bit mode', 'Use the pvh or the linux64 entry.');
  }
  if (entry === 'linux64' || entry === 'linux32') return planLinux(kernel, options, entry === 'linux64');
  // What the kernel knows of a screen comes in the zero page, which PVH has not.
  if (entry === undefined && options.screen && wide && isLinux(kernel)) return planLinux(kernel, options, wide, true);
  // A 32-bit bzImage is unpacked only when asked to: none that distributions build has the note.
  // A bzImage without a payload (memtest86+) is no packed kernel.
  if (entry === 'pvh' || kernel.elf || (wide && kernel.bzImage!.payload.length > 0)) {
    const plan = planPvh(kernel, options);
    if (plan) return plan;
    if (entry === 'pvh') {
      throw new ImageError(kernel.name, 'has no PVH entry (no Xen note of type 18)', 'Use the linux64 or linux32 entry, or a kernel with CONFIG_PVH.');
    }
  }
  if (kernel.multiboot && kernel.elf) return planMultiboot(kernel, options);
  return planLinux(kernel, options, wide);
}

/** Whether a kernel that starts by `entry`, or as it usually does, takes modules rather than an initrd. Throws ImageError. */
export function takesModules({ kernel, kernelName, entry }: Pick<LoadOptions, 'kernel' | 'kernelName' | 'entry'>): boolean {
  return (entry ?? usualEntry(readKernel(kernel, kernelName))) === 'multiboot';
}

/** Plans the boot of a kernel; throws ImageError when it cannot be done. */
export function loadKernel(options: LoadOptions): BootPlan {
  if (options.initrd?.length === 0) {
    throw new ImageError(options.initrdName ?? 'initrd', 'is empty', 'Give a cpio archive, or leave it out.');
  }
  const kernel = readKernel(options.kernel, options.kernelName, options.budget);
  const plan = planByName(kernel, options);
  if (options.modules !== undefined && options.modules.length > 0 && plan.entry.mode !== 'multiboot') {
    throw new ImageError(options.kernelName, 'is not started by multiboot, and takes no modules', 'Leave out -module, or use the multiboot entry.');
  }
  plan.segments.unshift(...pcData(options.memory), ...(options.acpi?.segments ?? []));
  return plan;
}
