/** Paths of an image: each entry finds its directory, through links as a program that unpacks it would. */

import { StreamError } from '../../../../boot/unpack/index.js';
import type { FileKind } from '../../../../guest/files.js';
import { FIRST_INODE, ROOT_INODE } from './spec.js';
import type { Node } from './node.js';

/** As Linux counts them (ELOOP). */
const MOST_LINKS = 40;

export interface Attributes {
  kind: FileKind;
  mode: number;
  owner?: readonly [user: number, group: number];
  modified?: number;
}

export class Tree {
  readonly root: Node;
  /** By inode, from the first that is not reserved. */
  readonly nodes: Node[] = [];

  constructor() {
    this.root = this.make({ kind: 'directory', mode: 0o755 }, ROOT_INODE);
    const lost = this.make({ kind: 'directory', mode: 0o700 });
    this.root.children.set('lost+found', lost);
    this.nodes.push(lost);
  }

  private make({ kind, mode, owner = [0, 0], modified = 0 }: Attributes, inode = FIRST_INODE + this.nodes.length): Node {
    return { inode, kind, mode, owner, modified, links: 1, bytes: 0, firstBlock: 0, blocks: 0, tableBlock: 0, inline: undefined, children: new Map(), target: '' };
  }

  /** A new node at `path`; what was there gives way, but for a directory that stays one, or that a link leads to. */
  add(path: string, attributes: Attributes): Node {
    const { directory, name } = this.place(path);
    const there = directory.children.get(name);
    if (attributes.kind === 'directory' && there !== undefined) {
      const at = there.kind === 'symlink' ? this.find(`${path}/.`) : there;
      if (at?.kind === 'directory') return there.kind === 'symlink' ? at : Object.assign(at, { mode: attributes.mode, owner: attributes.owner ?? at.owner, modified: attributes.modified ?? at.modified });
    }
    const node = this.make(attributes);
    this.nodes.push(node);
    this.replace(directory, name, node);
    return node;
  }

  /** A second name of what is at `first`. */
  link(path: string, first: string): void {
    const node = this.find(first);
    if (node === undefined || node.kind === 'directory') throw new StreamError(`has a link ${path} to ${first}, which is no file in it`);
    const { directory, name } = this.place(path);
    if (directory.children.get(name) === node) return;
    this.replace(directory, name, node);
    node.links++;
  }

  find(path: string): Node | undefined {
    return this.walk(path.split('/').filter((part) => part !== ''), false);
  }

  private replace(directory: Node, name: string, node: Node): void {
    const before = directory.children.get(name);
    if (before?.kind === 'directory') throw new StreamError(`has a directory ${name} and a ${node.kind} in its place`);
    if (before !== undefined) before.links--;
    directory.children.set(name, node);
  }

  private place(path: string): { directory: Node; name: string } {
    const parts = path.split('/').filter((part) => part !== '');
    const name = parts.pop()!;
    return { directory: this.walk(parts, true)!, name };
  }

  /** Follows links; makes directories that are missing where it may. */
  private walk(parts: readonly string[], make: boolean): Node | undefined {
    const todo = [...parts];
    const way: Node[] = [this.root];
    let links = 0;
    while (todo.length > 0) {
      const part = todo.shift()!;
      const at = way.at(-1)!;
      if (part === '' || part === '.') continue;
      if (part === '..') {
        if (way.length > 1) way.pop();
        continue;
      }
      let next = at.children.get(part);
      if (next === undefined && make) next = this.directoryIn(at, part);
      if (next === undefined) return undefined;
      if (next.kind === 'symlink' && (make || todo.length > 0)) {
        if (++links > MOST_LINKS) throw new StreamError(`has links that lead in a circle: ${parts.join('/')}`);
        todo.unshift(...next.target.split('/'));
        if (next.target.startsWith('/')) way.length = 1;
        continue;
      }
      if (make && next.kind !== 'directory') throw new StreamError(`has a ${next.kind} ${part} and, as if it were a directory, ${parts.join('/')}`);
      way.push(next);
    }
    return way.at(-1);
  }

  private directoryIn(at: Node, name: string): Node {
    const node = this.make({ kind: 'directory', mode: 0o755 });
    this.nodes.push(node);
    at.children.set(name, node);
    return node;
  }
}
