// Keyboard controller of the IBM PS/2 (8042), keyboard and mouse as its Technical Reference describes them.

export const enum KbcPort { DATA = 0x60, COMMAND = 0x64, SYSTEM_A = 0x92 }
export const enum KbcStatus { OBF = 1, IBF = 2, SYSTEM = 4, COMMAND = 8, UNLOCKED = 0x10, AUX = 0x20 }
export const enum Command {
  READ_CTR = 0x20, WRITE_CTR = 0x60, DISABLE_AUX = 0xa7, ENABLE_AUX = 0xa8, TEST_AUX = 0xa9, SELF_TEST = 0xaa, TEST_KBD = 0xab,
  DISABLE_KBD = 0xad, ENABLE_KBD = 0xae, READ_INPUT = 0xc0, READ_OUTPUT = 0xd0, WRITE_OUTPUT = 0xd1, LOOP_KBD = 0xd2, LOOP_AUX = 0xd3,
  WRITE_AUX = 0xd4, DISABLE_A20 = 0xdd, ENABLE_A20 = 0xdf, PULSE = 0xf0,
}
/** Command byte. */
export const enum Ctr { KBD_IRQ = 1, AUX_IRQ = 2, SYSTEM = 4, KBD_OFF = 0x10, AUX_OFF = 0x20, TRANSLATE = 0x40 }
export const enum Output { NOT_RESET = 1, A20 = 2, KBD_FULL = 0x10, AUX_FULL = 0x20 }
/** Keys' codes: before new keys, before the release in sets 2 and 3, the release in set 1; numbers of keys that are sequences, and of the control keys. */
export const enum Scan {
  NEW = 0xe0, BREAK = 0xf0, RELEASED = 0x80, EXTENDED = 0x80,
  PRINT = 0xb7, PAUSE = 0xc6, LEFT_CONTROL = 0x1d, RIGHT_CONTROL = 0x9d,
}
/** The first byte of a mouse's packet; buttons left, right and middle are its lowest bits. */
export const enum Packet { ALWAYS = 8, X_NEGATIVE = 0x10, Y_NEGATIVE = 0x20, BUTTONS = 7 }
/** What both devices understand, and what they answer. */
export const enum Ps2 {
  SET_SCALE_1 = 0xe6, SET_SCALE_2 = 0xe7, SET_RESOLUTION = 0xe8, STATUS = 0xe9, SET_LEDS = 0xed, ECHO = 0xee, SET_STREAM = 0xea, RESET_WRAP = 0xec, SET_WRAP = 0xee, SET_REMOTE = 0xf0,
  READ_DATA = 0xeb, SCAN_SET = 0xf0, IDENTIFY = 0xf2, SET_RATE = 0xf3, ENABLE = 0xf4, DISABLE = 0xf5, DEFAULTS = 0xf6, RESET = 0xff,
  ACK = 0xfa, PASSED = 0xaa, RESEND = 0xfe,
}
