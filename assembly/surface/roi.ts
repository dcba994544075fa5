// Ports by which a guest says what is to be measured (docs/measuring.md). Nobody else's hardware: the numbers are ours. Valid in both languages.

export const enum Roi {
  /** Twelve ports, none of a PC's. */
  FIRST_PORT = 0x5e0,
  PORTS = 12,
  /** "ROI1", first letter lowest: so a guest knows that the ports are there. */
  SIGNATURE = 0x31494f52,
  NAME_BYTES = 48,
}
export const enum RoiPort {
  /** Any width: a RoiCommand is written, the signature is read. */
  COMMAND = 0,
  /** A dword that goes with the next command. */
  TAG = 4,
  /** Bytes of the next command's name, one after the other; 0 begins anew. */
  NAME = 8,
}
export const enum RoiCommand { NONE, BEGIN, END, MARK }
