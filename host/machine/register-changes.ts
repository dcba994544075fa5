/** What setRegisters was given, checked: names that exist, whole numbers, everything as the processor's layout takes it. */

import { readRegisters, type RegisterWrites } from './cpu-layout.js';
import { OptionError } from './errors.js';
import { checkRegisterKeys } from './keys.js';
import type { ModuleInstance } from '../rings/instance.js';
import type { RegisterChanges, RegisterValue, SegmentName, SegmentRegister } from './types.js';

function wide(name: string, value: RegisterValue): bigint {
  if (typeof value === 'bigint') return value;
  if (Number.isSafeInteger(value)) return BigInt(value);
  throw new OptionError(name, `${String(value)} is not a whole number; give values past 2^53 as bigints.`);
}

function narrow(name: string, value: number): number {
  if (Number.isInteger(value)) return value;
  throw new OptionError(name, `${String(value)} is not a whole number.`);
}

function segmentOf(name: string, { selector, base, limit, attributes }: NonNullable<NonNullable<RegisterChanges['segments']>['cs']>): SegmentRegister {
  return {
    selector: narrow(`${name}.selector`, selector), base: wide(`${name}.base`, base), limit: narrow(`${name}.limit`, limit), attributes: narrow(`${name}.attributes`, attributes),
  };
}

/** Bases of their own are those of the segments. */
function segmentsOf(m: ModuleInstance, { segments = {}, fsBase, gsBase }: RegisterChanges): RegisterWrites['segments'] {
  const out: Partial<Record<SegmentName, SegmentRegister>> = {};
  for (const [name, segment] of Object.entries(segments)) if (segment !== undefined) out[name as SegmentName] = segmentOf(`segments.${name}`, segment);
  for (const [name, base] of [['fs', fsBase], ['gs', gsBase]] as const) {
    if (base !== undefined) out[name] = { ...(out[name] ?? readRegisters(m).segments[name]), base: wide(`${name}Base`, base) };
  }
  return out;
}

/** Throws OptionError in the register's name. */
export function readChanges(m: ModuleInstance, changes: RegisterChanges): RegisterWrites {
  checkRegisterKeys(changes);
  const { segments, fsBase: _fs, gsBase: _gs, cpl, gdtr, idtr, xmm, mxcsr, ...values } = changes;
  if (cpl !== undefined && segments?.cs === undefined) throw new OptionError('cpl', 'follows from the segments; give these (segments.cs, segments.ss).');
  if (xmm !== undefined && xmm.length > 16) throw new OptionError('xmm', `there are 16, and not ${xmm.length}.`);
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  return {
    ...(Object.fromEntries(given.map(([name, value]) => [name, wide(name, value)])) as RegisterWrites),
    segments: segmentsOf(m, changes),
    ...(gdtr === undefined ? {} : { gdtr: { base: wide('gdtr.base', gdtr.base), limit: narrow('gdtr.limit', gdtr.limit) } }),
    ...(idtr === undefined ? {} : { idtr: { base: wide('idtr.base', idtr.base), limit: narrow('idtr.limit', idtr.limit) } }),
    ...(xmm === undefined ? {} : { xmm: xmm.map((value, i) => wide(`xmm[${i}]`, value)) }),
    ...(mxcsr === undefined ? {} : { mxcsr: narrow('mxcsr', mxcsr) }),
  };
}
