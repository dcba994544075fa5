/** What readers of a command line share: what was given, faults, and notes on what is taken differently than QEMU takes it. */

import type { Given, Parsed } from './arguments.js';
import type { Faults } from './faults.js';

export interface Reading {
  parsed: Parsed;
  faults: Faults;
  /** Told on standard error before the machine starts. */
  notes: string[];
}

/** Reads an option's value, once for the last of them; faults are kept. */
export function readOption<T>({ parsed, faults }: Reading, name: string, read: (given: Given) => T): T | undefined {
  const given = parsed.given(name);
  return given === undefined ? undefined : faults.attempt(() => read(given));
}

/** The same for each of them. */
export function readEach<T>({ parsed, faults }: Reading, name: string, read: (given: Given) => T): T[] {
  return parsed.all(name).flatMap((given) => {
    const value = faults.attempt(() => read(given));
    return value === undefined ? [] : [value];
  });
}
