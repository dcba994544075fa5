/** What `-netdev lab` asks for: the peer itself is in the module (assembly/lab/lab.ts). */

import { LabMode } from '../../assembly/surface/rings.js';

/** Modes by their names. */
export const LAB_MODES = { source: LabMode.SOURCE, sink: LabMode.SINK, echo: LabMode.ECHO } as const;

export interface LabOptions {
  mode: keyof typeof LAB_MODES;
  /** Bytes of a source's frames without FCS, 60 to 9014. */
  size: number;
  /** Frames a second. */
  rate: number;
  /** Frames at once. */
  burst: number;
  /** Frames in all; 0: without end. */
  count: number;
  /** 1000 bits a second each way; 0: frames take no time. */
  kbits: number;
  /** Bytes between the card and a line with a speed: a frame is completed when it is in there; with 0 when its last bit has gone. */
  fifo: number;
  /** A source begins when a driver listens, or at the guest's mark with its port's number and one, and ends at the next. */
  start: 'listen' | 'mark';
}

/** As much as an 82540EM sends from, by default. */
export const FIFO_BYTES = 16384;

/** `1G`, `2.5G`, `100M` or bits a second, as 1000 bits a second; undefined for what is none. */
export function parseSpeed(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)([kMG]?)$/.exec(text);
  if (!match) return undefined;
  const kbits = Number(match[1]) * { '': 0.001, k: 1, M: 1000, G: 1e6 }[match[2] as '' | 'k' | 'M' | 'G'];
  return (kbits === 0 || kbits >= 1) && kbits < 2 ** 32 ? Math.round(kbits) : undefined;
}
