/** What loadKernel is given, and the names of the ways in. */
import type { AcpiImage } from './acpi/index.js';
import type { Budget } from './unpack/index.js';

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
  /** There is a screen, in text mode: Linux is told so, which its PVH entry has no place for. */
  screen?: boolean;
  /** Tables to put into memory and point the kernel at. */
  acpi?: AcpiImage;
  /** What unpacking may cost; it carries an abort and a deadline. */
  budget?: Budget;
}
