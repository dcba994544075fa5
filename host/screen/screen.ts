/**
 * The screen as a picture: of the VGA's registers and memory, which the machine goes on writing. What is kept is the last picture and what it was drawn
 * from, so that of the next one only the lines that changed are drawn. Nothing here changes the machine.
 */

import { ScreenAt, Vbe } from '../../assembly/surface/screen.js';
import type { Band, Drawing } from './drawing.js';
import { graphicsDrawing } from './graphics.js';
import { BLACK } from './palette.js';
import { Registers, readShape, type ScreenSource, type Shape } from './registers.js';
import { textDrawing } from './text.js';

export interface Picture {
  width: number;
  height: number;
  /** Rows from the top, four bytes a pixel: red, green, blue, 255. */
  pixels: Uint8ClampedArray<ArrayBuffer>;
}

/** Lines that have changed: from the first up to `end`. All of them when the size has changed, too. */
export interface Changed {
  first: number;
  end: number;
  resized: boolean;
}

/** The largest picture that is drawn; a VBE mode can have more. */
const MOST_PIXELS = 1 << 24;
/** Registers that do not change the picture, or are looked at by themselves: indices, the DAC's way of being written, the cursor. */
const VOLATILE: readonly (readonly [number, number])[] = [
  [ScreenAt.SEQUENCER_INDEX, 2], [ScreenAt.CRTC_INDEX, 2], [ScreenAt.DAC_STATE, 7], [ScreenAt.VBE_INDEX, 4], [ScreenAt.BANK, 8], [ScreenAt.CRTC + 0x0a, 2], [ScreenAt.CRTC + 0x0e, 2],
];

/** Of the registers, what decides how memory is shown. */
function essence(state: Uint8Array): Uint8Array {
  const out = state.slice(0, ScreenAt.BYTES);
  out[ScreenAt.ATTRIBUTE_INDEX]! &= 0x20;
  for (const [at, bytes] of VOLATILE) out.fill(0, at, at + bytes);
  return out;
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Runs of memory, aligned to four bytes, against a copy of them. */
class Copies {
  private readonly words: Uint32Array;

  constructor(private readonly memory: Uint8Array, bytes: number) {
    this.words = new Uint32Array(Math.ceil(bytes / 4));
  }

  /** Whether the run differs from what was copied at `place` (a word); it is copied. */
  take(place: number, at: number, bytes: number): boolean {
    const now = new Uint32Array(this.memory.buffer, this.memory.byteOffset + (at & ~3), Math.ceil(bytes / 4));
    for (let i = 0; i < now.length; i++) {
      if (now[i] === this.words[place + i]) continue;
      this.words.set(now, place);
      return true;
    }
    return false;
  }
}

const wordsOf = (bytes: number): number => Math.ceil(bytes / 4);

export class Screen {
  private shape: Shape | undefined;
  private essence = new Uint8Array(0);
  private copies: Copies | undefined;
  private marks: string[] = [];
  private out = new Uint32Array(0);

  /** The picture as of the last refresh. */
  get picture(): Picture {
    const { width, height } = this.shape ?? { width: 0, height: 0 };
    return { width, height, pixels: new Uint8ClampedArray(this.out.buffer) };
  }

  /** Why there is no picture but a black one, in words; undefined when there is. */
  notice: string | undefined;

  private drawingOf(source: ScreenSource, shape: Shape, lit: boolean): Drawing {
    if (shape.way === 'text') return textDrawing(source, shape, lit);
    if (shape.way === 'blank' || this.notice !== undefined) return { bands: [], watched: [], draw: () => undefined };
    return graphicsDrawing(source, shape);
  }

  /** What the registers ask for, or a black screen that says why not. */
  private shapeOf(source: ScreenSource): Shape {
    const r = new Registers(source.state), shape = readShape(r);
    this.notice = shape.width * shape.height > MOST_PIXELS ? `a mode of ${shape.width}x${shape.height} is larger than what is drawn` : undefined;
    if (r.vbeOn && r.vbe(Vbe.BPP) > 32) this.notice = `a mode of ${r.vbe(Vbe.BPP)} bits a pixel is none that is drawn`;
    return this.notice === undefined ? shape : { ...shape, way: 'blank', width: 640, height: 480 };
  }

  /** Draws what has changed since the last time; undefined when nothing has. `lit`: the text cursor shows. */
  refresh(source: ScreenSource, lit = true): Changed | undefined {
    const now = essence(source.state), shape = this.shapeOf(source);
    const fresh = !same(now, this.essence), resized = shape.width !== this.shape?.width || shape.height !== this.shape.height;
    const drawing = this.drawingOf(source, shape, lit);
    if (fresh) this.start(source, now, shape, drawing);
    const dirty = this.look(drawing, fresh);
    if (fresh) return { first: 0, end: shape.height, resized };
    if (dirty.length === 0) return undefined;
    return { first: dirty[0]!.y, end: Math.max(...dirty.map(({ y, lines }) => y + lines)), resized: false };
  }

  private start({ memory }: ScreenSource, now: Uint8Array, shape: Shape, { bands, watched }: Drawing): void {
    this.shape = shape;
    this.essence = now.slice();
    this.out = new Uint32Array(shape.width * shape.height).fill(BLACK);
    this.marks = bands.map(() => '');
    const bytes = [...bands.map((band) => band.bytes), ...watched.map(([, size]) => size)];
    this.copies = new Copies(memory, 4 * bytes.reduce((sum, size) => sum + wordsOf(size), 0));
  }

  /** Bands whose memory or mark has changed, drawn. */
  private look({ bands, watched, draw }: Drawing, all: boolean): Band[] {
    let place = 0, whole = all;
    const take = (at: number, bytes: number): boolean => {
      const changed = this.copies!.take(place, at, bytes);
      place += wordsOf(bytes);
      return changed;
    };
    for (const [at, bytes] of watched) if (take(at, bytes)) whole = true;
    const dirty = bands.filter((band, i) => {
      const changed = band.bytes > 0 && take(band.at, band.bytes), marked = this.marks[i] !== band.mark;
      this.marks[i] = band.mark;
      return band.bytes > 0 && (changed || marked || whole);
    });
    for (const band of dirty) draw(this.out, band);
    return dirty;
  }
}
