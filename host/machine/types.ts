/**
 * The public types, all in one place, by what they are of. Sizes are in bytes, addresses and 64-bit registers are bigints, virtual time is in
 * nanoseconds, and an "instruction" is a tick of the machine's clock: one instruction or one iteration of a REP.
 */

export type { BootOrder } from '../boot/boot-order.js';
export type { ByteStream, TerminalStream } from '../bytes/streams.js';
export type { Bytes } from '../bytes/view.js';
export type { Counter } from '../rings/counter.js';
export type { DriveOptions } from '../disk/options.js';
export type { MouseMove } from '../screen/input.js';
export type { ShareOptions } from '../share/options.js';
export type { LabChanges } from '../net/lab.js';
export type { ProgramFile } from './programs.js';
export type { SymbolLine } from './symbols.js';
export type * from './types/sources.js';
export type * from './types/cards.js';
export type * from './types/options.js';
export type * from './types/registers.js';
export type * from './types/stats.js';
export type * from './types/commands.js';
export type * from './types/machine.js';
export type * from './types/wires.js';
