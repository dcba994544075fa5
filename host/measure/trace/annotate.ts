/**
 * A capture whose frames say what became of them: pcapng (draft-ietf-opsawg-pcapng) with a comment (opt_comment) on each frame of a card, its life out of a trace. The nth frame
 * from the guest is the nth that the card has sent, the nth to it the nth that it has received: both files are of one run, from the card's first frame on.
 */

import { MeasureError } from '../errors.js';
import type { TraceEvent } from './events.js';
import { lifeText } from './formats.js';
import { cardsOf, DONE, lifeOf } from './life.js';

const SECTION = 0x0a0d0d0a, BYTE_ORDER = 0x1a2b3c4d, INTERFACE = 1, PACKET = 6;
const OPT_COMMENT = 1, IF_NAME = 2, EPB_FLAGS = 2, INBOUND = 1, OUTBOUND = 2;

/** Events around a packet among which its life is looked for. */
const BEFORE = 600, BEHIND = 2_400;

type Direction = 'tx' | 'rx';

/** The lives of a card's packets, in their order. */
class Lives {
  private readonly done: number[];

  constructor(private readonly events: readonly TraceEvent[], private readonly card: string, private readonly direction: Direction) {
    this.done = events.flatMap(({ kind, device, what }, n) => (kind === 'count' && device === card && what === DONE[direction] ? [n] : []));
  }

  get count(): number {
    return this.done.length;
  }

  textOf(packet: number): string | undefined {
    const at = this.done[packet - 1];
    if (at === undefined) return undefined;
    const from = Math.max(0, at - BEFORE), skipped = this.done.filter((n) => n < from).length;
    const life = lifeOf(this.events.slice(from, at + BEHIND), packet - skipped, this.direction, this.card);
    return lifeText({ ...life, packet });
  }
}

/** What is between two blocks of pcapng, and which frames got no comment. */
export interface Annotated {
  bytes: Uint8Array;
  /** Frames with a comment, and without: the trace has no such packet. */
  told: number;
  untold: number;
}

/** `netdev`: the interface whose frames are the card's, where the capture has several; `card`: where the trace has several. Throws MeasureError. */
export function annotate(capture: Uint8Array, name: string, events: readonly TraceEvent[], { card, netdev }: { card?: string | undefined; netdev?: string | undefined } = {}): Annotated {
  const own = card ?? onlyCard(events), lives = { tx: new Lives(events, own, 'tx'), rx: new Lives(events, own, 'rx') };
  if (lives.tx.count + lives.rx.count === 0) throw new MeasureError('the trace', `${own} has sent and received nothing in it.`);
  const pieces: Uint8Array[] = [], numbers = { tx: 0, rx: 0 };
  let told = 0, untold = 0;
  for (const block of blocksOf(capture, name, netdev)) {
    const text = block.direction === undefined ? undefined : lives[block.direction].textOf(++numbers[block.direction]);
    if (block.direction !== undefined) text === undefined ? untold++ : told++;
    pieces.push(text === undefined ? block.bytes : withComment(block.bytes, block.little, text));
  }
  return { bytes: joined(pieces), told, untold };
}

function onlyCard(events: readonly TraceEvent[]): string {
  const cards = [...new Set([...cardsOf(events, 'tx'), ...cardsOf(events, 'rx')])];
  if (cards.length === 1) return cards[0]!;
  throw new MeasureError('the trace', cards.length === 0 ? 'no card has sent or received a packet in it.' : `there are ${cards.join(', ')} in it: say which (--card).`);
}

interface CaptureBlock {
  bytes: Uint8Array;
  little: boolean;
  /** Of a frame of the card's. */
  direction: Direction | undefined;
}

function* blocksOf(bytes: Uint8Array, name: string, netdev: string | undefined): Generator<CaptureBlock> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 28 || view.getUint32(0, true) !== SECTION) throw new MeasureError(name, 'is no pcapng file.');
  let little = true, interfaces: (string | undefined)[] = [];
  const names: string[] = [];
  for (let at = 0; at < bytes.length;) {
    if (at + 12 <= bytes.length && view.getUint32(at, true) === SECTION) {
      little = view.getUint32(at + 8, true) === BYTE_ORDER;
      interfaces = [];
    }
    const type = at + 12 <= bytes.length ? view.getUint32(at, little) : 0, length = at + 12 <= bytes.length ? view.getUint32(at + 4, little) : 0;
    if (length < 12 || length % 4 !== 0 || at + length > bytes.length) throw new MeasureError(name, `is cut off or damaged in the block at byte ${at}.`);
    if (type === INTERFACE) {
      interfaces.push(textOption(view, at + 16, at + length - 4, little, IF_NAME));
      names.push(interfaces.at(-1) ?? '');
    }
    const from = type === PACKET ? interfaces[view.getUint32(at + 8, little)] : undefined, isOwn = type === PACKET && (netdev === undefined || from === netdev);
    yield { bytes: bytes.subarray(at, at + length), little, direction: isOwn ? directionOf(view, at, length, little) : undefined };
    at += length;
  }
  if (netdev !== undefined && !names.includes(netdev)) throw new MeasureError(name, `has no interface "${netdev}"; there are ${names.join(', ')}.`);
  if (netdev === undefined && names.length > 1) throw new MeasureError(name, `has the interfaces ${names.join(', ')}: say which is the card's (--netdev).`);
}

/** Where options of a code begin, and their bytes. */
function optionAt(view: DataView, from: number, to: number, little: boolean, wanted: number): { at: number; bytes: number } | undefined {
  for (let at = from; at + 4 <= to;) {
    const code = view.getUint16(at, little), bytes = view.getUint16(at + 2, little);
    if (code === 0) return undefined;
    if (code === wanted && at + 4 + bytes <= to) return { at: at + 4, bytes };
    at += 4 + ((bytes + 3) & ~3);
  }
  return undefined;
}

function textOption(view: DataView, from: number, to: number, little: boolean, code: number): string | undefined {
  const found = optionAt(view, from, to, little, code);
  return found === undefined ? undefined : new TextDecoder().decode(new Uint8Array(view.buffer, view.byteOffset + found.at, found.bytes));
}

/** By epb_flags: our captures have it; a frame without says nothing of its direction. */
function directionOf(view: DataView, at: number, length: number, little: boolean): Direction | undefined {
  const options = at + 28 + ((view.getUint32(at + 20, little) + 3) & ~3), found = optionAt(view, options, at + length - 4, little, EPB_FLAGS);
  const flags = found === undefined ? 0 : view.getUint32(found.at, little) & 3;
  return flags === OUTBOUND ? 'tx' : flags === INBOUND ? 'rx' : undefined;
}

/** The block with a comment before its other options. */
function withComment(block: Uint8Array, little: boolean, text: string): Uint8Array {
  const comment = new TextEncoder().encode(text.trimEnd()).subarray(0, 65_532), padded = (comment.length + 3) & ~3, view = new DataView(block.buffer, block.byteOffset, block.byteLength);
  const options = 28 + ((view.getUint32(20, little) + 3) & ~3), hasOptions = options < block.length - 4, added = 4 + padded + (hasOptions ? 0 : 4);
  const out = new Uint8Array(block.length + added), to = new DataView(out.buffer);
  out.set(block.subarray(0, options));
  to.setUint16(options, OPT_COMMENT, little);
  to.setUint16(options + 2, comment.length, little);
  out.set(comment, options + 4);
  if (hasOptions) out.set(block.subarray(options, block.length - 4), options + 4 + padded);
  for (const at of [4, out.length - 4]) to.setUint32(at, out.length, little);
  return out;
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}
