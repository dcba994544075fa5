/** Runs in a worker: one machine, driven by messages (messages.ts). The platform's script gives it the port. */

import { platform } from '#platform';
import type { WorkerPort } from '../platform/platform.js';
import { createLocal } from './create-local.js';
import type { LocalMachine } from './local.js';
import { packError, unpackError, type CallName, type FromWorker, type ToWorker } from './messages.js';
import { bridge } from './port-stream.js';
import { Window } from './window.js';
import { WorkerCommand } from './worker-command.js';

let port: WorkerPort;
let machine: LocalMachine | undefined;

const send = (message: FromWorker): void => port.post(message);
const output = new Window();

type Output = Extract<FromWorker, { bytes: Uint8Array }>;

/** Sends bytes; the handle says when its listeners have taken them. */
function sendBytes(message: Output): Promise<void> | void {
  const wait = output.sent(message.bytes.length);
  send(message);
  return wait;
}

async function create({ options, listens, snapshotAt }: Extract<ToWorker, { kind: 'create' }>): Promise<void> {
  try {
    machine = await createLocal({
      ...options,
      ...(snapshotAt === undefined ? {} : { snapshot: new URL(snapshotAt) }),
      worker: false,
      onProgress: (message) => send({ kind: 'progress', message }),
      onTransfer: (progress) => send({ kind: 'transfer', progress }),
      ...(listens ? { onCommandOutput: (stream, bytes) => sendBytes({ kind: 'commandOutput', stream, bytes }) } : {}),
    });
  } catch (error) {
    send({ kind: 'refused', error: packError(error) });
    return;
  }
  machine.on('serial', (serial, bytes) => sendBytes({ kind: 'serial', port: serial, bytes }));
  machine.onInputTaken = (serial, bytes) => send({ kind: 'inputTaken', port: serial, bytes });
  machine.on('stop', (stop) => send({ kind: 'stop', stop }));
  send({ kind: 'created', memoryMiB: machine.memoryMiB });
}

/** Commands whose handle may still say something about them. */
const commands = new Map<number, WorkerCommand>();

/** Runs a command: output goes as news and input comes by asking for it, because functions cannot be sent. */
async function exec(target: LocalMachine, { id, argv, options }: Extract<ToWorker, { kind: 'exec' }>): Promise<void> {
  const command = new WorkerCommand((most) => send({ kind: 'input', id, most }));
  commands.set(id, command);
  const output = (stream: 'stdout' | 'stderr') => (bytes: Uint8Array) => sendBytes({ kind: 'execOutput', id, stream, bytes });
  const { listens, chunks, ...rest } = options;
  try {
    const handle = target.startCommand(argv, {
      ...rest,
      ...(chunks ? { stdin: command.input() } : {}),
      signal: command.aborter.signal,
      ...(listens.stdout ? { onStdout: output('stdout') } : {}),
      ...(listens.stderr ? { onStderr: output('stderr') } : {}),
    });
    command.kill = handle.kill;
    send({ kind: 'result', id, value: await handle.result });
  } catch (error) {
    send({ kind: 'error', id, error: packError(error) });
  } finally {
    commands.delete(id);
  }
}

async function call(target: LocalMachine, id: number, name: CallName, parameters: unknown[]): Promise<void> {
  try {
    const method = target[name] as (...values: unknown[]) => Promise<unknown>;
    send({ kind: 'result', id, value: await method.apply(target, parameters) });
  } catch (error) {
    send({ kind: 'error', id, error: packError(error) });
  }
}

async function connect(target: LocalMachine, message: Extract<ToWorker, { kind: 'connect' }>): Promise<void> {
  try {
    bridge(await target.connect(message.target), message.port);
    send({ kind: 'result', id: message.id, value: undefined });
  } catch (error) {
    message.port.close();
    send({ kind: 'error', id: message.id, error: packError(error) });
  }
}

function receive(message: ToWorker): void {
  if (message.kind === 'create') void create(message);
  else if (message.kind === 'taken') output.taken(message.bytes);
  else if (machine === undefined) return;
  else if (message.kind === 'call') void call(machine, message.id, message.name, message.arguments);
  else if (message.kind === 'connect') void connect(machine, message);
  else if (message.kind === 'exec') void exec(machine, message);
  else if (message.kind === 'kill') commands.get(message.id)?.kill(message.name);
  else if (message.kind === 'abort') commands.get(message.id)?.aborter.abort(unpackError(message.error));
  else if (message.kind === 'inputChunk') commands.get(message.id)?.take(message.bytes, message.error && unpackError(message.error));
  else if (message.kind === 'write') machine.write(message.data, message.port);
  else machine.attachInput(message.attached, message.patient);
}

/** Listens on the port, for the life of the worker. */
export function serveMachine(own: WorkerPort): void {
  port = own;
  // What a worker that is ended without warning leaves locked.
  platform.watchLocks((held) => send({ kind: 'locks', held }));
  port.onMessage((message) => receive(message as ToWorker));
}
