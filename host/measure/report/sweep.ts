/** What an experiment sweeps: three or more variants that differ in one number and nothing else. */

import { parseSpeed } from '../../net/lab.js';
import type { Variant } from '../variant.js';

export interface Sweep {
  /** What is varied, as an axis says it. */
  axis: string;
  points: { variant: string; at: number }[];
}

/** Numbers of a variant that may be swept, a row each. */
const AXES: readonly { axis: string; key: string; of: (variant: Variant) => number | undefined }[] = [
  { axis: 'bits a second of the line', key: 'speed', of: ({ speed }) => (speed === undefined ? undefined : parseSpeed(speed)! * 1000) },
  { axis: 'bytes a frame', key: 'size', of: ({ size }) => size },
  { axis: 'frames at once', key: 'burst', of: ({ burst }) => burst },
  { axis: 'entries of the IOTLB', key: 'iotlbEntries', of: ({ iotlbEntries }) => iotlbEntries },
  { axis: 'interrupts a second that the driver allows', key: 'driver', of: ({ driver }) => (Object.hasOwn(driver, 'InterruptThrottleRate') ? Number(driver['InterruptThrottleRate']) : undefined) },
];

const LEAST_POINTS = 3;

/** All but the name, the number, and how the time of it is told. */
const restOf = (variant: Variant, key: string): string => JSON.stringify(Object.entries(variant).filter(([name]) => ![key, 'name', 'steady'].includes(name)).sort());

export function sweepsOf(variants: readonly Variant[]): Sweep[] {
  return AXES.flatMap(({ axis, key, of }) => {
    const groups = new Map<string, Sweep['points']>();
    for (const variant of variants) {
      const at = of(variant), rest = restOf(variant, key);
      if (at !== undefined && at > 0) groups.set(rest, [...(groups.get(rest) ?? []), { variant: variant.name, at }]);
    }
    return [...groups.values()].filter((points) => new Set(points.map(({ at }) => at)).size >= LEAST_POINTS).map((points) => ({ axis, points: points.sort((a, b) => a.at - b.at) }));
  });
}
