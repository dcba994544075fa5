/** Near names, system codes in words, help, completion, the progress line and the watch for panics: what the command says and when. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { namesOf } from '../../../../host/cli/arguments.js';
import { complete, SCRIPTS, splitLine } from '../../../../host/cli/completion.js';
import { commandHelp, helpText, optionHelp, optionNamed } from '../../../../host/cli/help.js';
import { PanicWatch } from '../../../../host/machine/panic-watch.js';
import { openProgress } from '../../../../host/cli/progress.js';
import { COMMANDS, OPTIONS, optionsOf, spell } from '../../../../host/cli/table.js';
import { askedHead, topicOf } from '../../../../host/cli/topics.js';
import { meaningOf, withoutCodes } from '../../../../host/words/errno.js';
import { didYouMean, editsBetween, nearWords } from '../../../../host/words/near.js';
import { root } from '../../../house/sources.js';

describe('near names', () => {
  it('count edits, a swap as one', () => {
    expect([editsBetween('', 'abc'), editsBetween('serail', 'serial'), editsBetween('kernal', 'kernel'), editsBetween('x', 'x')]).toEqual([3, 1, 1, 0]);
  });

  it('give the likeliest, and words that go on only where none is nearer', () => {
    expect(nearWords('kernal', ['kernel', 'serial', 'k'])).toEqual(['kernel']);
    expect(nearWords('snap', ['snapshot', 'smp'])).toEqual(['snapshot']);
    expect(nearWords('zzz', ['kernel', 'serial'])).toEqual([]);
    expect(didYouMean('b1', ['a1', 'c1'])).toBe(' Did you mean a1 or c1?');
    expect(didYouMean('zzz', ['a'])).toBe('');
  });
});

describe('system codes', () => {
  it('are put into words, in what Node writes and in what stands alone', () => {
    expect(withoutCodes("EACCES: permission denied, open '/x'")).toBe('/x: permission denied');
    expect(withoutCodes("ENOSPC: no space left on device, copyfile '/x' -> '/y/z'")).toBe('/y/z: the disk is full');
    expect(withoutCodes('pcap=/x: ENOSPC: no space left on device, write; the capture ends here')).toBe('pcap=/x: the disk is full; the capture ends here');
    expect(withoutCodes('EIO: i/o error, fsync')).toBe('the device failed');
    expect(withoutCodes('n0: cannot listen: listen EADDRINUSE: address already in use 127.0.0.1:80')).toBe('n0: cannot listen: the address is in use already (127.0.0.1:80)');
    expect(withoutCodes('connect ECONNREFUSED 127.0.0.1:1')).toBe('nobody listens there (127.0.0.1:1)');
    expect(withoutCodes('d.img cannot be opened: EISDIR.')).toBe('d.img cannot be opened: it is a folder.');
    expect(withoutCodes('EFER and ELF stay')).toBe('EFER and ELF stay');
    expect(meaningOf('ENOSUCHCODE')).toBe('ENOSUCHCODE');
  });
});

describe('help', () => {
  it('names every option of run, and every command', () => {
    const text = helpText();
    for (const row of optionsOf('run')) expect(text).toContain(`${spell(row)}`);
    for (const { usage } of COMMANDS) expect(text).toContain(usage);
    expect(text.split('\n').filter((line) => line.length > 140)).toEqual([]);
  });

  it('is there for each command and each option', () => {
    for (const { name, usage } of COMMANDS) expect(commandHelp([name])).toContain(usage);
    for (const row of OPTIONS) expect(optionHelp(row)).toContain(row.about.split(' ')[0]!);
    for (const name of OPTIONS.flatMap(namesOf)) expect(namesOf(optionNamed(`-${name}`)!)).toContain(name);
  });

  it('is asked for as a value, where there is a list', async () => {
    expect(['help', '?', 'e1000,help', 'user,model=help', 'e1000'].map((value) => askedHead({ argument: '', value }))).toEqual(['', '', 'e1000', 'nic', undefined]);
    for (const row of OPTIONS.filter(({ topic }) => topic)) expect((await topicOf(row))!.rows.length, row.name).toBeGreaterThan(0);
    expect((await topicOf(optionNamed('-device')!, 'virtio-blk-pci'))!.rows.map(([name]) => name)).toEqual(expect.arrayContaining(['drive', 'serial', 'num-queues', 'discard']));
    expect(await topicOf(optionNamed('-device')!, 'nothing')).toBeUndefined();
  });
});

describe('completion', () => {
  const words = async (line: string): Promise<string[]> => (await complete(line)).words;

  it('splits a line as a shell does', () => {
    expect(splitLine(`pintail run -append "a  b" -m 'x y`)).toEqual(['pintail', 'run', '-append', 'a  b', '-m', 'x y']);
    expect(splitLine('pintail run ')).toEqual(['pintail', 'run', '']);
  });

  it('offers commands, options, models, properties and values', async () => {
    expect(await words('pintail r')).toEqual(['relay', 'run']);
    expect(await words('pintail guest ')).toEqual(['build', 'headers', 'import', 'pktlab']);
    expect(await words('pintail run -ker')).toEqual(['-kernel']);
    expect(await words('pintail run --ke')).toEqual(['--kernel']);
    expect(await words('pintail run -device e1')).toEqual(['e1000']);
    expect(await words('pintail run -device e1000,ne')).toEqual(['e1000,netdev=']);
    expect(await words('pintail run -nic us')).toEqual(['user']);
    expect(await words('pintail run -nic user,hostf')).toEqual(['user,hostfwd=']);
    expect(await words('pintail run -drive ca')).toEqual(['cache=']);
    expect(await words('pintail run -device e1000,addr=2,netdev=')).toEqual([]);
    expect(await words('pintail run -netdev user,id=inner -netdev null,id=out -device e1000,addr=2,netdev=')).toEqual(['e1000,addr=2,netdev=inner', 'e1000,addr=2,netdev=out']);
    expect(await words('pintail run -drive file=a,cache=wr')).toEqual(['file=a,cache=writeback', 'file=a,cache=writethrough']);
    expect(await words('pintail run -device isa-debugcon,chardev=')).toEqual([]);
    expect(await words('pintail run -machine q35,kernel-entry=p')).toEqual(['q35,kernel-entry=pvh']);
    expect(await words('pintail run -action panic=')).toEqual(['panic=exit-failure', 'panic=none', 'panic=shutdown']);
    expect(await words('pintail run --jit s')).toEqual(['sync']);
    expect(await words('pintail run -rtc base=')).toEqual(['base=localtime', 'base=utc']);
    expect(await words('pintail run -display ')).toEqual(['curses', 'none']);
    expect(await words('pintail guest build --guest ')).toEqual(['amd64', 'i386']);
    expect(await complete('pintail run -kernel ')).toEqual({ files: 'file', words: [] });
    expect(await complete('pintail run -- ls ')).toEqual({ files: 'file', words: [] });
    expect((await complete('pintail run -drive format=raw,file=')).files).toBe('file');
  });

  it('is a script that zsh takes', ({ skip }) => {
    const { status, stderr, error } = spawnSync('zsh', ['-n'], { input: SCRIPTS['zsh'] });
    skip(error !== undefined, 'zsh is not installed');
    expect({ status, stderr: String(stderr) }).toEqual({ status: 0, stderr: '' });
  });

  it('is a script that bash takes', () => {
    const { status, stderr } = spawnSync('bash', ['-n'], { input: SCRIPTS['bash'] });
    expect({ status, stderr: String(stderr) }).toEqual({ status: 0, stderr: '' });
  });
});

describe('the progress line', () => {
  const written = (tty: boolean, env: NodeJS.ProcessEnv, json = false): string => {
    let text = '';
    const progress = openProgress({ isTTY: tty, columns: 30, write: (more) => (text += more) }, env, json);
    progress.note('one');
    progress.moving(`two ${'x'.repeat(50)}`);
    progress.transfer(1_250_000, 5e6);
    progress.done();
    progress.done();
    return text;
  };

  it('is written over on a terminal, cut to its width, and gone at the end', () => {
    expect(written(true, { NO_COLOR: '1' })).toBe(`\r\x1b[Kpintail: one\r\x1b[Kpintail: two ${'x'.repeat(16)}\r\x1b[Kpintail: fetching 1.3 of 5.0 \r\x1b[K`);
    expect(written(true, {})).toContain('\x1b[2mpintail: one\x1b[0m');
  });

  it('is a line a step elsewhere, and nothing of what moves', () => {
    expect(written(false, {})).toBe('pintail: one\n');
    expect(written(true, { TERM: 'dumb' })).toBe('pintail: one\n');
    expect(written(true, {}, true)).toBe('{"step":"one"}\n');
  });
});

describe('a panic on the console', () => {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

  it('is found across pieces, with the time before it or not, and told once', () => {
    const watch = new PanicWatch();
    for (const part of ['[    1.5] ok\r\n[    1.6] Kernel pa', 'nic - not syncing: VFS: no ro', 'ot\r\n[    1.7] more']) watch.receive(bytes(part));
    expect(watch.take()).toBe('Kernel panic - not syncing: VFS: no root');
    expect(watch.take()).toBeUndefined();
    watch.receive(bytes('pintail: half a li[    0.460222] Kernel panic - not syncing: Attempted\r\n[    0.5] ---[ end Kernel panic - not syncing: Attempted ]---\r\n'));
    expect(watch.takeLast()).toBe('Kernel panic - not syncing: Attempted');
    watch.receive(bytes('one\r\n\x1b[31mtwo\x1b[0m\x07  \r\n\r\n'));
    expect([watch.takeLast(), watch.takeLast()]).toEqual(['two', undefined]);
    watch.receive(bytes('Kernel panic - not syncing: x\n'));
    expect(watch.take()).toBe('Kernel panic - not syncing: x');
  });

  it('is not what somebody quotes', () => {
    const watch = new PanicWatch();
    watch.receive(bytes('# echo Kernel panic - not syncing: x\n'));
    expect(watch.take()).toBeUndefined();
  });
});

describe('what only prints', () => {
  it('loads nothing of the machine: the files that main, table and help import by name', () => {
    const seen = new Set<string>();
    const visit = (path: string): void => {
      if (seen.has(path)) return;
      seen.add(path);
      const source = readFileSync(path, 'utf8');
      for (const [, target] of source.matchAll(/^(?:import|export) (?!type )[^;]*?from '(\.[^']+)\.js';/gm)) visit(join(path, '..', `${target}.ts`));
    };
    for (const name of ['main', 'help', 'table']) visit(join(root, 'host/cli', `${name}.ts`));
    expect([...seen].map((path) => path.slice(join(root, 'host/').length)).filter((path) => !/^(cli|words)\/|^relay\/limits.ts$/.test(path))).toEqual([]);
  });
});
