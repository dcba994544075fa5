/** `-vnc 127.0.0.1:N`: viewers at TCP port 5900 + N of this machine alone, several at once, each with a conversation of its own (host/screen/rfb.ts). */

import { createServer, type Socket } from 'node:net';
import { constants, createDeflate, type Deflate } from 'node:zlib';
import type { LocalMachine } from '../machine/local.js';
import { RfbError, RfbSession } from '../screen/rfb.js';
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
}

/** `HOST:N`; nothing for `none`. There is no password, so that only this machine is let in. */
export function readVnc({ argument, value }: Given): VncPlace | undefined {
  if (value === 'none') return undefined;
  const match = /^(.*):(\d+)(,.*)?$/.exec(value);
  if (match === null) throw new UsageError(argument, 'want 127.0.0.1:N, for TCP port 5900 + N, or none.');
  const [, host, display, more] = match;
  if (more !== undefined) throw new UsageError(argument, `there is no "${more.slice(1)}": no passwords, no websockets; write 127.0.0.1:${display}.`);
  if (host === '' || !LOOPBACK.test(host!)) throw new UsageError(argument, `there are no passwords, so only this machine is let in: write 127.0.0.1:${display}, and tunnel to it (ssh -L).`);
  if (Number(display) > 65535 - FIRST_PORT) throw new UsageError(argument, `want a number up to ${65535 - FIRST_PORT}.`);
  return { argument, host: host!.replace(/^\[|\]$/g, ''), port: FIRST_PORT + Number(display) };
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

function serve(machine: LocalMachine, socket: Socket, say: (text: string) => void): void {
  socket.setNoDelay(true);
  const deflate = createDeflate({ level: 1 });
  const end = (error: unknown): void => {
    if (error instanceof RfbError) say(`-vnc: a viewer was sent away: ${error.message}.`);
    socket.destroy();
  };
  const guarded = (act: () => void): void => {
    try {
      act();
    } catch (error) {
      end(error);
    }
  };
  const session = new RfbSession((bytes) => void socket.write(bytes), machine.rfbTarget(), packer(deflate));
  const timer = setInterval(() => guarded(() => session.look()), LOOK_MS);
  socket.on('data', (bytes) => guarded(() => session.receive(bytes)));
  socket.on('error', () => undefined);
  socket.on('close', () => {
    clearInterval(timer);
    deflate.close();
  });
}

/** Listens until the function it gives is called. Rejected with a UsageError where it cannot. */
export async function openVnc(machine: LocalMachine, { argument, host, port }: VncPlace, say: (text: string) => void): Promise<() => void> {
  const viewers = new Set<Socket>();
  const server = createServer((socket) => {
    viewers.add(socket);
    socket.on('close', () => viewers.delete(socket));
    serve(machine, socket, say);
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
