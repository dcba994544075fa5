/** Programs' functions in attribution, over Linux: a position-independent static program whose every instruction is known, and a dynamic one with its libraries. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { TextAssembler } from '../../guest/assembler/text.js';
import { makeProgram } from '../support/elf-program.js';
import { pintail } from './command.js';
import { additions, findEthtool } from './host-tools.js';

const ethtool = await findEthtool();

const folder = mkdtempSync(join(tmpdir(), 'symbols-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** exit_group(0) after a thousand calls. */
function example(): Uint8Array {
  const a = new TextAssembler(0x1000);
  a.bits = 64;
  a.text(`start: mov r12d, 1000; again: call f; call hidden; dec r12d; jne again; mov eax, 231; mov edi, 0; syscall
    f: nop; jmp g
    g: nop; nop; ret
    hidden: nop; ret`);
  const code = a.assemble(), bytes = (from: string, to: string): number => a.addressOf(to) - a.addressOf(from);
  return makeProgram(code, { symbols: [{ name: 'start', address: a.addressOf('start'), bytes: bytes('start', 'f') }, { name: 'f', address: a.addressOf('f'), bytes: bytes('f', 'g') }, { name: 'g', address: a.addressOf('g'), bytes: bytes('g', 'hidden') }] });
}

/** Folded stacks by the part behind the last of `from`. */
function foldedOf(file: string): [string, number][] {
  return readFileSync(file, 'utf8').trim().split('\n').map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]);
}

it('a program that Linux loads where it likes has its functions to the instruction, twice in two processes', async () => {
  const program = join(folder, 'example'), folded = join(folder, 'a.folded');
  writeFileSync(program, example(), { mode: 0o755 });
  await pintail(['run', '--attribute', folded, '--add', `${program}:/bin/example`, '--', 'roi', 'begin', 'x', '--', 'sh', '-c', '/bin/example; /bin/example']);
  const own = foldedOf(folded).map(([path, n]) => [path.split(';').filter((name) => name.endsWith('[example]') || name.startsWith('example+')).join(';'), n, path] as const);
  const sum = (wanted: string): number => own.filter(([path, , whole]) => path === wanted && whole.endsWith(wanted)).reduce((total, [, n]) => total + n, 0);
  // 1 + 4,000 + 3 each, of which the system call's is the last.
  expect(sum('start [example]')).toBe(2 * 4004);
  expect(sum('start [example];f [example]')).toBe(2 * 2000);
  expect(sum('start [example];g [example]')).toBe(2 * 3000);
  expect(own.filter(([path]) => /^start \[example\];example\+0x[0-9a-f]+ \[user\]$/.test(path)).reduce((total, [, n]) => total + n, 0)).toBe(2 * 2000);
}, 300_000);

const libc = spawnSync('ldd', [ethtool ?? 'none'], { encoding: 'utf8' }).stdout?.match(/=> (\S*libc\.so\.6)/)?.[1];

it.skipIf(ethtool === undefined || libc === undefined)('a library of a dynamic program has its functions, called by way of their stubs', async () => {
  const table = join(folder, 'b.txt');
  await pintail(['run', '--attribute', table, ...(await additions(ethtool!)), '--program', libc!, '--program', ethtool!, '--', 'roi', 'begin', 'x', '--', '/lib-of-host/ld.so', '--library-path', '/lib-of-host', '/lib-of-host/ethtool', '--version']);
  const names = readFileSync(table, 'utf8').split('\n').map((line) => line.slice(93));
  expect(names.some((name) => name.endsWith('[libc.so.6]') && !name.includes('@plt'))).toBe(true);
  expect(names.some((name) => name.startsWith('ethtool+') || name.endsWith('[ethtool]'))).toBe(true);
}, 300_000);
