/**
 * The screen for a VNC viewer: one conversation of the Remote Framebuffer protocol, version 3.8 (RFC 6143), with a password where one is wanted. Pixels go raw or by Zlib, in the format that the
 * viewer asks for; a mode of another size by the DesktopSize pseudo-encoding. Keys come as keysyms of X, and the pointer, which is told by its place, moves a
 * mouse by the difference.
 *
 *     version -> security (-> challenge) -> shared -> messages. An update is sent when one was asked for and something has changed: `look` is called now and then.
 */

import { keysymKey } from './keysyms.js';
import type { MouseMove } from './input.js';
import type { Changed, Picture } from './screen.js';
import { vncAnswer } from './vnc-password.js';

export interface RfbTarget {
  /** What has changed since the last look; the whole picture is in `picture`. */
  refresh(): Changed | undefined;
  readonly picture: Picture;
  key(number: number, down: boolean): void;
  mouse(move: MouseMove): void;
  type(text: string): void;
}

/** A viewer has said something that is no RFB. */
export class RfbError extends Error {
  override readonly name = 'RfbError';
}

const VERSION = 'RFB 003.008\n';
/** Ways of security (7.1.2), and what becomes of one (7.1.3). */
const NO_PASSWORD = 1;
const PASSWORD = 2;
const REFUSED = 'the password is not right';
const enum Encoding { RAW = 0, ZLIB = 6, DESKTOP_SIZE = -223 }
/** Bytes of each message of a viewer's before what its length says. */
const HEADS: Readonly<Record<number, number>> = { 0: 20, 2: 4, 3: 10, 4: 8, 5: 6, 6: 8 };
const MOST_TEXT = 1 << 16;

interface Format {
  bytes: number;
  bigEndian: boolean;
  /** Red, green and blue: the largest value, and where it lies. */
  most: [number, number, number];
  shift: [number, number, number];
}
const OWN_FORMAT: Format = { bytes: 4, bigEndian: false, most: [255, 255, 255], shift: [16, 8, 0] };

function formatBytes({ bytes, bigEndian, most, shift }: Format): number[] {
  return [bytes * 8, 24, bigEndian ? 1 : 0, 1, ...most.flatMap((value) => [value >> 8, value & 255]), ...shift, 0, 0, 0];
}

function readFormat(view: DataView): Format {
  const bits = view.getUint8(0);
  if (![8, 16, 32].includes(bits)) throw new RfbError(`a pixel of ${bits} bits`);
  if (view.getUint8(3) === 0) throw new RfbError('a format with a palette');
  const three = (read: (i: number) => number): [number, number, number] => [read(0), read(1), read(2)];
  return { bytes: bits / 8, bigEndian: view.getUint8(2) !== 0, most: three((i) => view.getUint16(4 + 2 * i)), shift: three((i) => view.getUint8(10 + i) & 31) };
}

/** Rows of the picture as the viewer wants its pixels. */
function pixelsOf({ width, pixels }: Picture, first: number, lines: number, { bytes, bigEndian, most, shift }: Format): Uint8Array {
  const out = new Uint8Array(width * lines * bytes), view = new DataView(out.buffer);
  for (let i = 0, from = first * width * 4; i < width * lines; i++, from += 4) {
    let value = 0;
    for (let part = 0; part < 3; part++) value |= Math.floor((pixels[from + part]! * most[part]!) / 255) << shift[part]!;
    if (bytes === 4) view.setUint32(i * 4, value >>> 0, !bigEndian);
    else if (bytes === 2) view.setUint16(i * 2, value & 0xffff, !bigEndian);
    else out[i] = value;
  }
  return out;
}

function message(bytes: number, write: (view: DataView) => void): Uint8Array {
  const out = new Uint8Array(bytes);
  write(new DataView(out.buffer));
  return out;
}

function rectangle(y: number, width: number, height: number, encoding: Encoding): Uint8Array {
  return message(12, (view) => [0, y, width, height].forEach((value, i) => view.setUint16(2 * i, value)) ?? view.setInt32(8, encoding));
}

const update = (rectangles: number): Uint8Array => message(4, (view) => view.setUint16(2, rectangles));

export class RfbSession {
  private rest = new Uint8Array(0);
  private state: 'version' | 'security' | 'challenge' | 'shared' | 'messages' = 'version';
  private format = OWN_FORMAT;
  private encodings: readonly number[] = [];
  /** An update is asked for: of all, or of what has changed. */
  private asked: 'nothing' | 'changes' | 'all' = 'nothing';
  private told = { width: 0, height: 0 };
  /** Lines that have changed since the last update. */
  private dirty: { first: number; end: number } | undefined;
  private sending = false;
  private pointer: { x: number; y: number; mask: number } | undefined;

  /** `pack` goes on with one stream of zlib, and gives what it has made of these bytes; `lock`: a password, and 16 bytes that nobody foresees. */
  constructor(
    private readonly send: (bytes: Uint8Array) => void, private readonly target: RfbTarget, private readonly pack?: (bytes: Uint8Array) => Promise<Uint8Array>,
    private readonly lock?: { password: string; challenge: Uint8Array },
  ) {
    send(new TextEncoder().encode(VERSION));
  }

  /** Throws RfbError. */
  receive(bytes: Uint8Array): void {
    const all = new Uint8Array(this.rest.length + bytes.length);
    all.set(this.rest);
    all.set(bytes, this.rest.length);
    let at = 0;
    for (;;) {
      const taken = this.take(all.subarray(at));
      if (taken === 0) break;
      at += taken;
    }
    this.rest = all.slice(at);
  }

  /** Takes one message; the bytes it had, 0 when it is not all there. */
  private take(bytes: Uint8Array): number {
    switch (this.state) {
      case 'version': return this.takeVersion(bytes);
      case 'security': return this.takeSecurity(bytes);
      case 'challenge': return this.takeAnswer(bytes);
      case 'shared': return this.takeShared(bytes);
      default: return this.takeMessage(bytes);
    }
  }

  private takeVersion(bytes: Uint8Array): number {
    if (bytes.length < VERSION.length) return 0;
    const text = new TextDecoder().decode(bytes.subarray(0, VERSION.length));
    if (!/^RFB 003\.00[78]\n$/.test(text)) throw new RfbError(`the version ${JSON.stringify(text)}; want 3.7 or 3.8`);
    this.state = 'security';
    this.send(Uint8Array.of(1, this.lock === undefined ? NO_PASSWORD : PASSWORD));
    return VERSION.length;
  }

  private takeSecurity(bytes: Uint8Array): number {
    if (bytes.length < 1) return 0;
    if (bytes[0] !== (this.lock === undefined ? NO_PASSWORD : PASSWORD)) throw new RfbError(`security ${bytes[0]}, which was not offered`);
    if (this.lock !== undefined) {
      this.state = 'challenge';
      this.send(this.lock.challenge);
      return 1;
    }
    this.letIn();
    return 1;
  }

  private letIn(): void {
    this.state = 'shared';
    this.send(Uint8Array.of(0, 0, 0, 0));
  }

  private takeAnswer(bytes: Uint8Array): number {
    const { password, challenge } = this.lock!;
    if (bytes.length < challenge.length) return 0;
    // Every byte is looked at, right or wrong.
    const wrong = vncAnswer(password, challenge).reduce((sum, byte, i) => sum | (byte ^ bytes[i]!), 0);
    if (wrong !== 0) {
      this.send(message(8 + REFUSED.length, (view) => view.setUint32(0, 1) ?? view.setUint32(4, REFUSED.length) ?? [...REFUSED].forEach((letter, i) => view.setUint8(8 + i, letter.charCodeAt(0)))));
      throw new RfbError('a password that is not right');
    }
    this.letIn();
    return challenge.length;
  }

  private takeShared(bytes: Uint8Array): number {
    if (bytes.length < 1) return 0;
    this.state = 'messages';
    this.target.refresh();
    const { width, height } = this.target.picture, name = new TextEncoder().encode('Pintail');
    this.told = { width, height };
    this.send(Uint8Array.of(width >> 8, width & 255, height >> 8, height & 255, ...formatBytes(OWN_FORMAT), 0, 0, 0, name.length, ...name));
    return 1;
  }

  private takeMessage(bytes: Uint8Array): number {
    if (bytes.length < 1) return 0;
    const head = HEADS[bytes[0]!];
    if (head === undefined) throw new RfbError(`message ${bytes[0]}`);
    if (bytes.length < head) return 0;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    switch (bytes[0]) {
      case 0: this.format = readFormat(new DataView(bytes.buffer, bytes.byteOffset + 4, 16)); return head;
      case 2: return this.takeEncodings(view);
      case 3: this.asked = view.getUint8(1) === 0 ? 'all' : this.asked === 'all' ? 'all' : 'changes'; this.look(); return head;
      case 4: this.takeKey(view); return head;
      case 5: this.takePointer(view); return head;
      default: return this.takeText(bytes, view);
    }
  }

  private takeEncodings(view: DataView): number {
    const count = view.getUint16(2);
    if (view.byteLength < 4 + 4 * count) return 0;
    this.encodings = Array.from({ length: count }, (_, i) => view.getInt32(4 + 4 * i));
    return 4 + 4 * count;
  }

  private takeKey(view: DataView): void {
    const key = keysymKey(view.getUint32(4));
    if (key !== undefined) this.target.key(key, view.getUint8(1) !== 0);
  }

  /** Bits 0 to 2 are left, middle and right, 3 and 4 the wheel, a press a step. */
  private takePointer(view: DataView): void {
    const mask = view.getUint8(1), x = view.getUint16(2), y = view.getUint16(4), before = this.pointer ?? { x, y, mask: 0 };
    const pressed = mask & ~before.mask;
    this.pointer = { x, y, mask };
    this.target.mouse({ dx: x - before.x, dy: y - before.y, wheel: (pressed >> 4 & 1) - (pressed >> 3 & 1), buttons: (mask & 1) | (mask & 4) >> 1 | (mask & 2) << 1 });
  }

  private takeText(bytes: Uint8Array, view: DataView): number {
    const length = view.getUint32(4);
    if (length > MOST_TEXT) throw new RfbError(`a text of ${length} bytes`);
    if (bytes.length < 8 + length) return 0;
    this.target.type(new TextDecoder('latin1').decode(bytes.subarray(8, 8 + length)));
    return 8 + length;
  }

  /** Sends an update where one is asked for and there is something to say. */
  look(): void {
    if (this.state !== 'messages' || this.asked === 'nothing' || this.sending) return;
    const changed = this.target.refresh(), { width, height } = this.target.picture;
    if (width !== this.told.width || height !== this.told.height) return this.tellSize(width, height);
    if (changed !== undefined) this.dirty = { first: Math.min(changed.first, this.dirty?.first ?? height), end: Math.max(changed.end, this.dirty?.end ?? 0) };
    const lines = this.asked === 'all' ? { first: 0, end: height } : this.dirty;
    if (lines === undefined) return;
    this.asked = 'nothing';
    this.dirty = undefined;
    this.sending = true;
    void this.sendLines(lines).finally(() => (this.sending = false));
  }

  /** A viewer that knows no other size goes on with what fits. */
  private tellSize(width: number, height: number): void {
    if (!this.encodings.includes(Encoding.DESKTOP_SIZE)) throw new RfbError(`no other size, and the screen is ${width}x${height} now`);
    this.told = { width, height };
    this.dirty = { first: 0, end: height };
    this.asked = 'nothing';
    this.send(update(1));
    this.send(rectangle(0, width, height, Encoding.DESKTOP_SIZE));
  }

  private async sendLines({ first, end }: { first: number; end: number }): Promise<void> {
    const { picture } = this.target, bytes = pixelsOf(picture, first, end - first, this.format);
    const wantsZlib = this.pack !== undefined && this.encodings.includes(Encoding.ZLIB);
    const packed = wantsZlib ? await this.pack!(bytes) : bytes;
    this.send(update(1));
    this.send(rectangle(first, picture.width, end - first, wantsZlib ? Encoding.ZLIB : Encoding.RAW));
    if (wantsZlib) this.send(message(4, (view) => view.setUint32(0, packed.length)));
    this.send(packed);
  }
}
