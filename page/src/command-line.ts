/**
 * A QEMU command line, read by the same table and parser as `pintail run`'s, and what was made of each of its words; and the shelf of files
 * that were dropped or chosen, which it names.
 */

import type { MachineOptions } from 'pintail';
import { parseCommandLine } from '../../build/host/cli/arguments.js';
import { UsageError, type Fault } from '../../build/host/cli/faults.js';
import { readRunOptions } from '../../build/host/cli/run-options.js';
import { optionsOf } from '../../build/host/cli/table.js';
import { at, element, say } from './dom.js';
import { bytes } from './figures.js';
import { recognise, WORDS, type Kind } from './media.js';
import type { Recipe } from './store.js';
import { takeDrops } from './drop.js';

export interface CommandLineHooks {
  /** Debian, where the command line names nothing else to boot. */
  guestAt: URL;
  start(options: MachineOptions, recipe: Recipe): void;
  /** Files for the guest that runs. */
  intoGuest(files: readonly File[]): unknown;
  onTransfer: NonNullable<MachineOptions['onTransfer']>;
}

/** What boots a disk: the page has it beside its guest. */
const BIOS = 'firmware/bios-256k.bin';

interface Shelved {
  file: File;
  kind: Kind;
}

const shelf = new Map<string, Shelved>();

/** A shell's words: quotes, and a backslash at a line's end or before a letter. */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  for (const [whole] of text.replaceAll(/\\\r?\n/g, ' ').matchAll(/(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+/g)) {
    words.push(whole.replaceAll(/"((?:[^"\\]|\\.)*)"|'([^']*)'|\\(.)/g, (_all, double?: string, single?: string, one?: string) => single ?? one ?? double!.replaceAll(/\\(["\\$`])/g, '$1')));
  }
  return /(^|\/)qemu(-system-\w+)?$|^pintail$/.test(words[0] ?? '') ? words.slice(words[0] === 'pintail' && words[1] === 'run' ? 2 : 1) : words;
}

/** The file of that name on the shelf. Throws a UsageError. */
function fromShelf(option: string, path: string): File {
  const found = shelf.get(path) ?? shelf.get(path.split('/').pop()!);
  if (found === undefined) throw new UsageError(`${option} ${path}`, 'this page has no files by path: drop the file here, or choose it, and it is found by its name.');
  return found.file;
}

/** What the machine is made of, with files in the places of paths. */
async function withFiles(machine: MachineOptions): Promise<MachineOptions> {
  const made = { ...machine };
  for (const name of ['kernel', 'initrd', 'bios'] as const) {
    const source = made[name];
    if (typeof source === 'string') made[name] = fromShelf(`-${name}`, source);
  }
  made.drives = await Promise.all((machine.drives ?? []).map(async (drive) => (typeof drive.source !== 'string' ? drive : { ...drive, source: new Uint8Array(await fromShelf('-drive', drive.source).arrayBuffer()) })));
  return made;
}

interface Read {
  options: MachineOptions | undefined;
  notes: string[];
  faults: readonly Fault[];
}

function read(words: readonly string[]): Read {
  try {
    const { machine, notes, firmware } = readRunOptions(words, true);
    return { options: firmware ? { ...machine, bios: new URL(BIOS, document.baseURI) } : machine, notes, faults: [] };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return { options: undefined, notes: [], faults: error.faults };
  }
}

function line(argument: string, text: string, wrong = false): HTMLLIElement {
  const said = element('li', '', element('code', argument), document.createTextNode(` ${text}`));
  if (wrong) said.className = 'wrong';
  return said;
}

/** Each option with what it is taken for: the fault or note about it, else what it means. */
function tell(words: readonly string[], { notes, faults }: Read): void {
  const rows = optionsOf('run');
  const parsed = parseCommandLine(words, rows);
  const given = rows.flatMap((row) => parsed.all(row.name).map(({ argument }) => ({ argument, about: row.about })));
  const isAbout = (argument: string) => (note: string): boolean => note.startsWith(argument);
  const own = given.map(({ argument, about }) => {
    const fault = faults.find((one) => one.argument === argument);
    const note = notes.find(isAbout(argument));
    return line(argument, fault?.problem ?? note?.slice(argument.length).replace(/^: /, '') ?? about, fault !== undefined);
  });
  const others = faults.filter(({ argument }) => !given.some((one) => one.argument === argument)).map(({ argument, problem }) => line(argument, problem, true));
  const rest = notes.filter((note) => !given.some(({ argument }) => isAbout(argument)(note))).map((note) => element('li', note));
  at('words-said').replaceChildren(...own, ...others, ...rest);
}

/** What can be written into a link of it. */
function recipeOf({ memoryMiB, append, seed, icountShift, devices, netdevs, guest }: MachineOptions): Recipe {
  const texts = (netdevs ?? []).filter((one) => typeof one === 'string');
  return JSON.parse(JSON.stringify({ memoryMiB, append, seed: seed === undefined ? undefined : Number(seed), icountShift, devices, netdevs: texts, guest: guest instanceof URL ? 'guest/' : guest })) as Recipe;
}

async function start({ guestAt, start: go }: CommandLineHooks): Promise<void> {
  const words = splitWords(at<HTMLTextAreaElement>('words').value);
  const result = read(words);
  tell(words, result);
  if (result.options === undefined) return say('Some of it cannot be used: see below the box.');
  try {
    const options = await withFiles(result.options);
    if (options.guest === 'amd64' || (options.kernel ?? options.bios ?? options.guest) === undefined) Object.assign(options, { guest: guestAt, agent: 'shell' });
    go(options, recipeOf(options));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    tell(words, { ...result, faults: error.faults });
  }
}

const OPTION: Readonly<Record<Exclude<Kind, 'snapshot' | 'root'>, (name: string) => string>> = {
  kernel: (name) => `-kernel '${name}' -append 'console=ttyS0'`, initrd: (name) => `-initrd '${name}'`, rom: (name) => `-bios '${name}'`, disk: (name) => `-drive file='${name}',format=raw`,
};

/** A root file system in a tar archive is booted as it is. */
async function bootRoot(file: File, { guestAt, start: go, onTransfer }: CommandLineHooks): Promise<void> {
  say(`${file.name} is a root file system: it boots from memory, by the page's own kernel.`);
  try {
    go(await (await import('./rootfs.js')).machineOf(file, guestAt, onTransfer), {});
  } catch (error) {
    say(`${file.name} ${(error as Error).message}`);
  }
}

/** Puts files where they belong: a saved machine is woken, a root file system booted, others are on the shelf and in the command line. */
async function take(files: Iterable<File>, hooks: CommandLineHooks): Promise<void> {
  for (const file of files) {
    const kind = await recognise(file);
    if (kind === undefined) say(`${file.name} is nothing that a PC boots: no kernel, ROM, disk image, file system or saved machine.`);
    else if (kind === 'root') await bootRoot(file, hooks);
    else if (kind === 'snapshot') hooks.start({ snapshot: file }, {});
    else {
      shelf.set(file.name, { file, kind });
      at<HTMLDetailsElement>('make').open = true;
      at<HTMLTextAreaElement>('words').value += ` ${OPTION[kind](file.name)}`;
      say(`${file.name} is ${WORDS[kind]}: it is in the command line now.`);
    }
  }
  at('shelf').replaceChildren(...[...shelf.values()].map(({ file, kind }) => line(file.name, `${WORDS[kind]}, ${bytes(file.size)}`)));
  showWords();
}

function showWords(): void {
  const words = splitWords(at<HTMLTextAreaElement>('words').value);
  tell(words, read(words));
}

export function openCommandLine(hooks: CommandLineHooks): void {
  at('command').addEventListener('submit', (event) => {
    event.preventDefault();
    void start(hooks);
  });
  at('words').addEventListener('input', showWords);
  at<HTMLInputElement>('files').addEventListener('change', ({ target }) => void take((target as HTMLInputElement).files ?? [], hooks));
  takeDrops({ guest: hooks.intoGuest, machine: (files) => take(files, hooks) });
  showWords();
}
