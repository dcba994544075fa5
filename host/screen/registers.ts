/**
 * What a VGA shows, read from its registers (assembly/surface/screen.ts): how large the picture is, where its lines lie in video memory, and which of the
 * ways of drawing they take. IBM's PS/2 "Video Subsystem", and for what that leaves open QEMU's screen, whose pictures ours are compared with.
 */

import { ScreenAt, Vbe, VbeEnable } from '../../assembly/surface/screen.js';

/** A screen as the module has it: the VGA's state, and its memory with the four planes' bytes of an address side by side. */
export interface ScreenSource {
  state: Uint8Array;
  memory: Uint8Array;
}

export type Way = 'blank' | 'text' | 'planar' | 'cga' | 'bytes' | 'linear';

export interface Shape {
  way: Way;
  /** In pixels, as on the screen. */
  width: number;
  height: number;
  /** Of a pixel, in `linear`. */
  bits: number;
  /** Each pixel is shown twice. */
  doubled: boolean;
  /** A byte of memory: where the first line begins, and from one to the next. */
  start: number;
  lineBytes: number;
}

const enum Crtc { COLUMNS = 1, TOTAL = 6, OVERFLOW = 7, MAX_SCAN = 9, START_HIGH = 0x0c, START_LOW = 0x0d, SHOWN = 0x12, OFFSET = 0x13, MODE = 0x17, COMPARE = 0x18 }
const TEXT_160 = 100;

export class Registers {
  constructor(private readonly state: Uint8Array) {}

  sequencer(index: number): number {
    return this.state[ScreenAt.SEQUENCER + index]!;
  }

  graphics(index: number): number {
    return this.state[ScreenAt.GRAPHICS + index]!;
  }

  attribute(index: number): number {
    return this.state[ScreenAt.ATTRIBUTE + index]!;
  }

  crtc(index: number): number {
    return this.state[ScreenAt.CRTC + index]!;
  }

  vbe(index: Vbe): number {
    const at = ScreenAt.VBE + index * 2;
    return this.state[at]! | (this.state[at + 1]! << 8);
  }

  word(at: ScreenAt): number {
    return new DataView(this.state.buffer, this.state.byteOffset, this.state.length).getUint32(at, true);
  }

  /** The DAC's bytes have eight bits. */
  get wideDac(): boolean {
    return this.state[ScreenAt.DAC_WIDE] === 1;
  }

  get vbeOn(): boolean {
    return (this.vbe(Vbe.ENABLE) & VbeEnable.ENABLED) !== 0;
  }

  /** The attribute controller passes the picture on. */
  get shown(): boolean {
    return (this.state[ScreenAt.ATTRIBUTE_INDEX]! & 0x20) !== 0;
  }

  /** Half the dot clock. */
  get halved(): boolean {
    return !this.vbeOn && (this.sequencer(1) & 8) !== 0;
  }

  /** Of a colour of the DAC, the part `part`. */
  dac(colour: number, part: number): number {
    return this.state[ScreenAt.PALETTE + colour * 3 + part]!;
  }

  private overflow(bit: number, to: number): number {
    return ((this.crtc(Crtc.OVERFLOW) >> bit) & 1) << to;
  }

  get lines(): number {
    return (this.crtc(Crtc.SHOWN) | this.overflow(1, 8) | this.overflow(6, 9)) + 1;
  }

  /** The line behind which the picture begins anew at address 0. */
  get lineCompare(): number {
    return this.vbeOn ? 65535 : this.crtc(Crtc.COMPARE) | this.overflow(4, 8) | ((this.crtc(Crtc.MAX_SCAN) & 0x40) << 3);
  }

  get charLines(): number {
    return (this.crtc(Crtc.MAX_SCAN) & 0x1f) + 1;
  }

  get start(): number {
    return this.vbeOn ? this.word(ScreenAt.START) : ((this.crtc(Crtc.START_HIGH) << 8) | this.crtc(Crtc.START_LOW)) * 4;
  }

  get lineBytes(): number {
    return this.vbeOn ? this.word(ScreenAt.LINE_BYTES) : this.crtc(Crtc.OFFSET) << 3;
  }

  get columns(): number {
    return this.crtc(Crtc.COLUMNS) + 1;
  }

  /** Lines of characters in text. */
  get rows(): number {
    return Math.floor((this.crtc(Crtc.TOTAL) === TEXT_160 ? 100 * this.charLines : this.lines) / this.charLines);
  }

  /** Pixels of a character. */
  get charWidth(): number {
    return this.halved ? 16 : (this.sequencer(1) & 1) !== 0 ? 8 : 9;
  }

  /** Lines that one of memory is shown for, but the first. Where lines lie in banks, it is their doubling alone. */
  get repeats(): number {
    const doubled = this.crtc(Crtc.MAX_SCAN) >> 7;
    return (this.banks & 1) !== 0 ? doubled : (this.charLines << doubled) - 1;
  }

  /** How the graphics controller puts bits out: 0 planes, 1 CGA's pairs, 2 and 3 bytes. */
  get shift(): number {
    return (this.graphics(5) >> 5) & 3;
  }

  /** The CRTC's bits that make lines lie in two or four banks, as CGA and Hercules have them: what is missing of 3, and where the bank's bit goes. */
  get banks(): number {
    return (this.crtc(Crtc.MODE) & 3) ^ 3;
  }

  get bankShift(): number {
    return 14 + ((this.crtc(Crtc.MODE) >> 6) & 1);
  }
}

function graphicsShape(r: Registers): Shape {
  const bits = r.vbeOn ? r.vbe(Vbe.BPP) : 0;
  const width = r.vbeOn ? r.vbe(Vbe.XRES) : r.columns * 8, height = r.vbeOn ? r.vbe(Vbe.YRES) : r.lines;
  const way: Way = r.shift === 0 ? 'planar' : r.shift === 1 ? 'cga' : bits >= 8 ? 'linear' : 'bytes';
  const doubled = way === 'bytes' || (way !== 'linear' && r.halved);
  return { way, width: doubled && way !== 'bytes' ? width * 2 : width, height, bits, doubled, start: r.start, lineBytes: r.lineBytes };
}

function textShape(r: Registers): Shape {
  return { way: 'text', width: r.columns * r.charWidth, height: r.rows * r.charLines, bits: 4, doubled: false, start: r.start, lineBytes: r.lineBytes };
}

/** Nothing was set up yet: a picture of the size that a VGA has. */
const NOTHING: Shape = { way: 'blank', width: 640, height: 480, bits: 0, doubled: false, start: 0, lineBytes: 0 };

export function readShape(r: Registers): Shape {
  const shape = (r.graphics(6) & 1) !== 0 ? graphicsShape(r) : textShape(r);
  if (shape.width < 8 || shape.height < 1 || (!r.shown && shape.height < 64)) return NOTHING;
  return r.shown ? shape : { ...shape, way: 'blank' };
}
