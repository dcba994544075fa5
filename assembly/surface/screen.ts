// Numbers of the screen that the module and the host share: where a VGA's registers lie in its state, which the host reads when it draws. No import,
// no overlay: the host compiles this file too.

/** Bytes of video memory, as QEMU's `std` has by default. */
export const enum Video { BYTES = 0x100_0000 }

/** Offsets in the state of a VGA. Registers of an index are bytes one after the other; those of the VBE interface have two bytes. */
export const enum ScreenAt {
  SEQUENCER = 0x00, GRAPHICS = 0x10, ATTRIBUTE = 0x20,
  MISC = 0x38, FEATURE = 0x39,
  /** Index registers: sequencer, graphics, attribute (with its bit for "the palette is on"), CRTC; the attribute controller's next write is data. */
  SEQUENCER_INDEX = 0x3a, GRAPHICS_INDEX = 0x3b, ATTRIBUTE_INDEX = 0x3c, CRTC_INDEX = 0x3d, ATTRIBUTE_DATA = 0x3e,
  /** DAC: state, read and write index, which of three bytes is next, the three of a write; its bytes have eight bits. */
  DAC_STATE = 0x40, DAC_READ = 0x41, DAC_WRITE = 0x42, DAC_PART = 0x43, DAC_CACHE = 0x44, DAC_WIDE = 0x47,
  VBE = 0x48, VBE_INDEX = 0x60,
  /** Four bytes each: of a line, the first byte shown, where the window of 64 KiB lies, what was last read of four planes. */
  LINE_BYTES = 0x64, START = 0x68, BANK = 0x6c, LATCH = 0x70,
  CRTC = 0x100, PALETTE = 0x200,
  BYTES = 0x500,
}

/** Indices of the VBE interface (Bochs' DISPI), and bits of ENABLE. */
export const enum Vbe { ID, XRES, YRES, BPP, ENABLE, BANK, VIRT_WIDTH, VIRT_HEIGHT, X_OFFSET, Y_OFFSET, MEMORY_64K, COUNT }
export const enum VbeEnable { ENABLED = 1, CAPABILITIES = 2, WIDE_DAC = 0x20, LINEAR = 0x40, KEEP = 0x80 }
