/** Packets of Wisp to bytes and back (spec.ts). What is none is undefined: whoever reads decides what that costs its sender. */

import { HEADER_BYTES, KIND, PACKET } from './spec.js';

export type WispPacket = { stream: number } & (
  | { type: 'connect'; kind: 'tcp' | 'udp'; host: string; port: number }
  | { type: 'data'; bytes: Uint8Array }
  | { type: 'continue'; count: number }
  | { type: 'close'; reason: number }
  | { type: 'end' }
);

/** A name of the DNS has 253 characters. */
const MOST_HOST = 255;

function packet(type: number, stream: number, payload: number): { bytes: Uint8Array; view: DataView } {
  const bytes = new Uint8Array(HEADER_BYTES + payload);
  const view = new DataView(bytes.buffer);
  bytes[0] = type;
  view.setUint32(1, stream, true);
  return { bytes, view };
}

export function connectPacket(stream: number, kind: 'tcp' | 'udp', host: string, port: number): Uint8Array {
  const name = new TextEncoder().encode(host);
  const { bytes, view } = packet(PACKET.CONNECT, stream, 3 + name.length);
  bytes[HEADER_BYTES] = kind === 'tcp' ? KIND.TCP : KIND.UDP;
  view.setUint16(HEADER_BYTES + 1, port, true);
  bytes.set(name, HEADER_BYTES + 3);
  return bytes;
}

export function dataPacket(stream: number, data: Uint8Array): Uint8Array {
  const { bytes } = packet(PACKET.DATA, stream, data.length);
  bytes.set(data, HEADER_BYTES);
  return bytes;
}

export function continuePacket(stream: number, count: number): Uint8Array {
  const { bytes, view } = packet(PACKET.CONTINUE, stream, 4);
  view.setUint32(HEADER_BYTES, count, true);
  return bytes;
}

export function closePacket(stream: number, reason: number): Uint8Array {
  const { bytes } = packet(PACKET.CLOSE, stream, 1);
  bytes[HEADER_BYTES] = reason;
  return bytes;
}

export const endPacket = (stream: number): Uint8Array => packet(PACKET.END, stream, 0).bytes;

/** The data of a DATA is a view of the message. */
export function parsePacket(message: Uint8Array): WispPacket | undefined {
  if (message.length < HEADER_BYTES) return undefined;
  const view = new DataView(message.buffer, message.byteOffset, message.length);
  const stream = view.getUint32(1, true);
  const payload = message.length - HEADER_BYTES;
  switch (message[0]) {
    case PACKET.CONNECT: return parseConnect(view, stream, message.subarray(HEADER_BYTES));
    case PACKET.DATA: return { type: 'data', stream, bytes: message.subarray(HEADER_BYTES) };
    case PACKET.CONTINUE: return payload === 4 ? { type: 'continue', stream, count: view.getUint32(HEADER_BYTES, true) } : undefined;
    case PACKET.CLOSE: return payload === 1 ? { type: 'close', stream, reason: message[HEADER_BYTES]! } : undefined;
    case PACKET.END: return payload === 0 ? { type: 'end', stream } : undefined;
    default: return undefined;
  }
}

function parseConnect(view: DataView, stream: number, payload: Uint8Array): WispPacket | undefined {
  const kind = payload[0] === KIND.TCP ? 'tcp' : payload[0] === KIND.UDP ? 'udp' : undefined;
  if (kind === undefined || payload.length < 4 || payload.length > 3 + MOST_HOST || stream === 0) return undefined;
  const host = new TextDecoder().decode(payload.subarray(3));
  const port = view.getUint16(HEADER_BYTES + 1, true);
  return port === 0 || !/^[\w.:-]+$/.test(host) ? undefined : { type: 'connect', stream, kind, host, port };
}
