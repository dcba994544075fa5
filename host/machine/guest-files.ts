/** Files of a running guest, through its agent and its busybox: what `readFile`, `writeFile` and `list` do. */

import { GuestFileError, OptionError } from './errors.js';
import type { ExecOptions, ExecResult, GuestFile } from './types.js';

type Exec = (argv: readonly string[], options?: ExecOptions) => Promise<ExecResult>;

const BUSYBOX = '/pintail/busybox';
/** What busybox says of errors (strerror of its libc), and their names. */
const CODES: readonly [RegExp, string][] = [
  [/no such file/i, 'ENOENT'], [/is a directory/i, 'EISDIR'], [/not a directory/i, 'ENOTDIR'], [/permission denied/i, 'EACCES'],
  [/No space left/, 'ENOSPC'], [/Read-only file system/, 'EROFS'], [/Text file busy/, 'ETXTBSY'], [/nonexistent directory/, 'ENOENT'],
];
const KINDS: Readonly<Record<number, GuestFile['kind']>> = { 0o01: 'fifo', 0o02: 'character', 0o04: 'directory', 0o06: 'block', 0o10: 'file', 0o12: 'symlink', 0o14: 'socket' };

const text = new TextDecoder();

function checked(call: string, path: string): string {
  if (typeof path === 'string' && path.startsWith('/') && !path.includes('\0')) return path;
  throw new OptionError('path', `${call}: ${JSON.stringify(path)} is no absolute path.`);
}

/** Runs a script of busybox's shell with a path as its first word. Throws GuestFileError. */
async function run(exec: Exec, script: string, path: string, options: ExecOptions = {}): Promise<Uint8Array> {
  const { stdout, stderr, code } = await exec([BUSYBOX, 'sh', '-c', script, 'sh', path], options);
  if (code === 0) return stdout;
  const said = text.decode(stderr).trim();
  throw new GuestFileError(path, CODES.find(([pattern]) => pattern.test(said))?.[1] ?? 'EIO', said.split('\n').pop() ?? '');
}

export async function readGuestFile(exec: Exec, path: string): Promise<Uint8Array> {
  return run(exec, 'exec cat <"$1"', checked('readFile', path));
}

export async function writeGuestFile(exec: Exec, path: string, data: string | Uint8Array, mode: number | undefined): Promise<void> {
  if (mode !== undefined && !(Number.isInteger(mode) && mode >= 0 && mode <= 0o7777)) throw new OptionError('mode', `${mode} is not a number from 0 to 0o7777.`);
  const change = mode === undefined ? '' : ` && chmod ${mode.toString(8)} "$1"`;
  await run(exec, `cat >"$1"${change}`, checked('writeFile', path), { stdin: data });
}

/** Names first, each with a NUL behind it; then a line each of mode, bytes and seconds. */
const LIST = 'cd "$1" && find . -mindepth 1 -maxdepth 1 -print0 && find . -mindepth 1 -maxdepth 1 -exec stat -c "%f %s %Y" {} +';

export async function listGuestFiles(exec: Exec, path: string): Promise<GuestFile[]> {
  const out = await run(exec, LIST, checked('list', path));
  const end = out.lastIndexOf(0) + 1;
  const names = text.decode(out.subarray(0, end)).split('\0').slice(0, -1);
  const rows = text.decode(out.subarray(end)).trimEnd().split('\n');
  const files = names.map((name, i): GuestFile => {
    const [mode, bytes, seconds] = rows[i]!.split(' ');
    const bits = Number.parseInt(mode!, 16);
    return { name: name.slice(2), kind: KINDS[bits >> 12] ?? 'file', mode: bits & 0o7777, bytes: Number(bytes), modified: new Date(Number(seconds) * 1000) };
  });
  return files.sort((a, b) => (a.name < b.name ? -1 : 1));
}
