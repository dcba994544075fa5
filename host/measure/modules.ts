/** Kernel modules of the reader's own, which the guest loads before it measures: a filter, a protocol, a driver in the place of Debian's. */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { sectionOf } from '../boot/elf.js';
import { moduleName } from '../guest/modules.js';
import type { AddedFile } from '../machine/types.js';
import { MeasureError } from './errors.js';

export interface OwnModule {
  /** As the kernel calls it. */
  name: string;
  sha256: string;
  content: Uint8Array;
}

/** Where the guest has them. */
const FOLDER = '/measured';
export const pathOf = ({ name }: Pick<OwnModule, 'name'>): string => `${FOLDER}/${name}.ko`;

/** The kernel that a module was compiled for; undefined for what is no module. */
function releaseOf(content: Uint8Array): string | undefined {
  try {
    const info = new TextDecoder('latin1').decode(sectionOf(content, '.modinfo') ?? new Uint8Array(0));
    return /(?:^|\0)vermagic=(\S+)/.exec(info)?.[1];
  } catch {
    return undefined;
  }
}

/** Throws MeasureError for what the guest's kernel would refuse. */
export function readModule(path: string, release: string | undefined): OwnModule {
  const content = new Uint8Array(readFileSync(path)), built = releaseOf(content);
  if (built === undefined || !/^[\w-]+\.ko$/.test(basename(path))) throw new MeasureError(path, 'is no kernel module (NAME.ko, not compressed).');
  if (release !== undefined && built !== release) throw new MeasureError(path, `is compiled for Linux ${built}, and the guest's is ${release}: "guest headers --out DIR" has what it is to be compiled against.`);
  return { name: moduleName(path), sha256: createHash('sha256').update(content).digest('hex'), content };
}

/** Digests by name, as results have them. */
export const digestsOf = (modules: readonly OwnModule[]): Record<string, string> => Object.fromEntries(modules.map(({ name, sha256 }) => [name, sha256]));

export const additionsOf = (modules: readonly OwnModule[]): AddedFile[] => modules.map((module) => ({ content: module.content, guest: pathOf(module) }));
