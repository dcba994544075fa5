/** How the counters of a card are named, a row a model: docs/counters.md has what they mean. */

import { MeasureError } from './errors.js';
import type { CardModel, Direction } from './variant.js';

export interface CardRow {
  /** The kernel module that drives it. */
  driver: string;
  /** Parameters of the module are lists, one value a card. */
  listed: boolean;
  /** What the names of a card's counters begin with; cards of a model are numbered from 0. */
  prefix: (number: number) => string;
  /** Counters that add up to a figure, by direction, without the prefix. */
  descriptors: Record<Direction, readonly string[]>;
  bytes: Record<Direction, readonly string[]>;
  doorbells: Record<Direction, readonly string[]>;
  interrupts: readonly string[];
  /** Registers that are counted apart from the tables: the name of the counter, the register's, and whether it is read or written. */
  registers: readonly { counter: string; name: string; access: 'r' | 'w' }[];
}

const both = <T>(value: T): Record<Direction, T> => ({ tx: value, rx: value });

const CARDS: Readonly<Partial<Record<CardModel, CardRow>>> = {
  'virtio-net': {
    driver: 'virtio_net',
    listed: false,
    prefix: (number) => `virtio-net${number} `,
    descriptors: { tx: ['q1 descriptors read'], rx: ['q0 descriptors read'] },
    bytes: { tx: ['q1 bytes copied in'], rx: ['q0 bytes copied out'] },
    doorbells: { tx: ['q1 doorbells'], rx: ['q0 doorbells'] },
    interrupts: ['q0 interrupts delivered', 'q1 interrupts delivered'],
    // A doorbell is a write of the queue's notification register.
    registers: [{ counter: 'q0 doorbells', name: 'notify 0', access: 'w' }, { counter: 'q1 doorbells', name: 'notify 1', access: 'w' }],
  },
  e1000: {
    driver: 'e1000',
    listed: true,
    prefix: (number) => `e1000-${number} `,
    descriptors: { tx: ['q1 descriptors read'], rx: ['q0 descriptors read'] },
    bytes: { tx: ['q1 bytes copied'], rx: ['q0 bytes copied'] },
    doorbells: { tx: ['q1 doorbells'], rx: ['q0 doorbells'] },
    interrupts: ['interrupts delivered'],
    registers: [],
  },
  pcnet: {
    driver: 'pcnet32',
    listed: true,
    prefix: (number) => `pcnet${number} `,
    descriptors: { tx: ['transmit descriptors used'], rx: ['receive descriptors used'] },
    bytes: { tx: ['q1 bytes copied'], rx: ['q0 bytes copied'] },
    doorbells: both(['doorbells']),
    interrupts: ['interrupts delivered'],
    registers: [{ counter: 'address PROM accesses', name: 'APROM', access: 'r' }],
  },
};

/** The row of a network card. */
export function cardRow(model: CardModel): CardRow {
  const row = CARDS[model];
  if (row === undefined) throw new MeasureError(model, 'nothing is known of how its counters are named.');
  return row;
}
