/** `-machine`, `-accel` and `-smp`: the one board, in QEMU's words. */

import { didYouMean } from '../words/near.js';
import { ENTRY_NAMES, type EntryName } from '../boot/load-options.js';
import type { Given } from './arguments.js';
import { UsageError } from './faults.js';
import { readEach, readOption, type Reading } from './reading.js';
import { parseSwitch, readProperties, splitPairs, splitWords, type Property } from './words.js';

const onOff = { is: 'switch' } as const;

export const MACHINE_PROPERTIES: readonly Property[] = [
  { name: 'kernel-entry', kind: { is: 'word', of: ENTRY_NAMES }, about: `how a kernel starts: ${ENTRY_NAMES.join(', ')}` },
  { name: 'type', kind: { is: 'text' }, about: 'the board: q35' },
  { name: 'accel', kind: { is: 'text' }, about: 'as -accel' },
  { name: 'graphics', kind: onOff, about: 'taken: there is no display' },
  { name: 'usb', kind: onOff, about: 'taken: there is no USB' },
  { name: 'smm', kind: { is: 'word', of: ['off', 'auto', 'on'] }, about: 'off: there is no system management mode' },
  { name: 'hpet', kind: onOff, about: 'on: the board has one' },
  { name: 'acpi', kind: onOff, about: 'on: the board has it' },
  ...['kernel_irqchip', 'kernel-irqchip', 'vmport', 'dump-guest-core', 'mem-merge', 'nvdimm', 'hmat', 'suppress-vmdesc', 'vmport', 'i8042', 'sata'].map(
    (name): Property => ({ name, kind: { is: 'ignored' }, about: 'taken, without effect' }),
  ),
];

const BOARDS = /^(pc(-(q35|i440fx)-\d+\.\d+)?|pc-\d\.\d+|q35)$/;
export const BOARD_NAMES: readonly [name: string, about: string][] = [['q35', 'host bridge 8086:29c0, ICH9: the one board'], ['pc', 'taken, with a note: it is q35']];

function readBoard(argument: string, name: string, notes: string[]): void {
  if (name === 'q35' || /^pc-q35/.test(name)) return;
  if (name === 'microvm') throw new UsageError(argument, 'there is no microvm; write -machine q35 and virtio-...-pci for virtio-...-device.');
  if (!BOARDS.test(name)) throw new UsageError(argument, `there is no board "${name}"; write q35.${didYouMean(name, ['q35'])}`);
  notes.push(`${argument}: the board is q35.`);
}

const ACCELS = ['kvm', 'tcg', 'hvf', 'whpx', 'hax', 'nvmm', 'xen', 'qtest'];
export const ACCEL_ROWS: readonly [name: string, about: string][] = [['tcg', 'what it comes to: instructions are translated, to WebAssembly'], ['kvm', 'taken, with a note; so are hvf, whpx, hax and nvmm']];

function readAccel(argument: string, names: string, notes: string[]): void {
  const wrong = names.split(':').find((name) => !ACCELS.includes(name));
  if (wrong !== undefined) throw new UsageError(argument, `there is no "${wrong}"; write tcg.${didYouMean(wrong, ACCELS)}`);
  if (!names.split(':').some((name) => name === 'tcg' || name === 'qtest')) notes.push(`${argument}: instructions are translated to WebAssembly, on any host.`);
}

/** Says that the board must have what it has, or not have what it has not. */
function mustBe(argument: string, name: string, given: unknown, there: boolean): void {
  if (given !== undefined && given !== there) throw new UsageError(argument, `${name} is ${there ? 'on' : 'off'} on this board; leave it out.`);
}

function readMachineOption(given: Given, { faults, notes }: Reading): EntryName | undefined {
  const head = splitWords(given).head;
  const words = head.includes('=') ? splitPairs(given) : splitWords(given);
  const properties = readProperties(words, '-machine', MACHINE_PROPERTIES, faults);
  const board = (properties.get('type') as string) ?? words.head;
  if (board !== '') readBoard(given.argument, board, notes);
  if (properties.has('accel')) readAccel(given.argument, String(properties.get('accel')), notes);
  if (properties.get('smm') === 'on') throw new UsageError(given.argument, 'there is no system management mode; write smm=off.');
  for (const name of ['hpet', 'acpi']) mustBe(given.argument, name, properties.get(name), true);
  for (const name of ['usb']) if (properties.get(name) === true) notes.push(`${given.argument}: there is no USB.`);
  return properties.get('kernel-entry') as EntryName | undefined;
}

/** The kernel entry asked for, if any. */
export function readMachine(reading: Reading): EntryName | undefined {
  const entries = readEach(reading, 'machine', (given) => readMachineOption(given, reading));
  readEach(reading, 'accel', ({ argument, value }) => readAccel(argument, value.split(',')[0]!, reading.notes));
  const kvm = reading.parsed.given('enable-kvm');
  if (kvm !== undefined && !/no-kvm/.test(kvm.argument)) reading.notes.push(`${kvm.argument}: instructions are translated to WebAssembly, on any host.`);
  return entries.find((entry) => entry !== undefined);
}

const SMP: readonly Property[] = ['cpus', 'maxcpus', 'sockets', 'dies', 'clusters', 'cores', 'threads'].map((name) => ({ name, kind: { is: 'count', least: 1, most: 1024 }, about: '' }));

/** One processor, whatever is asked for; a note where it is more. */
export function readSmp(reading: Reading): void {
  readOption(reading, 'smp', (given) => {
    const words = splitPairs({ ...given, value: /^\d/.test(given.value) ? `cpus=${given.value}` : given.value });
    const counts = readProperties(words, '-smp', SMP, reading.faults);
    const product = ['sockets', 'dies', 'clusters', 'cores', 'threads'].reduce((all, name) => all * Number(counts.get(name) ?? 1), 1);
    if (Number(counts.get('cpus') ?? product) > 1) reading.notes.push(`${given.argument}: there is one processor.`);
  });
}

/** Switches of QEMU that say `on` or `off` and change nothing. */
export function readNoted({ parsed, faults, notes }: Reading): void {
  const say = (name: string, text: string): void => {
    for (const { argument } of parsed.all(name)) notes.push(`${argument}: ${text}`);
  };
  say('usb', 'there is no USB.');
  say('k', 'there is no keyboard to lay out: the serial port takes what the terminal sends.');
  say('L', 'the BIOS comes from Debian\'s package, or by -bios FILE.');
  say('msg', 'messages are as they are.');
  say('sandbox', 'the machine is inside WebAssembly.');
  say('no-shutdown', 'the machine ends when the guest switches off: there is no monitor to look at it with.');
  for (const { argument, value } of parsed.all('sandbox')) faults.attempt(() => parseSwitch(argument, 'sandbox', value.split(',')[0]!));
}
