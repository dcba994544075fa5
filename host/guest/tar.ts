/**
 * Reads tar archives as a stream: ustar, with the extensions of pax and of GNU tar that carry long names and large sizes.
 *
 * Follows POSIX.1-2017 "ustar Interchange Format" and "pax Header Block". An entry's data is gathered only when the
 * caller wants it, so that a few files can be taken from a large archive in little memory.
 */
import { Budget, LimitError, StreamError } from '../boot/unpack/index.js';
import { joinBytes } from '../bytes/join.js';
import type { FileEntry, FileKind } from './files.js';

const BLOCK = 512;
const decoder = new TextDecoder();

/** The largest extension header that is read: a path of PATH_MAX and attributes that are passed over. */
const EXTENSION_BYTES = 1 << 20;
/** What an entry states is believed in pieces of this size, as its bytes come. */
const GATHER = 1 << 20;

/** An archive that is not one, or that ends too early. */
export class TarError extends StreamError {
  override readonly name: string = 'TarError';
}

export interface TarEntry extends FileEntry {
  /** For a hard link: the path, inside the archive, of the file it is a second name of. */
  hardLink?: string;
}

interface Header {
  path: string;
  type: string;
  mode: number;
  size: number;
  link: string;
  device: readonly [number, number];
  owner: readonly [number, number];
  modified: number;
}

/** The names and sizes that an extension header gives to the next entry. */
interface Extension {
  path?: string;
  link?: string;
  size?: number;
  user?: number;
  group?: number;
  modified?: number;
}

const KINDS: Record<string, FileKind> = {
  '0': 'file', '\0': 'file', '7': 'file', '1': 'file', '2': 'symlink', '3': 'character', '4': 'block', '5': 'directory', '6': 'fifo',
};

function readString(block: Uint8Array, at: number, size: number): string {
  const field = block.subarray(at, at + size);
  const end = field.indexOf(0);
  return decoder.decode(end < 0 ? field : field.subarray(0, end));
}

/** An octal field, or GNU's base-256 one for what does not fit. */
function readNumber(block: Uint8Array, at: number, size: number): number {
  if (block[at]! & 0x80) {
    let value = block[at]! & 0x7f;
    for (let i = 1; i < size; i++) value = value * 256 + block[at + i]!;
    return value;
  }
  return parseInt(readString(block, at, size).trim() || '0', 8);
}

/** Major and minor numbers of Linux have 12 and 20 bits; what is none is 0. */
function deviceNumber(block: Uint8Array, at: number): number {
  const value = readNumber(block, at, 8);
  return value >= 0 && value < 2 ** 20 ? value : 0;
}

/** A number of 32 bits; what is none is 0. */
const inWord = (value: number): number => (value >= 0 && value < 2 ** 32 ? Math.floor(value) : 0);
const idNumber = (block: Uint8Array, at: number): number => inWord(readNumber(block, at, 8));

function readHeader(block: Uint8Array, at: number): Header {
  let sum = 0;
  for (let i = 0; i < BLOCK; i++) sum += i >= 148 && i < 156 ? 0x20 : block[i]!;
  if (sum !== readNumber(block, 148, 8)) throw new TarError(`is not a tar archive: the header at byte ${at} has a wrong checksum`);
  const ustar = readString(block, 257, 5) === 'ustar';
  const prefix = ustar && block[263] !== 0x20 ? readString(block, 345, 155) : '';
  const name = readString(block, 0, 100);
  return {
    path: prefix ? `${prefix}/${name}` : name,
    mode: readNumber(block, 100, 8) & 0o7777,
    size: readNumber(block, 124, 12),
    type: String.fromCharCode(block[156]!),
    link: readString(block, 157, 100),
    device: [deviceNumber(block, 329), deviceNumber(block, 337)],
    owner: [idNumber(block, 108), idNumber(block, 116)],
    modified: inWord(readNumber(block, 136, 12)),
  };
}

function readPax(data: Uint8Array, headerAt: number): Extension {
  const extension: Extension = {};
  let at = 0;
  while (at < data.length) {
    const space = data.indexOf(0x20, at);
    const size = space < 0 ? NaN : Number(decoder.decode(data.subarray(at, space)));
    if (!(size > space - at && at + size <= data.length)) throw new TarError(`has a pax header at byte ${headerAt} that cannot be read`);
    const record = decoder.decode(data.subarray(space + 1, at + size - 1));
    const value = record.slice(record.indexOf('=') + 1);
    if (record.startsWith('path=')) extension.path = value;
    if (record.startsWith('linkpath=')) extension.link = value;
    if (record.startsWith('size=')) extension.size = Number(value);
    if (record.startsWith('uid=')) extension.user = inWord(Number(value));
    if (record.startsWith('gid=')) extension.group = inWord(Number(value));
    if (record.startsWith('mtime=')) extension.modified = inWord(Number(value));
    at += size;
  }
  return extension;
}

/** `./usr//bin/` as `usr/bin`; throws when a path leads out of the archive. */
export function normalPath(path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw new TarError(`has an entry that leads out of it: ${path}`);
  if (/[\0]/.test(path)) throw new TarError(`has a path with a NUL character: ${path.replaceAll('\0', '\\0')}`);
  return parts.join('/');
}

/** Hands out exact numbers of bytes from a stream of chunks. */
interface ByteReader {
  /** Bytes handed out or passed over so far. */
  readonly position: number;
  /** The next bytes; undefined at the end. Memory is taken as they come, not as they are asked for. */
  take(bytes: number): Promise<Uint8Array | undefined>;
  skip(bytes: number): Promise<void>;
  drain(): Promise<void>;
}

function byteReader(source: AsyncIterable<Uint8Array>, budget: Budget): ByteReader {
  const chunks = source[Symbol.asyncIterator]();
  let chunk = new Uint8Array(0) as Uint8Array;
  let at = 0;
  let before = 0;
  async function refill(): Promise<boolean> {
    while (at >= chunk.length) {
      budget.checkTime();
      before += chunk.length;
      at = 0;
      const next = await chunks.next();
      chunk = next.done ? new Uint8Array(0) : next.value;
      if (next.done) return false;
    }
    return true;
  }
  async function fill(out: Uint8Array): Promise<number> {
    let filled = 0;
    while (filled < out.length && (await refill())) {
      const part = chunk.subarray(at, at + out.length - filled);
      out.set(part, filled);
      filled += part.length;
      at += part.length;
    }
    return filled;
  }
  const tooEarly = (wanted: number): TarError => new TarError(`ends too early: at byte ${before + at}, with ${wanted} bytes to come`);
  return {
    get position() {
      return before + at;
    },
    async take(bytes) {
      const parts: Uint8Array[] = [];
      for (let left = bytes; left > 0; ) {
        const part = new Uint8Array(Math.min(left, GATHER));
        const filled = await fill(part);
        if (filled === 0 && left === bytes) return undefined;
        if (filled < part.length) throw tooEarly(left - filled);
        left -= filled;
        parts.push(part);
      }
      return joinBytes(parts);
    },
    async skip(bytes) {
      for (let left = bytes; left > 0; ) {
        if (!(await refill())) throw tooEarly(left);
        const step = Math.min(left, chunk.length - at);
        at += step;
        left -= step;
      }
    },
    async drain() {
      at = chunk.length;
      while (await refill()) at = chunk.length;
    },
  };
}

/**
 * The entries of an archive in its order. `wanted` decides by path whose data is gathered; entries it refuses are left out altogether.
 * Throws TarError, or LimitError where the archive wants more than `budget` has; both say at which byte.
 */
export async function* readTar(
  source: AsyncIterable<Uint8Array>,
  wanted: (path: string) => boolean = () => true,
  budget = new Budget(),
): AsyncGenerator<TarEntry> {
  const reader = byteReader(source, budget);
  let extension: Extension = {};
  for (let seen = false; ; seen = true) {
    const at = reader.position;
    const block = await reader.take(BLOCK);
    if (block === undefined) {
      if (!seen) throw new TarError('is empty');
      return;
    }
    if (block.every((byte) => byte === 0)) return reader.drain();
    const header = readHeader(block, at);
    if ('xgLK'.includes(header.type)) {
      budget.spendWork(1000);
      extension = { ...extension, ...(await readExtension(reader, header, at)) };
      continue;
    }
    const entry = await readEntry(reader, header, extension, { at, wanted, budget });
    extension = {};
    if (entry !== undefined) yield entry;
  }
}

function paddingOf(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}

function sizeOf(size: number, path: string, at: number): number {
  if (!Number.isSafeInteger(size) || size < 0) throw new TarError(`has an entry of impossible size at byte ${at}: ${path}`);
  return size;
}

/** What an extension header says of the next entry; nothing for those that concern all entries (`g`), which are comments in practice. */
async function readExtension(reader: ByteReader, header: Header, at: number): Promise<Extension> {
  const size = sizeOf(header.size, header.path, at);
  if (size > EXTENSION_BYTES) throw new TarError(`has an extension header of ${size} bytes at byte ${at}, more than a megabyte`);
  const data = (await reader.take(size)) ?? new Uint8Array(0);
  await reader.skip(paddingOf(size));
  if (header.type === 'x') return readPax(data, at);
  if (header.type === 'L') return { path: readString(data, 0, size) };
  return header.type === 'K' ? { link: readString(data, 0, size) } : {};
}

interface EntryContext {
  at: number;
  wanted: (path: string) => boolean;
  budget: Budget;
}

async function readEntry(reader: ByteReader, header: Header, extension: Extension, { at, wanted, budget }: EntryContext): Promise<TarEntry | undefined> {
  const long = extension.path ?? header.path;
  const size = sizeOf(extension.size ?? header.size, long.slice(0, 100), at);
  spendEntry(budget, long, at);
  const path = normalPath(long);
  const link = extension.link ?? header.link;
  const kind = KINDS[header.type];
  if (kind === undefined || path === '' || !wanted(path)) {
    await reader.skip(size + paddingOf(size));
    return undefined;
  }
  const { user = header.owner[0], group = header.owner[1], modified = header.modified } = extension;
  const entry: TarEntry = { path, kind, mode: header.mode, owner: [user, group], modified };
  if (header.type === '0' || header.type === '\0' || header.type === '7') {
    entry.data = (await reader.take(size)) ?? new Uint8Array(0);
    if (entry.data.length < size) throw new TarError(`ends too early: ${path} has ${size} bytes at byte ${at + BLOCK}`);
    await reader.skip(paddingOf(size));
  } else {
    await reader.skip(size + paddingOf(size));
  }
  if (header.type === '1') entry.hardLink = normalPath(link);
  if (kind === 'symlink') entry.target = link;
  if (kind === 'character' || kind === 'block') entry.device = header.device;
  return entry;
}

/** An entry, from the budget; what is over it is said with the place. */
function spendEntry(budget: Budget, path: string, at: number): void {
  try {
    budget.spendEntry(path);
  } catch (error) {
    if (error instanceof LimitError) throw new LimitError(`${error.message}, at byte ${at}`);
    throw error;
  }
}
