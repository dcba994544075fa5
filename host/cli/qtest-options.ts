/** The options of `pintail qtest`: those of `run` that make the board, and where the protocol is spoken. */

import type { MachineOptions } from '../machine/types.js';
import { parseCommandLine, parseCount } from './arguments.js';
import { readRtc } from './clock-options.js';
import { UsageError } from './faults.js';
import { readOption, type Reading } from './reading.js';
import { checkOnly, hardwareOptions, readHardware, readMemory } from './run-options.js';
import { optionsOf } from './table.js';

export interface QtestOptions {
  machine: MachineOptions;
  /** Chardevs, as text. */
  qtest: string;
  monitor: string | undefined;
  log: string | undefined;
}

/** What QEMU's test library writes. */
function checkBoard({ parsed, faults }: Reading): void {
  for (const { argument, value } of parsed.all('machine')) {
    const unknown = value.split(',').find((part) => !['q35', 'type=q35', 'accel=qtest', 'none'].includes(part));
    if (unknown !== undefined) faults.add(argument, 'only q35, none (with which questions to a monitor are asked) and accel=qtest are there.');
  }
  const must = (name: string, allowed: readonly string[]): void => {
    for (const { argument, value } of parsed.all(name)) if (!allowed.includes(value)) faults.add(argument, `only ${allowed.join(', ')} is there.`);
  };
  must('accel', ['qtest']);
  must('smp', ['1']);
  must('serial', ['none', 'null']);
}

/** Where the protocol is spoken: `--listen PLACE` is `-qtest PLACE,server=on,wait=off`. */
function placeOf({ parsed, faults }: Reading): string {
  const [connected, listening] = [parsed.value('qtest'), parsed.given('listen')];
  if (connected !== undefined && listening !== undefined) faults.add(listening.argument, 'cannot be combined with -qtest.');
  if (listening?.value === 'stdio') faults.add(listening.argument, 'stdio is there already; use -qtest stdio.');
  return listening === undefined ? (connected ?? 'stdio') : `${listening.value},server=on,wait=off`;
}

/** The monitor's chardev, by its id, and where it is. */
interface MonitorPlace {
  id: string;
  place: string;
}

/** `-chardev socket,path=P,id=ID -mon chardev=ID,mode=control`, as QEMU's test library asks for a monitor. */
function monitorOf({ parsed }: Reading): MonitorPlace | undefined {
  const [mon, ...more] = parsed.all('mon');
  if (mon === undefined) return undefined;
  if (more.length > 0) throw new UsageError(more[0]!.argument, 'one monitor is enough.');
  const id = /(?:^|,)chardev=([^,]+)/.exec(mon.value)?.[1] ?? mon.value.split(',')[0]!;
  const chardev = parsed.all('chardev').find(({ value }) => value.split(',').includes(`id=${id}`))?.value;
  const path = chardev === undefined ? undefined : /(?:^|,)path=([^,]+)/.exec(chardev)?.[1];
  if (chardev === undefined || path === undefined) throw new UsageError(mon.argument, `needs -chardev socket,path=PATH,id=${id}.`);
  return { id, place: `unix:${path}${/(?:^|,)server(=on)?(?:,|$)/.test(chardev) ? ',server=on' : ''}` };
}

/** Reads the words after `qtest`. */
export function readQtestOptions(args: readonly string[]): QtestOptions {
  const parsed = parseCommandLine(args, optionsOf('qtest'));
  const reading: Reading = { parsed, faults: parsed.faults, notes: [] };
  if (parsed.rest !== undefined) reading.faults.add('--', '"qtest" runs no command: its processor does nothing.');
  checkOnly('qtest', reading);
  checkBoard(reading);
  const monitor = reading.faults.attempt(() => monitorOf(reading));
  const hardware = readHardware(reading);
  // The others are the machine's.
  if (monitor !== undefined) hardware.chardevs.delete(monitor.id);
  const machine: MachineOptions = { clock: 'icount', ...hardwareOptions(hardware, reading) };
  const [memory, seed] = [readMemory(reading), readOption(reading, 'seed', ({ argument, value }) => parseCount(argument, value))];
  if (memory !== undefined) machine.memoryMiB = memory;
  if (seed !== undefined) machine.seed = seed;
  // The wall's time, as QEMU's; it goes on by clock_step, whatever clock= says.
  machine.rtc = readRtc(reading).rtc ?? new Date();
  const qtest = placeOf(reading);
  reading.faults.check();
  return { machine, qtest, monitor: monitor?.place, log: parsed.value('qtest-log') };
}
