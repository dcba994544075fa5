/** What kind of kernel a file is: its headers, by format; and errors that say what else it is. */
import { isBzImage, readBzImage, unpackBzImage, type BzImage } from './bzimage.js';
import { isElf, readElf, type ElfImage } from './elf.js';
import { ImageError } from './errors.js';
import { findMultibootHeader, type MultibootHeader } from './multiboot.js';
import { type Budget, detectPacking, StreamError, unpack } from './unpack/index.js';

/** Everything a way in needs to know. */
export interface Kernel {
  name: string;
  /** Unpacked, where it was packed as a whole. */
  file: Uint8Array;
  bzImage?: BzImage;
  elf?: { bytes: Uint8Array; image: ElfImage };
  multiboot?: MultibootHeader;
  notes: string[];
  budget?: Budget;
}

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

/** A kernel that is packed as a whole, as multiboot kernels are where a boot loader unpacks them. */
function unpackWhole(packed: Uint8Array, name: string, notes: string[], budget?: Budget): Uint8Array {
  if (detectPacking(packed) !== 'gzip') return packed;
  try {
    const file = unpack(packed, 'gzip', undefined, budget);
    notes.push(`unpacked the file (gzip): ${file.length} bytes`);
    return file;
  } catch (cause) {
    if (!(cause instanceof StreamError)) throw cause;
    throw new ImageError(name, `is a gzip file that ${cause.message}`, 'Take a fresh copy of it.');
  }
}

/** Reads an image's headers; `budget` is what unpacking may cost. Throws ImageError. */
export function readKernel(packed: Uint8Array, name: string, budget?: Budget): Kernel {
  if (packed.length === 0) throw new ImageError(name, 'is empty', 'Give a Linux bzImage (vmlinuz) or an ELF kernel (vmlinux).');
  const notes: string[] = [];
  const file = unpackWhole(packed, name, notes, budget);
  const multiboot = findMultibootHeader(file);
  const common = { name, file, notes, ...(budget === undefined ? {} : { budget }), ...(multiboot === undefined ? {} : { multiboot }) };
  if (isElf(file)) return { ...common, elf: { bytes: file, image: readElf(file, name) } };
  if (isBzImage(file)) return { ...common, bzImage: readBzImage(file, name) };
  if (multiboot?.flat) return common;
  throw new ImageError(name, `is ${file === packed ? '' : 'a gzip file that holds '}${guessFormat(file)}`, 'Give a Linux bzImage (vmlinuz) or an ELF kernel (vmlinux).');
}

/** The ELF kernel: the file, or what a bzImage unpacks to. */
export function elfOf(kernel: Kernel): { bytes: Uint8Array; image: ElfImage } {
  if (kernel.elf) return kernel.elf;
  const bytes = unpackBzImage(kernel.bzImage!, kernel.name, kernel.budget);
  if (!isElf(bytes)) {
    throw new ImageError(kernel.name, 'has a payload that is not an ELF kernel', 'Take a fresh copy, or try the linux64 entry.');
  }
  kernel.notes.push(`unpacked the ${kernel.bzImage!.packing} payload: ${bytes.length} bytes`);
  kernel.elf = { bytes, image: readElf(bytes, `${kernel.name} (unpacked)`) };
  return kernel.elf;
}
