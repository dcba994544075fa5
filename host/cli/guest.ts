/** `pintail guest`: makes guests that other machines, or a web server, can use. */

import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { buildGuest, buildHeaders, buildRoot, importGuest, prepareGuest, type DebianGuestName, type Guest } from '../guest/index.js';
import { pktlab } from '../../guest/pktlab/index.js';
import { didYouMean } from '../words/near.js';
import { parseCommandLine, type Parsed } from './arguments.js';
import { checkFolder, checkReadable, checkWritable } from './check.js';
import { UsageError } from './faults.js';
import { interruptible } from './interruptible.js';
import { optionsOf, type CommandName } from './table.js';

function guestName({ faults, given }: { faults: Parsed['faults']; given: ReturnType<Parsed['given']> }): DebianGuestName {
  if (given === undefined || given.value === 'amd64' || given.value === 'i386') return (given?.value ?? 'amd64') as DebianGuestName;
  faults.add(given.argument, `only amd64 and i386 are made of packages.${didYouMean(given.value, ['amd64', 'i386'])}`);
  return 'amd64';
}

function report({ dir, manifest }: Guest, json: boolean): void {
  if (json) return void process.stdout.write(`${JSON.stringify({ dir, ...manifest }, null, 2)}\n`);
  process.stdout.write(`${dir}\n`);
  for (const file of [manifest.kernel, manifest.initrd, ...(manifest.root === undefined ? [] : [manifest.root]), ...(manifest.waiting === undefined ? [] : [manifest.waiting])]) process.stdout.write(`  ${file.name}  ${file.bytes} bytes  sha256 ${file.sha256}\n`);
}

function read(name: CommandName, args: readonly string[]): { parsed: Parsed; guest: DebianGuestName } {
  const parsed = parseCommandLine(args, optionsOf(name));
  if (parsed.rest !== undefined) parsed.faults.add('--', '"guest" runs no command.');
  const out = parsed.given('out');
  if (out !== undefined) checkFolder(out, out.value, parsed.faults);
  return { parsed, guest: guestName({ faults: parsed.faults, given: parsed.given('guest') }) };
}

/** Debian's names (Policy 5.6.7), with an architecture or a version behind them as apt takes them. */
const PACKAGE = /^[a-z0-9][a-z0-9+.-]+(:[a-z0-9]+)?(=[\w.+:~-]+)?$/;

function readPackages(parsed: Parsed): string[] | undefined {
  const given = parsed.given('packages');
  if (given === undefined) return undefined;
  const names = given.value.split(/[, ]+/).filter((name) => name !== '');
  for (const name of names) if (!PACKAGE.test(name)) parsed.faults.add(given.argument, `"${name}" is no name of a Debian package.`);
  if (names.length === 0) parsed.faults.add(given.argument, 'names no package; write NAME,NAME.');
  return names;
}

async function build(args: readonly string[]): Promise<number> {
  const { parsed, guest: name } = read('guest build', args);
  const out = parsed.value('out');
  if (out === undefined) parsed.faults.add('--out', 'is missing: the folder to write kernel, initrd and manifest.json to.');
  for (const word of parsed.words) parsed.faults.add(word, '"guest build" takes options only.');
  const packages = readPackages(parsed);
  const waits = parsed.given('waiting');
  if (waits !== undefined && packages !== undefined) parsed.faults.add(waits.argument, 'is of a guest in memory; with --packages the root file system is on a disk.');
  parsed.faults.check();
  const made = await interruptible('guest', async (signal, progress) => {
    const options = { signal, onProgress: progress.note, onTransfer: progress.transfer };
    if (packages !== undefined) return buildRoot(name, packages, out!, options);
    const guest = await buildGuest(name, out!, options);
    if (waits === undefined) return guest;
    progress.moving('booting, once');
    return (await import('./guest-waiting.js')).addWaiting(guest, signal);
  });
  report(made, parsed.has('json'));
  return 0;
}

async function importArchive(args: readonly string[]): Promise<number> {
  const { parsed, guest: name } = read('guest import', args);
  const [archive, ...more] = parsed.words;
  if (archive === undefined) parsed.faults.add('guest import', 'needs the tar archive of a root file system.');
  else checkReadable({ argument: archive }, archive, parsed.faults);
  for (const word of more) parsed.faults.add(word, 'one archive at a time.');
  const out = parsed.value('out') ?? basename(archive ?? '').replace(/\.(tar|tgz|tar\.[a-z0-9]+)$/, '');
  if (archive !== undefined && out === basename(archive)) parsed.faults.add('--out', 'is missing: the folder to write the guest to.');
  parsed.faults.check();
  const made = await interruptible('guest', async (signal, progress) => {
    const options = { signal, onProgress: progress.note, onTransfer: progress.transfer };
    const base = await prepareGuest(name, options);
    return importGuest(archive!, out, { ...options, base });
  });
  report(made, parsed.has('json'));
  return 0;
}

async function headers(args: readonly string[]): Promise<number> {
  const { parsed } = read('guest headers', args);
  const out = parsed.value('out');
  if (out === undefined) parsed.faults.add('--out', 'is missing: the folder to unpack them into.');
  for (const word of parsed.words) parsed.faults.add(word, '"guest headers" takes options only.');
  parsed.faults.check();
  const build = await interruptible('guest', (signal, { note, transfer }) => buildHeaders(out!, { signal, onProgress: note, onTransfer: transfer }));
  process.stdout.write(parsed.has('json') ? `${JSON.stringify({ build })}\n` : `${build}\n  make -C ${build} M=$PWD compiles a module for the guest (with gcc-12)\n`);
  return 0;
}

function writePktlab(args: readonly string[]): number {
  const parsed = parseCommandLine(args, optionsOf('guest pktlab')), out = parsed.given('out');
  if (out === undefined) parsed.faults.add('--out', 'is missing: the file to write.');
  else checkWritable(out, out.value, parsed.faults);
  for (const word of [...parsed.words, ...(parsed.rest ?? [])]) parsed.faults.add(word, '"guest pktlab" takes options only.');
  parsed.faults.check();
  const image = pktlab();
  writeFileSync(out!.value, image);
  process.stdout.write(parsed.has('json') ? `${JSON.stringify({ file: out!.value, bytes: image.length })}\n` : `${out!.value}  ${image.length} bytes\n`);
  return 0;
}

/** The subcommand. */
export async function guest(args: readonly string[]): Promise<number> {
  const [verb, ...rest] = args;
  if (verb === 'build') return build(rest);
  if (verb === 'import') return importArchive(rest);
  if (verb === 'headers') return headers(rest);
  if (verb === 'pktlab') return writePktlab(rest);
  throw new UsageError(verb === undefined ? 'guest' : `guest ${verb}`, `say "guest build", "guest import", "guest headers" or "guest pktlab".${didYouMean(verb ?? '', ['build', 'import', 'headers', 'pktlab'])}`);
}
