/** gzip (RFC 1952), all at once: members one after the other, each held against its checksum; zeros behind the last are padding. */

import { crc32 } from '../../boot/unpack/crc32.js';
import { LimitError } from '../../boot/unpack/budget.js';
import { StreamError } from '../../boot/unpack/stream-error.js';
import { joinBytes } from '../../bytes/join.js';
import { inflate } from './inflate.js';

const DEFLATE = 8;
const [HAS_CRC, HAS_EXTRA, HAS_NAME, HAS_COMMENT] = [2, 4, 8, 16];

/** Where a member's data begins. */
function skipHeader(bytes: Uint8Array, start: number): number {
  const flags = bytes[start + 3] ?? 0;
  if (bytes[start] !== 0x1f || bytes[start + 1] !== 0x8b || bytes[start + 2] !== DEFLATE) throw new StreamError('is no gzip stream');
  let at = start + 10;
  if (flags & HAS_EXTRA!) at += 2 + (bytes[at] ?? 0) + ((bytes[at + 1] ?? 0) << 8);
  for (const flag of [HAS_NAME!, HAS_COMMENT!]) {
    if (!(flags & flag)) continue;
    const end = bytes.indexOf(0, at);
    if (end < 0) throw new StreamError('ends too early');
    at = end + 1;
  }
  if (flags & HAS_CRC!) at += 2;
  if (at >= bytes.length) throw new StreamError('ends too early');
  return at;
}

/** How long the data of a single member says that it is, which is believed within reason. */
function hintOf(bytes: Uint8Array, view: DataView): number {
  return bytes.length < 18 ? 0 : Math.min(view.getUint32(bytes.length - 4, true), bytes.length * 16);
}

export function gunzip(bytes: Uint8Array, room: number): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts: Uint8Array[] = [];
  let total = 0;
  for (let at = 0; at < bytes.length; ) {
    const { data, end } = inflate(bytes, skipHeader(bytes, at), room - total, hintOf(bytes, view));
    if (end + 8 > bytes.length) throw new StreamError('ends too early');
    if (view.getUint32(end, true) !== crc32(data) || view.getUint32(end + 4, true) !== data.length % 2 ** 32) throw new StreamError('is damaged: its checksum differs');
    parts.push(data);
    total += data.length;
    if (total > room) throw new LimitError(`unpacks to more than ${room} bytes`);
    at = end + 8;
    if (bytes.subarray(at).every((byte) => byte === 0)) break;
  }
  return joinBytes(parts);
}
