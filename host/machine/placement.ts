/**
 * Where registers of cards are served (docs/measuring.md): in the module (B1), or hosted, each access a round trip to another thread (B3), for which the processor waits as that of a hosted virtual
 * machine waits for the process that emulates the device. The card's model acts in the module when the answer is there: guests see the same, and no virtual time passes. Placement is of a run, no state.
 */

import { platform } from '#platform';
import type { Answerer } from '../platform/platform.js';
import type { Counter } from './types.js';
import type { ModuleInstance } from '../rings/instance.js';
import { didYouMean } from '../words/near.js';
import type { CardPlan } from './card-plan.js';
import { OptionError } from './errors.js';
import { accessCounters } from './stats.js';

/** Numbers of the counters whose events are the host's to answer. */
function hostedCounters(instance: ModuleInstance, plans: readonly CardPlan[]): number[] {
  return plans.flatMap(({ model, placement }, i) => {
    if (placement === undefined) return [];
    const number = plans.slice(0, i).filter((other) => other.model.kind === model.kind).length;
    const own = accessCounters(instance, model.names, number), names = [...new Set(own.map(({ name }) => name))];
    if (own.length === 0) throw new OptionError('devices.placement', `${model.names[0]} has no register that is counted by its name.`);
    if (placement === 'hosted') return own.filter(({ rides }) => !rides).map(({ id }) => id);
    const strange = placement.find((name) => !names.includes(name));
    if (strange !== undefined) throw new OptionError('devices.placement', `${model.names[0]} has no register "${strange}".${didYouMean(strange, names)} It has ${names.join(', ')}.`);
    return own.filter(({ name }) => placement.includes(name)).map(({ id }) => id);
  });
}

export interface Placed {
  counters(): Counter[];
  close(): void;
}

/** Says of an instance which registers are hosted; undefined where none are. */
export function placeRegisters(instance: ModuleInstance, plans: readonly CardPlan[]): Placed | undefined {
  const hosted = hostedCounters(instance, plans);
  if (hosted.length === 0) return undefined;
  const answerer: Answerer | undefined = platform.startAnswerer();
  if (answerer === undefined) throw new OptionError('devices.placement', 'hosted registers need a thread to wait for, which a page does not have.');
  let trips = 0n;
  instance.server!.serve = (counter) => {
    trips++;
    answerer.ask(counter);
  };
  for (const id of hosted) instance.exports.hostCounter(id);
  return { counters: () => [{ name: HOSTED, unit: 'crossings', value: trips, owner: 'machine', crossing: 'B3' }], close: () => answerer.close() };
}

/** Round trips for hosted registers. */
export const HOSTED = 'host B3 hosted accesses';
