// The VGA of IBM's PS/2 Hardware Interface Technical Reference ("Video Subsystem"), and what QEMU's docs/specs/standard-vga.rst adds: a PCI
// function, and Bochs' VBE interface (docs of the Bochs project, "VBE display interface"). Offsets and bits alone.

export const enum Id { VENDOR = 0x1234, DEVICE = 0x1111, CLASS = 0x03_0000, REVISION = 0x02, SUBSYSTEM_VENDOR = 0x1af4, SUBSYSTEM = 0x1100 }

/** What the legacy window covers. */
@inline export const WINDOW: u64 = 0xa_0000;
@inline export const WINDOW_BYTES: u64 = 0x2_0000;

/** Ports from 3B0 on; those of the CRTC and status have a place for monochrome and one for colour. */
export const enum Port {
  FIRST = 0x3b0, COUNT = 0x30,
  ATTRIBUTE = 0x3c0, ATTRIBUTE_READ = 0x3c1, MISC_WRITE = 0x3c2, SEQUENCER_INDEX = 0x3c4, SEQUENCER_DATA = 0x3c5,
  DAC_MASK = 0x3c6, DAC_READ_INDEX = 0x3c7, DAC_WRITE_INDEX = 0x3c8, DAC_DATA = 0x3c9, FEATURE_READ = 0x3ca, MISC_READ = 0x3cc,
  GRAPHICS_INDEX = 0x3ce, GRAPHICS_DATA = 0x3cf,
  CRTC_INDEX = 0x3d4, CRTC_DATA = 0x3d5, STATUS = 0x3da,
  /** From a port for monochrome to its place for colour; and no port. */
  COLOUR = 0x20, NONE = 0,
  VBE_INDEX = 0x1ce, VBE_DATA = 0x1cf,
}

/** Miscellaneous output: addresses of colour, and which clock. */
export const enum Misc { COLOUR = 1, CLOCK = 0x0c, WRITABLE = 0xef }
/** Input status 1. */
export const enum Status { NOT_DISPLAYING = 1, RETRACE = 8 }

export const enum Sequencer { RESET, CLOCKING, PLANE_WRITE, FONTS, MEMORY, COUNT = 8 }
export const enum Clocking { DOTS_8 = 1, HALF = 8 }
export const enum MemoryMode { CHAIN4 = 8 }

export const enum Graphics { SET_RESET, ENABLE_SET_RESET, COMPARE, ROTATE, READ_PLANE, MODE, MISC, DONT_CARE, BIT_MASK, COUNT = 16 }
export const enum GraphicsMode { WRITE = 3, COMPARE = 8, ODD_EVEN = 0x10, SHIFT = 0x60 }
export const enum GraphicsMisc { GRAPHICS = 1, MAP = 0x0c }

export const enum Attribute { MODE = 0x10, OVERSCAN = 0x11, PLANES = 0x12, PANNING = 0x13, PAGE = 0x14, COUNT = 0x15, INDEX = 0x1f }

export const enum Crtc {
  TOTAL = 0x00, DISPLAYED = 0x01, LINES = 0x06, OVERFLOW = 0x07, MAX_SCAN = 0x09, CURSOR_START = 0x0a, CURSOR_END = 0x0b, START_HIGH = 0x0c, START_LOW = 0x0d,
  CURSOR_HIGH = 0x0e, CURSOR_LOW = 0x0f, RETRACE_START = 0x10, RETRACE_END = 0x11, LINES_SHOWN = 0x12, OFFSET = 0x13, MODE = 0x17, LINE_COMPARE = 0x18,
}
/** RETRACE_END's lock of registers 0 to 7, but for the bit of LINE_COMPARE in OVERFLOW. */
export const enum Lock { ON = 0x80, LAST = 7, FREE = 0x10 }

/** VBE: what it calls itself, the newest first; the most it takes; and the most of a mode. */
@inline export const VBE_FIRST_ID: u32 = 0xb0c0;
@inline export const VBE_LAST_ID: u32 = 0xb0c5;
@inline export const VBE_MOST_X: u32 = 16000;
@inline export const VBE_MOST_Y: u32 = 12000;

/** BAR 2: EDID, the ports from 3C0 on, the VBE registers, and QEMU's own (its size, and the order of bytes). */
export const enum Bar { BYTES = 0x1000, PORTS = 0x400, PORTS_END = 0x420, VBE = 0x500, VBE_END = 0x516, OWN = 0x600, OWN_ORDER = 0x604, OWN_BYTES = 8 }
@inline export const LITTLE_ENDIAN: u32 = 0x1e1e_1e1e;
