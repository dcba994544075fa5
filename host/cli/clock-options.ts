/** `-rtc`, `-icount`, `--realtime` and the limits: time. */

import { MAX_ICOUNT_SHIFT } from '../machine/options.js';
import type { Charges, ClockMode, MachineOptions } from '../machine/types.js';
import { findChargeTable, machineCharges } from '../measure/charge.js';
import { parseCount, type Given } from './arguments.js';
import { checkReadable } from './check.js';
import { UsageError } from './faults.js';
import { readOption, type Reading } from './reading.js';
import { readProperties, splitPairs, type Property } from './words.js';

const RTC: readonly Property[] = [
  { name: 'base', kind: { is: 'text' }, about: 'utc, localtime or a date' },
  { name: 'clock', kind: { is: 'word', of: ['host', 'rt', 'vm'] }, about: 'what the date follows: the host\'s clock (host, rt), or the machine\'s own time (vm)' },
  { name: 'driftfix', kind: { is: 'word', of: ['none', 'slew'] }, about: 'taken: no tick is lost' },
];

/** The time of this place, told as if it were UTC. */
function localNow(): Date {
  const now = new Date();
  return new Date(now.getTime() - now.getTimezoneOffset() * 60_000);
}

function baseOf(argument: string, base: string): Date {
  if (base === 'utc') return new Date();
  if (base === 'localtime') return localNow();
  const date = new Date(/T/.test(base) ? `${base}Z` : base);
  // 31 February is 3 March to Date: what was typed must come out again.
  if (!/^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2})?$/.test(base) || !(date.getTime() >= 0) || !date.toISOString().startsWith(base)) {
    throw new UsageError(argument, `base is utc, localtime or a date such as 2026-11-22T12:00:00, not "${base}".`);
  }
  return date;
}

/** The date that the clock starts with and what it follows, where they are said. */
export function readRtc(reading: Reading): Pick<MachineOptions, 'rtc' | 'rtcClock'> {
  const out: Pick<MachineOptions, 'rtc' | 'rtcClock'> = reading.parsed.has('localtime') ? { rtc: localNow() } : {};
  for (const given of reading.parsed.all('rtc')) {
    const words = readProperties(splitPairs(given), '-rtc', RTC, reading.faults);
    const [base, clock] = [words.get('base'), words.get('clock')];
    const date = typeof base === 'string' ? reading.faults.attempt(() => baseOf(given.argument, base)) : undefined;
    if (date !== undefined) out.rtc = date;
    if (clock !== undefined) out.rtcClock = clock === 'vm' ? 'vm' : 'host';
  }
  return out;
}

/** QEMU's `-icount shift=N`; of its other settings, what is the case here anyway. */
function shiftOf({ argument, value }: Given): number | undefined {
  let shift: number | undefined;
  if (/(^|,)rr/.test(value)) throw new UsageError(argument, 'there is no record and replay yet; equal runs with --icount and -nic none are equal.');
  for (const word of value.split(',').filter((part) => part !== '')) {
    const number = /^(?:shift=)?(\d+)$/.exec(word)?.[1];
    if (number !== undefined && Number(number) <= MAX_ICOUNT_SHIFT) shift = Number(number);
    else if (!['sleep=off', 'align=off'].includes(word)) throw new UsageError(argument, `"${word}" is none of shift=0 to shift=${MAX_ICOUNT_SHIFT}, sleep=off, align=off.`);
  }
  return shift;
}

export interface Clock {
  clock: ClockMode;
  icountShift?: number;
  charges?: Charges;
}

/** `--charge`: a table by its name, or a file. */
function readCharge(reading: Reading, clock: ClockMode): Charges | undefined {
  const given = reading.parsed.given('charge');
  if (given === undefined) return undefined;
  if (given.value.endsWith('.json') && !checkReadable(given, given.value, reading.faults)) return undefined;
  if (clock === 'realtime') reading.faults.add(given.argument, 'is of virtual time; under --realtime (the default in a terminal) that is the wall\'s: write --icount.');
  try {
    return machineCharges(findChargeTable(given.value));
  } catch (error) {
    reading.faults.add(given.argument, (error as Error).message);
    return undefined;
  }
}

export function readClock(reading: Reading, interactive: boolean): Clock {
  const { parsed, faults } = reading;
  const [icount, realtime] = [parsed.has('icount'), parsed.given('realtime')];
  if (icount && realtime !== undefined) faults.add(realtime.argument, 'cannot be combined with --icount.');
  const shift = readOption(reading, 'icount', shiftOf);
  const clock = !icount && (realtime !== undefined || (interactive && parsed.rest === undefined)) ? 'realtime' : 'icount';
  const charges = readCharge(reading, clock);
  return { clock, ...(charges === undefined ? {} : { charges }), ...(shift === undefined ? {} : { icountShift: shift }) };
}

export function readLimits(reading: Reading): NonNullable<MachineOptions['limits']> {
  const instructions = readOption(reading, 'limit-instructions', ({ argument, value }) => parseCount(argument, value));
  const ms = readOption(reading, 'limit-ms', ({ argument, value }) => {
    const count = Number(parseCount(argument, value));
    if (count < 1 || count > 2 ** 31) throw new UsageError(argument, 'is a number of milliseconds from 1 to 2147483648.');
    return count;
  });
  return { ...(instructions === undefined ? {} : { instructions }), ...(ms === undefined ? {} : { wallMs: ms }) };
}
