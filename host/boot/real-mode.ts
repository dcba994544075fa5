/**
 * Linux's 16-bit entry: the kernel's own setup code runs in real mode and asks a BIOS about the machine.
 * Follows Documentation/arch/x86/boot.rst of Linux ("The Real-Mode Kernel Header", "Running the Kernel").
 *
 *     0x90000 boot sector and setup code     0x9de00 its heap ends, then its stack     0x9e000 command line     0xfe000 BIOS
 */
import { biosServices } from '../../guest/bios.js';
import { Header } from './bzimage.js';
import type { Real16Entry, Segment } from './plan.js';
import { CONVENTIONAL_END, e820Map, ONE_MIB, ramLayout } from './ram-layout.js';

export const SETUP_BASE = 0x90000;
/** The command line's place, and by it the end of the setup code's stack. */
export const REAL_COMMAND_LINE = 0x9e000;
const STACK_BYTES = 0x200;
const VIDEO_NORMAL = 0xffff;
const CAN_USE_HEAP = 0x80;
const OTHER_LOADER = 0xff;
const VID_MODE = 0x1fa;
const HEAP_END_PTR = 0x224;

export interface SetupOptions {
  /** Boot sector and setup sectors, as they stand in the file. */
  setup: Uint8Array;
  initrd: Segment | undefined;
  memory: number;
}

/** Setup code with its header filled in, and the BIOS it calls. */
export function realModeSegments({ setup, initrd, memory }: SetupOptions): Segment[] {
  const bytes = setup.slice();
  const view = new DataView(bytes.buffer);
  const stackTop = REAL_COMMAND_LINE - SETUP_BASE;
  view.setUint16(VID_MODE, VIDEO_NORMAL, true);
  bytes[Header.type_of_loader] = OTHER_LOADER;
  bytes[Header.loadflags]! |= CAN_USE_HEAP;
  // Counted from the end of the boot sector.
  view.setUint16(HEAP_END_PTR, stackTop - STACK_BYTES - 0x200, true);
  view.setUint32(Header.cmd_line_ptr, REAL_COMMAND_LINE, true);
  if (initrd) {
    view.setUint32(Header.ramdisk_image, initrd.gpa, true);
    view.setUint32(Header.ramdisk_size, initrd.bytes.length, true);
  }
  const bios = biosServices({
    map: e820Map(memory),
    extendedBytes: Math.max(0, ramLayout(memory).lowBytes - ONE_MIB),
    conventionalBytes: CONVENTIONAL_END,
  });
  return [...bios.segments, { gpa: SETUP_BASE, bytes }];
}

/** The state the boot protocol asks for: everything in the setup code's segment, but CS 32 paragraphs behind it. */
export const REAL_ENTRY: Real16Entry = { mode: 'real16', cs: SETUP_BASE / 16 + 0x20, rip: 0, ds: SETUP_BASE / 16, rsp: REAL_COMMAND_LINE - SETUP_BASE };
