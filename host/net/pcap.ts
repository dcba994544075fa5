/**
 * Writes what passes backends as pcapng (draft-ietf-opsawg-pcapng): an interface for each, nanoseconds of the one clock that was given, each frame once
 * it was taken, with its direction. Frames are recorded as they pass: a large segment is one frame, with the sum its sender left open.
 */

import type { NetBackend } from './backend.js';
import type { Clock } from './clock.js';
import { CounterSet } from './counters.js';
import { observed } from './observe.js';

/** Where the bytes go. Called in order; a file, a test's list. */
export interface PcapWriter {
  /** False: not written, and nothing will be any more. */
  write(block: Uint8Array): boolean;
  close(): Promise<void>;
}

const BLOCK = { SECTION: 0x0a0d0d0a, INTERFACE: 1, PACKET: 6 } as const;
const OPTION = { END: 0, IF_NAME: 2, IF_TSRESOL: 9, EPB_FLAGS: 2 } as const;
const UNITS = { captured: 'frames', notCaptured: 'frames' } as const;
const ETHERNET = 1;
const NANOSECONDS = 9;
export const INBOUND = 1;
export const OUTBOUND = 2;

/** A file that is being written, of one clock. */
export interface Capture {
  readonly writer: PcapWriter;
  readonly clock: Clock;
  interfaces: number;
}

export function startCapture(writer: PcapWriter, clock: Clock): Capture {
  writer.write(sectionHeader());
  return { writer, clock, interfaces: 0 };
}

/** Wraps a backend; closing it closes the capture. Inbound is toward the guest. */
export function withPcap(inner: NetBackend, capture: Capture, clock: Clock = capture.clock): NetBackend {
  const { writer } = capture, own = capture.interfaces++;
  writer.write(interfaceBlock(inner.name));
  const counts = new CounterSet(`${inner.name}.pcap`, UNITS);
  const passed = observed(inner, {
    note: (frame, _offload, toGuest) => packetBlock(frame, clock.now(), toGuest ? INBOUND : OUTBOUND, own),
    put: (bytes) => counts.add(writer.write(bytes) ? 'captured' : 'notCaptured'),
  });
  return {
    ...passed,
    counters: () => [...inner.counters(), ...counts.list()],
    async close() {
      await inner.close();
      await writer.close();
    },
  };
}

export function sectionHeader(): Uint8Array {
  const body = new Uint8Array(16);
  const view = new DataView(body.buffer);
  view.setUint32(0, 0x1a2b3c4d, true);
  view.setUint16(4, 1, true);
  // The section's length is not known ahead.
  view.setBigInt64(8, -1n, true);
  return block(BLOCK.SECTION, body);
}

export function interfaceBlock(name: string): Uint8Array {
  const text = new TextEncoder().encode(name);
  const options = concat([option(OPTION.IF_NAME, text), option(OPTION.IF_TSRESOL, Uint8Array.of(NANOSECONDS)), option(OPTION.END, new Uint8Array(0))]);
  const body = new Uint8Array(8 + options.length);
  // No snapshot length: frames are whole.
  new DataView(body.buffer).setUint16(0, ETHERNET, true);
  body.set(options, 8);
  return block(BLOCK.INTERFACE, body);
}

export function packetBlock(frame: Uint8Array, ns: number, direction: number, ofInterface = 0): Uint8Array {
  const padded = (frame.length + 3) & ~3;
  const body = new Uint8Array(20 + padded + 12);
  const view = new DataView(body.buffer);
  view.setUint32(0, ofInterface, true);
  view.setUint32(4, Math.floor(ns / 2 ** 32), true);
  view.setUint32(8, ns % 2 ** 32, true);
  view.setUint32(12, frame.length, true);
  view.setUint32(16, frame.length, true);
  body.set(frame, 20);
  view.setUint16(20 + padded, OPTION.EPB_FLAGS, true);
  view.setUint16(22 + padded, 4, true);
  view.setUint32(24 + padded, direction, true);
  return block(BLOCK.PACKET, body);
}

function option(code: number, value: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + ((value.length + 3) & ~3));
  const view = new DataView(bytes.buffer);
  view.setUint16(0, code, true);
  view.setUint16(2, value.length, true);
  bytes.set(value, 4);
  return bytes;
}

function block(type: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + body.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, bytes.length, true);
  bytes.set(body, 8);
  view.setUint32(8 + body.length, bytes.length, true);
  return bytes;
}

function concat(parts: Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
