/**
 * Charge tables: what events would cost on a real machine, so that counts become modelled cycles. Nothing of it is measured here: a table is
 * published figures, with their source, and every report that uses one names it.
 *
 *     { "schema": 1, "name": "...", "source": "...", "unit": "cycles",
 *       "charges": { "instructions": 1, "accesses": 2565, "interrupts": 1556 } }
 */

import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Charges } from '../machine/types.js';
import { didYouMean } from '../words/near.js';
import { MeasureError } from './errors.js';
import { TAGS } from './experiment.js';
import { ROOT } from './root.js';
import { check, isNumber, isOneOf, isText, object, type Problem } from './schema.js';
import type { Figures } from './figures.js';
import type { OwnCharges } from './variant.js';

/** Figures that may be charged for, each by the packet. */
export const CHARGED = ['instructions', 'accesses', 'interrupts', 'doorbells', 'descriptors', 'bytes'] as const;

export interface ChargeTable {
  schema: 1;
  name: string;
  source: string;
  /** How the figures are known: TAGS of experiment.ts. */
  tag?: (typeof TAGS)[number];
  unit: string;
  charges: Partial<Record<(typeof CHARGED)[number], number>>;
}

function problemsOf(value: unknown): Problem[] {
  const charges = Object.fromEntries(CHARGED.map((name) => [name, { needed: false, is: isNumber }]));
  return object(value, '', {
    schema: { needed: true, is: (one, path) => (one === 1 ? [] : [{ path, expected: '1' }]) },
    name: { needed: true, is: isText }, source: { needed: true, is: isText }, tag: { needed: false, is: isOneOf(TAGS) }, unit: { needed: true, is: isText },
    charges: { needed: true, is: (one, path) => object(one, path, charges) },
  });
}

/** Throws SchemaError: the file, the path in it, what was expected. */
export function readChargeTable(path: string): ChargeTable {
  return check(path, readFileSync(path, 'utf8'), problemsOf) as ChargeTable;
}

const FOLDER = join(ROOT, 'host/measure/charges');

/** Names of the tables that come with the project. */
export function chargeNames(): string[] {
  return readdirSync(FOLDER).filter((name) => name.endsWith('.json')).map((name) => basename(name, '.json')).sort();
}

/** A table by its name, or a file of the user's, whose name ends in .json. Throws MeasureError and SchemaError. */
export function findChargeTable(name: string): ChargeTable {
  if (name.endsWith('.json')) return readChargeTable(name);
  const names = chargeNames();
  if (!names.includes(name)) throw new MeasureError(name, `there is no such table.${didYouMean(name, names)} There are ${names.join(', ')}, and files that end in .json.`);
  return readChargeTable(join(FOLDER, `${name}.json`));
}

/** The same as charges in virtual time: cycles are of a machine that retires an instruction in so many, which take the 1 ns of one here. */
export function machineCharges({ name, unit, charges }: ChargeTable): Charges {
  const { instructions, accesses, doorbells, interrupts, bytes, descriptors } = charges;
  if (descriptors !== undefined) throw new MeasureError(name, 'charges for descriptors, which only reports can: leave them out, or charge for bytes.');
  if (unit !== 'ns' && unit !== 'cycles') throw new MeasureError(name, `is in "${unit}"; virtual time can be charged in "ns" or "cycles".`);
  if (unit === 'cycles' && !(instructions! > 0)) throw new MeasureError(name, 'is in cycles and does not say how many an instruction takes ("instructions"), so nobody knows how long one is.');
  const scale = unit === 'ns' ? 1 : 1 / instructions!, whole = (value: number): number => Math.round(value * scale);
  return {
    ...(accesses === undefined ? {} : { accessNs: whole(accesses) }), ...(doorbells === undefined ? {} : { doorbellNs: whole(doorbells) }),
    ...(interrupts === undefined ? {} : { interruptNs: whole(interrupts) }), ...(bytes === undefined ? {} : { byteNs: bytes * scale }),
    ...(unit === 'ns' && instructions !== undefined ? { instructionNs: instructions } : {}),
  };
}

/** The table of a variant, which may have charges of its own. */
export function tableOf(charge: string | OwnCharges): ChargeTable {
  if (typeof charge === 'string') return findChargeTable(charge);
  const name = Object.entries(charge).map(([what, ns]) => `${what} ${ns} ns`).join(', ');
  return { schema: 1, name, source: 'chosen for this experiment', unit: 'ns', charges: charge };
}

/** What a packet would cost by a table. */
export function chargeOf(figures: Figures, { charges }: ChargeTable): number {
  return CHARGED.reduce((total, name) => total + figures[name] * (charges[name] ?? 0), 0);
}
