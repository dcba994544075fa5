/** What machine to make. */

import type { BootOrder } from '../../boot/boot-order.js';
import type { Bytes } from '../../bytes/view.js';
import type { DriveOptions } from '../../disk/options.js';
import type { TransferProgress } from '../../guest/by-address.js';
import type { ShareOptions } from '../../share/options.js';
import type { SymbolLine } from '../symbols.js';
import type { ChardevOptions, DeviceOptions, NetdevOptions } from './cards.js';
import type { AddedFile, FileSource, InputSource, ModuleSource } from './sources.js';

/** Which clock the machine lives by. See docs/embedding.md. */
export type ClockMode = 'icount' | 'realtime';

export interface SharedClockOptions {
  /**
   * How far machines go, in ns of virtual time, before each waits for the others and has what they sent. Default 100,000; from 1,000 to 10^9. What is sent arrives
   * up to so much later, and a shorter window costs more of the host.
   */
  windowNs?: number;
}

/** One clock of several machines, made by createSharedClock(). */
export interface SharedClock {
  readonly windowNs: number;
  /** Where the window in hand began: ns of virtual time that all machines which run have gone through. */
  readonly nowNs: bigint;
}

/** How a bare machine starts: the processor's mode, with flat segments and, for `long64`, an identity map of the low 4 GiB. */
export type BareMode = 'real16' | 'protected32' | 'long64';

/** ns of virtual time that pass with each event; what is left out costs nothing. docs/measuring.md has tables of published ones. */
export interface Charges {
  /** An access to a port or to a device's registers, whole ns up to 1,000,000, before the device answers. */
  accessNs?: number;
  /** A doorbell of a network or virtio card, besides its access. */
  doorbellNs?: number;
  /** An interrupt that the processor takes. */
  interruptNs?: number;
  /** A byte that a device reads or writes, to 1/1024 ns, up to 1000. */
  byteNs?: number;
  /** An instruction, in place of 1 ns: 0.001 to 1000; not together with `icountShift`. */
  instructionNs?: number;
}

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
  /** Files put into the prepared guest's initramfs. With a snapshot, as `guest` there, what `reset()` boots from: a guest that has started gets files by `writeFile()`. */
  add?: readonly AddedFile[];
  /** The prepared guest answers `exec()` instead of giving a shell on its console; `shell`: beside it. Default false. */
  agent?: boolean | 'shell';
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
  /**
   * Default `icount`: time is the instruction count, idle time is skipped, and the same inputs give the same run. A clock of createSharedClock():
   * `icount`, and several machines of this thread go through virtual time together.
   */
  clock?: ClockMode | SharedClock;
  /**
   * Under `icount`: an instruction takes 2^N ns of virtual time, 0 to 10 as in QEMU's `-icount shift=N`. Default 0, or what the snapshot
   * says. A guest that waits by counting time waits for fewer instructions then.
   */
  icountShift?: number;
  /**
   * Under `icount`: what events cost in virtual time, so that devices are no longer instant. Default nothing, or what the snapshot says.
   */
  charges?: Charges;
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
   * was saved: its kernel is told so by the VM generation device, and takes new random numbers; where its agent
   * waits, network cards get other addresses.
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
  /** What is on the disks is in it, too, of up to 2 GiB each: who goes on from it needs no drives, and writes to them go nowhere else. Default false: where disks are, and a digest. */
  disks?: boolean;
}

/** How hot code is translated. */
export type JitMode = 'off' | 'on' | 'sync';

export interface JitOptions {
  mode: JitMode;
  /** Instructions that a block runs in the interpreter before it is translated, 1 to 10^9. Default 1,000,000. */
  threshold?: number;
}
