/** Numbers of options, checked. */

import { OptionError } from './errors.js';

/** A whole number of a card's option `name`. */
export function inRange(name: string, value: number, first: number, last: number): number {
  if (Number.isInteger(value) && value >= first && value <= last) return value;
  throw new OptionError(`devices.${name}`, `${value} is not a whole number from ${first} to ${last}.`);
}
