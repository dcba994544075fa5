/** Where the serial ports lead: the terminal, nowhere, or a file. */

import { closeSync, openSync, writeSync } from 'node:fs';
import { UsageError } from './arguments.js';

export type SerialTarget = { kind: 'stdio' } | { kind: 'null' } | { kind: 'file'; path: string };

const PORTS = 4;

function target(value: string, option = '-serial'): SerialTarget {
  if (value === 'stdio' || value === 'mon:stdio') return { kind: 'stdio' };
  if (value === 'null' || value === 'none') return { kind: 'null' };
  if (value.startsWith('file:') && value.length > 5) return { kind: 'file', path: value.slice(5) };
  throw new UsageError(`${option} ${value}`, 'only stdio, mon:stdio, null and file:PATH are there.');
}

/** Targets of COM1 to COM4. By default COM1 is the terminal, or silent where a command's output has it. */
export function readSerial(values: readonly string[], command: boolean): SerialTarget[] {
  if (values.length > PORTS) throw new UsageError('-serial', `there are ${PORTS} serial ports.`);
  const targets = values.map((value) => target(value));
  if (targets.filter(({ kind }) => kind === 'stdio').length > 1) throw new UsageError('-serial', 'stdio can be given to one port only.');
  if (command && targets.some(({ kind }) => kind === 'stdio')) {
    throw new UsageError('-serial stdio', 'cannot be combined with a command ("--"): stdout is the command\'s.');
  }
  if (targets.length === 0) targets.push({ kind: command ? 'null' : 'stdio' });
  while (targets.length < PORTS) targets.push({ kind: 'null' });
  return targets;
}

/** Target of the debug console (port 0xe9); by default nowhere. */
export function readDebugConsole(value: string | undefined): SerialTarget {
  return value === undefined ? { kind: 'null' } : target(value, '-debugcon');
}

/** Opened targets: bytes written go where they should. */
export interface SerialOutputs {
  write(port: number, bytes: Uint8Array): void;
  close(): void;
}

export function openSerial(targets: readonly SerialTarget[]): SerialOutputs {
  const files = targets.map((t) => (t.kind === 'file' ? openSync(t.path, 'w') : undefined));
  return {
    write(port, bytes) {
      const file = files[port];
      if (file !== undefined) writeSync(file, bytes);
      else if (targets[port]?.kind === 'stdio') process.stdout.write(bytes);
    },
    close() {
      for (const file of files) if (file !== undefined) closeSync(file);
    },
  };
}
