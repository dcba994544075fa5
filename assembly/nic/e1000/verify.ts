// Checks a received frame's IP, TCP and UDP checksums as RXCSUM asks (manual 3.2.9): status and error bits for the
// descriptor. IPv4 without fragments alone is looked into further than its own header; an IPv6 header must be followed by TCP or UDP at once.

import { addWords, fold, get16 } from "../../device/sums";
import { RxError, RxStatus, Rxcsum } from "./spec";

@inline const TCP: u32 = 6;
@inline const UDP: u32 = 17;

/** Status in bits 0-7 and errors in bits 8-15, for the frame without tag at `frame`. */
export function verifySums(frame: usize, bytes: u32, rxcsum: u32): u32 {
  if (bytes >= 34 && get16(frame + 12) == 0x0800) return verifyIpv4(frame + 14, bytes - 14, rxcsum);
  if (bytes >= 54 && get16(frame + 12) == 0x86dd && rxcsum & Rxcsum.TUOFL) return verifyIpv6(frame + 14, bytes - 14);
  return RxStatus.IXSM;
}

function verifyIpv4(ip: usize, room: u32, rxcsum: u32): u32 {
  const header = (<u32>load<u8>(ip) & 15) << 2, total = get16(ip + 2);
  if (load<u8>(ip) >> 4 != 4 || header < 20 || header > room || total < header || total > room) return RxStatus.IXSM;
  let out: u32 = 0;
  if (rxcsum & Rxcsum.IPOFL) {
    out = RxStatus.IPCS;
    if (fold(addWords(ip, header, 0)) != 0xffff) out |= RxError.IPE << 8;
  }
  if (rxcsum & Rxcsum.TUOFL && !(get16(ip + 6) & 0x3fff)) out |= verifyUpper(ip + header, total - header, load<u8>(ip, 9), addWords(ip + 12, 8, 0));
  return out ? out : <u32>RxStatus.IXSM;
}

function verifyIpv6(ip: usize, room: u32): u32 {
  const length = get16(ip + 4);
  if (load<u8>(ip) >> 4 != 6 || length > room - 40) return RxStatus.IXSM;
  const out = verifyUpper(ip + 40, length, load<u8>(ip, 6), addWords(ip + 8, 32, 0));
  return out ? out : <u32>RxStatus.IXSM;
}

/** A UDP checksum of zero says that there is none. */
function verifyUpper(at: usize, bytes: u32, protocol: u32, addresses: u64): u32 {
  if (protocol == UDP ? bytes < 8 || load<u16>(at, 6) == 0 : protocol != TCP || bytes < 20) return 0;
  const sum = addresses + bswap<u16>(<u16>protocol) + bswap<u16>(<u16>bytes);
  return fold(addWords(at, bytes, sum)) == 0xffff ? RxStatus.TCPCS : RxStatus.TCPCS | RxError.TCPE << 8;
}
