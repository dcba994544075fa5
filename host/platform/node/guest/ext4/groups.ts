/** What an image says of itself: bitmaps and inode tables behind the data, descriptors and superblock in front. */

import {
  BLOCK_BYTES, CLEAN, CONTINUE, DESCRIPTOR_BLOCKS, DESCRIPTOR_BYTES, DYNAMIC, EXTRA_BYTES, FIRST_INODE, Group, GROUP_BLOCKS, INCOMPATIBLE, INODE_BYTES, INODES_A_BLOCK,
  LOG_FLEX, MAGIC, READ_ONLY_COMPATIBLE, ROOT_INODE, SPARSE_SUPER2, Superblock, SUPERBLOCK_BYTES,
} from './spec.js';
import { inodeBytes, type Node } from './node.js';

/** The sizes of an image. */
export interface Layout {
  groups: number;
  inodesAGroup: number;
  tableBlocks: number;
  /** First block of the bitmaps, behind all data; the tables follow them. */
  metadata: number;
  /** Blocks in use, from 0. */
  end: number;
}

/** Room for the data, `freeBytes` more, and inodes for a file each 16 KiB of that. */
export function layOut(dataEnd: number, inodes: number, freeBytes: number): Layout {
  const freeBlocks = Math.ceil(freeBytes / BLOCK_BYTES);
  const wanted = inodes + FIRST_INODE + Math.ceil(freeBlocks / 4);
  for (let groups = Math.ceil((dataEnd + freeBlocks) / GROUP_BLOCKS); ; groups++) {
    const inodesAGroup = Math.ceil(wanted / groups / INODES_A_BLOCK) * INODES_A_BLOCK;
    const tableBlocks = inodesAGroup / INODES_A_BLOCK;
    const end = dataEnd + groups * (2 + tableBlocks);
    if (end + freeBlocks <= groups * GROUP_BLOCKS && inodesAGroup <= GROUP_BLOCKS) return { groups, inodesAGroup, tableBlocks, metadata: dataEnd, end };
  }
}

/** Sets bits from `first` to before `end`. */
function setBits(bitmap: Uint8Array, first: number, end: number): void {
  for (let bit = first; bit < end; bit++) bitmap[bit >> 3]! |= 1 << (bit & 7);
}

function clearBit(bitmap: Uint8Array, bit: number): void {
  bitmap[bit >> 3]! &= ~(1 << (bit & 7));
}

/** Blocks of a group that belonged to files which gave way to later ones. */
function clearLost(bitmap: Uint8Array, from: number, lost: readonly Node[]): number {
  let cleared = 0;
  for (const { firstBlock, blocks } of lost) {
    for (let block = Math.max(firstBlock, from); block < Math.min(firstBlock + blocks, from + GROUP_BLOCKS); block++, cleared++) clearBit(bitmap, block - from);
  }
  return cleared;
}

/** A group's blocks that are in use: front matter and descriptors, then from the data on. */
function blockBitmap({ end, groups }: Layout, group: number, lost: readonly Node[]): { bitmap: Uint8Array; used: number } {
  const bitmap = new Uint8Array(BLOCK_BYTES);
  const from = group * GROUP_BLOCKS;
  const last = Math.max(0, Math.min(GROUP_BLOCKS, end - from));
  const front = 1 + descriptorBlocks(groups);
  const dataAt = 1 + DESCRIPTOR_BLOCKS;
  if (group > 0) setBits(bitmap, 0, last);
  else {
    setBits(bitmap, 0, front);
    setBits(bitmap, dataAt, last);
  }
  return { bitmap, used: (group > 0 ? last : front + last - dataAt) - clearLost(bitmap, from, lost) };
}

const descriptorBlocks = (groups: number): number => Math.ceil((groups * DESCRIPTOR_BYTES) / BLOCK_BYTES);

/** Where to write what. */
export interface Piece {
  block: number;
  bytes: Uint8Array;
}

/** Every piece of metadata behind the data, and the descriptors; `nodes` from FIRST_INODE on, some of them of no name. */
export function* groupPieces(layout: Layout, root: Node, nodes: readonly Node[]): Generator<Piece, { descriptors: Uint8Array; freeBlocks: number; freeInodes: number }> {
  const { groups, inodesAGroup, tableBlocks, metadata } = layout;
  const descriptors = new Uint8Array(descriptorBlocks(groups) * BLOCK_BYTES);
  const view = new DataView(descriptors.buffer);
  const byInode = (inode: number): Node | undefined => (inode === ROOT_INODE ? root : nodes[inode - FIRST_INODE]);
  const lost = nodes.filter(({ links, blocks }) => links === 0 && blocks > 0);
  let [freeBlocks, freeInodes] = [0, 0];
  for (let group = 0; group < groups; group++) {
    const blocks = blockBitmap(layout, group, lost);
    const inodes = inodesOf(group * inodesAGroup + 1, inodesAGroup, byInode);
    const at = group * DESCRIPTOR_BYTES;
    const table = metadata + 2 * groups + group * tableBlocks;
    view.setUint32(at + Group.blockBitmap, metadata + 2 * group, true);
    view.setUint32(at + Group.inodeBitmap, metadata + 2 * group + 1, true);
    view.setUint32(at + Group.inodeTable, table, true);
    view.setUint16(at + Group.freeBlocks, GROUP_BLOCKS - blocks.used, true);
    view.setUint16(at + Group.freeInodes, inodesAGroup - inodes.used, true);
    view.setUint16(at + Group.directories, inodes.directories, true);
    freeBlocks += GROUP_BLOCKS - blocks.used;
    freeInodes += inodesAGroup - inodes.used;
    yield { block: metadata + 2 * group, bytes: blocks.bitmap };
    yield { block: metadata + 2 * group + 1, bytes: inodes.bitmap };
    if (inodes.table.length > 0) yield { block: table, bytes: inodes.table };
  }
  return { descriptors, freeBlocks, freeInodes };
}

/** A group's inodes: those that are reserved, and those with a name. */
function inodesOf(first: number, count: number, byInode: (inode: number) => Node | undefined): { bitmap: Uint8Array; table: Uint8Array; used: number; directories: number } {
  const bitmap = new Uint8Array(BLOCK_BYTES);
  const table = new Uint8Array(count * INODE_BYTES);
  let [used, directories, end] = [0, 0, 0];
  for (let i = 0; i < count; i++) {
    const node = byInode(first + i);
    const named = node !== undefined && node.links > 0;
    if (!named && first + i >= FIRST_INODE) continue;
    setBits(bitmap, i, i + 1);
    used++;
    if (!named) continue;
    table.set(inodeBytes(node), i * INODE_BYTES);
    end = (i + 1) * INODE_BYTES;
    if (node.kind === 'directory') directories++;
  }
  setBits(bitmap, count, GROUP_BLOCKS);
  return { bitmap, table: table.subarray(0, end), used, directories };
}

export function superblock({ groups, inodesAGroup }: Layout, free: { freeBlocks: number; freeInodes: number }, uuid: Uint8Array, name: string): Uint8Array {
  const out = new Uint8Array(SUPERBLOCK_BYTES);
  const view = new DataView(out.buffer);
  const words: readonly [number, number][] = [
    [Superblock.inodes, groups * inodesAGroup], [Superblock.blocks, groups * GROUP_BLOCKS], [Superblock.freeBlocks, free.freeBlocks], [Superblock.freeInodes, free.freeInodes],
    [Superblock.logBlock, 2], [Superblock.logCluster, 2], [Superblock.groupBlocks, GROUP_BLOCKS], [Superblock.groupClusters, GROUP_BLOCKS], [Superblock.groupInodes, inodesAGroup],
    [Superblock.revision, DYNAMIC], [Superblock.firstInode, FIRST_INODE], [Superblock.compatible, SPARSE_SUPER2], [Superblock.incompatible, INCOMPATIBLE],
    [Superblock.readOnlyCompatible, READ_ONLY_COMPATIBLE],
  ];
  const halves: readonly [number, number][] = [
    [Superblock.maxMounts, 0xffff], [Superblock.magic, MAGIC], [Superblock.state, CLEAN], [Superblock.errors, CONTINUE], [Superblock.inodeBytes, INODE_BYTES],
    [Superblock.minExtra, EXTRA_BYTES], [Superblock.wantExtra, EXTRA_BYTES],
  ];
  for (const [at, value] of words) view.setUint32(at, value, true);
  for (const [at, value] of halves) view.setUint16(at, value, true);
  view.setUint8(Superblock.logFlex, LOG_FLEX);
  out.set(uuid.subarray(0, 16), Superblock.uuid);
  out.set(new TextEncoder().encode(name).subarray(0, 16), Superblock.name);
  return out;
}
