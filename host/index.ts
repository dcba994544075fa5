/** Pintail: a full-system x86-64 machine in one WebAssembly module. docs/embedding.md shows how to use this. */

export { ImageError } from './boot/errors.js';
export { GuestError, NoPackageClient } from './guest/errors.js';
export type { TransferProgress } from './guest/by-address.js';
export { createMachine } from './machine/create.js';
export { ConnectError, GuestFileError, MachineError, MemoryError, OptionError, SnapshotError } from './machine/errors.js';
export { createSharedClock } from './machine/shared-clock.js';
export type * from './machine/types.js';
export { CommandError } from './guest/protocol.js';
export { DiskError } from './disk/errors.js';
export type { Disk } from './disk/disk.js';
export { SECTOR_BYTES } from './disk/sector.js';
export { MemoryFolder, type MemoryFolderOptions } from './share/memory.js';
export { Errno, Kind, TreeError } from './share/tree.js';
export type { SharedTree, TreeChanges, TreeFile, TreeOpening, TreePath, TreeSpace, TreeStat } from './share/tree.js';
export { findHub, type Hub } from './net/hub.js';
export { ALL_SUPPORT, GsoType, MAX_FRAME, NO_OFFLOAD, NO_SUPPORT, OffloadFlag, type FrameSink, type NetBackend, type Offload, type OffloadSupport } from './net/backend.js';
export type { Counter as NetCounter } from './rings/counter.js';
