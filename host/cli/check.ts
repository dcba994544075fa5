/**
 * What the machine itself would refuse, asked of it before anything is opened, option by option: so all faults are told at once, each with
 * the words that were typed. And whether the files are there.
 */

import { parseNetdev } from '../net/netdev.js';
import { accessSync, constants, existsSync, openSync, readSync, closeSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { meaningOf } from '../words/errno.js';
import { didYouMean } from '../words/near.js';
import { planCards, readNetdevs } from '../machine/card-plan.js';
import { readChardevs } from '../machine/consoles.js';
import { isControllerModel } from '../machine/drive-buses.js';
import { ROOT_PORT_MODEL } from '../machine/root-ports.js';
import { OptionError } from '../machine/errors.js';
import type { MachineOptions } from '../machine/types.js';
import type { Given } from './arguments.js';
import { DEVICE_MODELS } from './device-models.js';
import type { TypedDevice } from './devices.js';
import { formatOf } from '../disk/options.js';
import { type TypedDrive } from './drives.js';
import type { Faults } from './faults.js';

/** `devices.slot` as the command line spells it. */
function spelled(model: string, key: string): string {
  const row = DEVICE_MODELS.find(({ names }) => names.includes(model))?.properties.find((one) => one.key === key);
  return row?.name ?? { ports: 'its ports', 'ports.number': 'nr', 'ports.chardev': 'chardev', features: 'its features', model: 'the model' }[key] ?? key;
}

/** Without the API's names. */
function problemOf(error: OptionError, model: string): string {
  const key = error.option.replace(/^devices\.?/, '');
  const problem = error.message.slice(error.option.length + 2);
  const words = problem.replace(/\b(periodMs|maxBytes|writeCache|logicalBlockBytes|physicalBlockBytes|maxPorts|modernOnly|legacyOnly|slotNumber)\b/g, (name) => spelled(model, name));
  if (words === `${model} needs one.`) return `needs ${spelled(model, key)}=ID.`;
  return key === '' || /^(no |there )/.test(words) || words.startsWith(model) ? words : `${spelled(model, key)}: ${words}`;
}

function refusal(work: () => unknown): OptionError | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof OptionError) return error;
    throw error;
  }
}

/** Each card alone, and when those are right, all together. */
export function checkCards(typed: readonly TypedDevice[], machine: MachineOptions, faults: Faults): void {
  const netdevs = readNetdevs(machine.netdevs ?? [], parseNetdev);
  const chardevs = readChardevs(machine.chardevs ?? []);
  const plan = (some: readonly TypedDevice[]): OptionError | undefined => refusal(() => planCards(some.map(({ device }) => device), netdevs, machine.drives ?? [], chardevs, machine.shares ?? []));
  const controllers = typed.filter(({ device }) => isControllerModel(device.model) || device.model === ROOT_PORT_MODEL);
  const unlike = plan(controllers) !== undefined;
  const wrong = new Set(faults.list.map(({ argument }) => argument));
  for (const one of typed.filter(({ argument }) => !wrong.has(argument))) {
    // What controllers and ports say against each other is told once, below.
    if (!controllers.includes(one) && unlike) continue;
    const error = plan(controllers.includes(one) ? [one] : [...controllers, one]);
    if (error !== undefined) faults.add(one.argument, problemOf(error, one.device.model));
  }
  if (faults.list.length > 0) return;
  const together = typed.findIndex((_, i) => plan(typed.slice(0, i + 1)) !== undefined);
  if (together < 0) return checkSlots(typed, faults);
  const { argument, device } = typed[together]!;
  faults.add(argument, problemOf(plan(typed.slice(0, together + 1))!, device.model));
}

function checkSlots(typed: readonly TypedDevice[], faults: Faults): void {
  const taken = new Set<number>();
  for (const { argument, device: { slot } } of typed) {
    if (!slot) continue;
    if (taken.has(slot)) faults.add(argument, `addr: there is a card at ${slot} already.`);
    taken.add(slot);
  }
}

/** The same id twice. */
export function checkIds(argumentsAndIds: readonly { argument: string; id: string }[], faults: Faults): void {
  const seen = new Set<string>();
  for (const { argument, id } of argumentsAndIds) {
    if (seen.has(id)) faults.add(argument, `the id "${id}" is given twice.`);
    seen.add(id);
  }
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error);

const A_FOLDER = meaningOf('EISDIR');

/** Undefined where the file can be read. */
function unreadable(path: string): string | undefined {
  try {
    if (statSync(path).isDirectory()) return A_FOLDER;
    accessSync(path, constants.R_OK);
    return undefined;
  } catch (error) {
    return meaningOf(codeOf(error));
  }
}

/** A guest by name, or a folder that holds one. */
export function checkGuest({ argument, value }: Given, faults: Faults): void {
  const names = ['amd64', 'i386', 'builtin'];
  if (names.includes(value) || unreadable(join(value, 'manifest.json')) === undefined) return;
  const near = didYouMean(value, names);
  faults.add(argument, `there is no guest "${value}".${near} There are ${names.join(', ')}, and folders that "pintail guest build --out FOLDER" wrote.`);
}

/** A file to read: it is there and no folder. */
export function checkReadable({ argument }: Pick<Given, 'argument'>, path: string, faults: Faults): boolean {
  const problem = unreadable(path);
  if (problem !== undefined) faults.add(argument, `cannot read ${path}: ${problem}.`);
  return problem === undefined;
}

/** A file or a folder. */
export function checkThere({ argument }: Given, path: string, faults: Faults): void {
  const problem = unreadable(path);
  if (problem !== undefined && problem !== A_FOLDER) faults.add(argument, `cannot read ${path}: ${problem}.`);
}

/** A file to write: it is there and may be written to, or its folder may. */
export function checkWritable({ argument }: Pick<Given, 'argument'>, path: string, faults: Faults): void {
  try {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return faults.add(argument, `cannot write ${path}: it is a folder.`);
    accessSync(statSync(path, { throwIfNoEntry: false }) === undefined ? dirname(path) : path, constants.W_OK);
  } catch (error) {
    const code = codeOf(error);
    faults.add(argument, `cannot write ${path}: ${code === 'ENOENT' ? 'there is no such folder' : meaningOf(code)}.`);
  }
}

/** A folder to write into, which is made when it is not there: the first one above it that is there may be written to. */
export function checkFolder({ argument }: Pick<Given, 'argument'>, path: string, faults: Faults): void {
  let there = path;
  while (!existsSync(there)) there = dirname(there);
  if (!statSync(there).isDirectory()) return faults.add(argument, `cannot write ${path}: ${there} is no folder.`);
  try {
    accessSync(there, constants.W_OK);
  } catch (error) {
    faults.add(argument, `cannot write ${path}: ${meaningOf(codeOf(error))}.`);
  }
}

function firstBytes(path: string): Uint8Array {
  const bytes = new Uint8Array(1024);
  const file = openSync(path, 'r');
  try {
    return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, 0));
  } finally {
    closeSync(file);
  }
}

const QCOW_MAGIC = [0x51, 0x46, 0x49, 0xfb];
const ELF_MAGIC = [0x7f, 0x45, 0x4c, 0x46];
/** `HdrS` at 202h: a bzImage (Linux's boot protocol), which has a boot sector's signature too. */
const HDRS = [0x48, 0x64, 0x72, 0x53];
const HDRS_AT = 0x202;

const begins = (bytes: Uint8Array, magic: readonly number[], at = 0): boolean => magic.every((byte, i) => bytes[at + i] === byte);

/** Images that are there and are raw. */
export function checkImages(drives: readonly TypedDrive[], faults: Faults): void {
  for (const typed of drives) {
    const path = typed.drive.source;
    if (typeof path !== 'string' || !checkReadable(typed, path, faults) || !statSync(path).isFile()) continue;
    const bytes = firstBytes(path);
    if (begins(bytes, ELF_MAGIC) || begins(bytes, HDRS, HDRS_AT)) faults.add(typed.argument, `${path} is a kernel and no disk; write -kernel ${path}.`);
    else if (begins(bytes, QCOW_MAGIC) && formatOf(path, typed.drive.format) === 'raw') faults.add(typed.argument, `${path} is no raw image: write -drive file=${path},format=qcow2.`);
  }
}
