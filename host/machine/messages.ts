/**
 * What passes between a machine in a worker and its handle. A call has an id and is answered by a result or an error with
 * that id; everything else is news from the machine.
 */

import type { TransferProgress } from '../guest/by-address.js';
import { ConnectError, MachineError, MemoryError, OptionError, SnapshotError } from './errors.js';
import type { ConnectTarget, ExecOptions, MachineOptions, SignalName, Stop } from './types.js';

/** What can be cloned of the options. The signal and the progress function stay with the handle. */
export type PortableOptions = Omit<MachineOptions, 'signal' | 'onProgress' | 'onTransfer' | 'onCommandOutput' | 'onTrace' | 'worker'>;

/** Methods that are called by message; their arguments and results can be cloned. */
export type CallName =
  | 'run' | 'pause' | 'step' | 'runUntilHalt' | 'reset' | 'close' | 'getRegisters' | 'setRegisters' | 'readMemory' | 'writeMemory'
  | 'commandResult' | 'snapshot' | 'stats' | 'setSymbols' | 'addPrograms' | 'regions' | 'iommu' | 'openRegion' | 'closeRegion' | 'stateHash' | 'setLink' | 'frames' | 'setWire' | 'labOptions' | 'labSet'
  | 'screenshot' | 'screenText' | 'screenFrame' | 'key' | 'sendKey' | 'type' | 'mouse' | 'change' | 'eject';

export type ToWorker =
  /** `listens`: the program takes the command's output as it comes. */
  /** `snapshotAt`: the address of the snapshot, which is read where the machine is. */
  | { kind: 'create'; options: PortableOptions; listens: boolean; snapshotAt?: string }
  /** Listeners have taken so many bytes. */
  | { kind: 'taken'; bytes: number }
  | { kind: 'call'; id: number; name: CallName; arguments: unknown[] }
  /** Starts a command under the id; its result or error is the command's. */
  | { kind: 'exec'; id: number; argv: string[]; options: PortableExec }
  | { kind: 'kill'; id: number; name: SignalName }
  /** The command's signal was aborted: it is killed, and has failed with this. */
  | { kind: 'abort'; id: number; error: PortableError }
  /** What command `id` asked for with `input`; none at the end. */
  | { kind: 'inputChunk'; id: number; bytes: Uint8Array; error?: PortableError }
  /** A result means that `port` now leads into the guest (port-stream.ts). */
  | { kind: 'connect'; id: number; target: number | ConnectTarget; port: MessagePort }
  | { kind: 'write'; data: string | Uint8Array; port: number }
  | { kind: 'attachInput'; attached: boolean; patient: boolean };

export type FromWorker =
  | { kind: 'created'; memoryMiB: number }
  | { kind: 'refused'; error: PortableError }
  | { kind: 'progress'; message: string }
  | { kind: 'transfer'; progress: TransferProgress }
  | { kind: 'serial'; port: number; bytes: Uint8Array }
  | { kind: 'stop'; stop: Stop }
  /** So many bytes of what was typed at a port have entered. */
  | { kind: 'inputTaken'; port: number; bytes: number }
  | { kind: 'commandOutput'; stream: 'stdout' | 'stderr'; bytes: Uint8Array }
  | { kind: 'execOutput'; id: number; stream: 'stdout' | 'stderr'; bytes: Uint8Array }
  /** Command `id` has room for so many bytes of its standard input. */
  | { kind: 'input'; id: number; most: number }
  /** The locks of images that the worker holds. */
  | { kind: 'locks'; held: string[] }
  | { kind: 'result'; id: number; value: unknown }
  | { kind: 'error'; id: number; error: PortableError };

/** The part of ExecOptions that can be cloned, and which of the rest there is. */
export type PortableExec = Pick<ExecOptions, 'cwd' | 'env' | 'timeout'> & {
  stdin?: string | Uint8Array;
  /** Its standard input comes in chunks, as they are asked for. */
  chunks: boolean;
  listens: { stdout: boolean; stderr: boolean };
};

export interface PortableError {
  name: string;
  message: string;
  /** Extra fields of our own errors. */
  option?: string;
  address?: bigint;
  code?: string;
  section?: string | undefined;
  offset?: number | undefined;
}

export function packError(error: unknown): PortableError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  const packed: PortableError = { name: error.name, message: error.message };
  if (error instanceof OptionError) packed.option = error.option;
  if (error instanceof MemoryError) packed.address = error.address;
  if (error instanceof ConnectError) packed.code = error.code;
  if (error instanceof SnapshotError) Object.assign(packed, { section: error.section, offset: error.offset });
  return packed;
}

const CLASSES: Record<string, new (message: string) => Error> = { MachineError, TypeError, RangeError };

/** The error again, of its own class where it is one of the public ones. */
export function unpackError(packed: PortableError): Error {
  const tail = (prefix: string): string => packed.message.slice(prefix.length);
  if (packed.name === 'OptionError' && packed.option !== undefined) return new OptionError(packed.option, tail(`${packed.option}: `));
  if (packed.name === 'MemoryError' && packed.address !== undefined) {
    return new MemoryError(packed.address, tail(`address 0x${packed.address.toString(16)}: `));
  }
  if (packed.name === 'ConnectError' && packed.code !== undefined) return new ConnectError(packed.code, packed.message);
  if (packed.name === 'SnapshotError') return new SnapshotError(packed.message, packed.section, packed.offset);
  const error = new (CLASSES[packed.name] ?? Error)(packed.message);
  if (error.name !== packed.name) error.name = packed.name;
  return error;
}
