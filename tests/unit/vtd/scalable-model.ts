// What a request of scalable mode gets, from the specification alone (VT-d 4.1: 3.4.3, 3.6 to 3.8, 7.1.3, 9.2, 9.4 to 9.8): no caches, one function a structure. A request
// without a PASID, privileged where its context says so. It also says which accessed and dirty bits it would set.
import type { Answer, Reader } from "./model.js";

export interface ScalableUnit { bits: number; firsts: boolean }
interface Context { user: boolean; pasid: number; hidden: boolean; directory: bigint; entries: bigint }
interface Stages { first?: { table: bigint; levels: number; protects: boolean }; second?: { table: bigint; levels: number } }
interface Request { read: Reader; unit: ScalableUnit; iova: bigint; write: boolean; user: boolean; marks: Map<bigint, bigint> }
type Page = { gpa: bigint } | { reason: number };

const field = (value: bigint, low: number, high: number): bigint => value >> BigInt(low) & (1n << BigInt(high - low + 1)) - 1n;
const hostBits = ({ bits }: ScalableUnit): number => Math.min(bits, 52);
const beyond = (value: bigint, unit: ScalableUnit, most = 63): boolean => hostBits(unit) <= most && field(value, hostBits(unit), most) !== 0n;
const WIDTHS: Readonly<Record<number, number>> = { 1: 39, 2: 48, 3: 57 };

class Refused extends Error { constructor(readonly reason: number, readonly hidden = false) { super(); } }
const refuse = (reason: number, hidden = false): never => { throw new Refused(reason, hidden); };

/** Words at an address, or a refusal. */
function words(read: Reader, at: bigint, count: number, reason: number, hidden = false): bigint[] {
  return Array.from({ length: count }, (_, i) => read(at + 8n * BigInt(i)) ?? refuse(reason, hidden));
}

function contextOf(read: Reader, root: bigint, unit: ScalableUnit, requester: number): Context {
  const [half] = words(read, root + 16n * BigInt(requester >> 8) + ((requester & 0x80) !== 0 ? 8n : 0n), 1, 0x38) as [bigint];
  if ((half & 1n) === 0n) refuse(0x39);
  if (field(half, 1, 11) !== 0n || beyond(half, unit)) refuse(0x3a);
  const [low, high, ...more] = words(read, (half >> 12n << 12n) + 32n * BigInt(requester & 0x7f), 4, 0x40) as [bigint, bigint, bigint, bigint];
  const hidden = field(low, 1, 1) === 1n;
  if ((low & 1n) === 0n) refuse(0x41, hidden);
  if (field(low, 2, 8) !== 0n || beyond(low, unit) || field(high, 21, 63) !== 0n || more.some((word) => word !== 0n)) refuse(0x42, hidden);
  return { user: field(high, 20, 20) === 0n, pasid: Number(field(high, 0, 19)), hidden, directory: low >> 12n << 12n, entries: 1n << field(low, 9, 11) + 7n };
}

/** The PASID's entry, all of it, and whether faults are hidden. */
function entryOf(read: Reader, unit: ScalableUnit, { pasid, hidden: above, directory, entries }: Context): { entry: bigint[]; hidden: boolean } {
  const place = BigInt(pasid >> 6);
  if (place >= entries) refuse(0x48, above);
  const [leaf] = words(read, directory + 8n * place, 1, 0x50, above) as [bigint];
  let hidden = above || field(leaf, 1, 1) === 1n;
  if ((leaf & 1n) === 0n) refuse(0x51, hidden);
  if (field(leaf, 2, 11) !== 0n || beyond(leaf, unit)) refuse(0x52, hidden);
  const entry = words(read, (leaf >> 12n << 12n) + 64n * BigInt(pasid & 63), 8, 0x58, hidden);
  hidden ||= field(entry[0]!, 1, 1) === 1n;
  if ((entry[0]! & 1n) === 0n) refuse(0x59, hidden);
  const [low, mid, , ...rest] = entry as [bigint, bigint, bigint, ...bigint[]];
  if (field(low, 5, 5) !== 0n || field(low, 9, 11) !== 0n || field(mid, 16, 22) !== 0n || field(mid, 25, 63) !== 0n || rest.some((word) => word !== 0n)) refuse(0x5a, hidden);
  return { entry, hidden };
}

function stagesOf(entry: readonly bigint[], unit: ScalableUnit, user: boolean): Stages {
  const [low, , stage] = entry as [bigint, bigint, bigint], type = Number(field(low, 6, 8)), out: Stages = {};
  if (![2, 4, ...(unit.firsts ? [1, 3] : [])].includes(type)) throw new Refused(0x5b);
  if (type === 2 || type === 3) {
    const width = WIDTHS[Number(field(low, 2, 4))];
    if (width === undefined || width > unit.bits) throw new Refused(0x5b);
    if (beyond(low, unit)) throw new Refused(0x5a);
    out.second = { table: low >> 12n << 12n, levels: (width - 12) / 9 };
  }
  if (type === 1 || type === 3) {
    if ((stage & 0x82n) !== 0n || field(stage, 8, 11) !== 0n || (type === 1 && beyond(stage, unit))) throw new Refused(0x5a);
    const levels = 4 + Number(field(stage, 2, 3));
    if (levels > 5 || (levels === 5 && unit.bits < 57)) throw new Refused(0x5b);
    if (!user && (stage & 1n) === 0n) throw new Refused(0x5d);
    out.first = { table: stage >> 12n << 12n, levels, protects: field(stage, 4, 4) === 1n };
  }
  return out;
}

/** Through a second stage, with the right to read, to write, or both. */
function throughSecond({ read, unit }: Request, { table: first, levels }: NonNullable<Stages["second"]>, address: bigint, write: boolean): Page & { writable?: boolean } {
  let table = first, writable = true;
  for (let level = levels; ; level--) {
    const shift = 12 + 9 * (level - 1), entry = read(table + 8n * field(address, shift, shift + 8));
    if (entry === undefined) return { reason: level === levels ? 0x7b : 0x78 };
    if ((entry & (write ? 2n : 1n)) === 0n) return { reason: write ? 0x85 : 0x86 };
    const large = field(entry, 7, 7) === 1n, leaf = level === 1 || (large && level <= 3);
    if (beyond(entry, unit, 51) || field(entry, 62, 62) !== 0n || field(entry, 11, 11) !== 0n || (large && level > 3) || (leaf && level > 1 && field(entry, 12, shift - 1) !== 0n)) return { reason: 0x7a };
    writable &&= (entry & 2n) !== 0n;
    if (leaf) return { gpa: field(entry, shift, 51) << BigInt(shift) | field(address, 0, shift - 1), writable };
    table = field(entry, 12, 51) << 12n;
  }
}

const bitsOf = (levels: number, unit: ScalableUnit): number => Math.min(unit.bits, 12 + 9 * levels);

/** Where an address that the first stage speaks of lies in memory. */
function inMemory(request: Request, { second }: Stages, address: bigint, write: boolean, tooFar: number): Page & { writable?: boolean } {
  if (second === undefined) return { gpa: address, writable: true };
  return address >> BigInt(bitsOf(second.levels, request.unit)) !== 0n ? { reason: tooFar } : throughSecond(request, second, address, write);
}

function throughFirst(request: Request, stages: Stages): Page {
  const { read, unit, iova, write, user, marks } = request, { table: top, levels, protects } = stages.first!, shiftOf = (level: number): number => 12 + 9 * (level - 1);
  const upper = BigInt.asIntN(12 + 9 * levels, iova);
  if (BigInt.asUintN(64, upper) !== iova) return { reason: 0x80 };
  let table = top, mayWrite = true;
  for (let level = levels; ; level--) {
    const shift = shiftOf(level), at = inMemory(request, stages, table + 8n * field(iova, shift, shift + 8), false, 0x74);
    if ("reason" in at) return { reason: at.reason === 0x86 ? 0x79 : at.reason };
    const entry = read(at.gpa), known = marks.get(at.gpa) ?? 0n;
    if (entry === undefined) return { reason: level === levels ? 0x73 : 0x70 };
    if ((entry & 1n) === 0n) return { reason: 0x71 };
    const large = field(entry, 7, 7) === 1n, leaf = level === 1 || (large && level <= 3);
    if ((stages.second === undefined && beyond(entry, unit, 51)) || (large && level > 3) || (leaf && level > 1 && field(entry, 13, shift - 1) !== 0n)) return { reason: 0x72 };
    if (user && (entry & 4n) === 0n) return { reason: 0x81 };
    mayWrite &&= (entry & 2n) !== 0n;
    if (leaf && write && !(mayWrite || (!user && !protects))) return { reason: 0x85 };
    const wanted = leaf && write ? 0x60n : 0x20n;
    if (((entry | known) & wanted) !== wanted) {
      if (at.writable === false) return { reason: 0x79 };
      marks.set(at.gpa, known | wanted);
    }
    if (leaf) return inMemory(request, stages, field(entry, shift, 51) << BigInt(shift) | field(iova, 0, shift - 1), write, 0x84);
    table = field(entry, 12, 51) << 12n;
  }
}

/** The answer; into `marks` bits of entries that it sets on the way. */
export function scalableAnswer(read: Reader, root: bigint, unit: ScalableUnit, requester: number, iova: bigint, write: boolean, marks = new Map<bigint, bigint>()): Answer {
  let hidden = false;
  try {
    const context = contextOf(read, root, unit, requester), found = entryOf(read, unit, context);
    hidden = found.hidden;
    const stages = stagesOf(found.entry, unit, context.user), request: Request = { read, unit, iova, write, user: context.user, marks };
    if (stages.first !== undefined) { const page = throughFirst(request, stages); return "reason" in page ? { reason: page.reason, hidden } : page; }
    if (iova >> BigInt(stages.second === undefined ? unit.bits : bitsOf(stages.second.levels, unit)) !== 0n) return { reason: 0x83, hidden };
    const page: Page = stages.second === undefined ? { gpa: iova } : throughSecond(request, stages.second, iova, write);
    return "reason" in page ? { reason: page.reason, hidden } : { gpa: page.gpa };
  } catch (error) {
    if (error instanceof Refused) return { reason: error.reason, hidden: error.hidden || hidden };
    throw error;
  }
}
