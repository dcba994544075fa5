/** Where the serial ports and the debug console lead: the terminal, nowhere, a file, or a chardev. */

import { withoutCodes } from '../words/errno.js';
import { didYouMean } from '../words/near.js';
import { ChardevError, type Link } from '../chardev/link.js';
import { parseChardev, type ChardevSpec } from '../chardev/parse.js';
import { UsageError } from './faults.js';
import type { Outputs } from './output.js';
import type { Given } from './arguments.js';
import { splitWords } from './words.js';

export type SerialTarget =
  | { kind: 'stdio' | 'null' }
  | { kind: 'file'; path: string; argument: string }
  | { kind: 'link'; spec: ChardevSpec; argument: string };

export const SERIAL_WORDS: readonly [name: string, about: string][] = [
  ['stdio', 'this terminal; mon:stdio is the same'], ['null', 'nowhere; none is the same'], ['file:PATH', 'a file'],
  ['tcp:HOST:PORT', 'a TCP connection; with ,server=on,wait=off it listens'], ['unix:PATH', 'the same over a UNIX socket'], ['chardev:ID', 'what -chardev TYPE,id=ID names'],
];

const PORTS = 4;
const INSTEAD: readonly [RegExp, string][] = [
  [/^telnet:/, 'there is no telnet; write tcp:HOST:PORT, which telnet and nc can connect to.'],
  [/^(pty|con|vc)\b/, 'write stdio, or unix:PATH,server=on,wait=off.'],
  [/^(pipe:|udp:|\/dev\/|websocket:|braille|msmouse)/, 'write file:PATH, tcp:HOST:PORT or unix:PATH.'],
];

function socketSpec(argument: string, value: string): SerialTarget | undefined {
  const { head, pairs } = splitWords({ argument, value });
  const tcp = /^tcp:(?:\[([^\]]+)\]|([^:]*)):(\d+)$/.exec(head);
  const path = /^unix:(.+)$/.exec(head)?.[1];
  if (tcp === null && path === undefined) return undefined;
  const place = tcp === null ? `path=${path!}` : `host=${tcp[1] ?? (tcp[2] === '' ? '127.0.0.1' : tcp[2]!)},port=${tcp[3]!}`;
  const rest = pairs.filter(({ name }) => name !== 'nodelay' && name !== 'reconnect').map((pair) => `,${pair.name}=${pair.value}`).join('');
  return { kind: 'link', spec: readChardev(argument, `socket,id=serial,${place}${rest}`), argument };
}

/** Reads a chardev as the machine will; what is wrong is told with the option as typed. */
export function readChardev(argument: string, text: string): ChardevSpec {
  try {
    return parseChardev(text);
  } catch (error) {
    if (!(error instanceof ChardevError)) throw error;
    const problem = error.message.replace(/^"[^"]*":? ?/, '');
    const unknown = /^(\S+) has no "([^"]*)"\. It has (.*)\.$/.exec(problem);
    const near = unknown === null ? '' : didYouMean(unknown[2]!, unknown[3]!.split(', '));
    throw new UsageError(argument, near === '' ? problem : `${unknown![1]} has no "${unknown![2]}".${near}`);
  }
}

/** `chardevs`: those of -chardev by id; one that is named here is no longer the machine's. */
export function readTarget({ argument, value }: Given, chardevs: Map<string, Given>): SerialTarget {
  if (value === 'stdio' || value === 'mon:stdio') return { kind: 'stdio' };
  if (value === 'null' || value === 'none') return { kind: 'null' };
  if (value.startsWith('file:') && value.length > 5) return { kind: 'file', path: value.slice(5), argument };
  const id = /^(?:mon:)?chardev:(.+)$/.exec(value)?.[1];
  if (id !== undefined) return fromChardev(argument, id, chardevs);
  const socket = socketSpec(argument, value);
  if (socket !== undefined) return socket;
  const instead = INSTEAD.find(([pattern]) => pattern.test(value))?.[1];
  throw new UsageError(argument, instead ?? `want stdio, null, file:PATH, tcp:HOST:PORT, unix:PATH or chardev:ID.${didYouMean(value, ['stdio', 'null', 'none', 'mon:stdio'])}`);
}

function fromChardev(argument: string, id: string, chardevs: Map<string, Given>): SerialTarget {
  const given = chardevs.get(id);
  if (given === undefined) throw new UsageError(argument, `there is no -chardev with id=${id}.${didYouMean(id, chardevs.keys())}`);
  chardevs.delete(id);
  const spec = readChardev(given.argument, given.value);
  if (spec.type === 'stdio') return { kind: 'stdio' };
  return spec.type === 'null' ? { kind: 'null' } : { kind: 'link', spec, argument: given.argument };
}

/** Targets of COM1 to COM4. By default COM1 is the terminal, or silent where a command's output or a chardev has it. */
export function readSerial(options: readonly Given[], quiet: boolean, command: boolean, chardevs: Map<string, Given>): SerialTarget[] {
  if (options.length > PORTS) throw new UsageError(options[PORTS]!.argument, `there are ${PORTS} serial ports.`);
  const targets = options.map((option) => readTarget(option, chardevs));
  const stdio = options.filter((_, i) => targets[i]!.kind === 'stdio');
  if (stdio.length > 1) throw new UsageError(stdio[1]!.argument, 'stdio can be given to one port only.');
  if (stdio.length > 0 && command) throw new UsageError(stdio[0]!.argument, 'cannot be combined with a command ("--"): stdout is the command\'s.');
  if (targets.length === 0) targets.push({ kind: quiet ? 'null' : 'stdio' });
  while (targets.length < PORTS) targets.push({ kind: 'null' });
  return targets;
}

/** Opened targets: bytes written go where they should. */
export interface SerialOutputs {
  /** A promise while whoever reads has had enough. */
  write(port: number, bytes: Uint8Array): Promise<void> | void;
  /** A port takes input again. */
  resume(port: number): void;
  close(): Promise<void>;
}

type Output = { write(bytes: Uint8Array): Promise<void> | void; resume?(): void; close(): void | Promise<void> } | undefined;
/** What comes for a port; false: it has enough waiting. */
type Input = (bytes: Uint8Array) => boolean;

async function openTarget(target: SerialTarget, outputs: Outputs, onInput: Input): Promise<Output> {
  if (target.kind === 'file') return outputs.file(target.path, target.argument);
  if (target.kind === 'link') {
    const { openChardev } = await import('../platform/node/chardev.js');
    const link: Link = await openChardev(target.spec);
    return overLink(link, onInput);
  }
  return target.kind === 'stdio' ? { write: (bytes) => outputs.write(process.stdout, bytes), close: () => undefined } : undefined;
}

/**
 * A serial port's bytes to a socket and back: while the socket has no room, the port waits, unless nobody is there; while the port has enough,
 * nothing is read from the socket.
 */
function overLink(link: Link, onInput: Input): Output {
  let room = (): void => undefined;
  const isHeld = (): boolean => link.connected && !link.room;
  const look = (): void => void (isHeld() || room());
  const take = (bytes: Uint8Array): void => void (onInput(bytes) || link.pause());
  link.listen({ data: take, changed: look, room: look });
  return {
    write(bytes) {
      link.write(bytes);
      if (isHeld()) return new Promise((resolve) => (room = resolve));
    },
    resume: () => link.resume(),
    close: () => link.close(),
  };
}

/** Opens all; `onInput` is given what comes from a socket for a port, and says false when that has enough. Throws UsageError where one cannot be opened. */
export async function openSerial(targets: readonly SerialTarget[], outputs: Outputs, onInput: (port: number, bytes: Uint8Array) => boolean): Promise<SerialOutputs> {
  const opened: Output[] = [];
  const close = async (): Promise<void> => {
    for (const output of opened) await output?.close();
  };
  for (const [port, target] of targets.entries()) {
    try {
      opened.push(await openTarget(target, outputs, (bytes) => onInput(port, bytes)));
    } catch (error) {
      await close();
      throw 'argument' in target ? new UsageError(target.argument, withoutCodes((error as Error).message)) : error;
    }
  }
  return { write: (port, bytes) => opened[port]?.write(bytes), resume: (port) => opened[port]?.resume?.(), close };
}
