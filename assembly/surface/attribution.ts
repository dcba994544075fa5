// What module and host share of attribution (assembly/profile). Valid in both languages.

/** Tables that the host writes, and the nodes, which it reads. */
export const enum AttributionTable { SYMBOLS, MARKS, NODES }

/** In what takeMark gives, beside the mark's number plus one: it is left. */
export const enum MarkBit { END = 0x100 }

/** Limits. */
export const enum AttributionLimit { SYMBOLS = 262144, MARKS = 64 }

/** A node's words, by offset in bytes. */
export const enum NodeAt {
  PARENT = 0, ADDRESS = 8, SPACE = 16, CPL = 24, CALLS = 32, INSTRUCTIONS = 40, LOADS = 48, STORES = 56, ACCESSES = 64, CROSSINGS = 72,
  BYTES = 80,
}
