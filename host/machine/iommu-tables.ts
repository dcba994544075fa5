/**
 * The remapping unit's tables in guest memory, as the unit would read them now: which device is in which domain, and what each domain maps (VT-d 4.1, 9.1 to
 * 9.8). A guest may have written anything: what is read is bounded, and entries that lead nowhere end there.
 */

export interface Mapping {
  iova: bigint;
  gpa: bigint;
  bytes: bigint;
  /** 1 read, 2 write. */
  rights: number;
  /** Bytes of its pages. */
  page: bigint;
}

/** Tables of a stage: a second stage's, or a first stage's, which are the processor's. */
export interface Stage {
  kind: 'first' | 'second';
  table: bigint;
  levels: number;
}

export interface MappedDevice {
  requester: number;
  domain: number;
  /** What its requests stand for in scalable mode. */
  pasid?: number;
  /** None to pass through; nested the first comes before the second. */
  stages: readonly Stage[];
}

/** Eight bytes of guest memory; undefined where there is none. */
export type ReadWord = (gpa: bigint) => bigint | undefined;

const ADDRESS = 0x000f_ffff_ffff_f000n;
const LARGE = 0x80n;
const [BUSES, FUNCTIONS, ENTRIES] = [256, 256, 512];
/** Entries that are read at most; a domain of an ordinary driver has some thousands. */
const MOST_ENTRIES = 1 << 20;

function legacyDevice(read: ReadWord, at: bigint): Omit<MappedDevice, 'requester'> | undefined {
  const low = read(at), high = read(at + 8n);
  if (low === undefined || high === undefined || (low & 1n) === 0n) return undefined;
  const passes = (low >> 2n & 3n) === 2n;
  return { domain: Number(high >> 8n & 0xffffn), stages: passes ? [] : [{ kind: 'second', table: low & ADDRESS, levels: Number(high & 7n) + 2 }] };
}

/** From a scalable context to the entry of the PASID that its requests stand for (9.4 to 9.6). */
function scalableDevice(read: ReadWord, at: bigint): Omit<MappedDevice, 'requester'> | undefined {
  const low = read(at), high = read(at + 8n);
  if (low === undefined || high === undefined || (low & 1n) === 0n) return undefined;
  const pasid = Number(high & 0xfffffn), leaf = read((low & ADDRESS) + 8n * BigInt(pasid >> 6));
  if (leaf === undefined || (leaf & 1n) === 0n) return undefined;
  const [entry, domain, first] = [0n, 8n, 16n].map((offset) => read((leaf & ADDRESS) + 64n * BigInt(pasid & 63) + offset));
  if (entry === undefined || domain === undefined || first === undefined || (entry & 1n) === 0n) return undefined;
  const type = Number(entry >> 6n & 7n), stages: Stage[] = [];
  if (type === 1 || type === 3) stages.push({ kind: 'first', table: first & ADDRESS, levels: 4 + Number(first >> 2n & 3n) });
  if (type === 2 || type === 3) stages.push({ kind: 'second', table: entry & ADDRESS, levels: Number(entry >> 2n & 7n) + 2 });
  return { domain: Number(domain & 0xffffn), pasid, stages };
}

/** Devices whose requests lead somewhere; `root` as RTADDR has it, with the table mode. */
export function mappedDevices(read: ReadWord, root: bigint): MappedDevice[] {
  const scalable = (root >> 10n & 3n) === 1n, out: MappedDevice[] = [];
  for (let bus = 0; bus < BUSES; bus++) {
    for (let half = 0; half < (scalable ? 2 : 1); half++) {
      const entry = read((root & ADDRESS) + 16n * BigInt(bus) + 8n * BigInt(half));
      if (entry === undefined || (entry & 1n) === 0n) continue;
      const functions = scalable ? FUNCTIONS / 2 : FUNCTIONS;
      for (let i = 0; i < functions; i++) {
        const found = scalable ? scalableDevice(read, (entry & ADDRESS) + 32n * BigInt(i)) : legacyDevice(read, (entry & ADDRESS) + 16n * BigInt(i));
        if (found !== undefined) out.push({ requester: bus << 8 | half << 7 | i, ...found });
      }
    }
  }
  return out;
}

/** What an entry gives: rights to read and write. */
function rightsIn(kind: Stage['kind'], entry: bigint): number {
  if (kind === 'second') return Number(entry & 3n);
  return (entry & 1n) === 0n ? 0 : 1 | Number(entry & 2n);
}

/** Runs of pages of one size and rights that lead to a run of memory, in the order of their addresses; whether all was read. */
export function mappingsOf(read: ReadWord, { kind, table, levels }: Stage): { mappings: Mapping[]; whole: boolean } {
  const mappings: Mapping[] = [];
  let left = MOST_ENTRIES;
  const add = (iova: bigint, gpa: bigint, page: bigint, rights: number): void => {
    const last = mappings.at(-1);
    if (last !== undefined && last.page === page && last.rights === rights && last.iova + last.bytes === iova && last.gpa + last.bytes === gpa) last.bytes += page;
    else mappings.push({ iova, gpa, bytes: page, rights, page });
  };
  const visit = (at: bigint, level: number, iova: bigint, above: number): void => {
    for (let i = 0; i < ENTRIES && left > 0; i++, left--) {
      const entry = read(at + 8n * BigInt(i)), page = 1n << BigInt(12 + 9 * (level - 1)), from = iova + BigInt(i) * page;
      const rights = entry === undefined ? 0 : rightsIn(kind, entry) & above;
      if (rights === 0) continue;
      if (level === 1 || (level <= 3 && (entry! & LARGE) !== 0n)) add(from, entry! & ADDRESS & ~(page - 1n), page, rights);
      else visit(entry! & ADDRESS, level - 1, from, rights);
    }
  };
  if (levels > 0 && levels <= 5) visit(table, levels, 0n, 3);
  return { mappings, whole: left > 0 };
}

export interface Place {
  gpa: bigint;
  /** What every level lets. */
  rights: number;
}

/** Where one address leads by a stage's tables. */
export function walkTables(read: ReadWord, { kind, table, levels }: Stage, iova: bigint): Place | undefined {
  let at = table, rights = 3;
  for (let level = Math.min(levels, 5); level > 0; level--) {
    const shift = BigInt(12 + 9 * (level - 1)), entry = read(at + 8n * (iova >> shift & 511n)) ?? 0n, within = (1n << shift) - 1n;
    rights &= rightsIn(kind, entry);
    if (rights === 0) return undefined;
    if (level === 1 || (level <= 3 && (entry & LARGE) !== 0n)) return { gpa: (entry & ADDRESS & ~within) | (iova & within), rights };
    at = entry & ADDRESS;
  }
  return undefined;
}

/** Where an address of a device leads through all its stages; nested, the first stage's tables lie where the second says. */
export function leadsTo(read: ReadWord, stages: readonly Stage[], iova: bigint): Place | undefined {
  const [stage, outer] = stages;
  if (stage === undefined) return { gpa: iova, rights: 3 };
  if (outer === undefined) return walkTables(read, stage, iova);
  const inner = walkTables((gpa) => { const at = walkTables(read, outer, gpa); return at === undefined ? undefined : read(at.gpa); }, stage, iova);
  const page = inner === undefined ? undefined : walkTables(read, outer, inner.gpa);
  return page === undefined ? undefined : { gpa: page.gpa, rights: page.rights & inner!.rights };
}
