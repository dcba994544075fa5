/** A counter with its name and unit, the machine's and the host's alike. */
export interface Counter {
  name: string;
  unit: string;
  value: bigint;
}
