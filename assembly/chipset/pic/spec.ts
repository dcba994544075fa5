// 8259A Programmable Interrupt Controller, Intel 231468-003: ports and command bits; ELCR from the ICH9 data sheet, 13.4.12.

export const enum PicPort { MASTER = 0x20, SLAVE = 0xa0, ELCR_MASTER = 0x4d0, ELCR_SLAVE = 0x4d1 }
/** Coprocessor error: a write lets FERR# go. ICH9 13.7.3. */
@inline export const COPROC_ERR: u32 = 0xf0;
/** Vectors that PC firmware gives the two chips. */
export const enum FirmwareVector { MASTER = 0x08, SLAVE = 0x70 }
export const enum ICW1 { IC4 = 1, SNGL = 2, LTIM = 8, ICW1 = 0x10 }
export const enum ICW4 { AEOI = 2, SFNM = 0x10 }
export const enum OCW2 { LEVEL = 7, EOI = 0x20, SL = 0x40, R = 0x80 }
export const enum OCW3 { RIS = 1, RR = 2, POLL = 4, OCW3 = 8, SMM = 0x20, ESMM = 0x40 }
/** Inputs that can be level-triggered by ELCR: not the timer, keyboard and cascade; not the RTC and FERR#. */
export const enum ELCR { MASTER_MASK = 0xf8, SLAVE_MASK = 0xde }
