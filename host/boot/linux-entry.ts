/**
 * What the Linux boot protocols want in memory: the zero page (boot_params), a GDT, and for 64 bits an identity map.
 * Follows Documentation/arch/x86/boot.rst and zero-page.rst of Linux.
 */
import { Header, HDRS } from './bzimage.js';
import type { LinuxSegments, Segment } from './plan.js';
import { e820Map } from './ram-layout.js';

/** Where the loader's own structures lie in low RAM, clear of the first page's BIOS data and of each other. */
export const ADDRESS = {
  gdt: 0x500,
  startInfo: 0x6000,
  zeroPage: 0x7000,
  pageTables: 0x9000,
  commandLine: 0x20000,
} as const;

const PAGE = 4096;
const LARGE_PAGE = 2 << 20;
const PRESENT_WRITABLE = 3;
const LARGE = 0x80;

const ACPI_RSDP_ADDR = 0x070;
const E820_ENTRIES = 0x1e8;
const E820_TABLE = 0x2d0;
const E820_BYTES = 20;
const OTHER_LOADER = 0xff;
const LOADED_HIGH = 1;

const CODE_64 = 0x00af9b000000ffffn;
const CODE_32 = 0x00cf9b000000ffffn;
const DATA = 0x00cf93000000ffffn;

export function linuxGdt(wide: boolean): { segment: Segment; registers: LinuxSegments } {
  const bytes = new Uint8Array(32);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0x10, wide ? CODE_64 : CODE_32, true);
  view.setBigUint64(0x18, DATA, true);
  return {
    segment: { gpa: ADDRESS.gdt, bytes },
    registers: { gdt: { base: ADDRESS.gdt, limit: bytes.length - 1 }, cs: 0x10, ds: 0x18 },
  };
}

/** The first 4 GiB one to one: a PML4, a PDPT, four directories of 2 MiB pages. */
export function longModeTables(): Segment {
  const bytes = new Uint8Array(6 * PAGE);
  const view = new DataView(bytes.buffer);
  const tableAt = (index: number): bigint => BigInt(ADDRESS.pageTables + index * PAGE + PRESENT_WRITABLE);
  view.setBigUint64(0, tableAt(1), true);
  for (let i = 0; i < 4; i++) view.setBigUint64(PAGE + i * 8, tableAt(2 + i), true);
  for (let i = 0; i < 4 * 512; i++) {
    view.setBigUint64(2 * PAGE + i * 8, BigInt(i * LARGE_PAGE + LARGE + PRESENT_WRITABLE), true);
  }
  return { gpa: ADDRESS.pageTables, bytes };
}

export interface ZeroPageOptions {
  /** From a bzImage; a bare vmlinux gets a header made up for it. */
  setupHeader: Uint8Array | undefined;
  memory: number;
  initrd: Segment | undefined;
  commandLine: number;
  rsdp: number;
  /** There is a screen, which shows text. */
  screen?: boolean;
}

/** screen_info (include/uapi/linux/screen_info.h) of a VGA in mode 3: the mode, 80 columns and 25 lines of 16 pixels, EGA memory, and that it is a VGA. */
const SCREEN_INFO: readonly (readonly [offset: number, value: number])[] = [[0x06, 3], [0x07, 80], [0x0a, 3], [0x0e, 25], [0x0f, 1], [0x10, 16]];

export function zeroPage(options: ZeroPageOptions): Segment {
  const bytes = new Uint8Array(PAGE);
  const view = new DataView(bytes.buffer);
  if (options.setupHeader) {
    bytes.set(options.setupHeader, Header.setup_sects);
  } else {
    view.setUint16(Header.boot_flag, 0xaa55, true);
    view.setUint32(Header.header, HDRS, true);
    view.setUint16(Header.version, 0x020f, true);
    view.setUint32(Header.kernel_alignment, LARGE_PAGE, true);
    view.setUint32(Header.cmdline_size, 2047, true);
    bytes[Header.loadflags] = LOADED_HIGH;
  }
  if (options.screen) for (const [offset, value] of SCREEN_INFO) bytes[offset] = value;
  bytes[Header.type_of_loader] = OTHER_LOADER;
  view.setUint32(Header.cmd_line_ptr, options.commandLine, true);
  if (options.initrd) {
    view.setUint32(Header.ramdisk_image, options.initrd.gpa, true);
    view.setUint32(Header.ramdisk_size, options.initrd.bytes.length, true);
  }
  view.setBigUint64(ACPI_RSDP_ADDR, BigInt(options.rsdp), true);
  const map = e820Map(options.memory);
  bytes[E820_ENTRIES] = map.length;
  map.forEach((entry, index) => {
    const at = E820_TABLE + index * E820_BYTES;
    view.setBigUint64(at, BigInt(entry.base), true);
    view.setBigUint64(at + 8, BigInt(entry.bytes), true);
    view.setUint32(at + 16, entry.type, true);
  });
  return { gpa: ADDRESS.zeroPage, bytes };
}
