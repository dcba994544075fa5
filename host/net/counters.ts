/** Named counters with units, shaped as the machine's own, so that one report prints both. */

import type { Counter } from '../rings/counter.js';

/** Calls of the system: `system.connects`, and of a stream its reads and writes. */
const isCall = (name: string): boolean => name.startsWith('system.') || name === 'reads' || name === 'writes';

/** A fixed set of counters, each declared with its unit. */
export class CounterSet<Name extends string> {
  private readonly values = new Map<Name, number>();

  constructor(
    private readonly prefix: string,
    private readonly units: Readonly<Record<Name, string>>,
  ) {}

  add(name: Name, count = 1): void {
    this.values.set(name, (this.values.get(name) ?? 0) + count);
  }

  get(name: Name): number {
    return this.values.get(name) ?? 0;
  }

  list(): Counter[] {
    return (Object.keys(this.units) as Name[]).map((name) => ({
      name: `${this.prefix}.${name}`,
      unit: this.units[name],
      value: BigInt(this.get(name)),
      owner: this.prefix,
      ...(isCall(name) ? { crossing: 'B4' as const } : {}),
    }));
  }
}
