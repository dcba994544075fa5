/** What is booted: a kernel, a guest, a ROM image, or the first disk by SeaBIOS. */

import { wrongWithOrder, type BootOrder } from '../boot/boot-order.js';
import { GuestError } from '../guest/errors.js';
import { parseAddition } from '../platform/node/guest/addition.js';
import type { AddedFile, MachineOptions } from '../machine/types.js';
import { UsageError } from './faults.js';
import { isAddress, type Given } from './arguments.js';
import { bringsFirmware, type TypedDrive } from './drives.js';
import { readMachine } from './machine-type.js';
import { readEach, type Reading } from './reading.js';
import { readProperties, splitPairs, type Property } from './words.js';

export interface BootPlan {
  machine: MachineOptions;
  /** SeaBIOS boots the first disk: it is to be had from Debian's package. */
  firmware: boolean;
  /** The command line does not say what to boot: a machine without Debian's client may boot the built-in guest. */
  guestByDefault: boolean;
}

function addition({ argument, value }: Given): AddedFile {
  try {
    return parseAddition(value);
  } catch (error) {
    if (error instanceof GuestError) throw new UsageError(argument, error.message);
    throw error;
  }
}

/** Options that need another one, or exclude it. */
function checkTogether({ parsed, faults }: Reading, firmware: boolean): void {
  const needs = (name: string, there: boolean, what: string): void => {
    const given = parsed.given(name);
    if (given !== undefined && !there) faults.add(given.argument, what);
  };
  const [kernel, bios, guest] = [parsed.has('kernel'), parsed.has('bios'), parsed.has('guest')];
  needs('add', !parsed.has('restore'), 'is put into a guest before it starts; one of a snapshot has started.');
  needs('append', !parsed.has('restore') || kernel || guest, 'is for a guest that starts; one of a snapshot has started.');
  needs('initrd', kernel, 'needs -kernel.');
  needs('module', kernel, 'needs -kernel.');
  needs('guest', !kernel, 'cannot be combined with -kernel.');
  needs('add', !kernel && !bios && !firmware, `needs a prepared guest (--guest)${kernel ? ', not -kernel' : ''}.`);
  needs('bios', !kernel && !guest, `cannot be combined with ${kernel ? '-kernel' : '--guest'}; give one of them.`);
  needs('append', kernel || (!bios && !firmware), 'is the command line of a kernel or a guest; with a BIOS the boot loader has its own.');
  if (parsed.rest?.length === 0) faults.add('--', 'needs a command after it.');
  else if (parsed.rest !== undefined && (kernel || bios)) faults.add('--', `a command needs a prepared guest (--guest), not ${kernel ? '-kernel' : '-bios'}.`);
}

/** A disk boots when nothing else is named that does. */
export function bootsDisk({ parsed }: Reading, drives: readonly TypedDrive[]): boolean {
  const other = ['kernel', 'bios', 'guest', 'add', 'restore'].some((name) => parsed.has(name)) || parsed.rest !== undefined;
  return !other && drives.length > 0 && !bringsFirmware(drives);
}

const BOOT: readonly Property[] = [
  { name: 'order', kind: { is: 'text' }, about: 'letters: a floppy, c disk, d CD, n network; the first is tried first' },
  { name: 'once', kind: { is: 'text' }, about: 'as order, for the first start alone' },
  { name: 'menu', kind: { is: 'switch' }, about: 'the firmware offers what there is to boot from' },
  { name: 'strict', kind: { is: 'switch' }, about: 'taken' },
  { name: 'splash', kind: { is: 'ignored' }, about: 'taken' },
  { name: 'splash-time', kind: { is: 'ignored' }, about: 'taken' },
  { name: 'reboot-timeout', kind: { is: 'ignored' }, about: 'taken' },
];

/** `-boot` as the machine takes it. */
function readOrder(reading: Reading): BootOrder | undefined {
  return readEach(reading, 'boot', (given) => {
    const words = splitPairs({ ...given, value: given.value.includes('=') ? given.value : `order=${given.value}` });
    const properties = readProperties(words, '-boot', BOOT, reading.faults);
    const boot: BootOrder = {};
    for (const name of ['order', 'once'] as const) {
      const letters = properties.get(name) as string | undefined;
      if (letters === undefined) continue;
      const wrong = wrongWithOrder(letters);
      if (wrong !== undefined) throw new UsageError(given.argument, wrong);
      if (letters === 'n') throw new UsageError(given.argument, 'there is no boot ROM for the network; write -kernel ipxe.lkrn.');
      boot[name] = letters;
    }
    if (properties.get('menu') === true) boot.menu = true;
    return boot;
  }).reduce<BootOrder | undefined>((all, one) => ({ ...all, ...one }), undefined);
}

/** What to boot, once it is known whether there are disks. */
export function readBoot(reading: Reading, firmware: boolean, flash = false): BootPlan {
  const { parsed } = reading;
  checkTogether(reading, firmware);
  const entry = readMachine(reading);
  const add = readEach(reading, 'add', addition);
  const [kernel, bios] = [parsed.value('kernel'), parsed.value('bios')];
  const boot = readOrder(reading);
  if (bios !== undefined || firmware) return { machine: { ...(bios === undefined ? {} : { bios }), ...(boot === undefined ? {} : { boot }) }, firmware, guestByDefault: false };
  if (flash && !parsed.has('restore')) return { machine: { ...(kernel === undefined ? {} : { kernel }), ...(boot === undefined ? {} : { boot }) }, firmware: false, guestByDefault: false };
  const restore = parsed.value('restore');
  const named = kernel !== undefined || parsed.has('guest');
  const machine: MachineOptions = restore !== undefined && !named ? {} : kernel === undefined ? { guest: parsed.value('guest') ?? 'amd64' } : { kernel };
  if (restore !== undefined) machine.snapshot = isAddress(restore) ? new URL(restore) : restore;
  for (const name of ['initrd', 'append'] as const) if (parsed.has(name)) machine[name] = parsed.value(name)!;
  const modules = parsed.all('module').map(({ value: text }) => ({ file: text.split(' ', 1)[0]!, text }));
  if (modules.length > 0) machine.modules = modules;
  if (entry !== undefined) machine.entry = entry;
  if (add.length > 0) machine.add = add;
  return { machine, firmware: false, guestByDefault: !named && restore === undefined };
}
