/** Kernel, initrd and command line of a prepared guest, with what the options add to them. Node only. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { builtinGuest } from '../../guest/builtin.js';
import { addFiles, AGENT_ARGUMENT, checkGuestPath, commandArchive, joinArchives, loadGuest, parseAddition, prepareGuest, readManifest, type Addition, type Guest } from '../guest/index.js';
import { bytesOf } from './bytes.js';
import { OptionError } from './errors.js';
import type { AddedFile, MachineOptions } from './types.js';
import { MIB } from './units.js';

export interface GuestImage {
  kernel: Uint8Array;
  kernelName: string;
  initrd?: Uint8Array;
  initrdName?: string;
  append: string;
  agent: boolean;
}

/** The guest that is always there. */
export const BUILTIN = 'builtin';

async function openGuest(name: string, options: MachineOptions): Promise<Guest> {
  if (name !== 'amd64' && name !== 'i386') return loadGuest(name);
  return prepareGuest(name, {
    ...(options.cacheDir === undefined ? {} : { cacheDir: options.cacheDir }),
    ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
}

/** What a guest in a folder is sure to start in, in MiB; undefined for those that the default is enough for. */
export async function memoryOfGuest(name: string): Promise<number | undefined> {
  if (name === BUILTIN || name === 'amd64' || name === 'i386') return undefined;
  return Math.ceil((await readManifest(name)).memory / MIB);
}

/** A file with its place in the guest. */
function placed(added: AddedFile): Addition {
  if (!('content' in added)) return parseAddition(added.guest === undefined ? added.host : `${added.host}:${added.guest}`);
  const { content, guest, mode } = added;
  if ('host' in added) throw new OptionError('add', 'takes a host path or a content, not both at once.');
  if (typeof guest !== 'string' || !guest.startsWith('/') || guest.endsWith('/')) throw new OptionError('add.guest', `${JSON.stringify(guest)} is no absolute path of a file: a content needs one.`);
  return { content: typeof content === 'string' ? new TextEncoder().encode(content) : bytesOf('add.content', content), guest: checkGuestPath(guest), ...(mode === undefined ? {} : { mode }) };
}

/** The archives after the guest's own: added files, and the command. The kernel unpacks them in this order. */
async function extraArchives(options: MachineOptions): Promise<Uint8Array[]> {
  const out: Uint8Array[] = [];
  if (options.add !== undefined && options.add.length > 0) out.push(await addFiles(options.add.map(placed)));
  if (options.command !== undefined) out.push(commandArchive(options.command, { stdin: options.stdin !== undefined }));
  return out;
}

function builtinImage(options: MachineOptions): GuestImage {
  for (const name of ['command', 'add', 'agent'] as const) {
    if (options[name]) throw new OptionError(name, 'the built-in guest is one small program and has no files or commands; use amd64.');
  }
  return { kernel: builtinGuest(), kernelName: 'the built-in guest', append: options.append ?? '', agent: false };
}

/** A guest may start in less than it is sure to; one that does not panics, silently, and restarts. */
function warnOfMemory({ manifest }: Guest, memoryMiB: number, say: MachineOptions['onProgress']): void {
  const least = Math.ceil(manifest.memory / MIB);
  if (memoryMiB < least) say?.(`the ${manifest.name} guest is sure to start in ${least} MiB; the machine has ${memoryMiB}.`);
}

/** Opens, and where needed builds, the guest of that name or folder. */
export async function guestImage(options: MachineOptions, name: string, memoryMiB: number): Promise<GuestImage> {
  if (name === BUILTIN) return builtinImage(options);
  const guest = await openGuest(name, options);
  warnOfMemory(guest, memoryMiB, options.onProgress);
  const wantsAgent = options.agent === true || options.command !== undefined;
  if (wantsAgent && !guest.manifest.agent) {
    throw new OptionError('guest', `${name} has no agent that runs commands; it gives a console only.`);
  }
  // Linux's own entries are those of the packed kernel; the unpacked one that is booted otherwise may have none of them.
  const wantsPacked = options.entry !== undefined && options.entry !== 'pvh' && guest.manifest.others.some(({ name: other }) => other === 'vmlinuz');
  const kernel = wantsPacked ? join(guest.dir, 'vmlinuz') : guest.kernel;
  const words = [guest.append, options.agent ? AGENT_ARGUMENT : '', options.append ?? ''];
  return {
    kernel: await readFile(kernel),
    kernelName: kernel,
    initrd: joinArchives(await readFile(guest.initrd), ...(await extraArchives(options))),
    initrdName: guest.initrd,
    append: words.filter((word) => word !== '').join(' '),
    agent: wantsAgent,
  };
}
