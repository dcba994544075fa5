// PC16550D UART, National Semiconductor TL/C/8652: register offsets and bits.

export const enum UartRegister { RBR = 0, THR = 0, DLL = 0, IER = 1, DLM = 1, IIR = 2, FCR = 2, LCR = 3, MCR = 4, LSR = 5, MSR = 6, SCR = 7 }
export const enum IER { RDA = 1, THRE = 2, RLS = 4, MS = 8 }
export const enum IIR { NONE = 1, MS = 0, THRE = 2, RDA = 4, RLS = 6, TIMEOUT = 12, FIFOS = 0xc0 }
export const enum FCR { ENABLE = 1, CLEAR_RX = 2, CLEAR_TX = 4, TRIGGER_SHIFT = 6 }
export const enum LCR { LENGTH = 3, STOP = 4, PARITY = 8, BREAK = 0x40, DLAB = 0x80 }
export const enum MCR { DTR = 1, RTS = 2, OUT1 = 4, OUT2 = 8, LOOP = 16 }
export const enum LSR { DR = 1, OE = 2, PE = 4, FE = 8, BI = 16, THRE = 32, TEMT = 64, ERRORS = 0x1e }
export const enum MSR { DCTS = 1, DDSR = 2, TERI = 4, DDCD = 8, CTS = 16, DSR = 32, RI = 64, DCD = 128 }
@inline export const FIFO_BYTES: u32 = 16;
