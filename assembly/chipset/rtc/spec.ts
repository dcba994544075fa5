// Motorola MC146818A real-time clock with the PC's century byte; bank of 256 bytes as in ICH9 (316972), 13.6.

export const enum RtcPort { INDEX = 0x70 }
export const enum Rtc {
  SECONDS = 0, SECONDS_ALARM = 1, MINUTES = 2, MINUTES_ALARM = 3, HOURS = 4, HOURS_ALARM = 5, WEEKDAY = 6, DAY = 7, MONTH = 8,
  YEAR = 9, A = 10, B = 11, C = 12, D = 13, CENTURY = 0x32,
}
export const enum RtcA { UIP = 0x80, RATE = 0x0f, RESET = 0x26, HELD = 0x60 }
export const enum RtcB { HOURS24 = 2, BINARY = 4, UIE = 0x10, AIE = 0x20, PIE = 0x40, SET = 0x80 }
export const enum RtcC { UF = 0x10, AF = 0x20, PF = 0x40, IRQF = 0x80 }
export const enum RtcD { VALID = 0x80 }
/** UIP is up this long before the second turns. */
@inline export const UPDATE_NS: u64 = 244_140;
@inline export const RTC_HZ: u64 = 32_768;
