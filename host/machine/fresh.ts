/** A module's instance as a machine's options and plan ask for: powered up, loaded, and not started. */

import { RateUnit } from '../../assembly/surface/clock.js';
import { addCards, mustBeCounted, labPorts, videoBytesOf, type Outside } from './cards.js';
import { placeLabs } from './labs.js';
import { setCharges } from './charges.js';
import { writeRegisters } from './cpu-layout.js';
import { readFlash } from './flash.js';
import { writeGuest, type GuestMemory } from './guest-memory.js';
import { instantiate, type CompiledModule } from './module.js';
import type { Settings } from './options.js';
import { FIRST_RATE } from './pace.js';
import type { MachinePlan } from './plan.js';
import { high, low, type ModuleInstance } from '../rings/instance.js';
import { setTickNs } from './timekeeping.js';
import { MIB } from './units.js';
import { showDate } from './wall-time.js';

/** A machine as its options ask for, powered up and not started. */
export async function freshInstance(compiled: CompiledModule, settings: Settings, plan: MachinePlan, outside: Outside): Promise<ModuleInstance> {
  const instance = await instantiate(compiled, settings.memoryMiB, videoBytesOf(settings.cards), settings.attribute || settings.trace, outside.labs);
  addCards(instance, settings.cards, outside);
  const { seed, rtcMs } = settings;
  const rtcSeconds = BigInt(Math.floor(rtcMs / 1000));
  instance.exports.create(settings.memoryMiB, low(seed), high(seed), low(rtcSeconds), high(rtcSeconds));
  instance.exports.setVendor(settings.vendor);
  instance.exports.hideFeatures(settings.hidden);
  showDate(instance, rtcMs);
  mustBeCounted(instance);
  placeLabs(instance, labPorts(settings.cards, outside), outside.labs);
  const { moved, exitPort, exitBytes, consolePort, testDevice } = settings.debug;
  if (moved) instance.exports.placeDebug(exitPort, exitBytes, consolePort);
  if (testDevice) instance.exports.addTestdev();
  if (plan.registers.rip !== undefined) instance.exports.presetCards();
  const memory: GuestMemory = { instance, ramBytes: settings.memoryMiB * MIB };
  for (const segment of plan.segments) writeGuest(memory, BigInt(segment.gpa), segment.bytes, 'physical');
  const { putFirmware } = await import('./firmware.js');
  const flash = await readFlash(settings.cards, outside.drives);
  putFirmware(instance, memory.ramBytes, settings.board, flash === undefined ? plan : { ...plan, rom: flash });
  if (plan.firmware) instance.exports.presetFirmware();
  if (Object.keys(plan.registers).length > 0) writeRegisters(instance, plan.registers);
  setPace(instance, settings);
  return instance;
}

/** What a tick takes under `icount`; a machine that was saved under `realtime` goes on at the pace of a new one. */
export function setPace(instance: ModuleInstance, { clock, icountShift, charges }: Settings): void {
  const { isCharged, setTickRate, setTickShift, tickShift } = instance.exports;
  setCharges(instance, charges);
  if (icountShift !== undefined) setTickShift(icountShift);
  else if (charges?.instructionNs !== undefined) setTickRate(Math.round(charges.instructionNs * 2 ** RateUnit.SHIFT));
  else if (clock === 'realtime') setTickNs(instance, FIRST_RATE);
  else if (tickShift() < 0 && !isCharged()) setTickShift(0);
}
