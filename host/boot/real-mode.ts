/**
 * Linux's 16-bit entry: the kernel's own setup code runs in real mode and asks a BIOS about the machine (guest/bios.ts, which pc-data.ts puts there).
 * Follows Documentation/arch/x86/boot.rst of Linux ("The Real-Mode Kernel Header", "Running the Kernel"), boot protocol 2.00 and later.
 *
 *     0x90000 boot sector and setup code     0x9de00 its heap ends, then its stack     0x9e000 command line
 */
import { Header } from './bzimage.js';
import { little } from './bytes.js';
import { bios } from './pc-data.js';
import type { Real16Entry, Segment } from './plan.js';

export const SETUP_BASE = 0x90000;
/** The command line's place, and by it the end of the setup code's stack. */
export const REAL_COMMAND_LINE = 0x9e000;
/** A zImage's protected-mode part; its setup code moves it down from here. */
export const LOW_KERNEL = 0x10000;
const STACK_BYTES = 0x200;
const VIDEO_NORMAL = 0xffff;
const CAN_USE_HEAP = 0x80;
const OTHER_LOADER = 0xff;
const VID_MODE = 0x1fa;
const HEAP_END_PTR = 0x224;
/** The protocols that brought the heap, and the command line's own pointer. */
const [SINCE_HEAP, SINCE_COMMAND_LINE] = [0x0201, 0x0202];
/** Before: a magic number and the offset in the setup code's segment, and how much of the segment is to be kept when the code moves itself. */
const Old = { CL_MAGIC: 0x20, CL_OFFSET: 0x22, MAGIC: 0xa33f, SETUP_MOVE_SIZE: 0x212 } as const;
const STACK_TOP = REAL_COMMAND_LINE - SETUP_BASE;

export interface SetupOptions {
  /** Boot sector and setup sectors, as they stand in the file. */
  setup: Uint8Array;
  protocol: number;
  initrd: Segment | undefined;
  /** Of the command line, with its NUL. */
  commandLineBytes: number;
  memory: number;
}

/** Setup code with its header filled in, and the state it is entered with, by way of the BIOS, which starts the timer. */
export function realMode({ setup, protocol, initrd, commandLineBytes, memory }: SetupOptions): { segments: Segment[]; entry: Real16Entry } {
  const bytes = setup.slice();
  const view = new DataView(bytes.buffer);
  view.setUint16(VID_MODE, VIDEO_NORMAL, true);
  bytes[Header.type_of_loader] = OTHER_LOADER;
  if (protocol >= SINCE_HEAP) {
    bytes[Header.loadflags]! |= CAN_USE_HEAP;
    // Counted from the end of the boot sector.
    view.setUint16(HEAP_END_PTR, STACK_TOP - STACK_BYTES - 0x200, true);
  }
  if (protocol >= SINCE_COMMAND_LINE) {
    view.setUint32(Header.cmd_line_ptr, REAL_COMMAND_LINE, true);
  } else {
    view.setUint16(Old.CL_MAGIC, Old.MAGIC, true);
    view.setUint16(Old.CL_OFFSET, STACK_TOP, true);
    view.setUint16(Old.SETUP_MOVE_SIZE, STACK_TOP + commandLineBytes, true);
  }
  if (initrd) {
    view.setUint32(Header.ramdisk_image, initrd.gpa, true);
    view.setUint32(Header.ramdisk_size, initrd.bytes.length, true);
  }
  // Everything in the setup code's segment, but CS 32 paragraphs behind it: the far address that the BIOS returns to.
  const target = { gpa: REAL_COMMAND_LINE - 4, bytes: little(4, (SETUP_BASE / 16 + 0x20) * 0x10000) };
  const { segment, offset } = bios(memory).start;
  return {
    segments: [{ gpa: SETUP_BASE, bytes }, target],
    entry: { mode: 'real16', cs: segment, rip: offset, ds: SETUP_BASE / 16, rsp: STACK_TOP - 4 },
  };
}
