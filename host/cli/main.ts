/** The command: finds the subcommand, and turns whatever goes wrong into a message and a status. */

import { readFileSync } from 'node:fs';
import { UsageError } from './arguments.js';
import { HELP } from './help.js';

type Subcommand = (args: readonly string[]) => Promise<number>;

function version(): Promise<number> {
  const { version: text } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { version: string };
  process.stdout.write(`pintail ${text}\n`);
  return Promise.resolve(0);
}

function help(): Promise<number> {
  process.stdout.write(HELP);
  return Promise.resolve(0);
}

const SUBCOMMANDS: Record<string, Subcommand> = {
  run: async (args) => (await import('./run.js')).run(args),
  guest: async (args) => (await import('./guest.js')).guest(args),
  qtest: async (args) => (await import('./qtest.js')).qtest(args),
  help,
  version,
};
const ALIASES: Record<string, string> = { '--help': 'help', '-help': 'help', '-h': 'help', '--version': 'version', '-version': 'version' };

async function main(args: readonly string[]): Promise<number> {
  const first = args[0];
  if (first === undefined) {
    process.stderr.write(HELP);
    return 2;
  }
  const name = ALIASES[first] ?? first;
  const subcommand = Object.hasOwn(SUBCOMMANDS, name) ? SUBCOMMANDS[name] : undefined;
  if (subcommand === undefined) throw new UsageError(first, 'there is no such command. "pintail help" lists them.');
  return subcommand(args.slice(1));
}

/** Errors that say themselves what to do; a stack would only hide it. */
const SPEAKING = new Set(['ImageError', 'GuestError', 'NoPackageClient', 'OptionError', 'SnapshotError', 'CommandError', 'MachineError', 'NetdevError', 'NetworkError', 'ChardevError']);

// Whoever read our output has gone (`| head`): end as a program does that gets SIGPIPE.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(141);
  throw error;
});

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const known = error instanceof Error && (error instanceof UsageError || SPEAKING.has(error.name));
  process.stderr.write(`pintail: ${known ? (error as Error).message : error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
// A terminal that is still being read, or a pipe on stdin, must not keep the process.
process.stdin.unref?.();
