/**
 * Ports for programs that must be told a number before they run. What the system gives for port 0 is free at that moment only: it is
 * of the range that every outgoing connection takes its own end from. These are of below that range, so that only who asks for
 * that very number takes it; each process of the tests begins at a place of its own, and no port is given twice.
 */

import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

const LOWEST = 20_000;
const COUNT = 12_000;
/** Far enough that the ports of a few tests do not reach the next process's; prime to COUNT. */
const STRIDE = 67;

let next = (process.pid * STRIDE) % COUNT;

/** A port of 127.0.0.1 that nothing has, for TCP nor UDP. Throws where all are taken. */
export async function freePort(): Promise<number> {
  for (let tried = 0; tried < COUNT; tried++) {
    const port = LOWEST + next;
    next = (next + 1) % COUNT;
    if ((await freeForTcp(port)) && (await freeForUdp(port))) return port;
  }
  throw new Error(`no port of ${LOWEST} to ${LOWEST + COUNT - 1} is free`);
}

function freeForTcp(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.on('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

function freeForUdp(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.on('error', () => (socket.close(), resolve(false)));
    socket.bind(port, '127.0.0.1', () => socket.close(() => resolve(true)));
  });
}
