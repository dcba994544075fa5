/**
 * The real clients of the network tests: one Linux with one or more cards, each on a user network of its own, runs a script against
 * servers of the test (servers.ts), with busybox's programs and those of program.ts; then the host connects to the guest's web server.
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMachine, type DeviceOptions, type Machine, type Stats } from 'pintail';
import { toDuplex } from 'pintail/node';
import { freePort } from '../../support/ports.js';
import { clientEndsFirst, manyConnections, offloadsOff, serverEndsFirst, udpEchoes } from './program.js';
import type { Servers } from './servers.js';

export interface Card {
  model: DeviceOptions['model'];
  features?: DeviceOptions['features'];
}

export interface Sizes {
  /** Bytes of the file that goes down and up. */
  file: number;
  echoes: number;
  connections: number;
  /** Blocks of 64 KiB over half-closed connections. */
  blocks: number;
}

/** Small transfers, each way: what fills one packet, and 64 KiB. */
export const TRANSFERS = [1460, 65_536];

/** What one card's clients saw. */
export interface Seen {
  address: string;
  pings: string;
  name: string;
  /** SHA-256 of what came, and of what the server had of it when it was sent back. */
  down: string;
  up: string;
  /** The same for each of TRANSFERS: down, then up, apart by spaces. */
  transfers: string;
  echoes: string;
  connections: string;
  /** Bytes read from the server that ends its half first, and from the one that waits for the guest's. */
  serverEnded: string;
  clientEnded: string;
  /** Through hostfwd, by the host. */
  served: Buffer;
}

export interface Run {
  seen: Seen[];
  stats: Stats;
  code: number;
}

const network = (i: number): string => `10.0.${2 + i}`;
const LINE = /^(\d) (\w+) (.*)$/;

/** Programs for each card's network, as files. */
function writePrograms(folder: string, cards: readonly Card[], servers: Servers, sizes: Sizes): void {
  cards.forEach((_card, i) => {
    const at = (port: number): { address: string; port: number } => ({ address: `${network(i)}.2`, port });
    const programs = {
      echoes: udpEchoes(at(servers.echo), sizes.echoes),
      many: manyConnections(at(servers.gathering), sizes.connections),
      theyEnd: serverEndsFirst(at(servers.endsFirst), sizes.blocks),
      weEnd: clientEndsFirst(at(servers.endsLast), sizes.blocks),
      plain: offloadsOff(`eth${i}`),
    };
    for (const [name, bytes] of Object.entries(programs)) writeFileSync(join(folder, `${name}${i}`), bytes, { mode: 0o755 });
  });
}

/** What the guest does with one card. Each line it prints begins with the card's number and what it is about. */
function script(i: number, servers: Servers, sizes: Sizes): string {
  const gateway = `${network(i)}.2`;
  return [
    `say() { echo "${i} $1 $2"; }`,
    `say address "$(ifconfig | grep -o 'inet addr:${network(i)}.[0-9]*' | cut -d: -f2)"`,
    `say pings "$(ping -c 3 -q ${gateway} | grep -o '[0-9]* packets received')"`,
    `say name "$(nslookup -type=a served.test ${network(i)}.3 | tail -n +3 | grep -o '[0-9]*\\.[0-9]*\\.[0-9]*\\.[0-9]*' | head -1)"`,
    `wget -qO /tmp/file http://${gateway}:${servers.web}/${sizes.file}`,
    'say down "$(sha256sum </tmp/file | cut -c1-64)"',
    `post() { { printf "POST / HTTP/1.0\\r\\nContent-Length: $1\\r\\n\\r\\n"; cat; } | nc ${gateway} ${servers.web} | tail -c 64; }`,
    `say up "$(post ${sizes.file} </tmp/file)"`,
    `get() { wget -qO /tmp/part http://${gateway}:${servers.web}/$1; sha256sum </tmp/part | cut -c1-64; }`,
    `say transfers "$(for size in ${TRANSFERS.join(' ')}; do echo $(get $size) $(post $size </tmp/part); done | xargs)"`,
    `say echoes "$(/clients/echoes${i})"`,
    `say connections "$(/clients/many${i})"`,
    `say serverEnded "$(/clients/theyEnd${i})"`,
    `say clientEnded "$(/clients/weEnd${i})"`,
  ].join('\n');
}

export function download(port: number, path: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (bytes: Buffer) => chunks.push(bytes));
      response.on('end', () => resolve(Buffer.concat(chunks)));
      response.on('error', reject);
    }).on('error', reject);
  });
}

/** Lines of output as they come, and a wait for one of them. */
class Output {
  text = '';
  private waiting: { wanted: string; resolve: () => void } | undefined;

  add(bytes: Uint8Array): void {
    this.text += Buffer.from(bytes).toString('latin1');
    if (this.waiting && this.text.includes(this.waiting.wanted)) this.waiting.resolve();
  }

  until(wanted: string): Promise<void> {
    return new Promise((resolve) => {
      this.waiting = { wanted, resolve };
      this.add(new Uint8Array());
    });
  }
}

/** Runs all clients over all cards. `plain`: the driver's offloads are turned off first. */
export async function runClients(cards: readonly Card[], servers: Servers, sizes: Sizes, plain = false): Promise<Run> {
  const folder = mkdtempSync(join(tmpdir(), 'pintail-clients-'));
  const ports = await Promise.all(cards.map(freePort));
  const output = new Output();
  let machine: Machine | undefined;
  try {
    writePrograms(folder, cards, servers, sizes);
    const steps = [
      ...(plain ? cards.map((_card, i) => `/clients/plain${i} >/dev/null`) : []),
      ...cards.map((_card, i) => script(i, servers, sizes)),
      'httpd -p 80 -h /tmp', 'echo serving', 'nc -l -p 99 -e cat', 'echo over',
    ];
    machine = await createMachine({
      guest: 'amd64', worker: true, add: [{ host: folder, guest: '/clients' }], command: ['sh', '-c', steps.join('\n')],
      onCommandOutput: (_stream, bytes) => output.add(bytes),
      netdevs: cards.map((_card, i) => `user,id=n${i},net=${network(i)}.0/24,loopback=on,resolver=127.0.0.1:${servers.names},hostfwd=tcp::${ports[i]}-:80`),
      devices: cards.map(({ model, features }, i) => ({ model, netdev: `n${i}`, ...(features && { features }) })),
    });
    const ended = machine.run();
    await Promise.race([output.until('serving\n'), ended.then((stop) => Promise.reject(new Error(`stopped (${stop.reason}) after:\n${output.text}`)))]);
    const served: Buffer[] = [];
    for (const port of ports) served.push(await download(port, '/file'));
    await finish(machine, cards.length);
    await ended;
    const result = await machine.commandResult();
    return { seen: readLines(output.text, served), stats: await machine.stats(), code: result?.code ?? -1 };
  } finally {
    await machine?.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The guest's `cat` sends back what it is sent, until the host ends its half; then the guest goes on to its end. */
async function finish(machine: Machine, cards: number): Promise<void> {
  const stream = toDuplex(await machine.connect(cards === 1 ? 99 : { port: 99, netdev: 'n0' }));
  stream.end('ping');
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  if (String(Buffer.concat(chunks)) !== 'ping') throw new Error(`cat in the guest gave ${JSON.stringify(String(Buffer.concat(chunks)))}`);
}

function readLines(text: string, served: readonly Buffer[]): Seen[] {
  const seen = served.map((bytes) => ({ served: bytes }) as Partial<Record<string, unknown>>);
  for (const line of text.split('\n')) {
    const match = LINE.exec(line);
    if (match) seen[Number(match[1])]![match[2]!] = match[3];
  }
  return seen as unknown as Seen[];
}
