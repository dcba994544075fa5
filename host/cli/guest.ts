/** `pintail guest`: makes guests that other machines, or a web server, can use. */

import { basename } from 'node:path';
import { buildGuest, importGuest, prepareGuest, type DebianGuestName, type Guest } from '../guest/index.js';
import { parseCommandLine, UsageError, type OptionSpec, type Parsed } from './arguments.js';

const SPECS: Record<string, OptionSpec> = { guest: { kind: 'value' }, out: { kind: 'value' } };

function note(text: string): void {
  process.stderr.write(`pintail: ${text}\n`);
}

function guestName(parsed: Parsed): DebianGuestName {
  const name = parsed.values.get('guest') ?? 'amd64';
  if (name !== 'amd64' && name !== 'i386') throw new UsageError(`--guest ${name}`, 'only amd64 and i386 are made of packages.');
  return name;
}

function report({ dir, manifest }: Guest): void {
  process.stdout.write(`${dir}\n`);
  for (const file of [manifest.kernel, manifest.initrd]) process.stdout.write(`  ${file.name}  ${file.bytes} bytes  sha256 ${file.sha256}\n`);
}

/** Ctrl-C ends the work and lets it clean up. */
async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const onSignal = (): void => controller.abort(new UsageError('guest', 'interrupted.'));
  process.once('SIGINT', onSignal);
  try {
    return await work(controller.signal);
  } finally {
    process.off('SIGINT', onSignal);
  }
}

async function build(parsed: Parsed): Promise<number> {
  const out = parsed.values.get('out');
  if (out === undefined) throw new UsageError('--out', 'is missing: the folder to write kernel, initrd and manifest.json to.');
  if (parsed.words.length > 0) throw new UsageError(parsed.words[0]!, '"guest build" takes options only.');
  const name = guestName(parsed);
  report(await interruptible((signal) => buildGuest(name, out, { signal, onProgress: note })));
  return 0;
}

async function importArchive(parsed: Parsed): Promise<number> {
  const [archive, ...more] = parsed.words;
  if (archive === undefined) throw new UsageError('guest import', 'needs the tar archive of a root file system.');
  if (more.length > 0) throw new UsageError(more[0]!, 'one archive at a time.');
  const out = parsed.values.get('out') ?? basename(archive).replace(/\.(tar|tgz|tar\.[a-z0-9]+)$/, '');
  if (out === basename(archive)) throw new UsageError('--out', 'is missing: the folder to write the guest to.');
  const name = guestName(parsed);
  report(
    await interruptible(async (signal) => {
      const base = await prepareGuest(name, { signal, onProgress: note });
      return importGuest(archive, out, { base, signal, onProgress: note });
    }),
  );
  return 0;
}

/** The subcommand. */
export async function guest(args: readonly string[]): Promise<number> {
  const [verb, ...rest] = args;
  const parsed = parseCommandLine(rest, SPECS);
  if (parsed.rest !== undefined) throw new UsageError('--', '"guest" runs no command.');
  if (verb === 'build') return build(parsed);
  if (verb === 'import') return importArchive(parsed);
  throw new UsageError(verb ?? 'guest', 'say "guest build" or "guest import".');
}
