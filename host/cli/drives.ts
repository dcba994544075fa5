/** `-drive`, `-hda` and its like, and `-cdrom`: disks, each on a virtio card of its own or on a port of the board's AHCI controller, unless a `-device` takes it. */

import { PLAIN_DRIVES } from '../machine/models.js';
import type { DeviceOptions, DriveOptions } from '../machine/types.js';
import type { Given, Parsed } from './arguments.js';
import type { Faults } from './faults.js';
import { readProperties, splitPairs, type Properties, type Property } from './words.js';

/** A drive, and the words it was asked for with. */
export interface TypedDrive {
  argument: string;
  drive: DriveOptions;
  /** The card it comes with; undefined with `if=none`. */
  card: DeviceOptions | undefined;
  cdrom: boolean;
}

const CACHES = ['writeback', 'writethrough', 'none', 'directsync', 'unsafe'] as const;

export const DRIVE_PROPERTIES: readonly Property[] = [
  { name: 'file', kind: { is: 'text' }, about: 'an image by path' },
  { name: 'id', kind: { is: 'text' }, about: 'a name for it' },
  { name: 'if', kind: { is: 'word', of: ['virtio', 'none', 'ide', PLAIN_DRIVES.nvme, 'scsi', 'sd', 'mtd', 'floppy', PLAIN_DRIVES.flash] }, about: 'virtio (default), ide: the AHCI controller (default with media=cdrom), nvme, floppy, pflash: firmware, none for a -device' },
  { name: 'format', kind: { is: 'text' }, about: 'raw or qcow2; default qcow2 where the name ends so' },
  { name: 'driver', kind: { is: 'text' }, about: 'as format' },
  { name: 'readonly', kind: { is: 'switch' }, about: 'not written to' },
  { name: 'read-only', kind: { is: 'switch' }, about: 'as readonly' },
  { name: 'snapshot', kind: { is: 'switch' }, about: 'writes are kept in memory and forgotten' },
  { name: 'overlay', kind: { is: 'text' }, about: 'a file that writes go to' },
  { name: 'cache', kind: { is: 'word', of: CACHES }, about: CACHES.join(', ') },
  { name: 'discard', kind: { is: 'word', of: ['ignore', 'unmap', 'on', 'off'] }, about: 'unmap gives discarded ranges back' },
  { name: 'locking', kind: { is: 'word', of: ['on', 'off', 'auto'] }, about: 'refuse an image that another machine writes to' },
  { name: 'file.locking', kind: { is: 'word', of: ['on', 'off', 'auto'] }, about: 'as locking' },
  { name: 'serial', kind: { is: 'text' }, about: 'the disk\'s serial number' },
  { name: 'media', kind: { is: 'word', of: ['disk', 'cdrom'] }, about: 'cdrom: a CD in a drive' },
  { name: 'index', kind: { is: 'count' }, about: 'of if=ide: the port, 0 to 5; other disks are in the order in which they are given' },
  { name: 'unit', kind: { is: 'count' }, about: 'of if=ide: 0, the one drive of a port; of if=pflash: 0, the firmware, or 1, its variables' },
  { name: 'bus', kind: { is: 'count' }, about: 'of if=ide: as index' },
  { name: 'aio', kind: { is: 'ignored' }, about: 'taken: how the file is read is the program\'s business' },
  { name: 'detect-zeroes', kind: { is: 'ignored' }, about: 'taken' },
  { name: 'werror', kind: { is: 'ignored' }, about: 'taken: the guest is told of errors' },
  { name: 'rerror', kind: { is: 'ignored' }, about: 'taken, as werror' },
  { name: 'copy-on-read', kind: { is: 'ignored' }, about: 'taken' },
];

/** `nbd:...`, `http://...`, `fat:rw:folder`: what is no path. */
const PROTOCOL = /^(?:[a-z][a-z0-9+.-]{1,}:|json:|\$\()/i;

function checkFile(argument: string, file: string, faults: Faults): void {
  if (/^fat:/.test(file)) faults.add(argument, 'a folder cannot be a disk; write --add FOLDER:/FOLDER with a prepared guest, or make an image of it.');
  else if (PROTOCOL.test(file) && !/^[a-z]:[\\/]/i.test(file)) faults.add(argument, 'a disk is a raw image by its path; there are no protocols.');
}

export function convertAdvice(file: string): string {
  return `raw and qcow2 images are read; qemu-img convert -O raw ${file} ${file.replace(/\.[^./]*$/, '')}.img makes one.`;
}

const IMAGE_FORMATS = /\.(vmdk|vdi|vhdx?|qed)$/i;
const FORMATS: readonly unknown[] = ['raw', 'file', 'qcow2'];

function checkFormat(argument: string, given: Properties, faults: Faults): void {
  const format = given.get('format') ?? given.get('driver');
  const file = given.get('file') as string | undefined;
  const foreign = format === undefined ? file !== undefined && IMAGE_FORMATS.test(file) : !FORMATS.includes(format);
  if (foreign) faults.add(argument, convertAdvice(file ?? 'DISK'));
}

/** Interfaces that are not there, and what to write. */
const NO_INTERFACE: Readonly<Record<string, string>> = {
  scsi: 'there is no SCSI; write if=virtio.', sd: 'there is no card reader; write if=virtio.', mtd: 'there is no flash disk; write if=virtio.',
};

function toDrive(given: Properties, id: string): DriveOptions {
  const drive: DriveOptions = { id: (given.get('id') as string) ?? id, source: (given.get('file') as string) ?? '' };
  const readOnly = given.get('readonly') ?? given.get('read-only');
  if (readOnly !== undefined) drive.readOnly = readOnly === true;
  const format = given.get('format') ?? given.get('driver');
  if (format === 'raw' || format === 'qcow2') drive.format = format;
  for (const name of ['snapshot', 'overlay', 'cache'] as const) if (given.has(name)) Object.assign(drive, { [name]: given.get(name) });
  const discard = given.get('discard');
  if (discard !== undefined) drive.discard = discard === 'unmap' || discard === 'on' ? 'unmap' : 'ignore';
  const locking = given.get('locking') ?? given.get('file.locking');
  if (locking !== undefined && locking !== 'auto') drive.locking = locking === 'on';
  return drive;
}

function readDrive(option: Given, number: number, faults: Faults): TypedDrive | undefined {
  const words = splitPairs(option);
  const { argument } = option;
  const before = faults.list.length;
  const given = readProperties(words, '-drive', DRIVE_PROPERTIES, faults);
  const wanted = String(given.get('if') ?? 'virtio');
  const instead = NO_INTERFACE[wanted];
  if (instead !== undefined) return void faults.add(argument, instead);
  if (faults.list.length === before && !words.pairs.some(({ name }) => name === 'file')) return void faults.add(argument, 'needs file=PATH.');
  checkFormat(argument, given, faults);
  checkFile(argument, String(given.get('file') ?? ''), faults);
  if (faults.list.length > before) return undefined;
  const cdrom = given.get('media') === 'cdrom';
  const drive = toDrive(given, `drive${number}`);
  if (cdrom) drive.readOnly = true;
  const card = cardOf(wanted === 'virtio' && cdrom && !given.has('if') ? 'ide' : wanted, drive.id, cdrom, given);
  return { argument, drive, card, cdrom };
}

/** What a drive is on. */
function cardOf(wanted: string, drive: string, cdrom: boolean, given: Properties): DeviceOptions | undefined {
  if (wanted === 'none') return undefined;
  const serial = given.has('serial') ? { serial: given.get('serial') as string } : {};
  if (wanted === 'floppy') return { model: PLAIN_DRIVES.floppy, drive, ...(given.has('index') ? { unit: given.get('index') as number } : {}) };
  const unit = given.get('unit') ?? given.get('index');
  if (wanted === PLAIN_DRIVES.flash) return { model: PLAIN_DRIVES.flash, drive, ...(unit === undefined ? {} : { unit: unit as number }) };
  if (wanted === PLAIN_DRIVES.nvme) return { model: PLAIN_DRIVES.nvme, drive, ...serial };
  if (wanted !== 'ide') return { model: 'virtio-blk', drive, ...serial };
  const port = given.get('index') ?? given.get('bus');
  return { model: cdrom ? PLAIN_DRIVES.cd : PLAIN_DRIVES.disk, drive, ...(port === undefined ? {} : { bus: `ide.${String(port)}` }), ...(given.has('unit') ? { unit: given.get('unit') as number } : {}), ...serial };
}

/** Flash chips that do not say which they are, in the order in which they are given. */
function numberChips(drives: TypedDrive[]): TypedDrive[] {
  const chips = drives.flatMap(({ card }) => (card?.model === PLAIN_DRIVES.flash ? [card] : []));
  for (const card of chips) card.unit ??= [0, 1].find((unit) => !chips.some((other) => other.unit === unit)) ?? 0;
  return drives;
}
/** Firmware is in a flash chip: SeaBIOS is not wanted, nor a guest. */
export const bringsFirmware = (drives: readonly TypedDrive[]): boolean => drives.some(({ card }) => card?.model === PLAIN_DRIVES.flash);

/** A disk by its file alone: `-hda FILE`, `-cdrom FILE`, or the word that QEMU takes for one. */
function plainDisk(argument: string, file: string, id: string, faults: Faults, port: number | undefined, cdrom: boolean): TypedDrive {
  checkFile(argument, file, faults);
  if (IMAGE_FORMATS.test(file)) faults.add(argument, convertAdvice(file));
  const drive: DriveOptions = { id, source: file, ...(cdrom ? { readOnly: true } : {}) };
  return { argument, drive, card: { model: cdrom ? PLAIN_DRIVES.cd : PLAIN_DRIVES.disk, drive: id, ...(port === undefined ? {} : { bus: `ide.${port}` }) }, cdrom };
}

/** A word without an option that can only be a disk: it is a path, or has an image's ending. */
export function isDiskWord(word: string): boolean {
  return /[/\\]/.test(word) || /\.(img|raw|iso|bin|hdd|disk|qcow2?|vmdk|vdi|vhdx?)$/i.test(word);
}

/** Where QEMU has them: -hda to -hdd at ports 0 to 3, the CD at port 2, and the word at port 0. */
const LETTERS = ['hda', 'hdb', 'hdc', 'hdd'];
const CD_PORT = 2;

/** All disks in their order: -hda to -hdd and the word, then -drive, then the CD. */
export function readDrives(parsed: Parsed, words: readonly string[]): TypedDrive[] {
  const { faults } = parsed;
  const letters = parsed.all('hda').map((option) => {
    const port = Math.max(LETTERS.findIndex((letter) => option.argument.replace(/^-+/, '').startsWith(letter)), 0);
    return plainDisk(option.argument, option.value, LETTERS[port]!, faults, port, false);
  });
  const floppies = parsed.all('fda').map((option): TypedDrive => {
    const unit = /^-+fdb/.test(option.argument) ? 1 : 0, id = unit === 1 ? 'fdb' : 'fda';
    checkFile(option.argument, option.value, faults);
    return { argument: option.argument, drive: { id, source: option.value }, card: { model: PLAIN_DRIVES.floppy, drive: id, unit }, cdrom: false };
  });
  const named = words.map((word) => plainDisk(word, word, 'disk0', faults, 0, false));
  const drives = parsed.all('drive').flatMap((option, number) => readDrive(option, number, faults) ?? []);
  const cds = parsed.all('cdrom').map((option) => plainDisk(option.argument, option.value, 'cd0', faults, CD_PORT, true));
  const chips = parsed.all(PLAIN_DRIVES.flash).map((option, i): TypedDrive => ({ argument: option.argument, drive: { id: `pflash${i}`, source: option.value, format: 'raw' }, card: { model: PLAIN_DRIVES.flash, drive: `pflash${i}` }, cdrom: false }));
  const all = numberChips([...floppies, ...letters, ...named, ...drives, ...chips, ...cds]);
  if (parsed.has('snapshot')) for (const { drive } of all) if (!drive.readOnly && drive.overlay === undefined) drive.snapshot = true;
  return all;
}
