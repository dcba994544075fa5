/** QEMU's values of several words: `head,name=value,...`, and properties read by a table. */

import { didYouMean } from '../words/near.js';
import type { Given } from './arguments.js';
import { parseCount } from './arguments.js';
import { UsageError, type Faults } from './faults.js';

export interface Pair {
  name: string;
  value: string;
}

export interface Words {
  /** As typed. */
  argument: string;
  head: string;
  pairs: Pair[];
}

function pairOf(part: string): Pair {
  const at = part.indexOf('=');
  // QEMU's short forms: `nowait`, `readonly`, `noshare`.
  if (at < 0 && part === 'nowait') return { name: 'wait', value: 'off' };
  return at < 0 ? { name: part, value: 'on' } : { name: part.slice(0, at), value: part.slice(at + 1) };
}

const partsOf = (value: string): string[] => value.split(/(?<!,),(?!,)/).map((part) => part.replaceAll(',,', ','));

/** `head,name=value,...`; a comma in a value is written twice. */
export function splitWords({ argument, value }: Given): Words {
  const [head = '', ...rest] = partsOf(value);
  return { argument, head, pairs: rest.filter((part) => part !== '').map(pairOf) };
}

/** `name=value,...`, without a head. */
export function splitPairs({ argument, value }: Given): Words {
  return { argument, head: '', pairs: partsOf(value).filter((part) => part !== '').map(pairOf) };
}

/** What a property may say. */
export type Kind =
  | { is: 'switch' }
  /** `least` and `most` where nobody behind the command line checks them. */
  | { is: 'count'; least?: number; most?: number }
  | { is: 'text' }
  | { is: 'slot' }
  | { is: 'word'; of: readonly string[] }
  /** A switch for what there is not: only off is taken, and `why` says what to do without. */
  | { is: 'absent'; why: string }
  /** Taken and without effect; `note` says so. */
  | { is: 'ignored'; note?: string };

export interface Property {
  name: string;
  about: string;
  kind: Kind;
}

export type PropertyValue = boolean | number | string;

const ON = ['on', 'true', 'yes', 'y'];
const OFF = ['off', 'false', 'no', 'n'];

export function parseSwitch(argument: string, name: string, value: string): boolean {
  if (ON.includes(value)) return true;
  if (OFF.includes(value)) return false;
  throw new UsageError(argument, `${name} is on or off, not "${value}".`);
}

/** A slot: `5`, `0x5` or `05.0`. */
function parseSlot(argument: string, name: string, value: string): number {
  const match = /^(?:0x)?([0-9a-f]{1,2})(?:\.0)?$/i.exec(value);
  if (match === null) throw new UsageError(argument, `${name} "${value}" is not a PCI device number such as 5 or 05.0.`);
  return parseInt(match[1]!, 16);
}

function parseNumber(argument: string, name: string, value: string, least = 0, most = Number.MAX_SAFE_INTEGER): number {
  const number = /^(?:\d+|0x[0-9a-f]+)$/i.test(value) ? Number(parseCount(argument, value)) : NaN;
  if (number >= least && number <= most) return number;
  const range = most === Number.MAX_SAFE_INTEGER ? '' : ` from ${least} to ${most}`;
  throw new UsageError(argument, `${name} is a whole number${range}, not "${value}".`);
}

function parseProperty(argument: string, { name, kind }: Property, value: string): PropertyValue {
  switch (kind.is) {
    case 'switch': return parseSwitch(argument, name, value);
    case 'absent':
      if (parseSwitch(argument, name, value)) throw new UsageError(argument, `there is no ${name}; ${kind.why}`);
      return false;
    case 'count': return parseNumber(argument, name, value, kind.least, kind.most);
    case 'slot': return parseSlot(argument, name, value);
    case 'word':
      if (kind.of.includes(value)) return value;
      throw new UsageError(argument, `${name} is ${kind.of.join(', ')}, not "${value}".${didYouMean(value, kind.of)}`);
    default:
      if (value === '') throw new UsageError(argument, `${name} needs a value after the "=".`);
      return value;
  }
}

/** What is read: properties by name, in the order given. */
export type Properties = Map<string, PropertyValue>;

/** Reads pairs by a table; what `subject` does not have is a fault, with near names. Ignored ones make notes. */
export function readProperties({ argument, pairs }: Words, subject: string, rows: readonly Property[], faults: Faults, notes: string[] = []): Properties {
  const out: Properties = new Map();
  for (const { name, value } of pairs) {
    const row = rows.find((one) => one.name === name);
    if (row === undefined) {
      const near = didYouMean(name, rows.map((one) => one.name));
      faults.add(argument, `${subject} has no "${name}".${near === '' ? ` It has ${rows.map((one) => one.name).join(', ')}.` : near}`);
    } else if (out.has(name)) faults.add(argument, `${name} is given twice.`);
    else {
      const read = faults.attempt(() => parseProperty(argument, row, value));
      if (read !== undefined) out.set(name, read);
      if (row.kind.is === 'ignored' && row.kind.note !== undefined) notes.push(`${argument}: ${row.kind.note}`);
    }
  }
  return out;
}
