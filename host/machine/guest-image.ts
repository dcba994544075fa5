/** Kernel, initrd and command line of a prepared guest, with what the options add to them. */

import { platform } from '#platform';
import { builtinGuest } from '../../guest/builtin.js';
import { brandOf } from '../bytes/view.js';
import { addFiles, type Addition } from '../guest/add.js';
import { openGuestAt } from '../guest/by-address.js';
import type { OpenGuest } from '../guest/open.js';
import { DRIVES_FILE } from '../guest/manifest.js';
import { ADDED_FOLDER, namesRoot, ROOT_INIT_ARGUMENT } from '../guest/init-arguments.js';
import { checkGuestPath } from '../guest/paths.js';
import { AGENT_ARGUMENT, commandArchive, joinArchives, SHELL_ARGUMENT } from '../guest/protocol.js';
import { bytesOf } from './bytes.js';
import { hasDriverOfDrives } from './drive-buses.js';
import { OptionError } from './errors.js';
import { IOMMU_MODEL } from './iommu-plan.js';
import type { PlainOptions } from './sources.js';
import type { AddedFile } from './types.js';
import { MIB } from './units.js';

export interface GuestImage {
  kernel: Uint8Array;
  kernelName: string;
  initrd?: Uint8Array;
  initrdName?: string;
  append: string;
  agent: boolean;
}

type GuestSource = NonNullable<PlainOptions['guest']>;

/** The guest that is always there. */
export const BUILTIN = 'builtin';
/** Guests made of packages: the usual memory is enough for them, and opening one may take minutes. */
const PREPARED: readonly GuestSource[] = ['amd64', 'i386'];

/** The address that names a guest's folder; a path or a name is none. */
function addressOf(name: GuestSource): URL | undefined {
  if (typeof name !== 'string') {
    if (brandOf(name) === 'URL') return new URL(name.href);
    throw new OptionError('guest', 'is neither a name, a folder nor a URL.');
  }
  return /^(https?|blob|data):/.test(name) ? new URL(name) : undefined;
}

/** Opens, and where needed builds, a guest by name, folder or address. */
export async function openGuest(name: GuestSource, options: PlainOptions): Promise<OpenGuest> {
  const { cacheDir, onProgress, signal, onTransfer } = options;
  const address = addressOf(name);
  if (address !== undefined) return openGuestAt(address, { ...(onTransfer === undefined ? {} : { onTransfer }), ...(signal === undefined ? {} : { signal }) });
  return platform.openGuest(name as string, {
    ...(cacheDir === undefined ? {} : { cacheDir }), ...(onProgress === undefined ? {} : { onProgress }), ...(signal === undefined ? {} : { signal }),
  });
}

/** The guest that has to be looked at before it is known how much memory its machine has, and whether it brings a disk. */
export async function openBefore(options: PlainOptions): Promise<OpenGuest | undefined> {
  const { guest } = options;
  return guest === undefined || guest === BUILTIN || PREPARED.includes(guest) ? undefined : openGuest(guest, options);
}

/** Id of the drive with a guest's root, which no option can name. */
const ROOT_DRIVE = 'the root\0';

/** A guest whose root is on a disk brings that along, behind the disks that were asked for; what is written to it is forgotten. */
export function withRootDisk<T extends PlainOptions>(options: T, guest: OpenGuest): T {
  const { devices = [], drives = [] } = options;
  const { root } = guest.manifest;
  if (root === undefined) return options;
  return { ...options, drives: [...drives, { id: ROOT_DRIVE, source: guest.nameOf(root), snapshot: true }], devices: [...devices, { model: 'virtio-blk', drive: ROOT_DRIVE }] };
}

/** What a guest is sure to start in, in MiB. */
export const memoryOfGuest = ({ manifest }: OpenGuest): number => Math.ceil(manifest.memory / MIB);

/** A file with its place in the guest. */
function placed(added: AddedFile): Addition {
  if (!('content' in added)) return platform.parseAddition(added.guest === undefined ? added.host : `${added.host}:${added.guest}`);
  const { content, guest, mode } = added;
  if ('host' in added) throw new OptionError('add', 'takes a host path or a content, not both at once.');
  if (typeof guest !== 'string' || !guest.startsWith('/') || guest.endsWith('/')) throw new OptionError('add.guest', `${JSON.stringify(guest)} is no absolute path of a file: a content needs one.`);
  return { content: typeof content === 'string' ? new TextEncoder().encode(content) : bytesOf('add.content', content), guest: checkGuestPath(guest), ...(mode === undefined ? {} : { mode }) };
}

/** The archive of what `add` names, below `folder` of it. Throws OptionError. */
export const addedArchive = (add: readonly AddedFile[], folder = ''): Promise<Uint8Array> => addFiles(add.map(placed), folder);

/** The archives after the guest's own: added files, and the command. The kernel unpacks them in this order. */
async function extraArchives(options: PlainOptions, rootOnDisk: boolean): Promise<Uint8Array[]> {
  const out: Uint8Array[] = [];
  if (options.add !== undefined && options.add.length > 0) out.push(await addedArchive(options.add, rootOnDisk ? ADDED_FOLDER : ''));
  if (options.command !== undefined) out.push(commandArchive(options.command, { stdin: options.stdin !== undefined }));
  return out;
}

function builtinImage(options: PlainOptions): GuestImage {
  for (const name of ['command', 'add', 'agent'] as const) {
    if (options[name]) throw new OptionError(name, 'the built-in guest is one small program and has no files or commands; use amd64.');
  }
  return { kernel: builtinGuest(), kernelName: 'the built-in guest', append: options.append ?? '', agent: false };
}

/** A guest may start in less than it is sure to; one that does not panics, silently, and restarts. */
function warnOfMemory(guest: OpenGuest, memoryMiB: number, say: PlainOptions['onProgress']): void {
  const least = memoryOfGuest(guest);
  if (memoryMiB < least) say?.(`the ${guest.manifest.name} guest is sure to start in ${least} MiB; the machine has ${memoryMiB}.`);
}

/** Over the initrd where a drive is on a controller, or a card may be given to a program: drivers, if the guest has them. */
async function driveArchive({ devices = [] }: PlainOptions, guest: OpenGuest): Promise<Uint8Array[]> {
  const row = devices.some(({ model }) => hasDriverOfDrives(model) || model === IOMMU_MODEL) ? guest.manifest.others.find(({ name }) => name === DRIVES_FILE) : undefined;
  return row === undefined ? [] : [await guest.read(row)];
}

const agentArguments = (agent: PlainOptions['agent']): string[] => (agent === 'shell' ? [AGENT_ARGUMENT, SHELL_ARGUMENT] : agent ? [AGENT_ARGUMENT] : []);

/** What of a guest is loaded; `opened` is it, where it has been opened. */
export async function guestImage(options: PlainOptions, name: GuestSource, memoryMiB: number, opened?: OpenGuest): Promise<GuestImage> {
  if (name === BUILTIN) return builtinImage(options);
  const guest = opened ?? (await openGuest(name, options));
  const { manifest } = guest;
  warnOfMemory(guest, memoryMiB, options.onProgress);
  const wantsAgent = Boolean(options.agent) || options.command !== undefined;
  if (wantsAgent && !manifest.agent) {
    throw new OptionError('guest', `${String(name)} has no agent that runs commands; it gives a console only.`);
  }
  // Linux's own entries are those of the packed kernel; the unpacked one that is booted otherwise may have none of them.
  const packed = options.entry !== undefined && options.entry !== 'pvh' ? manifest.others.find(({ name: other }) => other === 'vmlinuz') : undefined;
  const kernel = packed ?? manifest.kernel;
  const given = [manifest.append, ...agentArguments(options.agent), options.append ?? ''].filter((word) => word !== '').join(' ');
  const rootOnDisk = namesRoot(given);
  const [kernelBytes, initrd] = await Promise.all([guest.read(kernel), guest.read(manifest.initrd)]);
  return {
    kernel: kernelBytes,
    kernelName: guest.nameOf(kernel),
    initrd: joinArchives(initrd, ...(await driveArchive(options, guest)), ...(await extraArchives(options, rootOnDisk))),
    initrdName: guest.nameOf(manifest.initrd),
    append: rootOnDisk ? `${given} ${ROOT_INIT_ARGUMENT}` : given,
    agent: wantsAgent,
  };
}
