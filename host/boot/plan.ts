/**
 * What loading a kernel comes to: bytes at guest-physical addresses, and the state the processor starts in.
 * Nothing here knows the machine; whoever runs the plan zeroes RAM, copies the segments and sets the state.
 */

export interface Segment {
  /** Guest-physical address. */
  gpa: number;
  bytes: Uint8Array;
}

/**
 * PVH (Xen "x86/HVM direct boot ABI"): 32-bit protected mode without paging. CS is flat code, DS, ES, SS flat data, all with
 * base 0 and limit 4 GiB; TR is a 32-bit TSS with base 0 and limit 0x67; EFLAGS has only its reserved bit; CR0 is PE, CR4 0.
 */
export interface Pvh32Entry {
  mode: 'pvh32';
  rip: number;
  /** The hvm_start_info. */
  rbx: number;
}

/** Selectors and GDT that the Linux boot protocol asks for: 0x10 flat code, 0x18 flat data. */
export interface LinuxSegments {
  gdt: { base: number; limit: number };
  cs: 0x10;
  ds: 0x18;
}

/** Linux's 32-bit boot protocol: protected mode without paging, RSI the zero page, RBP, RDI and RBX zero, interrupts off. */
export interface Linux32Entry extends LinuxSegments {
  mode: 'linux32';
  rip: number;
  /** The zero page (boot_params). */
  rsi: number;
}

/** Linux's 64-bit boot protocol: long mode, the first 4 GiB mapped one to one by CR3, RSI the zero page, interrupts off. */
export interface Long64Entry extends LinuxSegments {
  mode: 'long64';
  rip: number;
  /** The zero page (boot_params). */
  rsi: number;
  cr3: number;
}

/** Linux's 16-bit boot protocol: real mode at CS:IP, every other segment DS, interrupts off. Values of CS and DS are paragraphs. */
export interface Real16Entry {
  mode: 'real16';
  cs: number;
  rip: number;
  ds: number;
  rsp: number;
}

/** Multiboot: the same state as PVH, EAX the loader's magic number, EBX the information structure. */
export interface MultibootEntry {
  mode: 'multiboot';
  rip: number;
  rbx: number;
}

export type Entry = Pvh32Entry | Linux32Entry | Long64Entry | Real16Entry | MultibootEntry;

export interface BootPlan {
  /** They do not overlap, and lie in RAM. */
  segments: Segment[];
  entry: Entry;
  /** What was found and done, for `-v`. */
  notes: string[];
}
