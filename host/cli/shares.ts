/** `-virtfs` and `-fsdev`: folders of the host that the guest sees. */

import { statSync } from 'node:fs';
import type { DeviceOptions, ShareOptions } from '../machine/types.js';
import { didYouMean } from '../words/near.js';
import type { Given } from './arguments.js';
import { checkThere } from './check.js';
import type { Faults } from './faults.js';
import type { Reading } from './reading.js';
import { readProperties, splitWords, type Property } from './words.js';

/** A share, and the words it was asked for with. */
export interface TypedShare {
  argument: string;
  share: ShareOptions;
  /** The card it comes with; undefined with -fsdev. */
  card: DeviceOptions | undefined;
}

const MODELS = ['none', 'passthrough', 'mapped', 'mapped-xattr', 'mapped-file'] as const;

export const SHARE_PROPERTIES: readonly Property[] = [
  { name: 'path', kind: { is: 'text' }, about: 'the folder' },
  { name: 'id', kind: { is: 'text' }, about: 'a name for it' },
  { name: 'mount_tag', kind: { is: 'text' }, about: 'with -virtfs: the name the guest mounts it by' },
  { name: 'security_model', kind: { is: 'word', of: MODELS }, about: 'none: files belong to who runs this, whatever the guest asks; the others are taken as it, with a note' },
  { name: 'readonly', kind: { is: 'switch' }, about: 'not written to' },
  { name: 'writeout', kind: { is: 'ignored' }, about: 'taken: writes go to the host at once' },
  { name: 'multidevs', kind: { is: 'ignored' }, about: 'taken: files of several file systems have numbers of their own' },
];

const DRIVER = 'local';

function readShare(option: Given, name: 'virtfs' | 'fsdev', number: number, { faults, notes }: Reading): TypedShare | undefined {
  const words = splitWords(option);
  const { argument, head } = words;
  if (head !== DRIVER) return void faults.add(argument, `only ${DRIVER} is there, first: -${name} local,path=FOLDER.${didYouMean(head, [DRIVER])}`);
  const before = faults.list.length;
  const given = readProperties(words, `-${name}`, SHARE_PROPERTIES, faults, notes);
  const need = name === 'virtfs' ? ['path', 'mount_tag'] : ['path', 'id'];
  for (const one of need) if (!words.pairs.some((pair) => pair.name === one)) faults.add(argument, `needs ${one}=.`);
  if (faults.list.length > before) return undefined;
  const model = given.get('security_model') ?? 'none';
  if (model !== 'none') notes.push(`${argument}: security_model=${String(model)} is taken as none: owners and permissions are those of the host's files.`);
  const id = (given.get('id') as string | undefined) ?? `virtfs${number}`;
  const share: ShareOptions = { id, source: given.get('path') as string, ...(given.get('readonly') === true ? { readOnly: true } : {}) };
  return { argument, share, card: name === 'fsdev' ? undefined : { model: 'virtio-9p-pci', share: id, tag: given.get('mount_tag') as string } };
}

/** All folders in their order. */
export function readShares(reading: Reading): TypedShare[] {
  return (['virtfs', 'fsdev'] as const).flatMap((name) => reading.parsed.all(name).flatMap((option, number) => readShare(option, name, number, reading) ?? []));
}

/** They are there, and folders. */
export function checkFolders(shares: readonly TypedShare[], faults: Faults): void {
  for (const { argument, share } of shares) {
    const path = String(share.source);
    checkThere({ argument, value: path }, path, faults);
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === false) faults.add(argument, `${path} is no folder.`);
  }
}
