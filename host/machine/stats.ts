/** The module's counters: values of 64 bits in a table, with names and units as string literals (assembly/base/counters.ts). */

import { About, Owner } from '../../assembly/surface/counters.js';
import { Address } from '../../assembly/surface/run.js';
import { addressOf, readString, type ModuleInstance } from '../rings/instance.js';
import type { Accesses, Counter, Histogram, Stats } from './types.js';

/** Every counter that has a name, in the table's order, with `more` behind; those of accesses, of which a device has two, by device. `first`: the first number of the table that counts. */
export function readCounters(instance: ModuleInstance, more: readonly Counter[], first = 0): Pick<Stats, 'counters' | 'devices'> {
  const all = [...namedCounters(instance, first), ...more];
  const devices: Stats['devices'] = {};
  for (const { name, unit, value } of all) if (isAccess(unit)) (devices[name] ??= { reads: 0n, writes: 0n })[unit] += value;
  return { counters: all.filter(({ unit }) => !isAccess(unit)), devices };
}

/** The first number that the machine's own counters have; those below are of how the emulator works (assembly/base/counters.ts). */
export const FIRST_OF_MACHINE = 8;

const isAccess = (unit: string): unit is keyof Accesses => unit === 'reads' || unit === 'writes';

type Named = Omit<Counter, 'value'> & { id: number };

/** Names are given when a machine is made, and stay. */
const named = new WeakMap<ModuleInstance, Named[]>();

function namesOf(instance: ModuleInstance): Named[] {
  const known = named.get(instance);
  if (known !== undefined) return known;
  const { exports } = instance;
  const names = Array.from({ length: exports.counterIds() }, (_, id) => id).filter((id) => exports.counterName(id) !== 0).map((id) => describe(instance, id));
  named.set(instance, names);
  return names;
}

const DOORBELLS = /^(q\d+ )?doorbells$/;

/** Counters of accesses to registers of a card, the number-th of its model, by the registers' names; doorbells are among them, which ride on a write of a register but with virtio. */
export function accessCounters(instance: ModuleInstance, models: readonly string[], number: number): { id: number; name: string; rides: boolean }[] {
  return namesOf(instance).flatMap(({ id, name, unit, owner }) => {
    const isOwn = models.some((model) => owner === `${model}${number}` || owner === `${model}-${number}`), own = name.slice(name.indexOf(' ') + 1);
    return isOwn && (isAccess(unit) || DOORBELLS.test(own)) ? [{ id, name: own, rides: !isAccess(unit) && !models[0]!.startsWith('virtio') }] : [];
  });
}

const CROSSINGS = [undefined, 'B0', 'B1', 'B2', 'B3', 'B4'] as const;

/** What the module's row says. */
function describe(instance: ModuleInstance, id: number): Named {
  const { exports } = instance, about = exports.counterAbout(id);
  const owner = about >> About.OWNER & 15, crossing = CROSSINGS[about & 15], queue = (about >> About.QUEUE & 0xff) - 1;
  return {
    id, name: readString(instance, exports.counterName(id)), unit: readString(instance, exports.counterUnit(id)),
    owner: owner === Owner.CARD ? `${readString(instance, exports.counterCard(id))}${about >> About.NUMBER & 0xff}` : owner === Owner.EMULATOR ? 'emulator' : 'machine',
    ...(crossing === undefined ? {} : { crossing }), ...(queue < 0 ? {} : { queue }),
  };
}

function namedCounters(instance: ModuleInstance, first = 0): Counter[] {
  const values = addressOf(instance, Address.Counters);
  return namesOf(instance).filter(({ id }) => id >= first).map(({ id, ...about }) => ({ ...about, value: instance.view.getBigUint64(values + id * 8, true) }));
}

const BUCKETS = 16;

/** Units of histograms whose buckets are of so many: "ns/64". */
function scaleOf(unit: string): { unit: string; scale: number } {
  const [, name = unit, by = '1'] = /^(\w+)\/(\d+)$/.exec(unit) ?? [];
  return { unit: name, scale: Number(by) };
}

/** Every histogram that has a name and has seen something. */
export function readHistograms(instance: ModuleInstance): Histogram[] {
  const { exports, view } = instance;
  const out: Histogram[] = [];
  for (let id = 0; id < exports.histogramIds(); id++) {
    const name = readString(instance, exports.histogramName(id));
    if (name === '') continue;
    const at = exports.histogramAddress(id) >>> 0, { unit, scale } = scaleOf(readString(instance, exports.histogramUnit(id)));
    const buckets = Array.from({ length: BUCKETS }, (_, i) => ({ from: i === 0 ? 0 : scale * 2 ** (i - 1), times: view.getBigUint64(at + i * 8, true) }));
    if (buckets.some(({ times }) => times !== 0n)) out.push({ name, unit, buckets });
  }
  return out;
}
