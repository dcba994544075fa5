// What is said of a counter beside its name and unit, for the module and the host. docs/counters.md explains the words.

/** The boundary that one count crosses (docs/design.md, section 7). */
export const enum Crossing { NONE, B0, B1, B2, B3, B4 }

/** The first counter of a bus handler: handler h, from 1, has this and 2h more, and the one behind it. */
export const enum CounterId { FIRST_DEVICE = 64 }

/** Whose count it is: state of the machine, the emulator's way of going about it, or a card's (which is the machine's, too). */
export const enum Owner { MACHINE, EMULATOR, CARD }

/** How counterAbout packs them: | crossing 0-3 | owner 4-7 | the card's number 8-15 | queue + 1, 0 for none, 16-23 | */
export const enum About { OWNER = 4, NUMBER = 8, QUEUE = 16, CROSSING = 15 }
