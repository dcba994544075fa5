/** What an image holds, as a tree: a node for each inode, and the bytes of inodes and directories. */

import type { FileKind } from '../../../../guest/files.js';
import {
  BLOCK_BYTES, EXTENT_BLOCKS, EXTENT_BYTES, EXTENT_MAGIC, EXTENTS_FLAG, EXTENTS_IN_BLOCK, EXTENTS_IN_INODE, EXTRA_BYTES, INLINE_AT, INLINE_BYTES, Inode, INODE_BYTES,
} from './spec.js';

export interface Node {
  inode: number;
  kind: FileKind;
  /** Permission bits. */
  mode: number;
  owner: readonly [user: number, group: number];
  /** Seconds since 1970. */
  modified: number;
  links: number;
  bytes: number;
  /** Its blocks, one after the other. */
  firstBlock: number;
  blocks: number;
  /** Where an extent's table has a block of its own. */
  tableBlock: number;
  /** A short link's target, or a device's number, instead of blocks. */
  inline: Uint8Array | undefined;
  children: Map<string, Node>;
  /** Of a link. */
  target: string;
}

/** Bits of the mode, and the number in directories, by kind. */
const KINDS: Readonly<Record<FileKind, readonly [mode: number, entry: number]>> = {
  fifo: [0o010000, 5], character: [0o020000, 3], directory: [0o040000, 2], block: [0o060000, 4], file: [0o100000, 1], symlink: [0o120000, 7],
};

const text = new TextEncoder();

/** Extents that a node's blocks take. */
export const extentsOf = ({ blocks }: Node): number => Math.ceil(blocks / EXTENT_BLOCKS);

/** A node's number of bytes that its extents have beyond an inode's room. */
export const needsTable = (node: Node): boolean => extentsOf(node) > EXTENTS_IN_INODE;

function writeHeader(view: DataView, at: number, entries: number, most: number, depth: number): void {
  view.setUint16(at, EXTENT_MAGIC, true);
  view.setUint16(at + 2, entries, true);
  view.setUint16(at + 4, most, true);
  view.setUint16(at + 6, depth, true);
}

function writeExtents(view: DataView, at: number, most: number, node: Node): void {
  const count = extentsOf(node);
  writeHeader(view, at, count, most, 0);
  for (let i = 0; i < count; i++) {
    const row = at + EXTENT_BYTES * (i + 1);
    view.setUint32(row, i * EXTENT_BLOCKS, true);
    view.setUint16(row + 4, Math.min(EXTENT_BLOCKS, node.blocks - i * EXTENT_BLOCKS), true);
    view.setUint32(row + 8, node.firstBlock + i * EXTENT_BLOCKS, true);
  }
}

/** The block of a large file's extents. */
export function extentTable(node: Node): Uint8Array {
  const out = new Uint8Array(BLOCK_BYTES);
  writeExtents(new DataView(out.buffer), 0, EXTENTS_IN_BLOCK, node);
  return out;
}

function writeInline(view: DataView, node: Node): void {
  if (!needsTable(node)) return writeExtents(view, INLINE_AT, EXTENTS_IN_INODE, node);
  writeHeader(view, INLINE_AT, 1, EXTENTS_IN_INODE, 1);
  view.setUint32(INLINE_AT + EXTENT_BYTES + 4, node.tableBlock, true);
}

export function inodeBytes(node: Node): Uint8Array {
  const out = new Uint8Array(INODE_BYTES);
  const view = new DataView(out.buffer);
  const [user, group] = node.owner;
  view.setUint16(Inode.mode, KINDS[node.kind][0] | node.mode, true);
  view.setUint16(Inode.user, user & 0xffff, true);
  view.setUint16(Inode.userHigh, user >>> 16, true);
  view.setUint16(Inode.group, group & 0xffff, true);
  view.setUint16(Inode.groupHigh, group >>> 16, true);
  view.setUint32(Inode.bytes, node.bytes >>> 0, true);
  view.setUint32(Inode.bytesHigh, Math.floor(node.bytes / 2 ** 32), true);
  for (const at of [Inode.accessed, Inode.changed, Inode.modified]) view.setUint32(at, node.modified, true);
  view.setUint16(Inode.links, node.links > 65000 && node.kind === 'directory' ? 1 : node.links, true);
  view.setUint32(Inode.sectors, (node.blocks + (needsTable(node) ? 1 : 0)) * (BLOCK_BYTES / 512), true);
  view.setUint16(Inode.extra, EXTRA_BYTES, true);
  if (node.inline !== undefined) out.set(node.inline, INLINE_AT);
  else if (node.kind === 'file' || node.kind === 'directory' || node.kind === 'symlink') {
    view.setUint32(Inode.flags, EXTENTS_FLAG, true);
    writeInline(view, node);
  }
  return out;
}

/** A device's number as Linux has it in i_block: the old form where it fits, else the new one behind it. */
export function deviceBytes([major, minor]: readonly [number, number]): Uint8Array {
  const out = new Uint8Array(INLINE_BYTES);
  const view = new DataView(out.buffer);
  if (major < 256 && minor < 256) view.setUint32(0, (major << 8) | minor, true);
  else view.setUint32(4, (minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12), true);
  return out;
}

/** A target that fits into the inode, with its NUL. */
export function shortTarget(target: string): Uint8Array | undefined {
  const bytes = text.encode(target);
  if (bytes.length >= INLINE_BYTES) return undefined;
  const out = new Uint8Array(INLINE_BYTES);
  out.set(bytes);
  return out;
}

const entryBytes = (name: Uint8Array): number => (8 + name.length + 3) & ~3;

/** A directory's blocks: entries in the order they came, none across a block's end, the last one of each up to it. */
export function directoryBytes(node: Node, parent: Node): Uint8Array {
  const rows: [Uint8Array, Node][] = [[text.encode('.'), node], [text.encode('..'), parent], ...[...node.children].map(([name, child]): [Uint8Array, Node] => [text.encode(name), child])];
  let out = new Uint8Array(BLOCK_BYTES);
  let [at, last] = [0, 0];
  for (const [name, child] of rows) {
    const bytes = entryBytes(name);
    const end = Math.ceil((at || 1) / BLOCK_BYTES) * BLOCK_BYTES;
    if (at + bytes > end) {
      new DataView(out.buffer).setUint16(last + 4, end - last, true);
      const longer = new Uint8Array(out.length + BLOCK_BYTES);
      longer.set(out);
      [out, at] = [longer, end];
    }
    const view = new DataView(out.buffer, at);
    view.setUint32(0, child.inode, true);
    view.setUint16(4, bytes, true);
    out[at + 6] = name.length;
    out[at + 7] = KINDS[child.kind][1];
    out.set(name, at + 8);
    [last, at] = [at, at + bytes];
  }
  new DataView(out.buffer).setUint16(last + 4, out.length - last, true);
  return out;
}
