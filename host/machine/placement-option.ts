/** `placement` of a device's options (placement.ts). */

import { OptionError } from './errors.js';

/** All that a card counts of accesses, or those of some names. */
export type Placement = 'hosted' | readonly string[];

/** `placement` of a device's options; undefined: in the module. */
export function readPlacement(given: string | readonly string[] | undefined): Placement | undefined {
  if (given === undefined || given === 'module') return undefined;
  if (given === 'hosted') return given;
  const names = (typeof given === 'string' ? given.split(/[,:]/) : given).map((name) => name.trim());
  if (names.length === 0 || names.includes('')) throw new OptionError('devices.placement', 'want "module", "hosted", or names of registers.');
  return names;
}
