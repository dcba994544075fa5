/** A counter with its name and unit, the machine's and the host's alike. */
export interface Counter {
  name: string;
  unit: string;
  value: bigint;
  /** Whose count it is. `machine`: state, the same in each run. `emulator`: how it went about it. Else the card (`e1000-0`), the disk or the backend that counts; its card's count is the machine's. */
  owner?: string;
  /** The boundary that a count crosses (docs/design.md, 7), where it crosses one. */
  crossing?: 'B0' | 'B1' | 'B2' | 'B3' | 'B4';
  /** The card's queue, where it counts one's. */
  queue?: number;
}
