// What looks at a ring and writes to it give; both formats and their users know these.

/** A look: no chain waits, one was taken, or the driver broke a rule. */
export const enum Take { NONE, CHAIN, BROKEN }
/** Answers shown: memory refused, nobody is to be interrupted, or somebody is. */
export const enum Shown { REFUSED, QUIET, SIGNAL }
