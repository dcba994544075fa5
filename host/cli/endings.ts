/** How a machine ends, and what is told of it: `-action`, `-no-reboot`, `-d`, `-D`, `-pidfile`, `-name`. */

import { didYouMean } from '../words/near.js';
import type { Given } from './arguments.js';
import { UsageError } from './faults.js';
import { readEach, readOption, type Reading } from './reading.js';
import { readProperties, splitPairs, splitWords, type Property } from './words.js';

export type OnPanic = 'none' | 'shutdown' | 'exit-failure';

export interface Endings {
  onPanic: OnPanic;
  /** A reset starts the machine again. */
  reboot: boolean;
  /** Registers are logged at a reset or triple fault. */
  logResets: boolean;
  logFile: Given | undefined;
  pidFile: Given | undefined;
  processName: string | undefined;
}

export const ACTIONS: readonly Property[] = [
  { name: 'panic', kind: { is: 'word', of: ['none', 'shutdown', 'exit-failure'] }, about: 'what a panic of the guest\'s kernel does: none goes on, shutdown ends with 0, exit-failure with 133' },
  { name: 'reboot', kind: { is: 'word', of: ['reset', 'shutdown'] }, about: 'shutdown: as -no-reboot' },
  { name: 'shutdown', kind: { is: 'word', of: ['poweroff'] }, about: 'poweroff: the process ends' },
];

interface Actions {
  panic?: OnPanic;
  reboot?: 'reset' | 'shutdown';
}

function readActions(reading: Reading): Actions {
  const all = readEach(reading, 'action', (given) => {
    const words = splitPairs(given);
    const [name, value] = [words.pairs[0]?.name, words.pairs[0]?.value];
    if ((name === 'panic' || name === 'shutdown') && value === 'pause') throw new UsageError(given.argument, `there is no monitor to look at a paused machine with; write ${name}=${name === 'panic' ? 'shutdown' : 'poweroff'}.`);
    if (name === 'watchdog') throw new UsageError(given.argument, 'there is no watchdog; leave it out.');
    return Object.fromEntries(readProperties(words, '-action', ACTIONS, reading.faults)) as Actions;
  });
  return Object.assign({}, ...all) as Actions;
}

export const LOG_ITEMS: readonly [name: string, about: string][] = [
  ['cpu_reset', 'the registers before a reset, and at a triple fault'],
  ['guest_errors', 'taken, with a note: what a guest does wrong is not logged; --stats json counts it'],
  ['unimp', 'taken, as guest_errors'],
];
/** Of QEMU; what they would log is not. */
const OTHER_ITEMS = ['out_asm', 'in_asm', 'op', 'op_opt', 'op_ind', 'int', 'exec', 'cpu', 'fpu', 'mmu', 'pcall', 'page', 'nochain', 'plugin', 'strace', 'tid', 'vpu'];

function readLogItems({ argument, value }: Given, notes: string[]): boolean {
  for (const item of value.split(',')) {
    if (OTHER_ITEMS.includes(item) || item.startsWith('trace:')) throw new UsageError(argument, `${item} is not logged; what can be: ${LOG_ITEMS[0]![0]}. Leave it out.`);
    if (!LOG_ITEMS.some(([name]) => name === item)) throw new UsageError(argument, `there is no "${item}".${didYouMean(item, [...LOG_ITEMS.map(([name]) => name), ...OTHER_ITEMS])} "-d help" lists what can be logged.`);
    if (item !== 'cpu_reset') notes.push(`${argument}: what a guest does wrong is not logged (${item}); --stats json counts it.`);
  }
  return value.split(',').includes('cpu_reset');
}

const NAME: readonly Property[] = [
  { name: 'guest', kind: { is: 'text' }, about: 'a name for people' },
  { name: 'process', kind: { is: 'text' }, about: 'a name for ps' },
  { name: 'debug-threads', kind: { is: 'switch' }, about: 'taken' },
];

function processName(given: Given, reading: Reading): string | undefined {
  const words = splitWords(given);
  const pairs = words.head.includes('=') ? splitPairs(given) : words;
  return readProperties(pairs, '-name', NAME, reading.faults).get('process') as string | undefined;
}

/** By default a panic ends what nobody watches, with a status of its own. */
export function readEndings(reading: Reading): Endings {
  const { parsed, faults } = reading;
  const { panic, reboot } = readActions(reading);
  const noReboot = parsed.has('no-reboot') || reboot === 'shutdown';
  const logFile = parsed.given('D');
  if (logFile !== undefined && !parsed.has('d')) faults.add(logFile.argument, 'needs -d: what is to be logged.');
  return {
    onPanic: panic ?? (noReboot || parsed.rest !== undefined ? 'exit-failure' : 'none'),
    reboot: !noReboot,
    logResets: readEach(reading, 'd', (given) => readLogItems(given, reading.notes)).some(Boolean),
    logFile,
    pidFile: parsed.given('pidfile'),
    processName: readOption(reading, 'name', (given) => processName(given, reading)),
  };
}
