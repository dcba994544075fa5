/**
 * The remapping unit's tables in guest memory, as the unit would read them now: which device is in which domain, and what each domain maps (VT-d 4.1, 9.1, 9.3,
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

export interface MappedDevice {
  requester: number;
  domain: number;
  /** Levels below the context, 0 to pass through. */
  levels: number;
  table: bigint;
}

/** Eight bytes of guest memory; undefined where there is none. */
export type ReadWord = (gpa: bigint) => bigint | undefined;

const ADDRESS = 0x000f_ffff_ffff_f000n;
const LARGE = 0x80n;
const [BUSES, FUNCTIONS, ENTRIES] = [256, 256, 512];
/** Entries that are read at most; a domain of an ordinary driver has some thousands. */
const MOST_ENTRIES = 1 << 20;

export function mappedDevices(read: ReadWord, root: bigint): MappedDevice[] {
  const out: MappedDevice[] = [];
  for (let bus = 0; bus < BUSES; bus++) {
    const entry = read(root + 16n * BigInt(bus));
    if (entry === undefined || (entry & 1n) === 0n) continue;
    for (let devfn = 0; devfn < FUNCTIONS; devfn++) {
      const at = (entry & ADDRESS) + 16n * BigInt(devfn), low = read(at), high = read(at + 8n);
      if (low === undefined || high === undefined || (low & 1n) === 0n) continue;
      const passes = (low >> 2n & 3n) === 2n;
      out.push({ requester: bus << 8 | devfn, domain: Number(high >> 8n & 0xffffn), levels: passes ? 0 : Number(high & 7n) + 2, table: low & ADDRESS });
    }
  }
  return out;
}

/** Runs of pages of one size and rights that lead to a run of memory, in the order of their addresses; whether all was read. */
export function mappingsOf(read: ReadWord, table: bigint, levels: number): { mappings: Mapping[]; whole: boolean } {
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
      const rights = entry === undefined ? 0 : Number(entry & 3n) & above;
      if (rights === 0) continue;
      if (level === 1 || (level <= 3 && (entry! & LARGE) !== 0n)) add(from, entry! & ADDRESS & ~(page - 1n), page, rights);
      else visit(entry! & ADDRESS, level - 1, from, rights);
    }
  };
  if (levels > 0 && levels <= 5) visit(table, levels, 0n, 3);
  return { mappings, whole: left > 0 };
}

/** Where one address leads, read from the tables now: the page's base, and what every level lets. */
export function walkTables(read: ReadWord, table: bigint, levels: number, iova: bigint): { gpa: bigint; rights: number } | undefined {
  let at = table, rights = 3;
  for (let level = Math.min(levels, 5); level > 0; level--) {
    const shift = BigInt(12 + 9 * (level - 1)), entry = read(at + 8n * (iova >> shift & 511n)) ?? 0n;
    rights &= Number(entry & 3n);
    if (rights === 0) return undefined;
    if (level === 1 || (level <= 3 && (entry & LARGE) !== 0n)) return { gpa: entry & ADDRESS & ~((1n << shift) - 1n), rights };
    at = entry & ADDRESS;
  }
  return undefined;
}

/** Where an address leads by the tables alone. */
export function findMapping(mappings: readonly Mapping[], iova: bigint): { gpa: bigint; rights: number } | undefined {
  const found = mappings.find((one) => iova >= one.iova && iova < one.iova + one.bytes);
  return found === undefined ? undefined : { gpa: found.gpa + iova - found.iova, rights: found.rights };
}
