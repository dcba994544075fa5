/** The names that objects of the API may have: one that is none of them is refused, with a near one, so that a slip is no silent default. */

import { didYouMean } from '../words/near.js';
import { OptionError } from './errors.js';
import type {
  AddedFile, BareOptions, BootOrder, ChardevOptions, Charges, ConnectTarget, DeviceOptions, DriveOptions, EjectOptions, ExecOptions, JitOptions, Limits, MachineOptions, MediumOptions, ModuleSource, MouseMove, NetdevOptions, PortOptions, RegisterChanges,
  SegmentRegister, ShareOptions, SnapshotOptions, SpawnOptions, TableRegister, WireOptions,
} from './types.js';

/** Every name of a type, each once: the compiler misses none and lets none in. */
type Names<T> = Readonly<Record<keyof Required<T>, true>>;
/** Every name of a union of types. */
type UnionNames<T> = Readonly<Record<T extends unknown ? keyof T : never, true>>;

const MACHINE: Names<MachineOptions> = {
  memoryMiB: true, jit: true, attribute: true, symbols: true, roi: true, onTrace: true, kernel: true, initrd: true, entry: true, modules: true, append: true, guest: true, add: true, agent: true, cacheDir: true, command: true,
  stdin: true, onCommandOutput: true, bios: true, boot: true, bare: true, cpu: true, debugConsolePort: true, debugExit: true, devices: true, netdevs: true, drives: true, shares: true,
  chardevs: true, snapshot: true, snapshotPages: true, clock: true, icountShift: true, charges: true, seed: true, rtc: true, rtcClock: true, testDevice: true, limits: true, signal: true, worker: true, module: true, onProgress: true, onTransfer: true,
};
const CHARGES: Names<Charges> = { accessNs: true, doorbellNs: true, interruptNs: true, byteNs: true, instructionNs: true };
const BOOT: Names<BootOrder> = { order: true, once: true, menu: true };
const LIMITS: Names<Limits> = { instructions: true, wallMs: true, memoryMiB: true };
const BARE: Names<BareOptions> = { code: true, at: true, entry: true, mode: true };
const DEVICE: Names<DeviceOptions> = {
  model: true, netdev: true, mac: true, slot: true, placement: true, features: true, mtu: true, modernOnly: true, legacyOnly: true, vectors: true, speed: true, duplex: true, drive: true, share: true, tag: true,
  serial: true, queues: true, writeCache: true, logicalBlockBytes: true, physicalBlockBytes: true, ports: true, maxPorts: true, maxBytes: true, periodMs: true, bus: true, unit: true, id: true, dmaMask: true, membar: true, romfile: true,
  intremap: true, eim: true, cachingMode: true, addressBits: true, snoopControl: true, dmaDrain: true, passThrough: true, scalableMode: true, firstStage: true, iotlbEntries: true, iotlbWays: true, tableEntries: true, slotNumber: true, chassis: true, port: true,
};
const PORT: Names<PortOptions> = { chardev: true, name: true, console: true, number: true };
const DRIVE: Names<DriveOptions> = { id: true, source: true, format: true, readOnly: true, snapshot: true, overlay: true, cache: true, discard: true, locking: true };
const FORCE: Names<EjectOptions> = { force: true };
const { id: _id, source: _source, ...MEDIUM_DRIVE } = DRIVE;
const MEDIUM: Names<MediumOptions> = { ...MEDIUM_DRIVE, ...FORCE };
const SHARE: Names<ShareOptions> = { id: true, source: true, readOnly: true };
const MODULE: Names<ModuleSource> = { file: true, text: true };
const ADDED: UnionNames<AddedFile> = { host: true, content: true, guest: true, mode: true };
const DEBUG_EXIT: Names<NonNullable<MachineOptions['debugExit']>> = { port: true, bytes: true };
const JIT: Names<JitOptions> = { mode: true, threshold: true };
const NETDEV: UnionNames<Exclude<NetdevOptions, string>> = { id: true, backend: true };
const CHARDEV: UnionNames<Exclude<ChardevOptions, string>> = { id: true, stream: true };

const SPAWN: Names<SpawnOptions> = { cwd: true, env: true, signal: true, timeout: true };
const EXEC: Names<ExecOptions> = { ...SPAWN, stdin: true, onStdout: true, onStderr: true };
const MOUSE: Names<MouseMove> = { dx: true, dy: true, wheel: true, buttons: true };
const WIRE: Names<WireOptions> = { loss: true, duplicate: true, reorder: true, delayNs: true, jitterNs: true, bitsPerSecond: true };
const SNAPSHOT: Names<SnapshotOptions> = { packed: true, disks: true };
const CONNECT: Names<ConnectTarget> = { port: true, netdev: true };
const SEGMENT: Names<SegmentRegister> = { selector: true, base: true, limit: true, attributes: true };
const TABLE: Names<TableRegister> = { base: true, limit: true };
const REGISTERS: Names<RegisterChanges> = {
  rax: true, rcx: true, rdx: true, rbx: true, rsp: true, rbp: true, rsi: true, rdi: true, r8: true, r9: true, r10: true, r11: true, r12: true, r13: true, r14: true, r15: true,
  cr0: true, cr2: true, cr3: true, cr4: true, cr8: true, xcr0: true, efer: true, fsBase: true, gsBase: true, kernelGsBase: true,
  rip: true, rflags: true, cpl: true, segments: true, gdtr: true, idtr: true, xmm: true, mxcsr: true,
};
const SEGMENTS: Names<NonNullable<RegisterChanges['segments']>> = { es: true, cs: true, ss: true, ds: true, fs: true, gs: true, ldtr: true, tr: true };

/** Throws OptionError where `value` is no object, or has a name that is none of `names`; `path` stands before it, as `limits.`. */
function check(path: string, value: unknown, names: Readonly<Record<string, true>>): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new OptionError(path.replace(/\.$/, '') || 'options', 'is no object with names in it.');
  const unknown = Object.entries(value).find(([name, given]) => given !== undefined && !Object.hasOwn(names, name));
  if (unknown !== undefined) throw new OptionError(`${path}${unknown[0]}`, `there is no such option.${didYouMean(unknown[0].replaceAll(/[_-]/g, ''), Object.keys(names)) || ` There are ${Object.keys(names).join(', ')}.`}`);
}

function checkEach(name: string, values: unknown, names: Readonly<Record<string, true>>): void {
  if (values === undefined) return;
  if (!Array.isArray(values)) throw new OptionError(name, 'is no array.');
  for (const value of values) if (typeof value !== 'string') check(`${name}.`, value, names);
}

/** Names in everything that createMachine takes, but what it hands on as it is. */
export function checkMachineKeys(options: MachineOptions): void {
  check('', options, MACHINE);
  if (options.boot !== undefined) check('boot.', options.boot, BOOT);
  if (options.limits !== undefined) check('limits.', options.limits, LIMITS);
  if (options.charges !== undefined) check('charges.', options.charges, CHARGES);
  if (options.bare !== undefined) check('bare.', options.bare, BARE);
  if (typeof options.jit === 'object') check('jit.', options.jit, JIT);
  if (options.debugExit !== undefined) check('debugExit.', options.debugExit, DEBUG_EXIT);
  checkEach('devices', options.devices, DEVICE);
  for (const { ports } of options.devices ?? []) checkEach('devices.ports', ports, PORT);
  checkEach('drives', options.drives, DRIVE);
  checkEach('shares', options.shares, SHARE);
  checkEach('modules', options.modules, MODULE);
  checkEach('add', options.add, ADDED);
  checkEach('netdevs', options.netdevs, NETDEV);
  checkEach('chardevs', options.chardevs, CHARDEV);
}

export const checkExecKeys = (options: ExecOptions): void => check('', options, EXEC);
export const checkSpawnKeys = (options: SpawnOptions): void => check('', options, SPAWN);
export const checkSnapshotKeys = (options: SnapshotOptions): void => check('', options, SNAPSHOT);
export const checkMediumKeys = (options: MediumOptions): void => check('', options, MEDIUM);
export const checkEjectKeys = (options: EjectOptions): void => check('', options, FORCE);
export const checkMouseKeys = (move: MouseMove): void => check('', move, MOUSE);
export const checkWireKeys = (wire: WireOptions): void => check('wire.', wire, WIRE);
export const checkConnectKeys = (target: ConnectTarget): void => check('', target, CONNECT);

export function checkRegisterKeys(changes: RegisterChanges): void {
  check('', changes, REGISTERS);
  if (changes.segments !== undefined) check('segments.', changes.segments, SEGMENTS);
  for (const [name, segment] of Object.entries(changes.segments ?? {})) if (segment !== undefined) check(`segments.${name}.`, segment, SEGMENT);
  for (const name of ['gdtr', 'idtr'] as const) if (changes[name] !== undefined) check(`${name}.`, changes[name], TABLE);
}
