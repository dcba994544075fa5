// What a request of legacy mode gets, from the specification alone (VT-d 4.1: 3.4, 3.6, 3.7, 7.1.3, 9.1, 9.3, 9.8): no caches, one function a structure. The
// unit is held against it by random tables.

export interface Capabilities { bits: number; snoop: boolean }
export type Answer = { gpa: bigint } | { reason: number; hidden: boolean };
/** Eight bytes of memory; undefined where there is none. */
export type Reader = (gpa: bigint) => bigint | undefined;

const field = (value: bigint, low: number, high: number): bigint => value >> BigInt(low) & (1n << BigInt(high - low + 1)) - 1n;
const refuse = (reason: number, hidden = false): Answer => ({ reason, hidden });

/** Address bits that entries in memory may have. */
const hostBits = ({ bits }: Capabilities): number => Math.min(bits, 52);
const above = (value: bigint, bits: number, most = 63): boolean => field(value, bits, most) !== 0n;

export function answer(read: Reader, root: bigint, unit: Capabilities, requester: number, iova: bigint, write: boolean): Answer {
  const rootAt = root + 16n * BigInt(requester >> 8), low = read(rootAt), high = read(rootAt + 8n);
  if (low === undefined || high === undefined) return refuse(8);
  if ((low & 1n) === 0n) return refuse(1);
  if (field(low, 1, 11) !== 0n || above(low, hostBits(unit)) || high !== 0n) return refuse(10);
  return throughContext(read, low >> 12n << 12n, unit, requester, iova, write);
}

function throughContext(read: Reader, table: bigint, unit: Capabilities, requester: number, iova: bigint, write: boolean): Answer {
  const at = table + 16n * BigInt(requester & 0xff), low = read(at), high = read(at + 8n);
  if (low === undefined || high === undefined) return refuse(9);
  const hidden = field(low, 1, 1) === 1n;
  if ((low & 1n) === 0n) return refuse(2, hidden);
  if (field(low, 4, 11) !== 0n || above(low, hostBits(unit)) || field(high, 7, 7) !== 0n || field(high, 24, 63) !== 0n) return refuse(11, hidden);
  const width = { 1: 39, 2: 48, 3: 57 }[Number(field(high, 0, 2))], type = Number(field(low, 2, 3));
  if (width === undefined || width > unit.bits || (type !== 0 && type !== 2)) return refuse(3, hidden);
  if (above(iova, unit.bits) || (type === 0 && above(iova, width))) return refuse(4, hidden);
  if (type === 2) return { gpa: iova };
  return throughPages(read, low >> 12n << 12n, (width - 12) / 9, unit, iova, write, hidden);
}

function throughPages(read: Reader, first: bigint, levels: number, unit: Capabilities, iova: bigint, write: boolean, hidden: boolean): Answer {
  let table = first;
  for (let level = levels; ; level--) {
    const shift = 12 + 9 * (level - 1), entry = read(table + 8n * field(iova, shift, shift + 8));
    if (entry === undefined) return refuse(7, hidden);
    if ((entry & (write ? 2n : 1n)) === 0n) return refuse(write ? 5 : 6, hidden);
    const large = field(entry, 7, 7) === 1n, leaf = level === 1 || (large && level <= 3);
    const reserved = (hostBits(unit) < 52 && field(entry, hostBits(unit), 51) !== 0n) || field(entry, 62, 62) !== 0n
      || (field(entry, 11, 11) !== 0n && !(leaf && unit.snoop)) || (large && level > 3) || (leaf && level > 1 && field(entry, 12, shift - 1) !== 0n);
    if (reserved) return refuse(12, hidden);
    if (leaf) return { gpa: field(entry, shift, 51) << BigInt(shift) | field(iova, 0, shift - 1) };
    table = field(entry, 12, 51) << 12n;
  }
}
