/** A trace file, read piece by piece: events with names. */

import { closeSync, openSync, readSync } from 'node:fs';
import { TraceAt, TraceKind } from '../../../assembly/surface/trace.js';
import { TRACE_SCHEMA, type TraceHeader } from '../../machine/trace.js';
import { MeasureError } from '../errors.js';

export interface TraceEvent {
  tick: bigint;
  rip: bigint;
  kind: 'count' | 'read' | 'write' | 'dma read' | 'dma write' | 'message' | 'line' | 'taken' | 'translated' | 'refused';
  /** "e1000-0", "00:04.0" for a transfer, "irq". */
  device: string;
  /** The register or the counter; the vector or line. */
  what: string;
  value: bigint;
  /** Width; of a translation the entries that the unit read, of a refusal its reason. */
  bytes: number;
}

const KINDS: Readonly<Record<TraceKind, TraceEvent['kind']>> = {
  [TraceKind.COUNT]: 'count', [TraceKind.READ]: 'read', [TraceKind.WRITE]: 'write', [TraceKind.DMA_READ]: 'dma read', [TraceKind.DMA_WRITE]: 'dma write',
  [TraceKind.MESSAGE]: 'message', [TraceKind.LINE]: 'line', [TraceKind.TAKEN]: 'taken', [TraceKind.TRANSLATED]: 'translated', [TraceKind.REFUSED]: 'refused',
};

/** 00:04.0, as lspci writes it. */
const requesterText = (id: number): string => `${(id >> 8).toString(16).padStart(2, '0')}:${((id >> 3) & 31).toString(16).padStart(2, '0')}.${id & 7}`;

function placeOf(kind: TraceEvent['kind'], id: number, names: TraceHeader['names']): { device: string; what: string } {
  if (kind.startsWith('dma') || kind === 'translated' || kind === 'refused') return { device: requesterText(id), what: kind };
  if (kind === 'message') return { device: requesterText(id), what: 'interrupt message' };
  if (kind === 'line' || kind === 'taken') return { device: 'irq', what: `${kind} ${id}` };
  const name = names[id] ?? `counter ${id}`, space = name.indexOf(' ');
  return { device: name.slice(0, space), what: name.slice(space + 1) };
}

/** `name`: the file as the user knows it. Throws MeasureError. */
export function readHeader(bytes: Uint8Array, name = 'the trace'): { header: TraceHeader; end: number } {
  const end = bytes.indexOf(10) + 1;
  try {
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(0, end))) as TraceHeader;
    if (header.schema === TRACE_SCHEMA) return { header, end };
  } catch {
    // What it is instead does not matter.
  }
  throw new MeasureError(name, `is no trace (its first line does not say ${TRACE_SCHEMA}).`);
}

const FIRST_LINE_BYTES = 2 ** 20, PIECE_EVENTS = 65536;

/** A whole file's events, as they are asked for: it may be larger than memory. An event that was cut off at its end (the machine was killed) is left out. */
export function* eventsOfFile(path: string): Generator<TraceEvent> {
  const file = openSync(path, 'r');
  try {
    const first = Buffer.alloc(FIRST_LINE_BYTES), { header, end } = readHeader(first.subarray(0, readSync(file, first, 0, first.length, 0)), path);
    const piece = Buffer.alloc(PIECE_EVENTS * TraceAt.EVENT_BYTES);
    for (let at = end, n = 0; (n = readSync(file, piece, 0, piece.length, at)) > 0; at += n) yield* readEvents(piece.subarray(0, n), header, path);
  } finally {
    closeSync(file);
  }
}

/** Reads events from whole records. */
export function* readEvents(bytes: Uint8Array, { names }: TraceHeader, name = 'the trace'): Generator<TraceEvent> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + TraceAt.EVENT_BYTES <= bytes.length; at += TraceAt.EVENT_BYTES) {
    const kind = KINDS[view.getUint32(at + TraceAt.KIND, true) as TraceKind];
    if (kind === undefined) throw new MeasureError(name, `has something that is no event at byte ${at} behind its first line.`);
    yield {
      tick: view.getBigUint64(at + TraceAt.TICK, true), rip: view.getBigUint64(at + TraceAt.RIP, true), kind, ...placeOf(kind, view.getUint32(at + TraceAt.ID, true), names),
      value: view.getBigUint64(at + TraceAt.VALUE, true), bytes: view.getUint32(at + TraceAt.BYTES, true),
    };
  }
}
