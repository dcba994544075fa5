// What module and host share of attribution (assembly/profile). Valid in both languages.

/** Tables that the host writes; the nodes, which it reads; and the page of a program's code that it is asked for (CodeAt). */
export const enum AttributionTable { SYMBOLS, MARKS, NODES, PROGRAM_SYMBOLS, CODE }

/** In what takeMark gives, beside the mark's number plus one: it is left; and in its place: the host is to say which file a page of code is of. */
export const enum MarkBit { END = 0x100, CODE = 0x200 }

/** Limits. */
export const enum AttributionLimit { SYMBOLS = 262144, MARKS = 64, PROGRAMS = 4096, PROGRAM_SYMBOLS = 524288 }

/**
 * A page of a program's code, by offset in bytes. The module gives the address space, the linear address and where the page's bytes lie in its memory; the host the rest: the
 * linear address less the file's own (8 bytes), the program's number (0: none) and its symbols, first and count.
 */
export const enum CodeAt { SPACE = 0, PAGE = 8, BIAS = 16, FRAME = 24, PROGRAM = 28, FIRST = 32, COUNT = 36, BYTES = 40 }

/** In a program's symbol: from here on no symbol says what the code is of. */
export const enum ProgramSymbol { GAP_BIT = 63 }

/**
 * The address of a function in a node. Of a program whose file is known: the file's own address, with the program's number from this bit on; user code's linear addresses have
 * none of these, the kernel's all.
 */
export const enum FunctionBit { PROGRAM = 48 }

/** A node's words, by offset in bytes. */
export const enum NodeAt {
  PARENT = 0, ADDRESS = 8, SPACE = 16, CPL = 24, CALLS = 32, INSTRUCTIONS = 40, LOADS = 48, STORES = 56, ACCESSES = 64, CROSSINGS = 72,
  BYTES = 80,
}
