// Frames that the lab makes: what a source gives, in the protocol asked for, so that it reaches a socket, and answers to who asks for the lab's address.
// Ethernet (IEEE 802.3), ARP (RFC 826), IPv4 (RFC 791), ICMP (RFC 792), UDP (RFC 768), IPv6 (RFC 8200), neighbour discovery (RFC 4861, 4.3 and 4.4).
//
// What a source's frames carry, behind the headers: their number (4 bytes) and the time (8), both with the highest byte first, and zeros.

import { Frame, frameData } from "../device/frames";
import { addWords, fold, get16, put16 } from "../device/sums";
import { LabProto } from "../surface/lab";
import { Traffic } from "./traffic";

/** Local experimental ethertype 1 (IEEE 802, 9.2.3). */
@inline const RAW: u32 = 0x88b5;
@inline const IPV4: u32 = 0x0800;
@inline const ARP: u32 = 0x0806;
@inline const IPV6: u32 = 0x86dd;
const enum Next { ICMP = 1, UDP = 17, ICMP6 = 58 }
@inline export const STAMP_BYTES: u32 = 12;
@inline export const NONE: u32 = 0;

/** Where the stamp lies. */
export function stampAt(proto: u32): u32 { return proto == LabProto.RAW ? 14 : proto == LabProto.UDP6 ? 62 : 42; }
/** The least frame that has room for it, and for what Ethernet asks. */
export function leastBytes(proto: u32): u32 { return max(stampAt(proto) + STAMP_BYTES, 60); }

/** A lab's own address: 02:00:00:00:00:0n. */
export function putMac(at: usize, n: u32): void {
  store<u16>(at, 2);
  store<u32>(at, n << 24, 2);
}

// --- A source's ---

/** Fills a frame of zeros of `bytes`, at least leastBytes: to the card's address `mac`, number `sent`, made at `now`. */
export function fillFrame(data: usize, bytes: u32, n: u32, mac: u64, t: Traffic, sent: u64, now: u64): void {
  store<u32>(data, <u32>mac);
  store<u16>(data, <u16>(mac >> 32), 4);
  putMac(data + 6, n);
  const proto = t.proto, at = data + stampAt(proto);
  store<u32>(at, bswap<u32>(<u32>sent));
  store<u64>(at, bswap<u64>(now), 4);
  if (proto == LabProto.RAW) return put16(data + 12, RAW);
  const source = t.sourcePort + <u32>(sent % <u64>max(t.flows, 1));
  if (proto == LabProto.UDP6) return fillIp6(data, bytes, t, source);
  fillIp4(data, bytes, t, sent);
  if (proto == LabProto.UDP) fillUdp(data + 34, bytes - 34, t, source, data + 26, 8);
  else fillPing(data + 34, source, <u32>sent);
}

function fillIp4(data: usize, bytes: u32, t: Traffic, sent: u64): void {
  put16(data + 12, IPV4);
  store<u8>(data, 0x45, 14);
  put16(data + 16, bytes - 14);
  put16(data + 18, <u32>sent & 0xffff);
  store<u8>(data, 64, 22);
  store<u8>(data, t.proto == LabProto.UDP ? Next.UDP : Next.ICMP, 23);
  store<u32>(data, t.ip, 26);
  store<u32>(data, t.guestIp, 30);
  store<u16>(data, <u16>~fold(addWords(data + 14, 20, 0)), 24);
}

function fillIp6(data: usize, bytes: u32, t: Traffic, source: u32): void {
  put16(data + 12, IPV6);
  store<u8>(data, 0x60, 14);
  put16(data + 18, bytes - 54);
  store<u8>(data, Next.UDP, 20);
  store<u8>(data, 64, 21);
  memory.copy(data + 22, t.ip6At(), 16);
  memory.copy(data + 38, t.guestIp6At(), 16);
  fillUdp(data + 54, bytes - 54, t, source, data + 22, 32);
}

/** `addresses`: the IP header's, of so many bytes, which the sum covers. All behind the stamp is zero. */
function fillUdp(at: usize, bytes: u32, t: Traffic, source: u32, addresses: usize, addressBytes: u32): void {
  put16(at, source);
  put16(at + 2, t.port);
  put16(at + 4, bytes);
  const sum = fold(addWords(at, 8 + STAMP_BYTES, addWords(addresses, addressBytes, pseudo(Next.UDP, bytes))));
  // A sum of zero is sent as all ones: zero says that there is none (RFC 768).
  store<u16>(at, sum == 0xffff ? 0xffff : <u16>~sum, 6);
}
/** What of a pseudo header is no address, as words in memory. */
function pseudo(next: u32, bytes: u32): u64 { return bswap<u16>(<u16>next) + <u64>bswap<u16>(<u16>bytes); }

function fillPing(at: usize, id: u32, sequence: u32): void {
  store<u8>(at, 8);
  put16(at + 4, id & 0xffff);
  put16(at + 6, sequence & 0xffff);
  store<u16>(at, <u16>~fold(addWords(at, 8 + STAMP_BYTES, 0)), 2);
}

/** What comes back of a source's frames: where its stamp lies, or NONE. */
export function findStamp(f: Frame, t: Traffic): u32 {
  const data = frameData(f), proto = t.proto, at = stampAt(proto);
  if (f.bytes < at + STAMP_BYTES) return NONE;
  const type = get16(data + 12), is4 = type == IPV4 && load<u8>(data, 14) == 0x45;
  switch (<i32>proto) {
    case LabProto.RAW: return type == RAW ? at : NONE;
    case LabProto.UDP: return is4 && load<u8>(data, 23) == Next.UDP && get16(data + 34) == t.port ? at : NONE;
    case LabProto.UDP6: return type == IPV6 && load<u8>(data, 20) == Next.UDP && get16(data + 54) == t.port ? at : NONE;
    // An echo reply.
    default: return is4 && load<u8>(data, 23) == Next.ICMP && load<u8>(data, 34) == 0 ? at : NONE;
  }
}

// --- Turned round ---

function swap(a: usize, b: usize, bytes: u32): void {
  for (let i: u32 = 0; i < bytes; i += 2) {
    const x = load<u16>(a + i);
    store<u16>(a + i, load<u16>(b + i));
    store<u16>(b + i, x);
  }
}

/** Addresses and ports of a datagram are exchanged, and an echo request becomes its reply: sums stay what they are, or are mended. */
export function turnRound(data: usize, bytes: u32): void {
  const type = get16(data + 12);
  if (type == IPV4 && bytes >= 42 && load<u8>(data, 14) == 0x45) {
    swap(data + 26, data + 30, 4);
    if (load<u8>(data, 23) == Next.UDP) swap(data + 34, data + 36, 2);
    else if (load<u8>(data, 23) == Next.ICMP && load<u8>(data, 34) == 8) {
      store<u8>(data, 0, 34);
      store<u16>(data, <u16>fold(<u64>load<u16>(data, 36) + 8), 36);
    }
  } else if (type == IPV6 && bytes >= 62 && load<u8>(data, 20) == Next.UDP) {
    swap(data + 22, data + 38, 16);
    swap(data + 54, data + 56, 2);
  }
}

// --- Who asks for the lab's address ---

/** Bytes of the answer that a frame asks for, 0: none. */
export function answerBytes(f: Frame, t: Traffic): u32 {
  const data = frameData(f), type = get16(data + 12);
  if (t.ip && type == ARP && f.bytes >= 42 && get16(data + 20) == 1 && load<u32>(data, 38) == t.ip) return 60;
  if (type == IPV6 && f.bytes >= 78 && load<u8>(data, 20) == Next.ICMP6 && load<u8>(data, 54) == 135 && t.hasIp6() && !memory.compare(data + 62, t.ip6At(), 16)) return isNobody(data + 22) ? 0 : 86;
  return 0;
}
/** The unspecified address: who has it asks whether an address is free, and ours is not its business. */
function isNobody(at: usize): bool { return !load<u64>(at) && !load<u64>(at, 8); }

/** The answer to `asked`, in a frame of zeros. */
export function fillAnswer(data: usize, asked: usize, n: u32, t: Traffic): void {
  memory.copy(data, asked + 6, 6);
  putMac(data + 6, n);
  if (get16(asked + 12) == ARP) fillArp(data, asked, n, t);
  else fillAdvertisement(data, asked, n, t);
}

function fillArp(data: usize, asked: usize, n: u32, t: Traffic): void {
  memory.copy(data + 12, asked + 12, 8);
  put16(data + 20, 2);
  putMac(data + 22, n);
  store<u32>(data, t.ip, 28);
  memory.copy(data + 32, asked + 22, 10);
}

function fillAdvertisement(data: usize, asked: usize, n: u32, t: Traffic): void {
  put16(data + 12, IPV6);
  store<u8>(data, 0x60, 14);
  put16(data + 18, 32);
  store<u8>(data, Next.ICMP6, 20);
  store<u8>(data, 255, 21);
  memory.copy(data + 22, t.ip6At(), 16);
  memory.copy(data + 38, asked + 22, 16);
  // Solicited, and it overrides what was known; then the target and its link-layer address.
  store<u8>(data, 136, 54);
  store<u8>(data, 0x60, 58);
  memory.copy(data + 62, t.ip6At(), 16);
  store<u8>(data, 2, 78);
  store<u8>(data, 1, 79);
  putMac(data + 80, n);
  store<u16>(data, <u16>~fold(addWords(data + 54, 32, addWords(data + 22, 32, pseudo(Next.ICMP6, 32)))), 56);
}
