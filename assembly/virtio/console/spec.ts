// The console device. Virtio 1.2, 5.3.

export const enum ConsoleFeature { SIZE = 0, MULTIPORT = 1, EMERG_WRITE = 2 }
/** 5.3.4. */
export const enum ConsoleConfig { COLS = 0, ROWS = 2, MAX_NR_PORTS = 4, EMERG_WR = 8, BYTES = 12 }
/** 5.3.2: those of port 0, then control; port N > 0 has the pair from 2 + 2N on. */
export const enum ConsoleQueue { RECEIVE, TRANSMIT, CONTROL_RECEIVE, CONTROL_TRANSMIT }
/** 5.3.6.2: virtio_console_control and its events. */
export const enum Control { ID = 0, EVENT = 4, VALUE = 6, BYTES = 8 }
export const enum ControlEvent { DEVICE_READY, DEVICE_ADD, DEVICE_REMOVE, PORT_READY, CONSOLE_PORT, RESIZE, PORT_OPEN, PORT_NAME }
