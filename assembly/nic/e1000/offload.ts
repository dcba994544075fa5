// What the card does to a frame before it leaves: checksums and segmentation by context descriptor (manual 3.3.5, 3.3.6, 3.5),
// and a legacy descriptor's checksum (3.3.3).
//
// A TCP or UDP checksum to the end of the frame, and segmentation, are left to whoever takes the frame: the fields of the ring's
// entry say what to do. The IP header's sum and anything out of the ordinary is computed here. Offsets in descriptors count
// from the frame as the driver has it; a tag that was put in moves them by `shift`. None of them is trusted.

import { Frame } from "../../device/frames";
import { addWords, fold, put16 } from "../../device/sums";
import { Context } from "./state";
import { TxContext } from "./spec";

const enum Gso { TCPV4 = 1, TCPV6 = 4 }
@inline const NEEDS_CSUM: u8 = 1;
@inline const ETHERNET: u32 = 14;
@inline const MIN_TCP: u32 = 20;

@inline function headerOf(c: Context): u32 { return c.sizes >> 8 & 0xff; }
@inline function mssOf(c: Context): u32 { return c.sizes >> 16; }

/** The complement of the sum from `from` to `end`, stored at `at`; nothing when the field does not lie in the frame. */
export function insertSum(frame: usize, bytes: u32, from: u32, end: u32, at: u32): void {
  if (from >= end || end > bytes || at + 2 > bytes) return;
  store<u16>(frame + at, <u16>~fold(addWords(frame + from, end - from, 0)));
}

/** A sum to the frame's end: asked of the far side by `f` where its fields can say so. */
export function sumToEnd(f: Frame, frame: usize, bytes: u32, shift: u32, from: u32, at: u32): void {
  if (!changetype<usize>(f) || from < ETHERNET || at < from || at + 2 > bytes) { insertSum(frame, bytes, from, bytes, at); return; }
  f.flags = NEEDS_CSUM;
  f.csumStart = <u16>(from + shift);
  f.csumOffset = <u16>(at - from);
}

/** An end as descriptors have it: the last byte's place, or 0 for all. */
@inline function endOf(field: u32, bytes: u32): u32 { return field ? min(field + 1, bytes) : bytes; }

/** The IP header's sum. */
export function sumIp(c: Context, frame: usize, bytes: u32): void {
  insertSum(frame, bytes, c.startsLow & 0xff, endOf(c.startsLow >> 16, bytes), c.startsLow >> 8 & 0xff);
}

/** The TCP or UDP sum. */
export function sumUpper(c: Context, f: Frame, frame: usize, bytes: u32, shift: u32): void {
  const from = c.startsHigh & 0xff, at = c.startsHigh >> 8 & 0xff, end = endOf(c.startsHigh >> 16, bytes);
  if (end == bytes) sumToEnd(f, frame, bytes, shift, from, at);
  else insertSum(frame, bytes, from, end, at);
}

/** Segments that the context makes of a frame, 0 for what cannot be segmented: no progress, no TCP, headers that do not fit. */
export function segmentsOf(c: Context, bytes: u32): u32 {
  const header = headerOf(c), mss = mssOf(c), ip = c.startsLow & 0xff, tcp = c.startsHigh & 0xff, ipBytes: u32 = c.command & TxContext.IPV4 ? 20 : 40;
  if (mss == 0 || header >= bytes || !(c.command & TxContext.TCP)) return 0;
  if (ip < ETHERNET || tcp < ip + ipBytes || tcp + MIN_TCP > header || (c.startsHigh >> 8 & 0xff) != tcp + 16) return 0;
  return (bytes - header + mss - 1) / mss;
}

/** Bytes of the last segment. */
export function lastSegment(c: Context, bytes: u32): u32 { return headerOf(c) + (bytes - headerOf(c) - 1) % mssOf(c) + 1; }
export function fullSegment(c: Context): u32 { return headerOf(c) + mssOf(c); }

/**
 * Makes the frame one large segment as the ring has it. The driver leaves the lengths to the card: they go into the IP header
 * and into the sum of the pseudo-header that waits in the TCP header.
 */
export function segmentLater(c: Context, f: Frame, frame: usize, bytes: u32, shift: u32): void {
  const ip = c.startsLow & 0xff, tcp = c.startsHigh & 0xff, v4 = (c.command & TxContext.IPV4) != 0, field = frame + tcp + 16;
  put16(frame + ip + (v4 ? 2 : 4), v4 ? bytes - ip : bytes - ip - 40);
  store<u16>(field, <u16>fold(<u64>load<u16>(field) + bswap<u16>(<u16>(bytes - tcp))));
  if (v4) { put16(frame + ip + 10, 0); insertSum(frame, bytes, ip, tcp, ip + 10); }
  f.flags = NEEDS_CSUM;
  f.gsoType = v4 ? <u8>Gso.TCPV4 : <u8>Gso.TCPV6;
  f.hdrLen = <u16>(headerOf(c) + shift);
  f.gsoSize = <u16>mssOf(c);
  f.csumStart = <u16>(tcp + shift);
  f.csumOffset = 16;
}
