/** The options of `pintail run`, from words to what createMachine takes. */

import { GuestError, parseAddition } from '../guest/index.js';
import { MAX_ICOUNT_SHIFT, MAX_MEMORY_MIB } from '../machine/options.js';
import type { AddedFile, ClockMode, MachineOptions } from '../machine/types.js';
import { parseCommandLine, parseCount, parseMemory, UsageError, type OptionSpec, type Parsed } from './arguments.js';
import { hasStdio, parseDevices } from './consoles.js';
import { readCpuType } from './cpu-type.js';
import { isDebugDevice, parseDebugDevice, parseDrive, parseNic, type DebugPorts, type Nic } from './devices.js';
import { readMachineType } from './machine-type.js';
import { readDebugConsole, readSerial, type SerialTarget } from './serial.js';

const SPECS: Record<string, OptionSpec> = {
  guest: { kind: 'value' },
  add: { kind: 'list' },
  kernel: { kind: 'value' },
  initrd: { kind: 'value' },
  append: { kind: 'value' },
  module: { kind: 'list' },
  bios: { kind: 'value' },
  m: { kind: 'value', short: 'm' },
  cpu: { kind: 'value' },
  serial: { kind: 'list' },
  debugcon: { kind: 'value' },
  nographic: { kind: 'flag' },
  nodefaults: { kind: 'flag' },
  nic: { kind: 'list' },
  net: { kind: 'list' },
  netdev: { kind: 'list' },
  device: { kind: 'list' },
  drive: { kind: 'list' },
  chardev: { kind: 'list' },
  display: { kind: 'value' },
  vga: { kind: 'value' },
  monitor: { kind: 'value' },
  machine: { kind: 'value', short: 'M' },
  smp: { kind: 'value' },
  'no-reboot': { kind: 'flag' },
  icount: { kind: 'switch' },
  realtime: { kind: 'flag' },
  seed: { kind: 'value' },
  stats: { kind: 'value' },
  'limit-instructions': { kind: 'value' },
  'limit-ms': { kind: 'value' },
  verbose: { kind: 'flag', short: 'v' },
};

/** Options that QEMU's users write and that have one value here. */
const FIXED: Record<string, readonly string[]> = {
  net: ['none'],
  display: ['none'],
  vga: ['none'],
  monitor: ['none'],
  smp: ['1'],
};

export interface RunOptions {
  machine: MachineOptions;
  /** COM1 to COM4, and the debug console. */
  serial: SerialTarget[];
  reboot: boolean;
  stats: boolean;
  verbose: boolean;
  /** The command line does not say which guest: a machine without Debian's client may boot the built-in one. */
  guestByDefault: boolean;
}

function checkFixed(parsed: Parsed): void {
  for (const [name, allowed] of Object.entries(FIXED)) {
    for (const value of parsed.lists.get(name) ?? []) {
      if (!allowed.includes(value)) throw new UsageError(`-${name} ${value}`, `only ${allowed.join(', ')} is there.`);
    }
  }
}

function asksIcount({ flags, values }: Parsed): boolean {
  return flags.has('icount') || values.has('icount');
}

/** QEMU's `-icount shift=N`; of its other settings, what is the case here anyway. */
function shiftOf({ values }: Parsed): number | undefined {
  const value = values.get('icount');
  if (value === undefined) return undefined;
  let shift: number | undefined;
  for (const word of value.split(',')) {
    const number = /^shift=(\d+)$/.exec(word)?.[1];
    if (number !== undefined && Number(number) <= MAX_ICOUNT_SHIFT) shift = Number(number);
    else if (!['sleep=off', 'align=off'].includes(word)) throw new UsageError(`-icount ${value}`, `"${word}" is none of shift=0 to shift=${MAX_ICOUNT_SHIFT}, sleep=off, align=off.`);
  }
  return shift;
}

function clockOf(parsed: Parsed, interactive: boolean): ClockMode {
  const [icount, realtime] = [asksIcount(parsed), parsed.flags.has('realtime')];
  if (icount && realtime) throw new UsageError('--realtime', 'cannot be combined with --icount.');
  if (icount) return 'icount';
  return realtime || (interactive && parsed.rest === undefined) ? 'realtime' : 'icount';
}

function addition(value: string): AddedFile {
  try {
    return parseAddition(value);
  } catch (error) {
    if (error instanceof GuestError) throw new UsageError(`--add ${value}`, error.message);
    throw error;
  }
}

function bootOptions(parsed: Parsed): MachineOptions {
  const { values } = parsed;
  const kernel = values.get('kernel');
  if (kernel !== undefined && values.has('guest')) throw new UsageError('--guest', 'cannot be combined with -kernel.');
  if (kernel === undefined && values.has('initrd')) throw new UsageError('-initrd', 'needs -kernel.');
  if (kernel === undefined && parsed.lists.has('module')) throw new UsageError('-module', 'needs -kernel.');
  if (kernel !== undefined && parsed.rest !== undefined) throw new UsageError('--', 'a command needs a prepared guest (--guest), not -kernel.');
  if (kernel !== undefined && parsed.lists.has('add')) throw new UsageError('--add', 'needs a prepared guest (--guest), not -kernel.');
  const bios = values.get('bios');
  if (bios !== undefined) {
    const other = ['kernel', 'guest', 'add', 'append'].find((name) => values.has(name));
    if (other !== undefined) throw new UsageError('-bios', `cannot be combined with ${other === 'guest' || other === 'add' ? '--' : '-'}${other}.`);
    if (parsed.rest !== undefined) throw new UsageError('--', 'a command needs a prepared guest (--guest), not -bios.');
    return { bios };
  }
  const out: MachineOptions = kernel === undefined ? { guest: values.get('guest') ?? 'amd64' } : { kernel };
  const initrd = values.get('initrd');
  const append = values.get('append');
  const add = parsed.lists.get('add');
  if (initrd !== undefined) out.initrd = initrd;
  const modules = parsed.lists.get('module');
  if (modules !== undefined) out.modules = modules.map((text) => ({ file: text.split(' ', 1)[0]!, text }));
  const entry = readMachineType(parsed.lists.get('machine') ?? []);
  if (entry !== undefined) out.entry = entry;
  if (append !== undefined) out.append = append;
  if (add !== undefined) out.add = add.map(addition);
  return out;
}

function limitsOf(parsed: Parsed): MachineOptions['limits'] {
  const instructions = parsed.values.get('limit-instructions');
  const ms = parsed.values.get('limit-ms');
  return {
    ...(instructions === undefined ? {} : { instructions: parseCount('--limit-instructions', instructions) }),
    ...(ms === undefined ? {} : { wallMs: Number(parseCount('--limit-ms', ms)) }),
  };
}

/** Devices that are network cards. */
const NETWORK_MODEL = /^(virtio-net|e1000|pcnet)/;

/**
 * Network cards by `-nic`. Without it there is one on the user network, unless the command line has cards of its own, wants no
 * defaults, or asks by --icount that equal runs are equal: what comes from a network is never the same twice. Nor is there one
 * for a script that is piped in: its lines are typed when the guest idles, as one that waits for an address does before its shell reads.
 */
function nicsOf(parsed: Parsed, interactive: boolean): Nic[] {
  const { lists, flags, values, rest } = parsed;
  const asked = lists.get('nic');
  if (asked !== undefined) return asked.flatMap((value, number) => parseNic(value, number) ?? []);
  const own = ['net', 'netdev'].some((name) => lists.has(name)) || (lists.get('device') ?? []).some((device) => NETWORK_MODEL.test(device));
  if (own || flags.has('nodefaults') || asksIcount(parsed) || values.get('guest') === 'builtin' || (!interactive && rest === undefined)) return [];
  return [parseNic('user', 0)!];
}

/** Cards, networks, disks and the places of the debug devices; `nics` are those that the options give without -device. */
export function readDevices({ lists }: Parsed, nics: readonly Nic[]): MachineOptions {
  const drives = (lists.get('drive') ?? []).map(parseDrive);
  const devices = lists.get('device') ?? [];
  return {
    netdevs: [...(lists.get('netdev') ?? []), ...nics.map(({ netdev }) => netdev)],
    drives: drives.map(({ drive }) => drive),
    chardevs: lists.get('chardev') ?? [],
    devices: [...nics.map(({ device }) => device), ...parseDevices(devices.filter((device) => !isDebugDevice(device))), ...drives.flatMap(({ device }) => device ?? [])],
    ...Object.assign({}, ...devices.filter(isDebugDevice).map(parseDebugDevice)) as DebugPorts,
  };
}

/** The terminal has one user. */
function checkTerminal({ lists, rest }: Parsed): void {
  if (!hasStdio(lists.get('chardev') ?? [])) return;
  if (rest !== undefined) throw new UsageError('-chardev stdio', 'cannot be combined with a command ("--"): stdout is the command\'s.');
  if ((lists.get('serial') ?? []).some((value) => value.endsWith('stdio'))) throw new UsageError('-chardev stdio', 'cannot be combined with -serial stdio.');
}

/** Reads the words after `run`. `interactive`: the standard input is a terminal. */
export function readRunOptions(args: readonly string[], interactive: boolean): RunOptions {
  const parsed = parseCommandLine(args, SPECS);
  const { values, flags, rest } = parsed;
  if (parsed.words.length > 0) throw new UsageError(parsed.words[0]!, 'is no option; a kernel comes after -kernel, a command for the guest after "--".');
  checkFixed(parsed);
  if (rest?.length === 0) throw new UsageError('--', 'needs a command after it.');
  const stats = values.get('stats');
  if (stats !== undefined && stats !== 'json') throw new UsageError(`--stats ${stats}`, 'only json is there.');
  const machine: MachineOptions = { ...bootOptions(parsed), clock: clockOf(parsed, interactive), limits: limitsOf(parsed) ?? {} };
  const shift = shiftOf(parsed);
  if (shift !== undefined) machine.icountShift = shift;
  const memory = values.get('m');
  const seed = values.get('seed');
  if (memory !== undefined) machine.memoryMiB = parseMemory('-m', memory, MAX_MEMORY_MIB);
  if (values.has('cpu')) machine.cpu = readCpuType(values.get('cpu'));
  if (seed !== undefined) machine.seed = parseCount('--seed', seed);
  if (rest !== undefined) machine.command = rest;
  Object.assign(machine, readDevices(parsed, nicsOf(parsed, interactive)));
  checkTerminal(parsed);
  return {
    machine,
    serial: [...readSerial(parsed.lists.get('serial') ?? [], rest !== undefined || hasStdio(parsed.lists.get('chardev') ?? [])), readDebugConsole(values.get('debugcon'))],
    reboot: !flags.has('no-reboot'),
    stats: stats !== undefined,
    verbose: flags.has('verbose'),
    guestByDefault: !values.has('guest') && !values.has('kernel') && !values.has('bios'),
  };
}
