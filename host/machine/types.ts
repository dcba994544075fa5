/// <reference lib="esnext.disposable" />
/**
 * The public types, all in one place. Sizes are in bytes, addresses and 64-bit registers are bigints, virtual time is in
 * nanoseconds, and an "instruction" is a tick of the machine's clock: one instruction or one iteration of a REP.
 */

import type { ByteStream, TerminalStream } from '../bytes/streams.js';
import type { Bytes } from '../bytes/view.js';
import type { BootOrder } from '../boot/boot-order.js';
import type { DriveOptions } from '../disk/options.js';
import type { ShareOptions } from '../share/options.js';
import type { TransferProgress } from '../guest/by-address.js';
import type { NetBackend } from '../net/backend.js';
import type { MouseMove } from '../screen/input.js';
import type { Counter } from '../rings/counter.js';
import type { SymbolLine } from './symbols.js';

export type { SymbolLine };
export type { MouseMove, BootOrder, Bytes, ByteStream, Counter, DriveOptions, ShareOptions, TerminalStream };

/** Which clock the machine lives by. See docs/embedding.md. */
export type ClockMode = 'icount' | 'realtime';

/** A file given by path (in a page: by address, relative to the page), by URL (`file:`, `http:`, `https:`, `data:`, `blob:`), or by content. */
export type FileSource = string | URL | Blob | Bytes;

/**
 * What a command reads. Chunks that come as they come (not with `worker`) make the run depend on when they come; while the
 * command waits for the next one, idle time follows the wall.
 */
export type InputSource = string | Bytes | AsyncIterable<Uint8Array>;

/** How a bare machine starts: the processor's mode, with flat segments and, for `long64`, an identity map of the low 4 GiB. */
export type BareMode = 'real16' | 'protected32' | 'long64';

/** A machine without a kernel: bytes put at an address, and a processor that starts there. */
export interface BareOptions {
  code: Bytes;
  /** Guest-physical address of the first byte, below 4 GiB. Default 0x10000 (0x7c00 in `real16`). */
  at?: number;
  /** Address of the first instruction; default `at`. */
  entry?: number;
  /** Default `long64`. */
  mode?: BareMode;
}

/** A card on the PCI bus. Options have QEMU's names and meanings. */
export interface DeviceOptions {
  model: 'virtio-net' | 'virtio-net-pci' | 'virtio-rng' | 'virtio-rng-pci' | 'virtio-blk' | 'virtio-blk-pci' | 'virtio-serial' | 'virtio-serial-pci' | 'virtio-9p' | 'virtio-9p-pci' | 'e1000' | 'pcnet' | 'edu' | 'intel-iommu' | 'VGA' | 'ich9-ahci' | 'ahci' | 'piix3-ide' | 'ide-hd' | 'ide-cd' | 'isa-fdc' | 'floppy';
  /** The `id` of the netdev it is connected to; without one, frames go nowhere. */
  netdev?: string;
  /** Default 52:54:00:12:34:56 and up. */
  mac?: string;
  /** PCI device number, 1 to 30; default the lowest that is free. */
  slot?: number;
  /** Features not to offer: `{ csum: false, mrg_rxbuf: false }`. */
  features?: Readonly<Record<string, boolean>>;
  /** The largest packet the driver should send (`host_mtu`). */
  mtu?: number;
  /** Without the legacy interface (`disable-legacy=on`). */
  modernOnly?: boolean;
  /** A virtio card without the modern interface (`disable-modern=on`). */
  legacyOnly?: boolean;
  /** MSI-X vectors, 0 for none. Default 4, of a network card with several queues two more than all of them. */
  vectors?: number;
  /** What a virtio network card reports: Mb/s and duplex. Default unknown. */
  speed?: number;
  duplex?: 'half' | 'full';
  /** The `id` of a disk's drive. */
  drive?: string;
  /** Where a drive on a controller is: `ide.0` to `ide.5` of the board's own AHCI, `ID.N` of the controller with that `id`; its unit there. Default the lowest free port. */
  bus?: string;
  unit?: number;
  /** A controller's name, for `bus`. */
  id?: string;
  /** The `id` of the share that a virtio-9p card has, and the name the guest mounts it by (`mount_tag`), up to 63 bytes. */
  share?: string;
  tag?: string;
  /** A disk's serial number, up to 20 bytes. */
  serial?: string;
  /** A disk's request queues (`num-queues`), default 1; pairs of queues of a virtio network card with the feature `mq`, default 2. 1 to 8. */
  queues?: number;
  /** Whether the guest is told of a write cache (`write-cache`); default by the drive's `cache`. */
  writeCache?: boolean;
  /** A disk's block sizes in bytes, 512 to 4096 and the logical one to 65536 (`logical_block_size`, `physical_block_size`). Default 512. */
  logicalBlockBytes?: number;
  physicalBlockBytes?: number;
  /** A console card's ports (`virtconsole`, `virtserialport`), at most 8 in a machine, and how many there may be (`max_ports`). */
  ports?: readonly PortOptions[];
  maxPorts?: number;
  /** A random source gives at most so many bytes (`max-bytes`) in so many ms of virtual time (`period`, default 65536). */
  maxBytes?: number;
  periodMs?: number;
  /** Bits of an address that an edu card reaches (`dma_mask`); default the lowest 28. */
  dmaMask?: number | bigint;
  /** A remapping unit (`intel-iommu`, one in a machine): whether it remaps interrupts, default true, and with x2APIC destinations (`eim`), default as `intremap`. */
  intremap?: boolean;
  eim?: boolean;
  /** It keeps what is not present, too (`caching-mode`), default false; bits of its addresses (`aw-bits`), 39, 48 or 57, default 39. */
  cachingMode?: boolean;
  addressBits?: number;
  /** Capabilities that it says it has: `snoop-control`, default false; `dma-drain` and `pt`, default true. */
  snoopControl?: boolean;
  dmaDrain?: boolean;
  passThrough?: boolean;
  /** The geometry of its caches, those of no product: IOTLB entries, powers of two up to 1024, default 256, in ways up to 16, default 4; tables of walks it keeps, up to 32, default 16. */
  iotlbEntries?: number;
  iotlbWays?: number;
  tableEntries?: number;
  /** The video BIOS of a VGA (`romfile`), '' for none. Default SeaBIOS's, which is fetched once; a page has none of its own. */
  romfile?: FileSource;
}

/** A port of a console card. */
export interface PortOptions {
  /** The `id` of a chardev; without one nobody is at the other end. */
  chardev?: string;
  /** What the guest knows it by: `/dev/virtio-ports/NAME`. */
  name?: string;
  /** A console (`/dev/hvc0`) and no plain port. */
  console?: boolean;
  /** Default the lowest that is free, from 0 for consoles and from 1 for others. */
  number?: number;
}

/**
 * What a port is connected to: the text of a `-chardev` option, as `socket,id=c0,path=/tmp/s,server=on,wait=off` (docs/consoles.md), or
 * one end of a stream of the program's own (not with `worker`).
 */
export type ChardevOptions = string | { id: string; stream: TerminalStream };

/**
 * What network cards are connected to: the text of a `-netdev` option, as `user,id=n0,loopback=on` (host/net/netdev.ts), or a
 * backend of the program's own (not with `worker`).
 */
export type NetdevOptions = string | { id: string; backend: NetBackend };

export type CpuVendor = 'amd' | 'intel';

/** Whose processor it is, what of it a guest is not to see, and what it sees only when asked. Names and meanings are QEMU's. */
export interface CpuOptions {
  /** Decides CPUID, model-specific registers and behaviour where the two differ (docs/design.md, section 4). Default `amd`. */
  vendor?: CpuVendor;
  /** KVM's CPUID leaves, by which kernels take its clock and no longer probe timers. Default true, as the two below. */
  kvm?: boolean;
  /** The clock among them. */
  kvmclock?: boolean;
  x2apic?: boolean;
  /** ADCX and ADOX, with their bit of CPUID. Default false: kernels choose their code by what they see. */
  adx?: boolean;
}

/** What ends a run even though the guest would go on. */
export interface Limits {
  /** Instructions retired since the machine was created. The stop is exact: not one more is run. */
  instructions?: number | bigint;
  /** Wall time in ms of one run: of `run()`, of `runUntilHalt()`, or of what `exec()` and its kin run the machine for, which then reject. */
  wallMs?: number;
  /** The most guest memory that `memoryMiB` or a snapshot may ask for. */
  memoryMiB?: number;
}

/** What is put into a prepared guest's initramfs: a file or folder by path, or a file by its content. */
export type AddedFile =
  | {
      /** Path on this machine. */
      host: string;
      /** Absolute path in the guest; with a slash at its end, a folder that it goes into. Default `/`. */
      guest?: string;
    }
  | {
      content: string | Bytes;
      /** Absolute path in the guest. */
      guest: string;
      /** Permission bits; default 0o644. */
      mode?: number;
    };

/** A file for a multiboot kernel, with the text that it finds beside it; default the file's path. */
export interface ModuleSource {
  file: FileSource;
  text?: string;
}

/**
 * Ways into a kernel: PVH, Linux's 64-bit, 32-bit and 16-bit (real-mode) boot protocols, multiboot 1. `real16` finds BIOS
 * services that are as much as Linux's setup code needs.
 */
export type KernelEntry = 'pvh' | 'linux64' | 'linux32' | 'real16' | 'multiboot';

/** What machine to make. Give at most one of `kernel`, `guest`, `bare`, `bios` and `snapshot`; with none, the RAM is empty and the machine is paused. */
export interface MachineOptions {
  /** Guest RAM in MiB, 1 to 3072. Default 256, or what the snapshot says, or what a guest in a folder needs where that is more. */
  memoryMiB?: number;
  /** A bzImage or ELF kernel, entered by PVH where it can be. */
  kernel?: FileSource;
  /** Initial RAM disk for `kernel`. */
  initrd?: FileSource;
  /** How the kernel is entered; default the first it has of `pvh`, `multiboot`, `linux64`, `linux32`. */
  entry?: KernelEntry;
  /** Files for a multiboot kernel, after `initrd`. */
  modules?: readonly ModuleSource[];
  /** Kernel command line; for a prepared guest it is added to the guest's own. */
  append?: string;
  /** A prepared guest: `amd64`, `i386`, `builtin`, or a folder that `pintail guest build` wrote, by path or by its address on any web server. */
  guest?: string | URL;
  /** Files put into the prepared guest's initramfs. */
  add?: readonly AddedFile[];
  /** The prepared guest answers `exec()` instead of giving a shell on its console. Default false. */
  agent?: boolean;
  /** Builds of prepared guests are kept here; default the user's cache folder. */
  cacheDir?: string;
  /** A command that the prepared guest runs instead of a shell, and powers off. `commandResult()` gives what it wrote. */
  command?: readonly string[];
  /** Standard input of `command`; default none. */
  stdin?: InputSource;
  /** Called with what `command` writes, as it comes; then `commandResult()` does not have it. A promise is waited for, as with listeners. */
  onCommandOutput?: (stream: 'stdout' | 'stderr', bytes: Uint8Array) => unknown;
  /** A ROM image that starts the machine, such as SeaBIOS: it ends at 4 GiB, and its last 128 KiB at 1 MiB. A multiple of 64 KiB, at most 1 MiB. */
  bios?: FileSource;
  /** What `bios` boots from (SeaBIOS): `{ order: 'dc' }`, letters as QEMU has them. Default `cad` where a drive is on a controller. */
  boot?: BootOrder;
  bare?: BareOptions;
  /** Of a machine from a snapshot it is what it was. */
  cpu?: CpuOptions;
  /** Port of the debug console; default 0xe9. What it writes comes as serial port 4. */
  debugConsolePort?: number;
  /** Ports whose writes end the machine with status `value << 1 | 1`; default four at 0x501. */
  debugExit?: { port: number; bytes: number };
  /** QEMU's pc-testdev is on the bus, which test kernels for x86 drive interrupt lines with. */
  testDevice?: boolean;
  /** Cards, in the order of their slots. Default none. */
  devices?: readonly DeviceOptions[];
  /** What network cards are connected to. */
  netdevs?: readonly NetdevOptions[];
  /** What disks are on. */
  drives?: readonly DriveOptions[];
  /** Folders of virtio-9p cards. */
  shares?: readonly ShareOptions[];
  /** What ports of console cards are connected to. */
  chardevs?: readonly ChardevOptions[];
  /**
   * What `machine.snapshot()` gave, or a file with it (docs/embedding.md). With a kernel, guest, bios or bare it can be reset; without, options that say how a machine
   * starts (`rtc`, `cpu`, `debugExit`, `debugConsolePort`) are refused, since it has started.
   */
  snapshot?: FileSource;
  /**
   * `whole`: all of a snapshot is read and checked before there is a machine. `touched`: pages of RAM come when they are first touched, each
   * checked then; one that is damaged ends the run with a SnapshotError. Default `touched` for an unpacked file by path, else `whole`.
   */
  snapshotPages?: 'whole' | 'touched';
  /** Default `icount`: time is the instruction count, idle time is skipped, and the same inputs give the same run. */
  clock?: ClockMode;
  /**
   * Under `icount`: an instruction takes 2^N ns of virtual time, 0 to 10 as in QEMU's `-icount shift=N`. Default 0, or what the snapshot
   * says. A guest that waits by counting time waits for fewer instructions then.
   */
  icountShift?: number;
  /**
   * Hot code is translated to Wasm. `on`: the engine compiles it beside the run; `sync`: at once, where the run yields; `off`: everything is
   * interpreted. What a guest computes is the same, instruction for instruction. Default `on`; `off` with `onTrace`.
   */
  jit?: JitMode | JitOptions;
  /**
   * Regions of interest say whose their instructions were (`Region.attribution`). While one is open everything is interpreted, at up to three times its
   * time; what the guest does is the same.
   */
  attribute?: boolean;
  /** Names for it, as /proc/kallsyms has them: the kernel's, or those of a bare machine. `setSymbols` gives them later. Implies `attribute`. */
  symbols?: readonly SymbolLine[];
  /** Functions among the symbols that are regions themselves, from their entry to their return; while one is open, no other begins. Implies `attribute`. */
  roi?: readonly string[];
  /**
   * Called with the bytes of a trace file as they come (docs/measuring.md): accesses to registers, transfers, interrupts and what cards count, each with
   * its tick and the instruction. Not with `worker`, nor with `jit`.
   */
  onTrace?: (bytes: Uint8Array) => void;
  /**
   * Seeds RDRAND and everything else that is random in a machine. Default 1. A machine from a snapshot that is given one is another machine than that which
   * was saved: its kernel is told so by the VM generation device, and takes new random numbers.
   */
  seed?: number | bigint;
  /**
   * What the RTC shows at start. Default: now under `realtime` and with a user network, else 2026-01-01 00:00 UTC. A machine from a snapshot
   * shows what it did, unless its date follows the host's or is given here.
   */
  rtc?: Date;
  /**
   * What the date follows: the `host`'s clock, over pauses and when the host was asleep, or the machine's own virtual time (`vm`). Default
   * `host` under `realtime` and with a user network, else `vm`. Virtual time itself never knows of such gaps.
   */
  rtcClock?: 'host' | 'vm';
  limits?: Limits;
  /** Aborting it closes the machine; a pending `run()` is rejected with the signal's reason. */
  signal?: AbortSignal;
  /**
   * Runs the machine in a worker, behind the same interface. Default false on Node and true in a page. Where a bundler does not bring the
   * worker's script along: its path or address (`pintail/worker`).
   */
  worker?: boolean | string | URL;
  /** The module, where it cannot be found beside this file, as in some bundles (`pintail/pintail.wasm`). */
  module?: FileSource;
  /** Told what a long preparation (building a guest) is doing. */
  onProgress?: (message: string) => void;
  /** Told how far the files of a guest by address have come. */
  onTransfer?: (progress: TransferProgress) => void;
}

/** How a snapshot is made. */
export interface SnapshotOptions {
  /** A third of the bytes for ten times the work: for keeping and sending. Default false: larger, and quick to start from. */
  packed?: boolean;
}

/** Why a run ended. */
export type StopReason =
  /** The guest switched the machine off. */
  | 'poweroff'
  /** The guest asked for a reset; `reset()` starts it again. */
  | 'reset'
  /** The guest wrote to the debug exit port; `code` is what the process would exit with. */
  | 'debug-exit'
  /** Triple fault. */
  | 'triple-fault'
  /** The guest's kernel has panicked and said so by pvpanic; `run()` lets it go on. */
  | 'panic'
  /** HLT, and nothing is set up that could wake the processor. */
  | 'halt'
  /** `pause()` was called, or the steps asked for are done. */
  | 'paused'
  /** A limit was reached; `limit` says which. */
  | 'limit';

export interface Stop {
  reason: StopReason;
  /** Exit code of `debug-exit`, else 0. */
  code: number;
  limit?: 'instructions' | 'wallMs';
  /** Instructions retired since the machine was created or last reset. */
  instructions: bigint;
}

export type SegmentName = 'es' | 'cs' | 'ss' | 'ds' | 'fs' | 'gs' | 'ldtr' | 'tr';

export interface SegmentRegister {
  selector: number;
  base: bigint;
  /** Highest valid offset. */
  limit: number;
  /** Bits 8-23 of the descriptor's second word, in their place. */
  attributes: number;
}

export interface TableRegister {
  base: bigint;
  limit: number;
}

/** The general registers, by their names in 64-bit mode. */
export type GeneralName =
  | 'rax' | 'rcx' | 'rdx' | 'rbx' | 'rsp' | 'rbp' | 'rsi' | 'rdi'
  | 'r8' | 'r9' | 'r10' | 'r11' | 'r12' | 'r13' | 'r14' | 'r15';

/** Control registers and the MSRs that belong with them. */
export type ControlName = 'cr0' | 'cr2' | 'cr3' | 'cr4' | 'cr8' | 'xcr0' | 'efer' | 'fsBase' | 'gsBase' | 'kernelGsBase';

/** The architectural registers of a paused machine. */
export interface Registers extends Record<GeneralName, bigint>, Record<ControlName, bigint> {
  rip: bigint;
  rflags: bigint;
  /** 0 to 3. */
  cpl: number;
  segments: Record<SegmentName, SegmentRegister>;
  gdtr: TableRegister;
  idtr: TableRegister;
  /** Sixteen 128-bit values. */
  xmm: bigint[];
  mxcsr: number;
}

/** What a register may be set to: a bigint, or a whole number. Negative ones are taken as two's complement. */
export type RegisterValue = bigint | number;

/**
 * What `setRegisters` takes: any part of the registers. `fsBase` and `gsBase` are those of the segments, and win over them; `cpl` follows
 * from the segments, so that it is taken only together with them.
 */
export interface RegisterChanges extends Partial<Record<GeneralName | ControlName, RegisterValue>> {
  rip?: RegisterValue;
  rflags?: RegisterValue;
  cpl?: number;
  segments?: Partial<Record<SegmentName, Omit<SegmentRegister, 'base'> & { base: RegisterValue }>>;
  gdtr?: { base: RegisterValue; limit: number };
  idtr?: { base: RegisterValue; limit: number };
  xmm?: readonly RegisterValue[];
  mxcsr?: number;
}

/** Whether an address is guest-physical or goes through the guest's page tables as they are now. */
export type AddressSpace = 'physical' | 'linear';

/** Accesses to a device's registers. */
export interface Accesses {
  reads: bigint;
  writes: bigint;
}

/** How often a thing came in which number: `times` for numbers from `from` up to the next bucket's. */
export interface Histogram {
  name: string;
  unit: string;
  buckets: { from: number; times: bigint }[];
}

/** How hot code is translated. */
export type JitMode = 'off' | 'on' | 'sync';

export interface JitOptions {
  mode: JitMode;
  /** Instructions that a block runs in the interpreter before it is translated, 1 to 10^9. Default 1,000,000. */
  threshold?: number;
}

/** What has been translated since the machine was made or reset. */
export interface TranslationStats {
  /** Regions (a loop nest or the like, one Wasm function each) translated; refused by the translator or the engine; dropped because their code changed, or for room. */
  regions: number;
  refused: number;
  stale: number;
  dropped: number;
  /** Bytes of Wasm, and the guest's instructions that it stands for. */
  bytes: number;
  guestInstructions: number;
  /** Times that a region was entered, and that what was left until the next event was too little to enter one. */
  entered: number;
  notEntered: number;
  /** Instructions retired in translated code. */
  ticks: number;
  /** Why regions were left: the guest's fault, an event, something that must be looked at (a device, a store to code), the budget, code outside. */
  exits: Record<'raised' | 'event' | 'look' | 'budget' | 'outside', number>;
  /** Modules handed to the engine, those that it compiles now, those in use, those that it or the process had no room for. */
  modules: number;
  underWay: number;
  liveModules: number;
  refusedModules: number;
  /** Wall ms from handing a module over to having it, summed: under `on` beside the run, and several at a time. */
  compileMs: number;
}

export interface Stats {
  /** Instructions retired since the machine was created. */
  instructions: bigint;
  /** Virtual time in ns. */
  virtualNs: bigint;
  /** Times that the host served the machine, at boundaries and while it idled. */
  boundaries: number;
  /** Times that the host had its turn between two instructions, unknown to the guest. */
  yields: number;
  /** Host wall time in ms spent inside the module. */
  moduleMs: number;
  /** The module's own counters, in its order. */
  counters: Counter[];
  /** Accesses of the guest to each device that counts them. */
  devices: Record<string, Accesses>;
  /** Histograms of the network cards' queues and others, those that have seen something: packets per doorbell, per interrupt, per poll. */
  histograms: Histogram[];
  /** What has been translated; undefined with `jit: 'off'`. */
  translation: TranslationStats | undefined;
}

/** A mark inside a region: its number and name, and how many instructions after the region's begin it came. */
export interface RegionMark {
  tag: number;
  name: string;
  instructions: bigint;
}

/**
 * A region of interest (docs/measuring.md): what was counted between its begin and its end. What has not changed is left out, and so are
 * counters of how the emulator went about its work, which no guest decides.
 */
export interface Region extends Pick<Stats, 'instructions' | 'virtualNs' | 'counters' | 'devices' | 'histograms'> {
  name: string;
  /** The number that its begin came with; 0 without one. */
  tag: number;
  /** Names of the regions around it, outermost first. */
  within: string[];
  /** Instructions that the machine had retired when it began. */
  beginInstructions: bigint;
  marks: RegionMark[];
  /** Whose instructions they were, of a machine made with `attribute`. */
  attribution?: Attribution;
}

/** What a function has cost by itself, as called from `caller`: without what it has called. */
export interface AttributedCall {
  /** Place in the list of who called it, before it; -1: nobody that is known. */
  caller: number;
  /** Where the function begins; where no symbol says, where it was called or first seen. */
  address: bigint;
  name?: string;
  /** 0 is the kernel, 3 are programs. */
  privilege: number;
  /** The address space: CR3 without its low bits. */
  space: bigint;
  calls: bigint;
  instructions: bigint;
  /** Accesses to memory that its instructions make, whatever their width. */
  loads: bigint;
  stores: bigint;
  /** Reads and writes of ports and of devices' registers. */
  accesses: bigint;
  /** Boundaries at which the host was asked or served. */
  crossings: bigint;
}

/** All of a region's instructions, each once. */
export interface Attribution {
  calls: AttributedCall[];
  /** Callers, and stacks left for others, for which there was no room: what was counted is not lost, only who called. */
  lost: number;
}

export interface Regions {
  /** In the order of their ends, at most 1000. */
  finished: Region[];
  /** Regions and marks that were not kept: too many or too deep, an end without a begin, a reset before the end. */
  missed: number;
}

/** Signals that a command may be sent. */
export type SignalName = 'HUP' | 'INT' | 'QUIT' | 'KILL' | 'USR1' | 'USR2' | 'TERM' | 'CONT' | 'STOP';

/** How a command of the guest runs. */
export interface SpawnOptions {
  /** Absolute path of the folder it runs in; default `/`. */
  cwd?: string;
  /** Variables added to its environment. */
  env?: Readonly<Record<string, string>>;
  /** Aborting it kills the command and all it started; the promise is rejected with the signal's reason. */
  signal?: AbortSignal;
  /** Wall time in ms after which it is killed, and the promise rejected with MachineError. Such a run does not repeat. */
  timeout?: number;
}

export interface ExecOptions extends SpawnOptions {
  /** Given to the command as its standard input; default none (it reads end of file). */
  stdin?: InputSource;
  /**
   * Called with output as it comes; then the result does not have it. A promise is waited for: until it is settled the machine waits (`icount`),
   * or the guest finds the port not ready (`realtime`). Without them output is collected, at most 64 MiB a stream.
   */
  onStdout?: (bytes: Uint8Array) => unknown;
  onStderr?: (bytes: Uint8Array) => unknown;
}

export interface ExecResult {
  stdout: Uint8Array;
  stderr: Uint8Array;
  /** Exit status of the command, 128 plus the signal's number where a signal ended it. */
  code: number;
}

/** A command of the guest with its streams. What is not read of its output holds the machine, as promises of listeners do. */
export interface GuestProcess {
  readonly stdin: WritableStream<Uint8Array | string>;
  readonly stdout: ReadableStream<Uint8Array>;
  readonly stderr: ReadableStream<Uint8Array>;
  /** Its exit status, as in ExecResult; rejected as exec() is. */
  readonly exited: Promise<number>;
  /** Sends a signal to it and all it started; default TERM. One that waits for its turn does not begin. */
  kill(signal?: SignalName): void;
}

/** An entry of a folder of the guest. */
export interface GuestFile {
  name: string;
  kind: 'file' | 'directory' | 'symlink' | 'character' | 'block' | 'fifo' | 'socket';
  /** Permission bits. */
  mode: number;
  bytes: number;
  modified: Date;
}

/** A server in the guest. */
export interface ConnectTarget {
  /** TCP port, 1 to 65535. */
  port: number;
  /** The `id` of the user network it is on; may be left out where there is one only. */
  netdev?: string;
}

/**
 * What the machine tells while it runs. Listeners are called on the thread that made the machine. Where a listener to bytes returns a promise,
 * the port is held until it is settled (what a listener throws, or its promise is rejected with, pauses the machine, and the run under way is
 * rejected with it): under `icount` the machine waits and virtual time stands, under `realtime` the guest finds the port not ready.
 */
export interface MachineEvents {
  /** Bytes written to the first serial port. */
  console: (bytes: Uint8Array) => unknown;
  /** Bytes written to any serial port; 0 is the console, 4 the debug console. */
  serial: (port: number, bytes: Uint8Array) => unknown;
  /** A serial port to which `write` said no more should be written has room again. */
  drain: (port: number) => void;
  /** A run ended. */
  stop: (stop: Stop) => void;
}

/** Lines of the screen that have changed. */
export interface ScreenFrame {
  /** Of the whole screen, in pixels. */
  width: number;
  height: number;
  /** The first line that is here, from the top, and how many are. */
  first: number;
  lines: number;
  /** Four bytes a pixel: red, green, blue, 255; as ImageData takes them. */
  pixels: Uint8ClampedArray<ArrayBuffer>;
}

/** A machine. It is made paused. Every method may be called at any time unless it says otherwise. */
export interface Machine extends AsyncDisposable {
  readonly memoryMiB: number;
  readonly running: boolean;
  readonly closed: boolean;

  /** Adds a listener and returns the function that removes it. */
  on<E extends keyof MachineEvents>(event: E, listener: MachineEvents[E]): () => void;

  /** Runs until something stops it. Rejected with MachineError when it is already running or closed. */
  run(): Promise<Stop>;
  /** Asks a running machine to stop at the end of its slice (some ms) and waits for that. Of a machine that is paused or closed it asks nothing. */
  pause(): Promise<void>;
  /** Runs exactly `count` instructions (default 1), fewer when something else stops the machine. */
  step(count?: number | bigint): Promise<Stop>;
  /** Runs until HLT, taking no account of what could wake the processor. For bare machines. */
  runUntilHalt(): Promise<Stop>;
  /** Back to the state that `createMachine` made. */
  reset(): Promise<void>;
  /** Stops it and frees its memory. Closing twice is allowed; `await using` does it at the end of a block. */
  close(): Promise<void>;

  /** Types bytes at a serial port; 0, the default, is the console. False: 64 KiB or more wait for the guest; wait for `drain` before writing more. */
  write(data: string | Bytes, port?: number): boolean;
  /**
   * Says whether somebody outside may still type: while so, idle time follows the wall instead of being skipped. With `patient`,
   * what is typed first waits until the guest is idle, as somebody does who waits for a prompt; what follows enters at once.
   */
  attachInput(attached: boolean, patient?: boolean): void;

  /** While paused. */
  getRegisters(): Promise<Registers>;
  /** While paused. The values are taken as they are; nonsense makes the guest fault, not the host. */
  setRegisters(changes: RegisterChanges): Promise<void>;
  /** While paused. Throws MemoryError where part of the range is no RAM or not mapped. */
  readMemory(address: number | bigint, bytes: number, space?: AddressSpace): Promise<Uint8Array>;
  /** While paused. Code already decoded from there is dropped. */
  writeMemory(address: number | bigint, data: Bytes, space?: AddressSpace): Promise<void>;

  /**
   * While paused: the remapping unit's tables in words, as it would read them now (which device is in which domain, what a domain maps, which interrupts there
   * are), and what it keeps that the tables no longer say. Undefined without an `intel-iommu`.
   */
  iommu(): Promise<string | undefined>;

  /**
   * Runs a command in a prepared guest and waits for it; the machine runs meanwhile. It has ended when its first process has: what that leaves
   * running in the background goes on whenever the machine runs, and its output is no longer heard. The guest runs one command at a time,
   * and the others wait for their turn, in order.
   */
  exec(argv: readonly string[], options?: ExecOptions): Promise<ExecResult>;
  /** As exec(), with streams: for input and output as they come. */
  spawn(argv: readonly string[], options?: SpawnOptions): GuestProcess;
  /** The content of a file of the guest whose agent runs, by absolute path. Rejected with GuestFileError. The machine runs meanwhile, as in exec(). */
  readFile(path: string): Promise<Uint8Array>;
  /** Writes a file, anew or in the place of what was there. `mode`: its permission bits. Rejected with GuestFileError. */
  writeFile(path: string, data: string | Bytes, mode?: number): Promise<void>;
  /** What is in a folder, by name. Rejected with GuestFileError. */
  list(path: string): Promise<GuestFile[]>;

  /**
   * Connects to a TCP server in the guest, at the first address that its user network leases, from the gateway's address. Resolves when
   * the guest has accepted, which it does only while the machine runs; rejected with ConnectError. Closing the writable ends one half;
   * aborting it, or cancelling the readable, resets the connection; what the guest does not read yet holds back writes. Closing the machine
   * resets it.
   */
  connect(target: number | ConnectTarget): Promise<ByteStream>;

  /** What `command` wrote, and its status once it has ended (undefined before, or when the machine went down first). */
  commandResult(): Promise<ExecResult | undefined>;

  /** The screen now, as a PNG; of a machine that runs, between two instructions. Rejected with MachineError where there is no screen. */
  screenshot(): Promise<Uint8Array>;
  /** What stands on the screen in text modes, a string a line; undefined in graphics modes. */
  screenText(): Promise<string[] | undefined>;
  /** The lines of the screen that have changed since the last call, for who draws it again and again; undefined when none has. `whole`: all of them. */
  screenFrame(whole?: boolean): Promise<ScreenFrame | undefined>;
  /**
   * A key of the keyboard goes down (true) or up, by the browser's name for it (`KeyboardEvent.code`) or QEMU's; down again while it is down: it repeats. It
   * enters when the guest has read the key before. Rejected with OptionError for a name that is none.
   */
  key(name: string, down: boolean): Promise<void>;
  /** Keys down together, and up again after 100 ms of virtual time: `ctrl-alt-delete`, as QEMU's `sendkey` has them. */
  sendKey(names: string): Promise<void>;
  /** Types text at the keyboard, as on a US layout. Resolves to the characters that no key types, which are left out. */
  type(text: string): Promise<string>;
  /** Moves the PS/2 mouse, turns its wheel, presses its buttons. */
  mouse(move: MouseMove): Promise<void>;

  /**
   * Puts the cable of the card on a netdev in, or takes it out; the guest's driver is told. Frames wait at the backend meanwhile; what the
   * guest sends waits in an e1000 and is lost in the other cards. Rejected with OptionError when no card is on it.
   */
  setLink(netdev: string, up: boolean): Promise<void>;

  /** While paused. The whole state but for disks, for `createMachine({snapshot})`. */
  snapshot(options?: SnapshotOptions): Promise<Uint8Array>;
  /**
   * While paused. Another machine in the same state, paused, with the same options but for `changes` (`seed` makes it another one to its guest); pages of RAM
   * are shared until they are touched. Not in a worker. Disks are not: a machine with drives says which the clone has.
   */
  clone(changes?: Partial<MachineOptions>): Promise<Machine>;
  stats(): Promise<Stats>;
  /**
   * Of a machine made with `attribute`: names from here on, as /proc/kallsyms has them, and where the functions of `roi` are. Between two instructions: while
   * paused, or in a listener to what the guest writes.
   */
  setSymbols(symbols: readonly SymbolLine[]): Promise<void>;
  /** Regions of interest that have ended: those that the guest marked, and those of `measure`. */
  regions(): Promise<Regions>;
  /**
   * Does `work`, which may run the machine, and gives what was counted meanwhile, in the place of two calls of `stats()`. The machine is
   * paused when it begins and when it ends (rejected with MachineError else); where a command is what counts, the guest's own
   * `roi begin NAME -- COMMAND` is exact to the instruction.
   */
  measure<T>(name: string, work: () => Promise<T> | T): Promise<{ result: T; region: Region }>;
  /** While paused. SHA-256, in hex, of RAM and all state of processor and devices. */
  stateHash(): Promise<string>;
}
