/** `-vnc HOST:N[,password-secret=ID]`: viewers at TCP port 5900 + N, of this machine alone where there is no password, several at once, each with a conversation of its own (host/screen/rfb.ts). */

import { randomBytes } from 'node:crypto';
import { createServer, type Socket } from 'node:net';
import { constants, createDeflate, type Deflate } from 'node:zlib';
import type { LocalMachine } from '../machine/local.js';
import { RfbError, RfbSession } from '../screen/rfb.js';
import { CHALLENGE_BYTES } from '../screen/vnc-password.js';
import { withoutCodes } from '../words/errno.js';
import type { Given } from './arguments.js';
import { UsageError } from './faults.js';

const FIRST_PORT = 5900;
/** The screen is looked at so often for each viewer. */
const LOOK_MS = 40;
const LOOPBACK = /^(?:127\.\d+\.\d+\.\d+|localhost|::1|\[::1\])$/;

export interface VncPlace {
  argument: string;
  host: string;
  port: number;
  password: string | undefined;
}
/** The name of an `-object secret`, and its text. */
export type Secrets = ReadonlyMap<string, string>;

/** `HOST:N` with what follows it; nothing for `none`. Without a password only this machine is let in. */
export function readVnc({ argument, value }: Given, secrets: Secrets): VncPlace | undefined {
  if (value === 'none') return undefined;
  const match = /^(.*):(\d+)(,.*)?$/.exec(value);
  if (match === null) throw new UsageError(argument, 'want 127.0.0.1:N, for TCP port 5900 + N, or none.');
  const [, host, display, more] = match;
  const password = more === undefined ? undefined : passwordOf(argument, more.slice(1), secrets);
  if (password === undefined && (host === '' || !LOOPBACK.test(host!))) throw new UsageError(argument, `without a password only this machine is let in: write 127.0.0.1:${display}, and tunnel to it (ssh -L), or give one by -object secret,id=ID,file=FILE and password-secret=ID.`);
  if (Number(display) > 65535 - FIRST_PORT) throw new UsageError(argument, `want a number up to ${65535 - FIRST_PORT}.`);
  return { argument, host: host!.replace(/^\[|\]$/g, ''), port: FIRST_PORT + Number(display), password };
}

function passwordOf(argument: string, words: string, secrets: Secrets): string {
  const id = /^password-secret=([^,]+)$/.exec(words)?.[1];
  if (id === undefined) throw new UsageError(argument, `there is no "${words}": want password-secret=ID of an -object secret; there are no websockets and no TLS.`);
  const password = secrets.get(id);
  if (password === undefined) throw new UsageError(argument, `there is no -object secret with id=${id}.`);
  if (password === '' || new TextEncoder().encode(password).length > 8) throw new UsageError(argument, `the secret "${id}" is empty or longer than 8 bytes, which is all that VNC's password has.`);
  return password;
}

/** One stream of zlib for a viewer: what it has made once all of some bytes are in. */
function packer(deflate: Deflate): (bytes: Uint8Array) => Promise<Uint8Array> {
  return (bytes) => new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    const take = (part: Buffer): void => void parts.push(part);
    deflate.once('error', reject);
    deflate.on('data', take);
    deflate.write(bytes);
    deflate.flush(constants.Z_SYNC_FLUSH, () => {
      // What was flushed comes before this turn of the loop is over.
      setImmediate(() => {
        deflate.off('data', take);
        deflate.off('error', reject);
        resolve(Buffer.concat(parts));
      });
    });
  });
}

function serve(machine: LocalMachine, socket: Socket, password: string | undefined, say: (text: string) => void): void {
  socket.setNoDelay(true);
  const deflate = createDeflate({ level: 1 });
  const end = (error: unknown): void => {
    if (error instanceof RfbError) say(`-vnc: a viewer was sent away: ${error.message}.`);
    socket.end(); // what was said before goes out
  };
  const guarded = (act: () => void): void => {
    try {
      act();
    } catch (error) {
      end(error);
    }
  };
  const session = new RfbSession((bytes) => void socket.write(bytes), machine.rfbTarget(), packer(deflate), password === undefined ? undefined : { password, challenge: randomBytes(CHALLENGE_BYTES) });
  const timer = setInterval(() => guarded(() => session.look()), LOOK_MS);
  socket.on('data', (bytes) => guarded(() => session.receive(bytes)));
  socket.on('error', () => undefined);
  socket.on('close', () => {
    clearInterval(timer);
    deflate.close();
  });
}

/** Listens until the function it gives is called. Rejected with a UsageError where it cannot. */
export async function openVnc(machine: LocalMachine, { argument, host, port, password }: VncPlace, say: (text: string) => void): Promise<() => void> {
  const viewers = new Set<Socket>();
  const server = createServer((socket) => {
    viewers.add(socket);
    socket.on('close', () => viewers.delete(socket));
    serve(machine, socket, password, say);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(new UsageError(argument, `cannot listen: ${withoutCodes(error.message)}.`)));
    server.listen(port, host, resolve);
  });
  return () => {
    for (const viewer of viewers) viewer.destroy();
    server.close();
  };
}
