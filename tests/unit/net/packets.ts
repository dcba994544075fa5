/** Frames made and read byte by byte, apart from the code under test: only the RFCs' layouts are shared. */

export const GUEST_MAC = [0x52, 0x54, 0, 0x12, 0x34, 0x56];
export const NAT_MAC = [0x52, 0x55, 0x0a, 0, 2, 2];
export const BROADCAST = [255, 255, 255, 255, 255, 255];
export const GUEST = [10, 0, 2, 15];
export const GATEWAY = [10, 0, 2, 2];
export const GUEST6 = [0xfe, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x15];
export const GATEWAY6 = [0xfe, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2];

export const be16 = (value: number): number[] => [(value >> 8) & 255, value & 255];
export const be32 = (value: number): number[] => [...be16(value >>> 16), ...be16(value & 0xffff)];

/** RFC 1071, the slow and plain way. */
export function onesSum(bytes: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) {
    sum += bytes[i]! * 256 + (bytes[i + 1] ?? 0);
    if (sum > 0xffff) sum -= 0xffff;
  }
  return sum;
}

export function ethernet(to: number[], type: number, payload: ArrayLike<number>, from = GUEST_MAC): Uint8Array {
  return Uint8Array.from([...to, ...from, ...be16(type), ...Array.from(payload)]);
}

export interface Ipv4Options {
  id?: number;
  fragment?: number;
  source?: number[];
}

export function ipv4(destination: number[], protocol: number, payload: ArrayLike<number>, { id = 1, fragment = 0, source = GUEST }: Ipv4Options = {}): number[] {
  const head = [0x45, 0, ...be16(20 + payload.length), ...be16(id), ...be16(fragment), 64, protocol, 0, 0, ...source, ...destination];
  const sum = be16(~onesSum(head) & 0xffff);
  return [...head.slice(0, 10), ...sum, ...head.slice(12), ...Array.from(payload)];
}

export function ipv6(destination: number[], next: number, payload: ArrayLike<number>, source = GUEST6, hops = 255): number[] {
  return [0x60, 0, 0, 0, ...be16(payload.length), next, hops, ...source, ...destination, ...Array.from(payload)];
}

/** Fills the two bytes at `at` with the sum over pseudo-header and payload. */
export function withSum(payload: number[], at: number, source: number[], destination: number[], protocol: number): number[] {
  const pseudo = [...source, ...destination, ...be32(payload.length), 0, 0, 0, protocol];
  const sum = ~onesSum([...pseudo, ...payload]) & 0xffff;
  return [...payload.slice(0, at), ...be16(sum), ...payload.slice(at + 2)];
}

export function udp(from: number, to: number, payload: ArrayLike<number>): number[] {
  return [...be16(from), ...be16(to), ...be16(8 + payload.length), 0, 0, ...Array.from(payload)];
}

export function udp4(destination: number[], from: number, to: number, payload: ArrayLike<number>, source = GUEST): Uint8Array {
  const datagram = withSum(udp(from, to, payload), 6, source, destination, 17);
  return ethernet(NAT_MAC, 0x0800, ipv4(destination, 17, datagram, { source }));
}

export function icmp(type: number, code: number, rest: ArrayLike<number>): number[] {
  const message = [type, code, 0, 0, ...Array.from(rest)];
  return [type, code, ...be16(~onesSum(message) & 0xffff), ...Array.from(rest)];
}

export function arpRequest(target: number[], sender = GUEST, mac = GUEST_MAC): Uint8Array {
  return ethernet(BROADCAST, 0x0806, [...be16(1), ...be16(0x0800), 6, 4, ...be16(1), ...mac, ...sender, 0, 0, 0, 0, 0, 0, ...target], mac);
}

export interface ParsedIp {
  version: 4 | 6;
  protocol: number;
  source: number[];
  destination: number[];
  payload: Uint8Array;
  fragment: number;
}

export function parseIp(frame: Uint8Array): ParsedIp | undefined {
  const type = frame[12]! * 256 + frame[13]!;
  const ip = frame.subarray(14);
  if (type === 0x0800) {
    const length = ip[2]! * 256 + ip[3]!;
    return { version: 4, protocol: ip[9]!, source: [...ip.subarray(12, 16)], destination: [...ip.subarray(16, 20)], payload: ip.slice(20, length), fragment: ip[6]! * 256 + ip[7]! };
  }
  if (type !== 0x86dd) return undefined;
  const length = ip[4]! * 256 + ip[5]!;
  return { version: 6, protocol: ip[6]!, source: [...ip.subarray(8, 24)], destination: [...ip.subarray(24, 40)], payload: ip.slice(40, 40 + length), fragment: 0 };
}

/** Whether the transport's sum is right. */
export function isSummed({ source, destination, payload, protocol }: ParsedIp): boolean {
  return onesSum([...source, ...destination, ...be32(payload.length), 0, 0, 0, protocol, ...payload]) === 0xffff;
}
