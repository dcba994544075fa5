/**
 * Writes and reads cpio archives in the `newc` format, the one Linux unpacks as its initial file system
 * (Documentation/driver-api/early-userspace/buffer-format.rst).
 *
 * The bytes depend on the entries alone: times are zero, owners root, inode numbers count up, paths are sorted (a
 * directory sorts before what it holds). Archives may be concatenated; what comes later replaces what came before.
 */
import { Budget } from '../boot/unpack/budget.js';
import { StreamError } from '../boot/unpack/stream-error.js';
import { completeTree, type FileEntry, type FileKind } from './files.js';

const MAGIC = '070701';
const HEADER_BYTES = 110;
const TRAILER = 'TRAILER!!!';
const ALIGN = 4;

const TYPE_BITS: Record<FileKind, number> = {
  fifo: 0o010000,
  character: 0o020000,
  directory: 0o040000,
  block: 0o060000,
  file: 0o100000,
  symlink: 0o120000,
};

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function aligned(bytes: number): number {
  return (bytes + ALIGN - 1) & ~(ALIGN - 1);
}

function contentOf(entry: FileEntry): Uint8Array {
  if (entry.kind === 'symlink') return encoder.encode(entry.target ?? '');
  return entry.kind === 'file' && entry.data ? entry.data : new Uint8Array(0);
}

function header(entry: FileEntry | undefined, inode: number, nameBytes: number, dataBytes: number): string {
  const mode = entry ? TYPE_BITS[entry.kind] | (entry.mode & 0o7777) : 0;
  const links = entry?.kind === 'directory' ? 2 : 1;
  const [major, minor] = entry?.device ?? [0, 0];
  // ino mode uid gid nlink mtime filesize devmajor devminor rdevmajor rdevminor namesize check
  const fields = [inode, mode, 0, 0, links, 0, dataBytes, 0, 0, major, minor, nameBytes, 0];
  return MAGIC + fields.map((value) => value.toString(16).padStart(8, '0')).join('');
}

/** The archive of these entries; missing parent directories are added, and drawn from `budget`. */
export function writeCpio(entries: Iterable<FileEntry>, budget = new Budget()): Uint8Array {
  const rows: { head: Uint8Array; data: Uint8Array }[] = completeTree(entries, budget).map((entry, index) => {
    if (entry.path === TRAILER) throw new StreamError(`has a file of the name ${TRAILER}, at which an initial file system ends`);
    const name = encoder.encode(`${entry.path}\0`);
    const data = contentOf(entry);
    const head = new Uint8Array(aligned(HEADER_BYTES + name.length));
    head.set(encoder.encode(header(entry, index + 1, name.length, data.length)));
    head.set(name, HEADER_BYTES);
    return { head, data };
  });
  const trailer = new Uint8Array(aligned(HEADER_BYTES + TRAILER.length + 1));
  trailer.set(encoder.encode(header(undefined, 0, TRAILER.length + 1, 0) + TRAILER));
  rows.push({ head: trailer, data: new Uint8Array(0) });

  const out = new Uint8Array(rows.reduce((sum, row) => sum + row.head.length + aligned(row.data.length), 0));
  let at = 0;
  for (const row of rows) {
    out.set(row.head, at);
    out.set(row.data, at + row.head.length);
    at += row.head.length + aligned(row.data.length);
  }
  return out;
}

function kindOf(mode: number): FileKind | undefined {
  return (Object.keys(TYPE_BITS) as FileKind[]).find((kind) => TYPE_BITS[kind] === (mode & 0o170000));
}

/** Reads an archive, or several that were concatenated; throws a plain Error at the first byte that is not one. */
export function readCpio(bytes: Uint8Array): FileEntry[] {
  const entries: FileEntry[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (bytes[at] === 0) {
      at += ALIGN; // padding between archives
      continue;
    }
    const head = decoder.decode(bytes.subarray(at, at + HEADER_BYTES));
    if (head.length < HEADER_BYTES || !head.startsWith(MAGIC)) throw new Error(`no newc header at byte ${at}`);
    const field = (index: number): number => parseInt(head.slice(6 + index * 8, 14 + index * 8), 16);
    if (!/^[0-9a-f]{104}$/i.test(head.slice(6))) throw new Error(`no newc header at byte ${at}`);
    const nameEnd = at + HEADER_BYTES + field(11);
    const path = decoder.decode(bytes.subarray(at + HEADER_BYTES, nameEnd - 1));
    const dataStart = aligned(nameEnd);
    const dataEnd = dataStart + field(6);
    if (dataEnd > bytes.length) throw new Error(`${path} ends after the archive does`);
    at = aligned(dataEnd);
    if (path === TRAILER) continue;
    const mode = field(1);
    const kind = kindOf(mode);
    if (kind === undefined) throw new Error(`${path} has an unknown type in mode 0${mode.toString(8)}`);
    const entry: FileEntry = { path, kind, mode: mode & 0o7777 };
    const data = bytes.subarray(dataStart, dataEnd);
    if (kind === 'file') entry.data = data;
    if (kind === 'symlink') entry.target = decoder.decode(data);
    if (kind === 'character' || kind === 'block') entry.device = [field(9), field(10)];
    entries.push(entry);
  }
  return entries;
}
