/** `-chardev`: those of console ports go to the machine; the terminal among them is this process's. */

import { Duplex } from 'node:stream';
import type { MachineOptions } from '../machine/types.js';
import { fromDuplex } from '../platform/node/streams.js';
import type { Given, Parsed } from './arguments.js';
import { UsageError } from './faults.js';
import { readChardev } from './serial.js';

/** By id, each read once so that faults are told with the option as typed. */
export function readChardevs({ faults }: Parsed, options: readonly Given[]): Map<string, Given> {
  const byId = new Map<string, Given>();
  for (const option of options) {
    const spec = faults.attempt(() => readChardev(option.argument, option.value));
    if (spec === undefined) continue;
    if (byId.has(spec.id)) faults.add(option.argument, `the id "${spec.id}" is given twice.`);
    byId.set(spec.id, option);
  }
  return byId;
}

const isStdio = (option: unknown): option is string => typeof option === 'string' && /^stdio(,|$)/.test(option);

/** The chardev that is the terminal. */
export function stdioOf(chardevs: Iterable<Given>): Given | undefined {
  return [...chardevs].find(({ value }) => isStdio(value));
}

/** This process's terminal as one end of a chardev: what is typed is pushed. */
export interface TerminalStream {
  /** False: enough waits; the process's standard input goes on by itself when there is room. */
  push(bytes: Uint8Array | null): boolean;
}

/** Puts the terminal's stream where a chardev is `stdio`; nothing where none is. */
export function connectStdio(machine: MachineOptions): TerminalStream | undefined {
  const option = machine.chardevs?.find(isStdio);
  if (option === undefined) return undefined;
  const id = /(?:^|,)id=([^,]+)/.exec(option)?.[1];
  if (id === undefined) throw new UsageError(`-chardev ${option}`, 'needs id=ID.');
  const stream = new Duplex({ read: () => void process.stdin.resume(), write: (bytes: Uint8Array, _encoding, done) => void process.stdout.write(bytes, () => done()) });
  const { columns, rows } = process.stdout;
  Object.assign(stream, { columns, rows });
  process.stdout.on('resize', () => {
    Object.assign(stream, { columns: process.stdout.columns, rows: process.stdout.rows });
    stream.emit('resize');
  });
  machine.chardevs = machine.chardevs!.map((other) => (other === option ? { id, stream: fromDuplex(stream) } : other));
  return stream;
}
