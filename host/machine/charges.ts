/** The `charges` of a machine: what events cost in virtual time, as the module takes it (assembly/device/charges.ts). */

import type { ModuleInstance } from '../rings/instance.js';
import { OptionError } from './errors.js';
import type { Charges, ClockMode } from './types.js';

export interface ChargeSettings {
  accessNs: number;
  doorbellNs: number;
  interruptNs: number;
  /** 2^-10 ns a byte. */
  byteRate: number;
  instructionNs: number | undefined;
}

const MOST_NS = 1_000_000, MOST_BYTE_NS = 1000, MOST_INSTRUCTION_NS = 1000;
/** As the clock counts it (assembly/surface/clock.ts RateUnit). */
const LEAST_INSTRUCTION_NS = 0.001;

function wholeNs(charges: Charges, name: 'accessNs' | 'doorbellNs' | 'interruptNs'): number {
  const ns = charges[name] ?? 0;
  if (!Number.isInteger(ns) || ns < 0 || ns > MOST_NS) throw new OptionError(`charges.${name}`, `${String(ns)} is not a whole number of ns from 0 to ${MOST_NS}.`);
  return ns;
}

function between(name: string, value: number, least: number, most: number): number {
  if (!(value >= least && value <= most)) throw new OptionError(`charges.${name}`, `${String(value)} is not a number of ns from ${least} to ${most}.`);
  return value;
}

/** Throws OptionError. */
export function readCharges(charges: Charges | undefined, clock: ClockMode, icountShift: number | undefined): ChargeSettings | undefined {
  if (charges === undefined) return undefined;
  if (clock !== 'icount') throw new OptionError('charges', 'needs clock: "icount": under realtime time is the wall\'s.');
  const { byteNs = 0, instructionNs } = charges;
  if (instructionNs !== undefined && icountShift !== undefined) throw new OptionError('charges.instructionNs', 'cannot be combined with icountShift; give one of them.');
  return {
    accessNs: wholeNs(charges, 'accessNs'), doorbellNs: wholeNs(charges, 'doorbellNs'), interruptNs: wholeNs(charges, 'interruptNs'),
    byteRate: Math.round(between('byteNs', byteNs, 0, MOST_BYTE_NS) * 1024),
    instructionNs: instructionNs === undefined ? undefined : between('instructionNs', instructionNs, LEAST_INSTRUCTION_NS, MOST_INSTRUCTION_NS),
  };
}

/** Of a machine that is made, or goes on from a snapshot: without any, what that says stays. */
export function setCharges({ exports }: ModuleInstance, charges: ChargeSettings | undefined): void {
  if (charges !== undefined) exports.setCharges(charges.accessNs, charges.doorbellNs, charges.interruptNs, charges.byteRate);
}
