/** Checking MachineOptions before anything is made, and their defaults. */

import { hasFlash } from './flash.js';
import { Vendor } from '../../assembly/base/vendor-spec.js';
import { AttributionLimit } from '../../assembly/surface/attribution.js';
import { Extra, ExtraAt, Hidden } from '../../assembly/surface/clock.js';
import type { AcpiBoard } from '../boot/acpi/board.js';
import { ENTRY_NAMES } from '../boot/load-options.js';
import { AGENT_CARD, AGENT_CHARDEV } from './agent-port.js';
import { planCards, readNetdevs, type CardPlan, type Netdev } from './card-plan.js';
import { readCharges, type ChargeSettings } from './charges.js';
import { readChardevs, type Chardev } from './consoles.js';
import { OptionError } from './errors.js';
import { boardWith } from './iommu-plan.js';
import { Windows } from './shared-clock.js';
import type { PlainOptions, ReadOptions } from './sources.js';
import { MAX_JIT_THRESHOLD, TRANSLATION_TICKS, type JitSettings } from './translator.js';
import type { ClockMode, CpuVendor, JitMode } from './types.js';

export const MAX_MEMORY_MIB = 3072;
export const DEFAULT_MEMORY_MIB = 256;
const SOURCES = ['kernel', 'guest', 'bare', 'bios', 'snapshot'] as const;
/** 2026-01-01 00:00 UTC: what the RTC shows when runs are to be repeatable. */
const FIXED_START_MS = 1_767_225_600_000;

export interface Settings {
  memoryMiB: number;
  clock: ClockMode;
  /** The clock that it shares with others. */
  shared: Windows | undefined;
  icountShift: number | undefined;
  charges: ChargeSettings | undefined;
  vendor: Vendor;
  /** Bits of Hidden (assembly/surface/clock.ts). */
  hidden: number;
  /** How hot code is translated. */
  jit: JitSettings;
  /** Regions say whose their instructions were. */
  attribute: boolean;
  /** Somebody takes a trace. */
  trace: boolean;
  seed: bigint;
  /** What the RTC shows at start, in ms since 1970; undefined where the options do not say and nothing else does. */
  rtcMs: number;
  /** The options give a date. */
  rtcGiven: boolean;
  /** By how much the date is ahead of the host's; undefined: it follows the machine's own time. */
  rtcAheadMs: number | undefined;
  instructionLimit: bigint | undefined;
  wallMs: number | undefined;
  cards: CardPlan[];
  /** What its ACPI tables say that others' do not. */
  board: Partial<AcpiBoard>;
  /** The last of them is the agent's. */
  agentCard: boolean;
  debug: DebugPlaces;
  netdevs: Netdev[];
  chardevs: Chardev[];
}

function checkSources(options: ReadOptions): void {
  const given = SOURCES.filter((name) => options[name] !== undefined);
  // A snapshot may come with what it was booted from, for reset().
  const boots = given.filter((name) => name !== 'snapshot');
  if (boots.length > 1) throw new OptionError(boots[1]!, `cannot be combined with ${boots[0]}; give one of them.`);
  const other = boots[0];
  if (other !== undefined && hasFlash(options.devices)) throw new OptionError(other, 'cannot be combined with firmware in flash chips (pflash); give one of them.');
  if (options.initrd !== undefined && options.kernel === undefined) throw new OptionError('initrd', 'needs a kernel.');
  if (options.modules !== undefined && options.kernel === undefined) throw new OptionError('modules', 'needs a kernel.');
  if (options.entry !== undefined && !ENTRY_NAMES.includes(options.entry)) throw new OptionError('entry', `"${String(options.entry)}" is none of ${ENTRY_NAMES.join(', ')}.`);
  if (options.entry !== undefined && options.kernel === undefined && options.guest === undefined) throw new OptionError('entry', 'needs a kernel or a guest.');
  for (const name of ['command', 'add', 'agent'] as const) {
    if (options[name] && options.guest === undefined && (name === 'add' || options.snapshot === undefined)) throw new OptionError(name, 'needs a prepared guest (guest).');
  }
  if (options.agent !== undefined && ![true, false, 'shell'].includes(options.agent)) throw new OptionError('agent', `"${String(options.agent)}" is none of true, false and "shell".`);
  if (options.command !== undefined && options.agent) throw new OptionError('command', 'cannot be combined with agent; use exec().');
}

/** What says how a machine starts: one from a snapshot has started. */
const START_ONLY = ['rtc', 'cpu', 'debugExit', 'debugConsolePort'] as const;

function checkSnapshot(options: ReadOptions): void {
  if (options.snapshot === undefined || SOURCES.some((name) => name !== 'snapshot' && options[name] !== undefined)) return;
  const late = START_ONLY.find((name) => options[name] !== undefined);
  if (late !== undefined) throw new OptionError(late, 'a machine from a snapshot goes on with what it had. Leave it out.');
}

function memoryOf(options: ReadOptions): number {
  const mib = options.memoryMiB ?? (options.snapshot === undefined ? DEFAULT_MEMORY_MIB : options.snapshot.about.memoryMiB);
  if (!Number.isInteger(mib) || mib < 1 || mib > MAX_MEMORY_MIB) {
    throw new OptionError('memoryMiB', `${mib} is not a whole number from 1 to ${MAX_MEMORY_MIB}.`);
  }
  const limit = options.limits?.memoryMiB;
  if (limit !== undefined && mib > limit) throw new OptionError('memoryMiB', `${mib} is more than limits.memoryMiB allows (${limit}).`);
  return mib;
}

function countOf(name: string, value: number | bigint | undefined): bigint | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'number' && !Number.isSafeInteger(value)) throw new OptionError(name, `${value} is not a whole number.`);
  if (value < 0) throw new OptionError(name, `${value} is negative.`);
  return BigInt(value);
}

function clockOf({ clock = 'icount' }: PlainOptions): Pick<Settings, 'clock' | 'shared'> {
  if (clock instanceof Windows) return { clock: 'icount', shared: clock };
  if (clock === 'icount' || clock === 'realtime') return { clock, shared: undefined };
  throw new OptionError('clock', typeof clock === 'object' ? 'is an object, and no clock of createSharedClock().' : `"${String(clock)}" is neither icount nor realtime.`);
}

/** A run is not repeatable anyway, and certificates are to be valid, where there is a user network. */
const isUserNetwork = (netdev: Netdev): boolean => 'spec' in netdev && netdev.spec.type === 'user';

function rtcOf({ rtc, rtcClock }: PlainOptions, clock: ClockMode, netdevs: readonly Netdev[]): Pick<Settings, 'rtcMs' | 'rtcGiven' | 'rtcAheadMs'> {
  if (rtcClock !== undefined && rtcClock !== 'host' && rtcClock !== 'vm') throw new OptionError('rtcClock', `"${String(rtcClock)}" is neither host nor vm.`);
  const now = Date.now();
  const isHosts = clock === 'realtime' || netdevs.some(isUserNetwork);
  const follows = rtcClock === undefined ? isHosts : rtcClock === 'host';
  const rtcMs = rtc?.getTime() ?? (isHosts || follows ? now : FIXED_START_MS);
  if (Number.isNaN(rtcMs) || rtcMs < 0) throw new OptionError('rtc', 'is not a date after 1970.');
  return { rtcMs, rtcGiven: rtc !== undefined, rtcAheadMs: follows ? rtcMs - now : undefined };
}

/** QEMU's own bound. */
export const MAX_ICOUNT_SHIFT = 10;

function shiftOf({ icountShift: shift }: PlainOptions, clock: ClockMode): number | undefined {
  if (shift === undefined) return undefined;
  if (clock !== 'icount') throw new OptionError('icountShift', 'needs clock: "icount".');
  if (!Number.isInteger(shift) || shift < 0 || shift > MAX_ICOUNT_SHIFT) throw new OptionError('icountShift', `${shift} is not a whole number from 0 to ${MAX_ICOUNT_SHIFT}.`);
  return shift;
}

const HIDDEN: readonly ['kvm' | 'kvmclock' | 'x2apic', Hidden][] = [['kvm', Hidden.KVM], ['kvmclock', Hidden.KVMCLOCK], ['x2apic', Hidden.X2APIC]];
const EXTRAS: readonly ['adx', Extra][] = [['adx', Extra.ADX]];

function hiddenOf({ cpu = {} }: PlainOptions): number {
  const names = ['vendor', ...HIDDEN.map(([name]) => name), ...EXTRAS.map(([name]) => name)];
  const unknown = Object.keys(cpu).find((name) => !names.includes(name));
  if (unknown !== undefined) throw new OptionError(`cpu.${unknown}`, `there is no such switch. There are ${names.join(', ')}.`);
  const hidden = HIDDEN.reduce((bits, [name, bit]) => (cpu[name] === false ? bits | bit : bits), 0);
  return EXTRAS.reduce((bits, [name, bit]) => (cpu[name] === true ? bits | bit << ExtraAt.SHIFT : bits), hidden);
}

/** By the names of the `vendor` option. */
export const VENDORS: Readonly<Record<CpuVendor, Vendor>> = { amd: Vendor.AMD, intel: Vendor.INTEL };

function vendorOf({ cpu = {} }: PlainOptions): Vendor {
  const name = cpu.vendor ?? 'amd';
  if (!Object.hasOwn(VENDORS, name)) throw new OptionError('cpu.vendor', `"${String(name)}" is none of ${Object.keys(VENDORS).join(', ')}.`);
  return VENDORS[name];
}

export const JIT_MODES: readonly JitMode[] = ['off', 'on', 'sync'];

/** What tells of interpreted code only is interpreted. */
function jitOf({ onTrace, jit = onTrace === undefined ? 'on' : 'off' }: PlainOptions): JitSettings {
  const { mode, threshold = TRANSLATION_TICKS } = typeof jit === 'object' && jit !== null ? jit : { mode: jit };
  if (!JIT_MODES.includes(mode)) throw new OptionError('jit', `"${String(mode)}" is none of ${JIT_MODES.join(', ')}.`);
  if (!Number.isInteger(threshold) || threshold < 1 || threshold > MAX_JIT_THRESHOLD) {
    throw new OptionError('jit.threshold', `${String(threshold)} is not a whole number of instructions from 1 to ${MAX_JIT_THRESHOLD}.`);
  }
  return { mode, threshold };
}

function traceOf({ onTrace, jit }: PlainOptions): boolean {
  if (onTrace === undefined) return false;
  if (jit !== undefined && jitOf({ jit }).mode !== 'off') throw new OptionError('onTrace', 'is told of interpreted code only; leave jit out.');
  return true;
}

/** What wants names or regions of functions wants attribution. */
function attributeOf({ attribute, symbols, roi = [] }: PlainOptions): boolean {
  if (attribute === false && (symbols !== undefined || roi.length > 0)) throw new OptionError('attribute', 'is false, and symbols and roi are for it.');
  if (roi.length > AttributionLimit.MARKS) throw new OptionError('roi', `${roi.length} functions are more than ${AttributionLimit.MARKS}.`);
  return attribute === true || symbols !== undefined || roi.length > 0;
}

/** Where the debug devices answer: they are placed anew only when the options say so. */
export interface DebugPlaces {
  moved: boolean;
  exitPort: number;
  exitBytes: number;
  consolePort: number;
  testDevice: boolean;
}

function portOf(name: string, port: number): number {
  if (!Number.isInteger(port) || port < 1 || port > 0xffff) throw new OptionError(name, `${port} is not a port from 1 to 65535.`);
  return port;
}

function debugPlaces({ debugExit, debugConsolePort, testDevice = false }: PlainOptions): DebugPlaces {
  const { port, bytes } = debugExit ?? { port: 0x501, bytes: 4 };
  if (!Number.isInteger(bytes) || bytes < 1 || bytes > 8) throw new OptionError('debugExit.bytes', `${bytes} is not a number of ports from 1 to 8.`);
  return {
    moved: debugExit !== undefined || debugConsolePort !== undefined,
    exitPort: portOf('debugExit.port', port),
    exitBytes: bytes,
    consolePort: portOf('debugConsolePort', debugConsolePort ?? 0xe9),
    testDevice,
  };
}

/** The guest is one that runs commands; one from a snapshot is what it was. */
function hasAgentCard({ snapshot, guest, agent, command }: ReadOptions): boolean {
  if (snapshot !== undefined) return snapshot.about.agentCard === true;
  return guest !== undefined && guest !== 'builtin' && (Boolean(agent) || command !== undefined);
}

function cardsOf(options: ReadOptions, netdevs: readonly Netdev[], chardevs: readonly Chardev[]): Pick<Settings, 'cards' | 'agentCard'> {
  const { devices = [], drives = [], shares = [] } = options;
  const agentCard = hasAgentCard(options);
  if (!agentCard) return { agentCard, cards: planCards(devices, netdevs, drives, chardevs, shares) };
  return { agentCard, cards: planCards([...devices, AGENT_CARD], netdevs, drives, [...chardevs, { id: AGENT_CHARDEV }], shares) };
}

/** Rejected with OptionError for what cannot be used. */
export async function readSettings(options: ReadOptions): Promise<Settings> {
  checkSources(options);
  checkSnapshot(options);
  const { clock, shared } = clockOf(options);
  const wallMs = options.limits?.wallMs;
  if (wallMs !== undefined && !(wallMs > 0)) throw new OptionError('limits.wallMs', `${wallMs} is not a positive number.`);
  const netdevs = options.netdevs === undefined ? [] : readNetdevs(options.netdevs, (await import('../net/netdev.js')).parseNetdev);
  const chardevs = readChardevs(options.chardevs ?? []);
  return {
    memoryMiB: memoryOf(options),
    clock,
    shared,
    icountShift: shiftOf(options, clock),
    charges: readCharges(options.charges, clock, options.icountShift),
    vendor: vendorOf(options),
    hidden: hiddenOf(options),
    jit: jitOf(options),
    attribute: attributeOf(options),
    trace: traceOf(options),
    seed: BigInt.asUintN(64, countOf('seed', options.seed) ?? 1n),
    ...rtcOf(options, clock, netdevs),
    instructionLimit: countOf('limits.instructions', options.limits?.instructions),
    wallMs,
    ...cardsOf(options, netdevs, chardevs),
    chardevs,
    board: boardWith(options.devices),
    debug: debugPlaces(options),
    netdevs,
  };
}
