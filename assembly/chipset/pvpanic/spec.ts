// pvpanic, as QEMU's docs/specs/pvpanic.txt describes its ISA interface: one port, read for the events that are known, written when one happens.

export const enum PanicEvent {
  /** The guest has panicked; the host is to act. */
  PANICKED = 1,
  /** It has, and deals with it itself (a crash kernel): not offered, for it would be only recorded. */
  CRASH_LOADED = 2,
}
