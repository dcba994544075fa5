/** `-global MODEL.NAME=VALUE` and `-object`: what QEMU has apart from its devices. */

import { didYouMean } from '../words/near.js';
import type { Given } from './arguments.js';
import { ALL_MODELS } from './device-models.js';
import { UsageError } from './faults.js';
import { readEach, type Reading } from './reading.js';
import { readProperties, splitPairs, splitWords, type Pair, type Property } from './words.js';

/** Devices of QEMU's whose properties change nothing here. */
const HARMLESS = /^(kvm-pit|kvm-apic|PIIX4_PM|ICH9-LPC|ICH9_LPC|mc146818rtc|fw_cfg|apic|host-x86_64-cpu|qemu64-x86_64-cpu)$/i;

interface Global {
  driver: string;
  pair: Pair;
}

function splitGlobal(given: Given): Global {
  const long = Object.fromEntries(splitPairs(given).pairs.map(({ name, value }) => [name, value]));
  if (long['driver'] !== undefined && long['property'] !== undefined) return { driver: long['driver'], pair: { name: long['property'], value: long['value'] ?? '' } };
  const match = /^([^.=]+)\.([^=]+)=(.*)$/.exec(given.value);
  if (match === null) throw new UsageError(given.argument, 'want MODEL.NAME=VALUE.');
  return { driver: match[1]!, pair: { name: match[2]!, value: match[3]! } };
}

function readGlobal(given: Given, reading: Reading): Global | undefined {
  const global = splitGlobal(given);
  const model = ALL_MODELS.find(({ names }) => names.includes(global.driver));
  if (model === undefined && HARMLESS.test(global.driver)) {
    reading.notes.push(`${given.argument}: changes nothing here.`);
    return undefined;
  }
  if (model === undefined) throw new UsageError(given.argument, `there is no "${global.driver}".${didYouMean(global.driver, ALL_MODELS.flatMap(({ names }) => names))}`);
  // Read here too, so that a fault names the option it stands in.
  readProperties({ argument: given.argument, head: global.driver, pairs: [global.pair] }, global.driver, model.properties, reading.faults);
  return global;
}

/** Properties by model. */
export function readGlobals(reading: Reading): Map<string, Pair[]> {
  const out = new Map<string, Pair[]>();
  for (const global of readEach(reading, 'global', (given) => readGlobal(given, reading))) {
    if (global !== undefined) out.set(global.driver, [...(out.get(global.driver) ?? []), global.pair]);
  }
  return out;
}

export const OBJECTS: readonly [name: string, about: string][] = [
  ['rng-random', 'for virtio-rng-pci,rng=ID; its file is not read: numbers come from --seed'],
  ['rng-builtin', 'for virtio-rng-pci,rng=ID: numbers come from --seed'],
  ['secret', 'for -vnc HOST:N,password-secret=ID: the text in file=FILE, or data=TEXT, which others on this machine can see'],
];
const RNG: readonly Property[] = [
  { name: 'id', kind: { is: 'text' }, about: 'its name' },
  { name: 'filename', kind: { is: 'text' }, about: 'taken: it is not read' },
];
const INSTEAD: readonly [RegExp, string][] = [
  [/^memory-backend/, 'the guest\'s memory is -m SIZE; leave it out.'],
  [/^filter-dump$/, 'write pcap=FILE at the -netdev.'],
  [/^filter-/, 'write loss=, delay= and the like at the -netdev (docs/network.md).'],
  [/^rng-egd$/, 'write rng-builtin.'],
  [/^(iothread|throttle|tls|authz|can|cryptodev|sev|colo|input)/, 'there is no such thing; leave it out.'],
];

/** The ids of sources of random numbers. */
export function readObjects(reading: Reading): Set<string> {
  const ids = readEach(reading, 'object', (given) => {
    const words = splitWords({ ...given, value: given.value.replace(/^qom-type=/, '') });
    if (!OBJECTS.some(([name]) => name === words.head)) {
      const instead = INSTEAD.find(([pattern]) => pattern.test(words.head))?.[1];
      throw new UsageError(given.argument, instead === undefined ? `there is no "${words.head}".${didYouMean(words.head, OBJECTS.map(([name]) => name))} "-object help" lists what there is.` : `${words.head}: ${instead}`);
    }
    if (words.head === 'secret') return undefined; // secrets.ts
    if (words.pairs.some(({ name }) => name === 'filename')) reading.notes.push(`${given.argument}: no file is read; random numbers come from --seed.`);
    const id = readProperties(words, words.head, RNG, reading.faults).get('id');
    if (id === undefined) throw new UsageError(given.argument, 'needs id=ID.');
    return String(id);
  });
  return new Set(ids.filter((id) => id !== undefined));
}
