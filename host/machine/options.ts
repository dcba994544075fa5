/** Checking MachineOptions before anything is made, and their defaults. */

import { planCards, readNetdevs, type CardPlan, type Netdev } from './cards.js';
import { OptionError } from './errors.js';
import { readSnapshotHeader } from './snapshot.js';
import type { ClockMode, MachineOptions } from './types.js';

export const MAX_MEMORY_MIB = 3072;
const DEFAULT_MEMORY_MIB = 256;
const SOURCES = ['kernel', 'guest', 'bare', 'snapshot'] as const;
/** Seconds since 1970 of 2026-01-01 00:00 UTC: what the RTC shows when runs are to be repeatable. */
const FIXED_START = 1767225600n;

export interface Settings {
  memoryMiB: number;
  clock: ClockMode;
  seed: bigint;
  /** Seconds since 1970. */
  rtcSeconds: bigint;
  instructionLimit: bigint | undefined;
  wallMs: number | undefined;
  cards: CardPlan[];
  netdevs: Netdev[];
}

function checkSources(options: MachineOptions): void {
  const given = SOURCES.filter((name) => options[name] !== undefined);
  // A snapshot may come with what it was booted from, for reset().
  const boots = given.filter((name) => name !== 'snapshot');
  if (boots.length > 1) throw new OptionError(boots[1]!, `cannot be combined with ${boots[0]}; give one of them.`);
  if (options.initrd !== undefined && options.kernel === undefined) throw new OptionError('initrd', 'needs a kernel.');
  for (const name of ['command', 'add', 'agent'] as const) {
    if (options[name] && options.guest === undefined) throw new OptionError(name, 'needs a prepared guest (guest).');
  }
  if (options.command !== undefined && options.agent) throw new OptionError('command', 'cannot be combined with agent; use exec().');
}

function memoryOf(options: MachineOptions): number {
  const mib = options.memoryMiB ?? (options.snapshot === undefined ? DEFAULT_MEMORY_MIB : readSnapshotHeader(options.snapshot).memoryMiB);
  if (!Number.isInteger(mib) || mib < 1 || mib > MAX_MEMORY_MIB) {
    throw new OptionError('memoryMiB', `${mib} is not a whole number from 1 to ${MAX_MEMORY_MIB}.`);
  }
  const limit = options.limits?.memoryMiB;
  if (limit !== undefined && mib > limit) throw new OptionError('memoryMiB', `${mib} is more than limits.memoryMiB allows (${limit}).`);
  return mib;
}

function countOf(name: string, value: number | bigint | undefined): bigint | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'number' && !Number.isSafeInteger(value)) throw new OptionError(name, `${value} is not a whole number.`);
  if (value < 0) throw new OptionError(name, `${value} is negative.`);
  return BigInt(value);
}

function rtcOf(options: MachineOptions, clock: ClockMode): bigint {
  if (options.rtc === undefined) return clock === 'icount' ? FIXED_START : BigInt(Math.floor(Date.now() / 1000));
  const ms = options.rtc.getTime();
  if (Number.isNaN(ms) || ms < 0) throw new OptionError('rtc', 'is not a date after 1970.');
  return BigInt(Math.floor(ms / 1000));
}

/** Throws OptionError for what cannot be used. */
export function readSettings(options: MachineOptions): Settings {
  checkSources(options);
  const clock = options.clock ?? 'icount';
  if (clock !== 'icount' && clock !== 'realtime') throw new OptionError('clock', `"${String(clock)}" is neither icount nor realtime.`);
  const wallMs = options.limits?.wallMs;
  if (wallMs !== undefined && !(wallMs > 0)) throw new OptionError('limits.wallMs', `${wallMs} is not a positive number.`);
  const netdevs = readNetdevs(options.netdevs ?? []);
  return {
    memoryMiB: memoryOf(options),
    clock,
    seed: BigInt.asUintN(64, countOf('seed', options.seed) ?? 1n),
    rtcSeconds: rtcOf(options, clock),
    instructionLimit: countOf('limits.instructions', options.limits?.instructions),
    wallMs,
    cards: planCards(options.devices ?? [], netdevs, options.drives ?? []),
    netdevs,
  };
}
