// Which timers there are. The board's have fixed ids, which are also the order of ties; cards take theirs at attach, in the order of
// the machine's list, so that a machine with the same cards has the same timers after a snapshot.

import { MAX_TIMERS, TIMER_IDS } from "./layout";

export const enum Timer {
  PIT, RTC_PERIODIC, RTC_UPDATE, LAPIC, HPET0, HPET1, HPET2, PM, UART0, UART1, UART2, UART3,
  /** The peers inside the module (lab/). */
  LAB,
  FW_CFG,
  /** The first that is handed out. */
  FIRST_TAKEN = 16,
}
@unmanaged class Ids { taken: u32; }
@inline const ids = changetype<Ids>(TIMER_IDS);

/** Nothing is handed out; before cards are attached. */
export function clearTimerIds(): void { ids.taken = 0; }

/** Hands out `n` ids in a row; the first. There are more than sixteen cards of the neediest model take. */
export function takeTimers(n: u32): u32 {
  const first = min<u32>(Timer.FIRST_TAKEN + ids.taken, MAX_TIMERS - n);
  ids.taken += n;
  return first;
}
