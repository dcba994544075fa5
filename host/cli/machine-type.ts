/** `-machine q35,kernel-entry=NAME`: the one board there is, and how a kernel is entered on it. */

import { ENTRY_NAMES, type EntryName } from '../boot/index.js';
import { UsageError } from './arguments.js';

function readEntry(argument: string, value: string): EntryName {
  const entry = ENTRY_NAMES.find((name) => name === value);
  if (entry === undefined) throw new UsageError(argument, `kernel-entry is one of ${ENTRY_NAMES.join(', ')}.`);
  return entry;
}

/** The kernel entry asked for, if any. */
export function readMachineType(values: readonly string[]): EntryName | undefined {
  let entry: EntryName | undefined;
  for (const value of values) {
    const argument = `-machine ${value}`;
    for (const part of value.split(',')) {
      if (part === 'q35' || part === 'type=q35') continue;
      if (!part.startsWith('kernel-entry=')) throw new UsageError(argument, 'only q35 and kernel-entry=NAME are there.');
      entry = readEntry(argument, part.slice('kernel-entry='.length));
    }
  }
  return entry;
}
