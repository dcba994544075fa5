/** What `-netdev lab` asks for: the peer itself is in the module (assembly/lab/lab.ts). */

import { formatAddress, parseAddress } from './address.js';
import { LAB_ARRIVALS, LAB_MODES, LAB_PROTOS } from './lab-names.js';

/** What a lab is and may be made while the machine runs. Times are virtual. */
export interface LabOptions {
  mode: keyof typeof LAB_MODES;
  /** Bytes of a source's frames without FCS, 60 to 9014; with `udp6` at least 74. */
  size: number;
  /** Frames a second. */
  rate: number;
  /** Frames at once. */
  burst: number;
  /** Frames in all; 0: without end. */
  count: number;
  /** How bursts lie in time: evenly, or as a Poisson process of the same rate. */
  arrivals: keyof typeof LAB_ARRIVALS;
  /** Of the Poisson process. */
  seed: number;
  /** 1000 bits a second each way; 0: frames take no time. */
  kbits: number;
  /** Bytes between the card and a line with a speed: a frame is completed when it is in there; with 0 when its last bit has gone. */
  fifo: number;
  /** A source begins when a driver listens, or at the guest's mark with its port's number and one, and ends at the next; or at once. */
  start: 'listen' | 'mark' | 'now';
  /** What a source's frames carry, and what an echo turns round beside MAC addresses. */
  proto: keyof typeof LAB_PROTOS;
  /** The lab's own addresses, which it answers for; all zeros: none. */
  ip: Uint8Array;
  ip6: Uint8Array;
  /** Where a source's frames go. */
  guest: Uint8Array;
  guest6: Uint8Array;
  port: number;
  /** The first flow's source port (of `icmp`: its identifier), and how many flows: each has the next. */
  sourcePort: number;
  flows: number;
}

/** As much as an 82540EM sends from, by default. */
export const FIFO_BYTES = 16384;

/** `1G`, `2.5G`, `100M` or bits a second, as 1000 bits a second; undefined for what is none. */
export function parseSpeed(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)([kMG]?)$/.exec(text);
  if (!match) return undefined;
  const kbits = Number(match[1]) * { '': 0.001, k: 1, M: 1000, G: 1e6 }[match[2] as '' | 'k' | 'M' | 'G'];
  return (kbits === 0 || kbits >= 1) && kbits < 2 ** 32 ? Math.round(kbits) : undefined;
}

/** Keys that only a source has. */
export const SOURCE_KEYS = ['size', 'rate', 'burst', 'count', 'start', 'arrivals', 'seed', 'guest', 'guest6', 'port', 'sport', 'flows', 'replay'] as const;

/** What readLab reads from: the keys of one -netdev (netdev.ts). */
interface Keys {
  text(key: string): string | undefined;
  integer(key: string, fallback: number, least: number, most: number): number;
  address(key: string, fallback: Uint8Array): Uint8Array;
  fail(problem: string): never;
}

const MAX_WORD = 2 ** 32 - 1;
const NOBODY = new Uint8Array(4), NOBODY6 = new Uint8Array(16);
/** The network that prepared guests are used to: QEMU's user network. */
const OWN = parseAddress('10.0.2.2')!, GUEST = parseAddress('10.0.2.15')!, OWN6 = parseAddress('fec0::2')!, GUEST6 = parseAddress('fec0::15')!;

function oneOf<T extends string>(keys: Keys, key: string, fallback: T, names: readonly T[]): T {
  const value = keys.text(key) ?? fallback;
  return names.find((name) => name === value) ?? keys.fail(`${key}=${value}: want ${names.join(', ')}`);
}

/** The keys of -netdev lab. */
export function readLab(keys: Keys): LabOptions {
  const mode = oneOf(keys, 'mode', 'sink', Object.keys(LAB_MODES) as LabOptions['mode'][]), proto = oneOf(keys, 'proto', 'raw', Object.keys(LAB_PROTOS) as LabOptions['proto'][]);
  const only = SOURCE_KEYS.find((key) => mode !== 'source' && keys.text(key) !== undefined);
  if (only !== undefined) keys.fail(`${only}= is for mode=source`);
  const pointless = ['guest', 'guest6', 'port', 'sport', 'flows'].find((key) => proto === 'raw' && keys.text(key) !== undefined);
  if (pointless !== undefined) keys.fail(`${pointless}= is for a protocol: proto=udp, udp6 or icmp`);
  const speed = keys.text('speed') ?? '0';
  if (speed === '0' && keys.text('fifo') !== undefined) keys.fail('fifo= is for a line with a speed=');
  const six = proto === 'udp6', four = proto === 'udp' || proto === 'icmp';
  return {
    mode, proto,
    size: keys.integer('size', six ? 74 : 60, six ? 74 : 60, 9014),
    rate: keys.integer('rate', 1000, 1, MAX_WORD),
    burst: keys.integer('burst', 1, 1, 4096),
    count: keys.integer('count', 0, 0, MAX_WORD),
    arrivals: oneOf(keys, 'arrivals', 'even', Object.keys(LAB_ARRIVALS) as LabOptions['arrivals'][]),
    seed: keys.integer('seed', 1, 0, MAX_WORD),
    kbits: parseSpeed(speed) ?? keys.fail(`speed=${speed}: want bits a second, such as 1G, 100M or 9600k; 0 for no limit`),
    start: oneOf(keys, 'start', 'listen', ['listen', 'mark', 'now']),
    fifo: keys.integer('fifo', FIFO_BYTES, 0, 2 ** 20),
    ip: keys.address('ip', four ? OWN : NOBODY), ip6: keys.address('ip6', six ? OWN6 : NOBODY6),
    guest: keys.address('guest', GUEST), guest6: keys.address('guest6', GUEST6),
    port: keys.integer('port', 7, 1, 65535),
    sourcePort: keys.integer('sport', 49152, 1, 65535),
    flows: keys.integer('flows', 1, 1, 65535 - keys.integer('sport', 49152, 1, 65535) + 1),
  };
}

/** What a lab may be told while the machine runs: the keys of -netdev lab but `replay` and what all netdevs have. */
export type LabChanges = Partial<Record<'mode' | 'size' | 'rate' | 'burst' | 'count' | 'arrivals' | 'seed' | 'speed' | 'fifo' | 'start' | 'proto' | 'ip' | 'ip6' | 'guest' | 'guest6' | 'port' | 'sport' | 'flows', string | number>>;

/** The same lab in the words of -netdev, without what says nothing for its mode and protocol. */
export function wordsOf(lab: LabOptions): LabChanges {
  const isSource = lab.mode === 'source', six = lab.proto === 'udp6';
  const address = (bytes: Uint8Array): string | undefined => (bytes.some((byte) => byte !== 0) ? formatAddress(bytes) : undefined);
  const words: Record<string, string | number | undefined> = {
    mode: lab.mode, proto: lab.proto, ip: address(lab.ip), ip6: address(lab.ip6),
    ...(lab.kbits === 0 ? {} : { speed: `${lab.kbits}k`, fifo: lab.fifo }),
    ...(isSource ? { size: lab.size, rate: lab.rate, burst: lab.burst, count: lab.count, arrivals: lab.arrivals, seed: lab.seed, start: lab.start } : {}),
    ...(isSource && lab.proto !== 'raw' ? { ...(six ? { guest6: formatAddress(lab.guest6) } : { guest: formatAddress(lab.guest) }), port: lab.port, sport: lab.sourcePort, flows: lab.flows } : {}),
  };
  return Object.fromEntries(Object.entries(words).filter(([, value]) => value !== undefined)) as LabChanges;
}

/** The text of -netdev for a lab as it is with changes: what the new mode and protocol have no use for is left out where nobody asks for it. */
export function changedText(id: string, now: LabOptions, changes: LabChanges): string {
  const mode = changes.mode ?? now.mode, proto = changes.proto ?? now.proto;
  const without = new Set<string>([...(mode === 'source' ? [] : SOURCE_KEYS), ...(proto === 'raw' ? ['guest', 'guest6', 'port', 'sport', 'flows'] : []), ...(String(changes.speed) === '0' ? ['speed', 'fifo'] : []), ...(proto === now.proto ? [] : ['ip', 'ip6', ...(now.size < 74 ? ['size'] : [])])]);
  const kept = Object.entries(wordsOf(now)).filter(([key]) => !without.has(key) && !Object.hasOwn(changes, key));
  return ['lab', `id=${id}`, ...[...kept, ...Object.entries(changes)].map(([key, value]) => `${key}=${String(value).replaceAll(',', ',,')}`)].join(',');
}
