/** What `help` as an option's value lists: `-device help`, `-device e1000,help`, `-netdev help`, `-cpu help`... */

import type { Given } from './arguments.js';
import type { OptionRow } from './table.js';
import type { Property } from './words.js';

/** A list, for people and as JSON. */
export interface Topic {
  title: string;
  /** `values`: all there are of it, where they can be listed. */
  rows: readonly (readonly [name: string, about: string, values?: readonly string[]])[];
}

type Rows = Topic['rows'];

/** What a property may say, where that is a list. */
function valuesOf({ kind }: Property): readonly string[] {
  if (kind.is === 'switch') return ['on', 'off'];
  if (kind.is === 'absent') return ['off'];
  return kind.is === 'word' ? kind.of : [];
}

const named = (properties: readonly Property[]): Rows => properties.map((property) => [property.name, property.about, valuesOf(property)] as const);

async function deviceTopic(model: string): Promise<Topic | undefined> {
  const { ALL_MODELS } = await import('./device-models.js');
  if (model === '') return { title: '-device MODEL, where MODEL is', rows: ALL_MODELS.map(({ names, about }) => [names[0]!, about] as const) };
  const found = ALL_MODELS.find(({ names }) => names.includes(model));
  return found === undefined ? undefined : { title: `-device ${model},NAME=VALUE, where NAME is`, rows: named(found.properties) };
}

async function networkTopic(option: string, type: string): Promise<Topic | undefined> {
  const { NETDEV_TYPES, CARD_MODELS } = await import('./networks.js');
  if (type === 'nic') return { title: '-net nic,model=MODEL, where MODEL is', rows: CARD_MODELS.map((name) => [name, ''] as const) };
  if (type === '') return { title: `${option} TYPE, where TYPE is`, rows: option === '-net' ? [['nic', 'a card: model=, mac='], ...NETDEV_TYPES, ['none', 'no network']] : NETDEV_TYPES };
  const { netdevKeys } = await import('../net/netdev.js');
  const keys = netdevKeys(type);
  return keys === undefined ? undefined : { title: `${option} ${type},NAME=VALUE, where NAME is (docs/network.md)`, rows: keys.map((name) => [name, ''] as const) };
}

async function chardevTopic(type: string): Promise<Topic | undefined> {
  const { CHARDEV_KEYS } = await import('../chardev/parse.js');
  const keys = Object.entries(CHARDEV_KEYS).find(([name]) => name === type)?.[1];
  if (type === '') return { title: '-chardev TYPE,id=ID, where TYPE is', rows: Object.entries(CHARDEV_KEYS).map(([name, own]) => [name, own.map((key) => `${key}=`).join(' ')] as const) };
  return keys === undefined ? undefined : { title: `-chardev ${type},NAME=VALUE, where NAME is`, rows: keys.map((name) => [name, ''] as const) };
}

async function machineTopic(board: string): Promise<Topic> {
  const { BOARD_NAMES, MACHINE_PROPERTIES } = await import('./machine-type.js');
  return board === '' ? { title: '-machine BOARD, where BOARD is', rows: BOARD_NAMES } : { title: '-machine q35,NAME=VALUE, where NAME is', rows: named(MACHINE_PROPERTIES) };
}

async function cpuTopic(model: string): Promise<Topic> {
  const { CPU_NAMES, CPU_PROPERTIES } = await import('./cpu-type.js');
  if (model !== '') return { title: '-cpu max,NAME=VALUE, where NAME is', rows: named(CPU_PROPERTIES) };
  return { title: '-cpu MODEL, where MODEL is', rows: [['max', 'the one processor there is'], ['others', `run on it, with a note: ${CPU_NAMES.slice(1).join(', ')}`]] };
}

/** The list that `option head,help` asks for; undefined where there is no such head. */
async function findTopic(name: string, head: string): Promise<Topic | undefined> {
  switch (name) {
    case 'device': return deviceTopic(head);
    case 'netdev': case 'nic': case 'net': return networkTopic(`-${name}`, head);
    case 'chardev': return chardevTopic(head);
    case 'machine': return machineTopic(head);
    case 'cpu': return cpuTopic(head);
    case 'accel': return { title: '-accel NAME, where NAME is', rows: (await import('./machine-type.js')).ACCEL_ROWS };
    case 'drive': return { title: '-drive NAME=VALUE,..., where NAME is', rows: named((await import('./drives.js')).DRIVE_PROPERTIES) };
    case 'virtfs': case 'fsdev': return { title: `-${name} local,NAME=VALUE,..., where NAME is`, rows: named((await import('./shares.js')).SHARE_PROPERTIES) };
    case 'serial': return { title: '-serial TO, where TO is', rows: (await import('./serial.js')).SERIAL_WORDS };
    case 'object': return { title: '-object TYPE,id=ID, where TYPE is', rows: (await import('./globals.js')).OBJECTS };
    case 'action': return { title: '-action EVENT=WHAT, where EVENT is', rows: named((await import('./endings.js')).ACTIONS) };
    case 'd': return { title: '-d ITEM,..., where ITEM is', rows: (await import('./endings.js')).LOG_ITEMS };
    default: return undefined;
  }
}

/** Every list an option has: completion offers their names. */
export async function topicOf(row: OptionRow, head = ''): Promise<Topic | undefined> {
  return row.topic === true ? findTopic(row.name, head) : undefined;
}

/** `help`, `?`, `HEAD,help` and `...,model=help`: the head that is asked about. */
export function askedHead({ value }: Given): string | undefined {
  if (/^(help|\?)$/.test(value)) return '';
  const match = /^([^,]*)(?:,.*)?,(?:help|\?)$/.exec(value);
  if (match !== null) return match[1]!;
  return /(?:^|,)model=(?:help|\?)$/.test(value) ? 'nic' : undefined;
}

export function topicText({ title, rows }: Topic): string {
  const width = Math.min(28, Math.max(...rows.map(([name]) => name.length)));
  return `${title}\n${rows.map(([name, about]) => `  ${name.padEnd(width)}  ${about}`.trimEnd()).join('\n')}\n`;
}

export function topicJson({ title, rows }: Topic): string {
  return `${JSON.stringify({ title, rows: rows.map(([name, about]) => ({ name, about })) }, null, 2)}\n`;
}
