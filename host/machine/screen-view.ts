/** The machine's screen and keyboard, for who holds the instance: pictures of what the guest shows now, and keys by name. */

import { Address } from '../../assembly/surface/run.js';
import { ScreenAt, Video } from '../../assembly/surface/screen.js';
import { addressOf, type ModuleInstance } from '../rings/instance.js';
import { InputPort } from '../screen/input.js';
import { keyNamed, KEY_NAMES } from '../screen/keys.js';
import { encodePng } from '../screen/png.js';
import { Registers, readShape, type ScreenSource } from '../screen/registers.js';
import { Screen, type Picture } from '../screen/screen.js';
import type { TextScreen } from '../screen/terminal-text.js';
import { readCursor, textCells } from '../screen/text.js';
import { didYouMean } from '../words/near.js';
import { MachineError, OptionError } from './errors.js';
import type { ScreenFrame } from './types.js';

/** The cursor of text modes blinks by the host's clock: half a second each way. */
const BLINK_MS = 500;

/** The number of a key by QEMU's name or a browser's. Throws OptionError. */
export function keyNumber(name: string): number {
  const number = keyNamed(name);
  if (number === undefined) throw new OptionError('key', `there is no "${name}".${didYouMean(name, KEY_NAMES)}`);
  return number;
}

/** `ctrl-alt-delete`, each as keyNumber takes it; a minus sign is `minus`. */
export const keyNumbers = (names: string): number[] => names.split('-').map(keyNumber);

export class ScreenView {
  readonly input: InputPort;
  private readonly screen = new Screen();
  private readonly source: ScreenSource | undefined;

  constructor(instance: ModuleInstance, wake: () => void) {
    this.input = new InputPort(instance, wake);
    const state = addressOf(instance, Address.Screen), video = addressOf(instance, Address.Video);
    if (state === 0) return;
    this.source = { state: instance.bytes.subarray(state, state + ScreenAt.BYTES), memory: instance.bytes.subarray(video, video + Video.BYTES) };
  }

  /** Throws MachineError where there is none. */
  sourceFor(call: string): ScreenSource {
    if (this.source === undefined) throw new MachineError(`${call}: the machine has no screen; devices: [{ model: "VGA" }] gives it one.`);
    return this.source;
  }

  /** The whole picture now, with the cursor. */
  picture(call: string): Picture {
    const screen = new Screen();
    screen.refresh(this.sourceFor(call));
    return screen.picture;
  }

  screenshot(): Promise<Uint8Array> {
    return encodePng(this.picture('screenshot()'));
  }

  /** What stands there in text, without the spaces at the ends of lines; undefined in graphics. */
  text(): string[] | undefined {
    const source = this.sourceFor('screenText()');
    if (readShape(new Registers(source.state)).way !== 'text') return undefined;
    return textCells(source).map((row) => row.map(({ character }) => character).join('').trimEnd());
  }

  /** What stands there with its colours, or how large the picture is. */
  textScreen(): TextScreen | { width: number; height: number } {
    const source = this.sourceFor('textScreen()'), r = new Registers(source.state), shape = readShape(r);
    if (shape.way !== 'text') return { width: shape.width, height: shape.height };
    const cursor = readCursor(r), cell = (cursor.at - shape.start) / 4, stride = shape.lineBytes / 4;
    const [row, column] = [Math.floor(cell / stride), cell % stride];
    return { rows: textCells(source), cursor: cursor.at < 0 || cell < 0 || row >= r.rows || column >= r.columns ? undefined : { row, column } };
  }

  /** The lines that changed since the last frame. */
  frame(whole: boolean): ScreenFrame | undefined {
    const changed = this.screen.refresh(this.sourceFor('screenFrame()'), Math.floor(performance.now() / BLINK_MS) % 2 === 0);
    if (changed === undefined && !whole) return undefined;
    const { width, height, pixels } = this.screen.picture;
    const { first, end } = whole || changed === undefined ? { first: 0, end: height } : changed;
    return { width, height, first, lines: end - first, pixels: pixels.slice(first * width * 4, end * width * 4) };
  }
}
