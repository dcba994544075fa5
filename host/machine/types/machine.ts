/// <reference lib="esnext.disposable" />
/** The machine itself: its calls, its events, and why it stops. */

import type { ByteStream } from '../../bytes/streams.js';
import type { Bytes } from '../../bytes/view.js';
import type { DriveOptions } from '../../disk/options.js';
import type { MouseMove } from '../../screen/input.js';
import type { LabChanges } from '../../net/lab.js';
import type { ProgramFile } from '../programs.js';
import type { SymbolLine } from '../symbols.js';
import type { ConnectTarget, ExecOptions, ExecResult, GuestFile, GuestProcess, SpawnOptions } from './commands.js';
import type { MachineOptions, SnapshotOptions } from './options.js';
import type { AddressSpace, RegisterChanges, Registers } from './registers.js';
import type { Region, Regions, Stats } from './stats.js';
import type { SeenFrames, WireOptions } from './wires.js';

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

export interface EjectOptions {
  /** Out it goes, though the guest has locked the drive. */
  force?: boolean;
}

/** The image of a medium, as of a drive. */
export interface MediumOptions extends Omit<DriveOptions, 'id' | 'source'>, EjectOptions {}

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

/** The lab of a netdev (`machine.lab`). */
export interface Lab {
  options(): Promise<LabChanges>;
  set(changes: LabChanges): Promise<void>;
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
   * The remapping unit's tables in words, as it would read them now, of a running machine between two instructions (which device is in which domain, what a domain maps, which interrupts there
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
  /**
   * The peer of the card on a `-netdev lab` (docs/network.md): what it is, in the words of -netdev, and what it is to be from now on. A source's times begin anew with a change, its
   * count of frames where `count` is given. A change is an input at the instant it is made: while paused, so that a run is repeated. Rejected with OptionError where the netdev
   * is no lab, and NetdevError for a word or value there is not.
   */
  lab(netdev: string): Lab;

  /**
   * The frames that have passed between its cards and their networks since the last call, the first of which begins it. A card whose peer is inside the machine
   * (`lab`) has none in the host.
   */
  frames(): Promise<SeenFrames>;
  /** Makes the wire behind the card on a netdev worse, or good again, from the next frame on. Rejected with OptionError for what is no such wire. */
  setWire(netdev: string, wire: WireOptions): Promise<void>;

  /**
   * Puts another disc or diskette into a drive, which may be empty; the guest is told as by a drive. `drive` is the id of its drive, or of a device that began without one.
   * Rejected with OptionError for a drive or image that is none, and with MachineError where the guest has locked the drive, which is asked to give it out then.
   */
  change(drive: string, source: DriveOptions['source'], options?: MediumOptions): Promise<void>;
  /** Takes out what is in a drive for CDs or diskettes; as `change()`. */
  eject(drive: string, options?: EjectOptions): Promise<void>;

  /** While paused. The whole state, without disks unless they are asked for, for `createMachine({snapshot})`. */
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
  /**
   * Of a machine made with `attribute`: files of the guest's programs and libraries, whose functions are told apart in what is attributed from here on. Code is known by its
   * bytes, wherever it is loaded. Throws OptionError beyond 4095 files or 524,288 symbols, and ImageError for what is no ELF program for x86.
   */
  addPrograms(files: readonly ProgramFile[]): Promise<void>;
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
