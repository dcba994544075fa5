/** A relay for a test, on a port of its own, and clients of it that say what they like. */
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { parseCidr } from '../../../host/net/address.js';
import { parsePacket, type WispPacket } from '../../../host/net/wisp/packet.js';
import { OWN_PROTOCOL } from '../../../host/net/wisp/spec.js';
import { nodeProvider } from '../../../host/platform/node/net/provider.js';
import { DEFAULT_LIMITS, type RelayLimits } from '../../../host/relay/limits.js';
import { openLog } from '../../../host/relay/log.js';
import { startRelay, type Relay, type RelayOptions } from '../../../host/relay/server.js';

export type LogLine = { event: string } & Record<string, string | number | boolean>;

export interface TestRelay extends Relay {
  lines: LogLine[];
  /** Resolves with the first line of an event that is or comes. */
  logged(event: string, holds?: (line: LogLine) => boolean): Promise<LogLine>;
  address(path: string, token?: string): string;
}

export type Changes = Partial<Omit<RelayOptions, 'limits' | 'allow'>> & { limits?: Partial<RelayLimits>; allow?: string[] };

export async function openRelay({ limits = {}, allow = ['127.0.0.0/8'], ...changes }: Changes = {}): Promise<TestRelay> {
  const lines: LogLine[] = [];
  const waiting: (() => void)[] = [];
  const log = openLog((line) => {
    lines.push(JSON.parse(line) as LogLine);
    for (const look of waiting.splice(0)) look();
  });
  const relay = await startRelay({ host: '127.0.0.1', port: 0, token: undefined, origins: [], provider: nodeProvider(), log, ...changes, allow: allow.map((range) => parseCidr(range)!), limits: { ...DEFAULT_LIMITS, ...limits } });
  onTestFinished(() => relay.close());
  return Object.assign(relay, {
    lines,
    address: (path: string, token?: string) => `ws://127.0.0.1:${relay.port}${path}${token === undefined ? '' : `?token=${token}`}`,
    async logged(event: string, holds: (line: LogLine) => boolean = () => true): Promise<LogLine> {
      for (;;) {
        const found = lines.find((line) => line.event === event && holds(line));
        if (found !== undefined) return found;
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
    },
  });
}

/** A client of Wisp as bytes. */
export interface Raw {
  socket: WebSocket;
  packets: WispPacket[];
  send(bytes: Uint8Array): void;
  /** Resolves with the first packet that fits and is or comes. */
  heard<T extends WispPacket['type']>(type: T, stream?: number): Promise<Extract<WispPacket, { type: T }>>;
  closed: Promise<number>;
}

export async function openRaw(address: string, protocols: string[] = [OWN_PROTOCOL], options: { origin?: string } = {}): Promise<Raw> {
  const socket = new WebSocket(address, protocols, { perMessageDeflate: false, ...options });
  onTestFinished(() => socket.terminate());
  const packets: WispPacket[] = [];
  const waiting: (() => void)[] = [];
  socket.on('message', (data: Buffer) => {
    const packet = parsePacket(Uint8Array.from(data));
    if (packet !== undefined) packets.push(packet);
    for (const look of waiting.splice(0)) look();
  });
  const closed = new Promise<number>((resolve) => socket.on('close', resolve));
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
    socket.once('unexpected-response', (_request, response) => reject(new Error(`status ${response.statusCode}`)));
  });
  socket.on('error', () => undefined);
  return {
    socket, packets, closed,
    send: (bytes) => socket.send(bytes),
    async heard(type, stream) {
      for (;;) {
        const found = packets.find((packet) => packet.type === type && (stream === undefined || packet.stream === stream));
        if (found !== undefined) return found as never;
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
    },
  };
}

/** The status that a knock is refused with; 101 where it is let in. */
export function knock(address: string, options: { origin?: string } = {}): Promise<number> {
  return new Promise((resolve) => {
    const socket = new WebSocket(address, options);
    socket.on('error', () => resolve(0));
    socket.on('unexpected-response', (_request, response) => {
      socket.terminate();
      resolve(response.statusCode ?? 0);
    });
    socket.on('open', () => {
      socket.terminate();
      resolve(101);
    });
  });
}
