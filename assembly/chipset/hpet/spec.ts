// IA-PC HPET (High Precision Event Timers) Specification, revision 1.0a: offsets and bits.

@inline export const HPET_BASE: u64 = 0xfed0_0000;
export const enum Hpet {
  CAP = 0x00, CONF = 0x10, STATUS = 0x20, MAIN = 0xf0, TIMER = 0x100, TIMER_STRIDE = 0x20, COMPARATOR = 8, FSB = 16,
  BYTES = 0x160,
}
/** Three timers, 64-bit counter, legacy replacement, vendor 8086h, period 10 ns in fs. */
@inline export const CAP_VALUE: u64 = 0x0098_9680_8086_a201;
export const enum Conf { ENABLE = 1, LEGACY = 2 }
export const enum TimerConf {
  LEVEL = 2, ENABLE = 4, PERIODIC = 8, CAN_REPEAT = 0x10, IS_64 = 0x20, SET_VALUE = 0x40, FORCE_32 = 0x100, ROUTE_SHIFT = 9, WRITABLE = 0x3f4e,
}
/** Each timer can go to IOAPIC pins 16-23. */
@inline export const ROUTES: u64 = 0x00ff_0000;
@inline export const TICK_NS: u64 = 10;
