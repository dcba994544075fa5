/**
 * Reads tar archives as a stream: ustar, with the extensions of pax and of GNU tar that carry long names and large sizes.
 *
 * Follows POSIX.1-2017 "ustar Interchange Format" and "pax Header Block". An entry's data is gathered only when the
 * caller wants it, so that a few files can be taken from a large archive in little memory.
 */
import type { FileEntry, FileKind } from './files.js';

const BLOCK = 512;
const decoder = new TextDecoder();

/** An archive that is not one, or that ends too early. */
export class TarError extends Error {
  override readonly name = 'TarError';
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
}

/** The names and sizes that an extension header gives to the next entry. */
interface Extension {
  path?: string;
  link?: string;
  size?: number;
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

function readHeader(block: Uint8Array): Header {
  let sum = 0;
  for (let i = 0; i < BLOCK; i++) sum += i >= 148 && i < 156 ? 0x20 : block[i]!;
  if (sum !== readNumber(block, 148, 8)) throw new TarError('is not a tar archive: a header has a wrong checksum');
  const ustar = readString(block, 257, 5) === 'ustar';
  const prefix = ustar && block[263] !== 0x20 ? readString(block, 345, 155) : '';
  const name = readString(block, 0, 100);
  return {
    path: prefix ? `${prefix}/${name}` : name,
    mode: readNumber(block, 100, 8) & 0o7777,
    size: readNumber(block, 124, 12),
    type: String.fromCharCode(block[156]!),
    link: readString(block, 157, 100),
    device: [readNumber(block, 329, 8) || 0, readNumber(block, 337, 8) || 0],
  };
}

function readPax(data: Uint8Array): Extension {
  const extension: Extension = {};
  let at = 0;
  while (at < data.length) {
    const space = data.indexOf(0x20, at);
    const size = space < 0 ? NaN : Number(decoder.decode(data.subarray(at, space)));
    if (!(size > space - at)) throw new TarError('has a pax header that cannot be read');
    const record = decoder.decode(data.subarray(space + 1, at + size - 1));
    const value = record.slice(record.indexOf('=') + 1);
    if (record.startsWith('path=')) extension.path = value;
    if (record.startsWith('linkpath=')) extension.link = value;
    if (record.startsWith('size=')) extension.size = Number(value);
    at += size;
  }
  return extension;
}

/** `./usr//bin/` as `usr/bin`; throws when a path leads out of the archive. */
export function normalPath(path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw new TarError(`has an entry that leads out of it: ${path}`);
  return parts.join('/');
}

/** Hands out exact numbers of bytes from a stream of chunks. */
function byteReader(source: AsyncIterable<Uint8Array>): {
  take(bytes: number): Promise<Uint8Array | undefined>;
  skip(bytes: number): Promise<void>;
  drain(): Promise<void>;
} {
  const chunks = source[Symbol.asyncIterator]();
  let chunk = new Uint8Array(0) as Uint8Array;
  let at = 0;
  async function refill(): Promise<boolean> {
    while (at >= chunk.length) {
      const next = await chunks.next();
      if (next.done) return false;
      chunk = next.value;
      at = 0;
    }
    return true;
  }
  return {
    async take(bytes) {
      const out = new Uint8Array(bytes);
      let filled = 0;
      while (filled < bytes) {
        if (!(await refill())) {
          if (filled === 0) return undefined;
          throw new TarError('ends too early');
        }
        const part = chunk.subarray(at, at + bytes - filled);
        out.set(part, filled);
        filled += part.length;
        at += part.length;
      }
      return out;
    },
    async skip(bytes) {
      for (let left = bytes; left > 0; ) {
        if (!(await refill())) throw new TarError('ends too early');
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
 * The entries of an archive in its order. `wanted` decides by path whose data is gathered; entries it refuses are left
 * out altogether.
 */
export async function* readTar(
  source: AsyncIterable<Uint8Array>,
  wanted: (path: string) => boolean = () => true,
): AsyncGenerator<TarEntry> {
  const reader = byteReader(source);
  let extension: Extension = {};
  let seen = false;
  for (;;) {
    const block = await reader.take(BLOCK);
    if (block === undefined) {
      if (!seen) throw new TarError('is empty');
      return;
    }
    if (block.every((byte) => byte === 0)) return reader.drain();
    const header = readHeader(block);
    seen = true;
    const size = extension.size ?? header.size;
    if (!Number.isSafeInteger(size) || size < 0) throw new TarError(`has an entry of impossible size: ${header.path}`);
    const padding = (BLOCK - (size % BLOCK)) % BLOCK;

    if ('xgLK'.includes(header.type)) {
      if (size > 1 << 20) throw new TarError('has an extension header of more than a megabyte');
      const data = (await reader.take(size)) ?? new Uint8Array(0);
      await reader.skip(padding);
      if (header.type === 'x') extension = { ...extension, ...readPax(data) };
      if (header.type === 'L') extension.path = readString(data, 0, size);
      if (header.type === 'K') extension.link = readString(data, 0, size);
      continue;
    }
    const path = normalPath(extension.path ?? header.path);
    const link = extension.link ?? header.link;
    extension = {};
    const kind = KINDS[header.type];
    const holdsData = header.type === '0' || header.type === '\0' || header.type === '7';
    if (kind === undefined || path === '' || !wanted(path)) {
      await reader.skip(size + padding);
      continue;
    }
    const entry: TarEntry = { path, kind, mode: header.mode };
    if (holdsData) {
      entry.data = (await reader.take(size)) ?? new Uint8Array(0);
      if (entry.data.length < size) throw new TarError('ends too early');
      await reader.skip(padding);
    } else {
      await reader.skip(size + padding);
    }
    if (header.type === '1') entry.hardLink = normalPath(link);
    if (kind === 'symlink') entry.target = link;
    if (kind === 'character' || kind === 'block') entry.device = header.device;
    yield entry;
  }
}
