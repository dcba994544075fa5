/** The options of `pintail qtest`: those of `run` that make the board, and where the protocol is spoken. */

import { MAX_MEMORY_MIB } from '../machine/options.js';
import type { MachineOptions } from '../machine/types.js';
import { parseCommandLine, parseCount, parseMemory, UsageError, type OptionSpec, type Parsed } from './arguments.js';
import { parseNic } from './devices.js';
import { readDevices } from './run-options.js';

const SPECS: Record<string, OptionSpec> = {
  qtest: { kind: 'value' },
  listen: { kind: 'value' },
  'qtest-log': { kind: 'value' },
  chardev: { kind: 'list' },
  mon: { kind: 'list' },
  m: { kind: 'value', short: 'm' },
  machine: { kind: 'list', short: 'M' },
  accel: { kind: 'list' },
  cpu: { kind: 'value' },
  smp: { kind: 'value' },
  nic: { kind: 'list' },
  net: { kind: 'list' },
  netdev: { kind: 'list' },
  device: { kind: 'list' },
  drive: { kind: 'list' },
  rtc: { kind: 'value' },
  seed: { kind: 'value' },
  display: { kind: 'value' },
  audio: { kind: 'value' },
  vga: { kind: 'value' },
  monitor: { kind: 'value' },
  serial: { kind: 'list' },
  nodefaults: { kind: 'flag' },
  nographic: { kind: 'flag' },
  'no-reboot': { kind: 'flag' },
  stopped: { kind: 'flag', short: 'S' },
};

/** Options that QEMU's test library writes; what they may say. */
const FIXED: Record<string, readonly string[]> = { accel: ['qtest'], smp: ['1'], net: ['none'], display: ['none'], audio: ['none'], vga: ['none'], monitor: ['none'], serial: ['none', 'null'] };

export interface QtestOptions {
  machine: MachineOptions;
  /** Chardevs, as text. */
  qtest: string;
  monitor: string | undefined;
  log: string | undefined;
}

function checkFixed(parsed: Parsed): void {
  for (const [name, allowed] of Object.entries(FIXED)) {
    for (const value of parsed.lists.get(name) ?? []) if (!allowed.includes(value)) throw new UsageError(`-${name} ${value}`, `only ${allowed.join(', ')} is there.`);
  }
  for (const value of parsed.lists.get('machine') ?? []) {
    const unknown = value.split(',').find((part) => !['q35', 'type=q35', 'accel=qtest', 'none'].includes(part));
    if (unknown !== undefined) throw new UsageError(`-machine ${value}`, 'only q35, none (with which questions to a monitor are asked) and accel=qtest are there.');
  }
}

/** Where the protocol is spoken: `--listen PLACE` is `-qtest PLACE,server=on,wait=off`. */
function placeOf({ values }: Parsed): string {
  const [connected, listening] = [values.get('qtest'), values.get('listen')];
  if (connected !== undefined && listening !== undefined) throw new UsageError('--listen', 'cannot be combined with -qtest.');
  if (listening === 'stdio') throw new UsageError('--listen stdio', 'stdio is there already; use -qtest stdio.');
  return listening === undefined ? (connected ?? 'stdio') : `${listening},server=on,wait=off`;
}

/** The monitor's chardev, as it was typed, and where it is. */
interface MonitorPlace {
  chardev: string;
  place: string;
}

/** `-chardev socket,path=P,id=ID -mon chardev=ID,mode=control`, as QEMU's test library asks for a monitor. */
function monitorOf({ lists }: Parsed): MonitorPlace | undefined {
  const [mon, ...more] = lists.get('mon') ?? [];
  if (mon === undefined) return undefined;
  if (more.length > 0) throw new UsageError(`-mon ${more[0]}`, 'one monitor is enough.');
  const id = /(?:^|,)chardev=([^,]+)/.exec(mon)?.[1] ?? mon.split(',')[0];
  const chardev = lists.get('chardev')?.find((text) => text.split(',').includes(`id=${id}`));
  const path = chardev === undefined ? undefined : /(?:^|,)path=([^,]+)/.exec(chardev)?.[1];
  if (chardev === undefined || path === undefined) throw new UsageError(`-mon ${mon}`, `needs -chardev socket,path=PATH,id=${id}.`);
  return { chardev, place: `unix:${path}${/(?:^|,)server(=on)?(?:,|$)/.test(chardev) ? ',server=on' : ''}` };
}

/** `-rtc base=utc` or `base=2026-11-22T12:00:00`; the clock is the board's own, which QEMU calls `clock=vm`. */
function rtcOf(value: string): Date {
  let date = new Date();
  for (const part of value.split(',')) {
    const base = /^base=(.+)$/.exec(part)?.[1];
    if (base === undefined && part !== 'clock=vm') throw new UsageError(`-rtc ${value}`, 'only base=utc, base=DATE and clock=vm are there.');
    if (base !== undefined && base !== 'utc') date = new Date(/T/.test(base) ? `${base}Z` : base);
  }
  if (Number.isNaN(date.getTime())) throw new UsageError(`-rtc ${value}`, 'base is utc or a date such as 2026-11-22T12:00:00.');
  return date;
}

/** Reads the words after `qtest`. */
export function readQtestOptions(args: readonly string[]): QtestOptions {
  const parsed = parseCommandLine(args, SPECS);
  if (parsed.words.length > 0) throw new UsageError(parsed.words[0]!, 'is no option.');
  if (parsed.rest !== undefined) throw new UsageError('--', '"qtest" runs no command: its processor does nothing.');
  checkFixed(parsed);
  const memory = parsed.values.get('m');
  const seed = parsed.values.get('seed');
  const monitor = monitorOf(parsed);
  // The others are the machine's.
  parsed.lists.set('chardev', (parsed.lists.get('chardev') ?? []).filter((text) => text !== monitor?.chardev));
  const machine: MachineOptions = { clock: 'icount', ...readDevices(parsed, (parsed.lists.get('nic') ?? []).flatMap((value, number) => parseNic(value, number) ?? [])) };
  if (memory !== undefined) machine.memoryMiB = parseMemory('-m', memory, MAX_MEMORY_MIB);
  // The wall's time, as QEMU's; it goes on by clock_step.
  machine.rtc = rtcOf(parsed.values.get('rtc') ?? 'base=utc');
  if (seed !== undefined) machine.seed = parseCount('--seed', seed);
  return { machine, qtest: placeOf(parsed), monitor: monitor?.place, log: parsed.values.get('qtest-log') };
}
