/** `-object secret,id=ID,file=FILE` (or `data=TEXT`): passwords by name, as QEMU has them. */

import { readFileSync } from 'node:fs';
import { meaningOf } from '../words/errno.js';
import { UsageError } from './faults.js';
import { readEach, type Reading } from './reading.js';
import type { Secrets } from './vnc.js';
import { readProperties, splitWords, type Property } from './words.js';

const SECRET: readonly Property[] = [
  { name: 'id', kind: { is: 'text' }, about: 'its name' },
  { name: 'file', kind: { is: 'text' }, about: 'where it stands; a line end after it is no part of it' },
  { name: 'data', kind: { is: 'text' }, about: 'itself, which others on this machine can see' },
  { name: 'format', kind: { is: 'ignored' }, about: 'taken: it is plain text' },
];

function contentOf(argument: string, file: string): string {
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    throw new UsageError(argument, `cannot read ${file}: ${meaningOf((error as NodeJS.ErrnoException).code ?? String(error))}.`);
  }
}

/** Every secret of the command line. */
export function readSecrets(reading: Reading): Secrets {
  const rows = readEach(reading, 'object', (given): [string, string] | undefined => {
    const words = splitWords({ ...given, value: given.value.replace(/^qom-type=/, '') });
    if (words.head !== 'secret') return undefined;
    const said = readProperties(words, words.head, SECRET, reading.faults), [id, file, data] = [said.get('id'), said.get('file'), said.get('data')];
    if (id === undefined) throw new UsageError(given.argument, 'needs id=ID.');
    if ((file === undefined) === (data === undefined)) throw new UsageError(given.argument, 'needs file=FILE or data=TEXT, one of them.');
    return [String(id), data === undefined ? contentOf(given.argument, String(file)) : String(data)];
  });
  return new Map(rows.filter((row) => row !== undefined));
}
