/**
 * Writes an ext4 image into a file, entry by entry: contents go out as they come, one after the other; the tree is kept until the end, when
 * directories and all metadata follow. Free room is a hole in the file.
 */
import { createHash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import type { TarEntry } from '../../../../guest/tar.js';
import { groupPieces, layOut, superblock } from './groups.js';
import { deviceBytes, directoryBytes, extentTable, needsTable, shortTarget, type Node } from './node.js';
import { BLOCK_BYTES, DESCRIPTOR_BLOCKS, GROUP_BLOCKS, SUPERBLOCK_AT } from './spec.js';
import { Tree } from './tree.js';

const BUFFER_BYTES = 4 << 20;

export class Ext4Image {
  private readonly tree = new Tree();
  /** What is not written yet, and its place. */
  private readonly buffer = new Uint8Array(BUFFER_BYTES);
  private buffered = 0;
  private nextBlock = 1 + DESCRIPTOR_BLOCKS;

  private constructor(private readonly file: FileHandle) {}

  static async create(path: string): Promise<Ext4Image> {
    return new Ext4Image(await open(path, 'w'));
  }

  /** Adds an entry; a later one of the same path wins. Throws StreamError for what cannot be in a tree. */
  async add(entry: TarEntry): Promise<void> {
    const { path, kind, mode, hardLink, data, target = '', device, owner, modified } = entry;
    if (hardLink !== undefined) return this.tree.link(path, hardLink);
    const node = this.tree.add(path, { kind, mode, ...(owner === undefined ? {} : { owner }), ...(modified === undefined ? {} : { modified }) });
    if (kind === 'file' && data !== undefined) await this.fill(node, data);
    if (kind === 'symlink') await this.setTarget(node, target);
    if (device !== undefined) node.inline = deviceBytes(device);
  }

  /** Writes what is left; `freeBytes` may be written to in the guest. Closes the file and returns its size, and the UUID of the file system. */
  async finish({ freeBytes, name }: { freeBytes: number; name: string }): Promise<{ bytes: number; uuid: string }> {
    const { root, nodes } = this.tree;
    await this.writeDirectory(root, root);
    await this.flush();
    const layout = layOut(this.nextBlock, nodes.length, freeBytes);
    const sum = createHash('sha256');
    const pieces = groupPieces(layout, root, nodes);
    let piece = pieces.next();
    for (; !piece.done; piece = pieces.next()) {
      sum.update(piece.value.bytes);
      await this.write(piece.value.bytes, piece.value.block * BLOCK_BYTES);
    }
    const { descriptors, ...free } = piece.value;
    await this.write(descriptors, BLOCK_BYTES);
    const id = sum.digest().subarray(0, 16);
    const head = superblock(layout, free, id, name);
    await this.write(head, SUPERBLOCK_AT);
    const bytes = layout.groups * GROUP_BLOCKS * BLOCK_BYTES;
    await this.file.truncate(bytes);
    await this.file.close();
    return { bytes, uuid: id.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-') };
  }

  async abandon(): Promise<void> {
    await this.file.close();
  }

  private async setTarget(node: Node, target: string): Promise<void> {
    node.target = target;
    node.inline = shortTarget(target);
    const bytes = new TextEncoder().encode(target);
    if (node.inline === undefined) await this.fill(node, bytes);
    node.bytes = bytes.length;
  }

  /** Children first: a directory's bytes need nothing of theirs but numbers, and each is visited once. */
  private async writeDirectory(node: Node, parent: Node): Promise<void> {
    node.links = 2;
    for (const child of node.children.values()) {
      if (child.kind !== 'directory') continue;
      node.links++;
      await this.writeDirectory(child, node);
    }
    await this.fill(node, directoryBytes(node, parent));
  }

  /** Gives a node the next blocks with these contents. */
  private async fill(node: Node, bytes: Uint8Array): Promise<void> {
    node.bytes = bytes.length;
    node.blocks = Math.ceil(bytes.length / BLOCK_BYTES);
    node.firstBlock = node.blocks === 0 ? 0 : this.nextBlock;
    await this.append(bytes);
    if (!needsTable(node)) return;
    node.tableBlock = this.nextBlock;
    await this.append(extentTable(node));
  }

  /** Whole blocks at the end of the data. */
  private async append(bytes: Uint8Array): Promise<void> {
    const padded = Math.ceil(bytes.length / BLOCK_BYTES) * BLOCK_BYTES;
    if (this.buffered + padded > BUFFER_BYTES) await this.flush();
    const at = this.nextBlock * BLOCK_BYTES;
    this.nextBlock += padded / BLOCK_BYTES;
    if (padded > BUFFER_BYTES) return this.write(bytes, at);
    this.buffer.set(bytes, this.buffered);
    this.buffer.fill(0, this.buffered + bytes.length, this.buffered + padded);
    this.buffered += padded;
  }

  private async flush(): Promise<void> {
    await this.write(this.buffer.subarray(0, this.buffered), this.nextBlock * BLOCK_BYTES - this.buffered);
    this.buffered = 0;
  }

  private async write(bytes: Uint8Array, at: number): Promise<void> {
    for (let done = 0; done < bytes.length; ) done += (await this.file.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
  }
}
