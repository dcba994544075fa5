/**
 * What a device that means harm does, as data (the experiment of isolation): which of the remapping unit's structures is how, what the card then asks for, and which
 * reason the specification gives for refusing it (VT-d 4.1, 7.1.3 and 7.1.4). Everything that is not named is as it should be, and lets the request through.
 */

/** Where the structures lie in the board's memory; the page that the card may have lies between two that it may not. */
export const AT = { ROOT: 0x10000, CONTEXTS: 0x11000, FIRST: 0x12000, SECOND: 0x13000, THIRD: 0x14000, ENTRIES: 0x15000, BEFORE: 0x1f000, PAGE: 0x20000, BEHIND: 0x21000 } as const;
/** A device's address whose walk goes by entries 0, 1 and 145h. */
export const IOVA = 0x345000n;
/** Beyond the board's memory. */
export const NOWHERE = 0xf0000000n;
export const SLOT = 4;
/** The interrupt that the card has, and its entry; and the one that the unit tells faults by. */
export const [CARD_VECTOR, FAULT_VECTOR] = [0x51, 0x41];
export const HANDLE = 3;

const PRESENT = 1n;
const READ_WRITE = 3n;

/** The structures, as numbers. */
export interface Structures {
  rootTable: bigint;
  root: [bigint, bigint];
  context: [bigint, bigint];
  first: bigint;
  second: bigint;
  third: bigint;
  iova: bigint;
  entryTable: bigint;
  entry: [bigint, bigint];
  /** Of the card's interrupt message. */
  message: [address: number, data: number];
}

/** Who the card is: in slot 4 of the board's bus, or behind a root port, bus 1. */
export const requesterOf = (behind: boolean): number => (behind ? 0x100 : SLOT << 3);

/** All of them right, for a unit of 39 bits. */
export function rightStructures(requester: number): Structures {
  const SOURCE_VERIFIED = 1n << 18n;
  return {
    rootTable: BigInt(AT.ROOT), root: [BigInt(AT.CONTEXTS) | PRESENT, 0n], context: [BigInt(AT.FIRST) | PRESENT, 0x101n],
    first: BigInt(AT.SECOND) | READ_WRITE, second: BigInt(AT.THIRD) | READ_WRITE, third: BigInt(AT.PAGE) | READ_WRITE, iova: IOVA,
    entryTable: BigInt(AT.ENTRIES) | 7n, entry: [PRESENT | BigInt(CARD_VECTOR) << 16n, BigInt(requester) | SOURCE_VERIFIED],
    message: [0xfee00010 | HANDLE << 5, 0],
  };
}

/** What can be wrong with them: a row a word of the experiment's file. */
export const WRONGS: Readonly<Record<string, (s: Structures) => Partial<Structures>>> = {
  nothing: () => ({}),
  'no root entry': () => ({ root: [0n, 0n] }),
  'no context entry': () => ({ context: [0n, 0n] }),
  'a width that the unit has not': ({ context }) => ({ context: [context[0], 0x102n] }),
  'a translation type that is none': ({ context }) => ({ context: [context[0] | 12n, context[1]] }),
  'an address beyond the width': () => ({ iova: 1n << 39n }),
  'a page to read alone': ({ third }) => ({ third: third & ~2n }),
  'a page to write alone': ({ third }) => ({ third: third & ~1n }),
  'no page': () => ({ third: 0n }),
  'no table': () => ({ second: 0n }),
  'a directory to read alone': ({ first }) => ({ first: first & ~2n }),
  'a table beyond memory': () => ({ second: NOWHERE | READ_WRITE }),
  'a table among the interrupt controllers': () => ({ second: 0xfee00000n | READ_WRITE }),
  'a root table beyond memory': () => ({ rootTable: NOWHERE }),
  'a context table beyond memory': () => ({ root: [NOWHERE | PRESENT, 0n] }),
  'reserved bits of a root entry': ({ root }) => ({ root: [root[0], 1n] }),
  'reserved bits of a context entry': ({ context }) => ({ context: [context[0], context[1] | 1n << 30n] }),
  'reserved bits of a page': ({ third }) => ({ third: third | 1n << 62n }),
  'the page beside': () => ({ iova: IOVA + 0x1000n }),
  'an index beyond the table': () => ({ message: [0xfee00010 | 0x1ff << 5, 0] }),
  'no interrupt entry': () => ({ entry: [0n, 0n] }),
  'an interrupt table beyond memory': () => ({ entryTable: NOWHERE | 7n }),
  'reserved bits of an interrupt entry': ({ entry }) => ({ entry: [entry[0] | 1n << 24n, entry[1]] }),
  'a message of the old format': () => ({ message: [0xfee00000, CARD_VECTOR] }),
  'another\'s interrupt entry': ({ entry }) => ({ entry: [entry[0], entry[1] + 8n] }),
};

export const WAYS = ['read', 'write', 'interrupt'] as const;

export interface Attack {
  name: string;
  way: (typeof WAYS)[number];
  /** A word of WRONGS. */
  wrong: string;
  /** The reason of the specification; none: it has to go through. */
  reason?: number;
  /** The card is behind a root port. */
  behind?: boolean;
}
