/** What is written into a fresh machine before it starts: made by boot-plan.ts, which is loaded only for machines that boot. */

import type { Segment } from '../boot/plan.js';
import type { BootOrder } from '../boot/boot-order.js';
import type { RegisterWrites } from './cpu-layout.js';

export interface MachinePlan {
  segments: Segment[];
  registers: RegisterWrites;
  /** What was found and done, for people who want to know. */
  notes: string[];
  /** The machine starts as firmware leaves it: MTRRs, interrupt routing. */
  firmware: boolean;
  /** A ROM that starts the machine. */
  rom?: Uint8Array;
  /** What drives the screen: a video BIOS, of which a boot without firmware has the font. */
  videoRom?: Uint8Array;
  /** What that ROM boots from. */
  boot?: BootOrder;
  /** The guest answers on its control port. */
  agent: boolean;
}

/** Of a machine that boots nothing. */
export const NO_PLAN: MachinePlan = { segments: [], registers: {}, notes: [], firmware: false, agent: false };
