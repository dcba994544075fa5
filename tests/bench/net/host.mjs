// The host's end of each measurement: servers on the loopback that the guest reaches as 10.0.2.2.

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export async function bindUdp() {
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return socket;
}

/** A TCP server; `serve` is given the one connection. */
export async function listenTcp(serve) {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    serve(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { port: server.address().port, close: () => server.close() };
}

/** A free UDP port of the loopback, for a forward. */
export async function freeUdpPort() {
  const socket = await bindUdp();
  const { port } = socket.address();
  socket.close();
  await once(socket, "close");
  return port;
}

/** More than this a second is not offered: past it the sender, on the same host, takes the processor from the machine that it measures. */
const MOST_A_SECOND = 50_000;

/** Sends small datagrams for so long, as fast as the socket takes them up to the limit; between batches the event loop runs. */
export async function flood(socket, port, address, ms) {
  const payload = Buffer.alloc(18, 0x55);
  const started = performance.now();
  let sent = 0;
  for (let now = started; now < started + ms; now = performance.now()) {
    if (sent > ((now - started) / 1000) * MOST_A_SECOND) {
      await sleep(1);
      continue;
    }
    const batch = [];
    for (let i = 0; i < 64; i++) batch.push(new Promise((resolve) => socket.send(payload, port, address, resolve)));
    await Promise.all(batch);
    sent += batch.length;
  }
}

/** Round trips one after another through a guest that echoes; each waits at most a second. `[ms]`. */
export async function roundTrips(socket, port, ms) {
  const times = [];
  const until = performance.now() + ms;
  let arrived = () => {};
  socket.on("message", () => arrived(true));
  while (performance.now() < until) {
    const started = performance.now();
    const answer = new Promise((resolve) => (arrived = resolve));
    socket.send(Buffer.alloc(18), port, "127.0.0.1");
    const timer = setTimeout(() => arrived(false), 1000);
    if (await answer) times.push(performance.now() - started);
    clearTimeout(timer);
  }
  return times;
}
