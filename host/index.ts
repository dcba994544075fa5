/** Pintail: a full-system x86-64 machine in one WebAssembly module. docs/embedding.md shows how to use this. */

export { ImageError } from './boot/errors.js';
export { GuestError, NoPackageClient } from './guest/errors.js';
export { createMachine } from './machine/create.js';
export { ConnectError, MachineError, MemoryError, OptionError, SnapshotError } from './machine/errors.js';
export type * from './machine/types.js';
export type { Disk } from './disk/disk.js';
export { findHub, type Hub } from './net/hub.js';
export type { FrameSink, NetBackend, Offload, OffloadSupport } from './net/backend.js';
