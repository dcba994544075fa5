/** The options of `pintail run`, from words to what createMachine takes. All faults are told at once. */

import { parseAddition } from '../platform/node/guest/addition.js';
import { MAX_MEMORY_MIB } from '../machine/options.js';
import type { DeviceOptions, MachineOptions } from '../machine/types.js';
import { didYouMean } from '../words/near.js';
import { isAddress, parseCommandLine, parseCount, parseMemory, type Given, type Parsed } from './arguments.js';
import { bootsDisk, readBoot, type BootPlan } from './boot-options.js';
import { readChardevs, stdioOf } from './chardevs.js';
import { checkCards, checkGuest, checkIds, checkImages, checkReadable, checkThere, checkWritable } from './check.js';
import { readClock, readLimits, readRtc } from './clock-options.js';
import { readCpuType } from './cpu-type.js';
import { readDeviceOptions, type DeviceContext, type Devices, type TypedDevice } from './devices.js';
import { bringsFirmware, isDiskWord, readDrives, type TypedDrive } from './drives.js';
import { readEndings, type Endings } from './endings.js';
import { UsageError } from './faults.js';
import { readGlobals, readObjects } from './globals.js';
import { readAttribution, type AttributionPlan } from './attribution.js';
import { readTrace, type TracePlan } from './trace-options.js';
import { readJit, type JitPlan } from './jit-options.js';
import { readNoted, readSmp } from './machine-type.js';
import { defaultNetwork, isNetworkModel, readNetworks, type Networks } from './networks.js';
import { readOption, type Reading } from './reading.js';
import { checkFolders, readShares, type TypedShare } from './shares.js';
import { ChardevError, parseChardev, type ChardevSpec as MonitorPlace } from '../qtest/chardev.js';
import { readSerial, readTarget, type SerialTarget } from './serial.js';
import { optionsOf, type CommandName } from './table.js';
import { readSecrets } from './secrets.js';
import { readVnc, type VncPlace } from './vnc.js';
import { splitPairs } from './words.js';

export interface RunOptions extends Endings, Omit<BootPlan, 'machine'> {
  machine: MachineOptions;
  /** COM1 to COM4, and the debug console. */
  serial: SerialTarget[];
  /** The screen is drawn in the terminal. */
  curses: boolean;
  monitor: MonitorPlace | undefined;
  vnc: VncPlace | undefined;
  stats: boolean;
  /** What is said on standard error is for programs. */
  json: boolean;
  /** Ctrl-A s saves disks, too. */
  withDisks: boolean;
  jit: JitPlan;
  attribution: AttributionPlan;
  trace: TracePlan;
  verbose: boolean;
  /** The guest is booted, whatever is kept of it. */
  cold: boolean;
  /** So many machines of one state, instead of one. */
  clones: (Given & { count: number }) | undefined;
  /** Equal runs are to be equal (--icount). */
  repeats: boolean;
  /** What is taken differently than QEMU takes it. */
  notes: string[];
  /** The byte that begins a command to the terminal: Ctrl-A. */
  escape: number;
  /** Looks whether files are there; throws a UsageError with all that are not. */
  checkFiles(): void;
  /** The option, as typed, that an error of the machine is about. */
  blame(message: string): string | undefined;
}

/** What a snapshot says that decides what the command line means. */
export interface SavedMachine {
  /** It has the card that there is by default. */
  hasDefaultCard: boolean;
  /** Cards of disks that are inside it, but for drives that are given. */
  cardsOfDisks(given: ReadonlySet<string>): DeviceOptions[];
}

/** Disks, cards and networks, with the words each was asked for. */
export interface Hardware {
  drives: TypedDrive[];
  shares: TypedShare[];
  devices: Devices;
  networks: Networks;
  chardevs: Map<string, Given>;
  context: DeviceContext;
}

/** Values of which there is one kind only. */
function checkOnly(command: CommandName, { parsed, faults }: Reading): void {
  for (const row of optionsOf(command)) {
    const only = row.only;
    if (only === undefined) continue;
    for (const { argument, value } of parsed.all(row.name)) {
      if (!only.includes(value)) faults.add(argument, `${only.length === 1 ? `only ${only[0]} is there` : `want ${only.join(', ')}`}.${didYouMean(value, only)}`);
    }
  }
}

/** Where `-monitor` is; nothing for none. */
function readMonitor(reading: Reading, serial: readonly SerialTarget[]): MonitorPlace | undefined {
  return readOption(reading, 'monitor', ({ argument, value }) => {
    if (['none', 'null', '/dev/null'].includes(value)) return undefined;
    if (value === 'stdio' && (serial.some(({ kind }) => kind === 'stdio') || reading.parsed.rest !== undefined)) throw new UsageError(argument, 'the terminal is a serial port\'s or a command\'s; write -serial none, or -monitor unix:PATH,server=on,wait=off.');
    try {
      return parseChardev(value);
    } catch (error) {
      throw error instanceof ChardevError ? new UsageError(argument, error.message.slice(value.length + 2)) : error;
    }
  });
}

/** `-display curses` draws a screen, on a terminal that nothing else has. */
function wantsCurses({ parsed, faults }: Reading, machine: MachineOptions, serial: readonly SerialTarget[], interactive: boolean): boolean {
  const given = parsed.all('display').at(-1);
  if (given?.value !== 'curses') return false;
  if (!machine.devices?.some(({ model }) => model === 'VGA')) faults.add(given.argument, 'needs a screen: -vga std.');
  if (!interactive) faults.add(given.argument, 'needs a terminal.');
  if (parsed.all('serial').some((_, i) => serial[i]?.kind === 'stdio')) faults.add(given.argument, 'has the terminal: give the serial port something else (-serial file:PATH, -serial none).');
  return true;
}

/** `-m 1G`, and QEMU's `-m size=1G,slots=3,maxmem=4G`. */
function readMemory(reading: Reading): number | undefined {
  return readOption(reading, 'm', ({ argument, value }) => {
    let size: string | undefined;
    for (const { name, value: text } of splitPairs({ argument, value: /^size=/.test(value) ? value : `size=${value}` }).pairs) {
      if (name === 'size') size = text;
      else if (name === 'slots' || name === 'maxmem') reading.notes.push(`${argument}: memory cannot be added later (${name}).`);
      else throw new UsageError(argument, `there is no "${name}"; want -m SIZE.${didYouMean(name, ['size', 'slots', 'maxmem'])}`);
    }
    return parseMemory(argument, size ?? '', MAX_MEMORY_MIB);
  });
}

/** Words that belong to no option: a disk, or a mistake. */
function diskWords({ parsed, faults }: Reading): string[] {
  const disks = parsed.words.filter(isDiskWord);
  for (const word of parsed.words) if (!isDiskWord(word)) faults.add(word, 'is no option; a kernel comes after -kernel, a command for the guest after "--".');
  for (const word of disks.slice(1)) faults.add(word, 'one disk can be given without an option; write -drive file=FILE for more.');
  return disks.slice(0, 1);
}

export function readHardware(reading: Reading): Hardware {
  const { parsed, faults, notes } = reading;
  const chardevs = readChardevs(parsed, parsed.all('chardev'));
  const context: DeviceContext = { faults, notes, globals: readGlobals(reading), chardevs: new Set(chardevs.keys()), rngs: readObjects(reading) };
  const drives = readDrives(parsed, diskWords(reading));
  checkIds(drives.map(({ argument, drive }) => ({ argument, id: drive.id })), faults);
  const devices = readDeviceOptions(parsed.all('device'), context);
  return { drives, shares: readShares(reading), devices, networks: readNetworks(parsed, context), chardevs, context };
}

/** What the machine gets of it. The screen comes first, then cards of -nic, then those of -device, then disks. */
export function hardwareOptions({ drives, shares, devices, networks, chardevs }: Hardware, { faults, parsed }: Reading, saved?: SavedMachine): MachineOptions {
  const screen = parsed.all('vga').slice(-1).flatMap(({ argument, value }): TypedDevice[] => (value === 'std' ? [{ argument, device: { model: 'VGA' }, id: undefined }] : []));
  checkIds(networks.netdevs.map(({ argument, text }) => ({ argument, id: /(?:^|,)id=([^,]+)/.exec(text)![1]! })), faults);
  const disks = drives.flatMap(({ argument, card }) => (card === undefined ? [] : [{ argument, device: card, id: undefined }]));
  const folders = shares.flatMap(({ argument, card }) => (card === undefined ? [] : [{ argument, device: card, id: undefined }]));
  const cards = [...screen, ...networks.cards, ...devices.cards, ...disks, ...folders];
  const named = new Set([...drives.map(({ drive }) => drive.id), ...devices.cards.flatMap(({ device }) => device.drive ?? [])]);
  const inside = saved?.cardsOfDisks(named) ?? [];
  const machine: MachineOptions = {
    netdevs: networks.netdevs.map(({ text }) => text),
    drives: drives.map(({ drive }) => drive),
    ...(shares.length === 0 ? {} : { shares: shares.map(({ share }) => share) }),
    chardevs: [...chardevs.values()].map(({ value }) => value),
    devices: [...[...screen, ...networks.cards, ...devices.cards, ...disks].map(({ device }) => device), ...inside, ...folders.map(({ device }) => device)],
    ...devices.debug,
  };
  if (!faults.list.some(({ argument }) => argument.includes('-chardev') || argument.includes('-netdev'))) checkCards(cards, machine, faults);
  return machine;
}

/**
 * The network card that is there by default: on the user network, unless the command line has networks or cards of its own, wants no
 * defaults, or asks by --icount that equal runs are equal: what comes from a network is never the same twice. Nor is there one for a script
 * that is piped in: its lines are typed when the guest idles, as one that waits for an address does before its shell reads.
 */
function wantsDefaultCard({ parsed }: Reading, devices: Devices, interactive: boolean, saved: SavedMachine | undefined): boolean {
  const own = ['nic', 'net', 'netdev'].some((name) => parsed.has(name)) || devices.cards.some(({ device }) => isNetworkModel(device.model));
  if (saved !== undefined) return !own && !parsed.has('nodefaults') && saved.hasDefaultCard;
  return !own && !parsed.has('nodefaults') && !parsed.has('icount') && parsed.value('guest') !== 'builtin' && (interactive || parsed.rest !== undefined);
}

/** Serial ports and the debug console; chardevs they name are taken out of those of the machine. */
function readConsoles(reading: Reading, { chardevs, devices }: Hardware): SerialTarget[] {
  const { parsed, faults } = reading;
  const stdio = stdioOf([...chardevs.values()]);
  const command = parsed.rest !== undefined;
  const serial = faults.attempt(() => readSerial(parsed.all('serial'), command || stdio !== undefined, command, chardevs)) ?? [];
  const debug = parsed.given('debugcon') ?? (devices.debugChardev === undefined ? undefined : { argument: '-device isa-debugcon', value: `chardev:${devices.debugChardev}` });
  const debugTarget = debug === undefined ? undefined : faults.attempt(() => readTarget(debug, chardevs));
  const left = stdioOf([...chardevs.values()]);
  if (left !== undefined && command) faults.add(left.argument, 'cannot be combined with a command ("--"): stdout is the command\'s.');
  if (left !== undefined && parsed.all('serial').some(({ value }) => value.endsWith('stdio'))) faults.add(left.argument, 'cannot be combined with -serial stdio.');
  while (serial.length < 4) serial.push({ kind: 'null' });
  return [...serial, debugTarget ?? { kind: 'null' }];
}

const MOST_CLONES = 256;

function readClones(reading: Reading): RunOptions['clones'] {
  return readOption(reading, 'clones', (given) => {
    const count = Number(parseCount(given.argument, given.value));
    if (count < 1 || count > MOST_CLONES) throw new UsageError(given.argument, `want 1 to ${MOST_CLONES}.`);
    return { ...given, count };
  });
}

const CTRL_A = 1;

function readEscape(reading: Reading): number {
  return readOption(reading, 'echr', ({ argument, value }) => {
    const code = Number(parseCount(argument, value));
    if (code < 1 || code > 127) throw new UsageError(argument, 'is the number of a character, from 1 to 127.');
    return code;
  }) ?? CTRL_A;
}

/** Whether files are there, of all options that name one. */
function checkFiles(parsed: Parsed, { drives, shares }: Hardware, serial: readonly SerialTarget[]): void {
  const { faults } = parsed;
  for (const name of ['kernel', 'bios']) for (const given of parsed.all(name)) checkReadable(given, given.value, faults);
  // More than one word, or a list, is for a multiboot kernel: that is known when the kernel has been read.
  for (const given of parsed.all('initrd')) if (!/[ ,]/.test(given.value)) checkReadable(given, given.value, faults);
  for (const given of parsed.all('restore')) if (!isAddress(given.value)) checkReadable(given, given.value, faults);
  for (const given of parsed.all('guest')) checkGuest(given, faults);
  for (const given of parsed.all('add')) checkThere(given, parseAddition(given.value).host, faults);
  for (const given of parsed.all('jit-symbols')) checkReadable(given, given.value, faults);
  for (const given of parsed.all('module')) checkReadable(given, given.value.split(' ', 1)[0]!, faults);
  for (const name of ['D', 'pidfile']) for (const given of parsed.all(name)) checkWritable(given, given.value, faults);
  for (const target of serial) if (target.kind === 'file') checkWritable(target, target.path, faults);
  checkImages(drives, faults);
  checkFolders(shares, faults);
  faults.check();
}

/** The option that names what a message is about: a file, an address, an id. */
function blamer(parsed: Parsed): (message: string) => string | undefined {
  const names = ['drive', 'hda', 'cdrom', 'virtfs', 'fsdev', 'netdev', 'nic', 'net', 'chardev', 'device', 'kernel', 'initrd', 'module', 'bios', 'guest', 'add', 'restore', 'm', 'icount', 'seed', 'rtc'];
  const all = names.flatMap((name) => parsed.all(name));
  const partsOf = ({ value }: Given): string[] => value.split(/[,=]|-:|::/).filter((part) => part.length > 1);
  const score = (given: Given, message: string): number => partsOf(given).reduce((sum, part) => sum + (message.includes(part) ? part.length : 0), 0);
  return (message) => all.map((given) => ({ given, hits: score(given, message) })).filter(({ hits }) => hits > 0).sort((a, b) => b.hits - a.hits)[0]?.given.argument;
}

/** Reads the words after `run`. `interactive`: the standard input is a terminal; `saved`: what `--snapshot` names. Throws a UsageError with all faults. */
export function readRunOptions(args: readonly string[], interactive: boolean, saved?: SavedMachine): RunOptions {
  const parsed = parseCommandLine(args, optionsOf('run'));
  const reading: Reading = { parsed, faults: parsed.faults, notes: [] };
  checkOnly('run', reading);
  const hardware = readHardware(reading);
  const firmware = bootsDisk(reading, hardware.drives);
  const { machine: boot, ...plan } = readBoot(reading, firmware, bringsFirmware(hardware.drives));
  const machine: MachineOptions = { ...boot, ...readClock(reading, interactive), limits: readLimits(reading) };
  const cpu = readCpuType(reading);
  readSmp(reading);
  readNoted(reading);
  const [memory, rtc] = [readMemory(reading), readRtc(reading)];
  const seed = readOption(reading, 'seed', ({ argument, value }) => parseCount(argument, value));
  Object.assign(machine, cpu === undefined ? {} : { cpu }, memory === undefined ? {} : { memoryMiB: memory }, seed === undefined ? {} : { seed }, rtc, parsed.rest === undefined ? {} : { command: parsed.rest });
  if (wantsDefaultCard(reading, hardware.devices, interactive, saved)) hardware.networks = defaultNetwork(hardware.context);
  const serial = readConsoles(reading, hardware);
  Object.assign(machine, hardwareOptions(hardware, reading, saved));
  const curses = wantsCurses(reading, machine, serial, interactive);
  if (curses) serial.forEach(({ kind }, port) => kind === 'stdio' && (serial[port] = { kind: 'null' }));
  const monitor = readMonitor(reading, serial), secrets = readSecrets(reading), vnc = readOption(reading, 'vnc', (given) => readVnc(given, secrets));
  if (vnc !== undefined && !machine.devices?.some(({ model }) => model === 'VGA')) reading.faults.add(vnc.argument, 'needs a screen: -vga std.');
  const endings = readEndings(reading), jit = readJit(reading);
  if (jit.jit !== undefined) machine.jit = jit.jit;
  const attribution = readAttribution(reading, machine), trace = readTrace(reading, machine);
  const escape = readEscape(reading), clones = readClones(reading);
  reading.faults.check();
  return {
    machine, serial, curses, monitor, vnc, ...plan, ...endings, jit, attribution, trace, escape, notes: reading.notes,
    stats: parsed.has('stats'),
    json: parsed.has('json'),
    withDisks: parsed.has('with-disks'),
    verbose: parsed.has('verbose'),
    cold: parsed.has('cold'),
    clones,
    repeats: parsed.has('icount'),
    checkFiles: () => checkFiles(parsed, hardware, serial),
    blame: blamer(parsed),
  };
}

/** For other commands that have a board: what QEMU's users write and that has one value. */
export { checkOnly, readMemory };
