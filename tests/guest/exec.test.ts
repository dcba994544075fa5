/** Commands and files of a guest by the API: ends, signals, surroundings, input as it comes, turns; on this thread and in a worker alike. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMachine, GuestFileError, MachineError, OptionError, type ExecOptions, type Machine } from 'pintail';
import { toReadable } from 'pintail/node';
import { prepareGuest } from '../../host/guest/index.js';

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
let saved: Uint8Array;

beforeAll(async () => {
  await prepareGuest('amd64');
  const machine = await createMachine({ guest: 'amd64', agent: true, memoryMiB: 128, limits: { wallMs: 280_000 }, add: [{ content: 'by content\n', guest: '/srv/added', mode: 0o600 }] });
  await machine.exec(['true']);
  saved = await machine.snapshot();
  await machine.close();
}, 600_000);

describe.each([['on this thread', false], ['in a worker', true]])('%s', (_, worker) => {
  let machine: Machine;

  beforeAll(async () => {
    machine = await createMachine({ snapshot: saved, worker, limits: { wallMs: 280_000 } });
  });
  afterAll(() => machine.close());

  const sh = async (script: string, options: ExecOptions = {}): Promise<{ out: string; err: string; code: number }> => {
    const { stdout, stderr, code } = await machine.exec(['sh', '-c', script], options);
    return { out: text(stdout), err: text(stderr), code };
  };

  it.each([
    ['a job in the background', 'sleep 100000 & echo done; echo bad >&2; exit 4'],
    ['one in a session of its own', 'setsid sleep 100000 & echo done; echo bad >&2; exit 4'],
    ['one that goes on writing', '(while sleep 1; do echo late; done) & echo done; echo bad >&2; exit 4'],
  ])('ends with its first process: %s', async (_, script) => {
    expect(await sh(script)).toEqual({ out: 'done\n', err: 'bad\n', code: 4 });
    expect(await sh('echo next; cat', { stdin: 'typed' })).toEqual({ out: 'next\ntyped', err: '', code: 0 });
    await sh('killall sleep sh');
  });

  it('gives all that was written before the end', async () => {
    const { out } = await sh('sleep 100000 & seq 1 30000');
    expect(out).toBe(Array.from({ length: 30000 }, (_, i) => `${i + 1}\n`).join(''));
    await sh('killall sleep');
  });

  it('has the folder, the variables and the words it was given', async () => {
    const env = { A: "it's", B: 'two\nlines', C: '' };
    expect(await sh('pwd; echo "$A|$B|$C|$HOME"', { cwd: '/proc/sys', env })).toEqual({ out: "/proc/sys\nit's|two\nlines||/root\n", err: '', code: 0 });
    expect(await sh('true', { cwd: '/nowhere' })).toMatchObject({ code: 126, err: expect.stringContaining('/nowhere') as string });
    await expect(sh('true', { env: { '1x': '' } })).rejects.toThrow(/"1x" is no name of a variable/);
    expect((await machine.exec(['no-such-program'])).code).toBe(127);
  });

  it('is killed with all it started by a signal or a timeout, and the guest goes on', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const ended = sh('echo started; sh -c "while :; do :; done"', { signal: controller.signal, onStdout: () => controller.abort(reason) });
    await expect(ended).rejects.toBe(reason);
    await expect(sh('while :; do :; done', { timeout: 50 })).rejects.toThrow(/did not end within 50 ms/);
    expect(await sh('ps | grep -c "[w]hile :"')).toMatchObject({ out: '0\n' });
    await expect(sh('true', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it('takes turns, in order, and goes on when one in the queue is taken out', async () => {
    const controller = new AbortController();
    const order: string[] = [];
    const run = async (word: string, options: ExecOptions = {}): Promise<void> => {
      await sh(`echo ${word} >>/tmp/turns`, options);
      order.push(word);
    };
    const dropped = run('dropped', { signal: controller.signal });
    const all = [run('one'), run('two'), run('three')];
    const gone = run('gone', { signal: controller.signal });
    controller.abort();
    await expect(gone).rejects.toThrow();
    await dropped.catch(() => undefined);
    await Promise.all(all);
    expect(order.filter((word) => word !== 'dropped')).toEqual(['one', 'two', 'three']);
    expect((await sh('grep -v dropped /tmp/turns')).out).toBe('one\ntwo\nthree\n');
    expect(machine.running).toBe(false);
  });

  it('reads input as it comes, and fails as that fails', async () => {
    async function* chunks(): AsyncGenerator<Uint8Array> {
      for (const word of ['one ', 'two ', 'three']) yield new TextEncoder().encode(word);
    }
    expect((await sh('cat', { stdin: chunks() })).out).toBe('one two three');
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield new TextEncoder().encode('some');
      throw new Error('the source broke');
    }
    await expect(sh('cat', { stdin: broken() })).rejects.toThrow('the source broke');
    expect((await sh('echo still here')).out).toBe('still here\n');
  });

  it('rejects with what a listener throws', async () => {
    const thrown = new Error('no more');
    await expect(sh('echo a; echo b', { onStdout: () => { throw thrown; } })).rejects.toBe(thrown);
    await expect(sh('echo a >&2', { onStderr: () => Promise.reject(thrown) })).rejects.toBe(thrown);
    // One that takes its time, and the command's end is there before.
    const late = async (): Promise<void> => {
      for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
      throw thrown;
    };
    await expect(sh('echo a', { onStdout: late })).rejects.toBe(thrown);
    expect((await sh('echo still here')).out).toBe('still here\n');
  });

  it('spawns with streams, one word after the other', async () => {
    const bc = machine.spawn(['sh', '-c', 'while read -r a b; do echo $((a * b)); done; echo over >&2; exit 3']);
    const answers: string[] = [];
    const stdin = bc.stdin.getWriter();
    void stdin.write('6 7\n');
    for await (const chunk of toReadable(bc.stdout)) {
      answers.push(String(chunk).trim());
      if (answers.length === 1) void stdin.write('3 4\n').then(() => stdin.close());
    }
    expect(answers).toEqual(['42', '12']);
    let said = '';
    for await (const chunk of toReadable(bc.stderr)) said += String(chunk);
    expect({ said, code: await bc.exited }).toEqual({ said: 'over\n', code: 3 });
  });

  it.each([['TERM', 143], ['INT', 130], ['KILL', 137]] as const)('spawned, ends by SIG%s', async (name, status) => {
    const child = machine.spawn(['sh', '-c', 'echo up; sleep 1; while :; do :; done']);
    for await (const _ of toReadable(child.stdout)) child.kill(name);
    expect(await child.exited).toBe(status);
  });

  it('reads, writes and lists files', async () => {
    const bytes = Uint8Array.from({ length: 70_000 }, (_, i) => (i * 7) & 255);
    await machine.writeFile('/tmp/it is', bytes, 0o640);
    expect(Buffer.compare(await machine.readFile('/tmp/it is'), bytes)).toBe(0);
    await machine.writeFile('/tmp/it is', 'short');
    expect(text(await machine.readFile('/tmp/it is'))).toBe('short');
    await sh('mkdir -p /tmp/l/sub; cd /tmp/l; echo x >"a\nb"; ln -s a link; mkfifo -m 600 pipe; chmod 751 sub; touch -d @1000000000 .hidden');
    expect((await machine.list('/tmp/l')).map(({ name, kind, bytes }) => `${name} ${kind} ${kind === 'file' ? bytes : ''}`)).toEqual(['.hidden file 0', 'a\nb file 2', 'link symlink ', 'pipe fifo ', 'sub directory ']);
    expect((await machine.list('/tmp/l'))[0]).toMatchObject({ modified: new Date(1e12) });
    expect((await machine.list('/tmp/l'))[4]).toMatchObject({ mode: 0o751 });
    expect(await machine.list('/tmp/l/sub')).toEqual([]);
    expect(text(await machine.readFile('/srv/added'))).toBe('by content\n');
    expect((await machine.list('/srv'))[0]).toMatchObject({ name: 'added', mode: 0o600 });
  });

  it.each([
    ['readFile', '/none', 'ENOENT'], ['readFile', '/tmp', 'EISDIR'], ['list', '/none', 'ENOENT'], ['list', '/etc/passwd', 'ENOTDIR'],
    ['writeFile', '/none/file', 'ENOENT'], ['writeFile', '/tmp', 'EISDIR'],
  ] as const)('%s of %s says %s', async (call, path, code) => {
    const error = await (call === 'writeFile' ? machine.writeFile(path, 'x') : machine[call](path)).then(() => undefined, (cause: unknown) => cause);
    expect(error).toBeInstanceOf(GuestFileError);
    expect(error).toMatchObject({ path, code });
  });

  it('refuses what it does not know', async () => {
    await expect(machine.exec(['true'], { Timeout: 5 } as ExecOptions)).rejects.toThrow(OptionError);
    await expect(machine.readFile('relative')).rejects.toThrow(OptionError);
    await expect(machine.exec([])).rejects.toThrow(/no command/);
  });
});

it.each([['on this thread', false], ['in a worker', true]])('ends by limits.wallMs too, %s', async (_, worker) => {
  const machine = await createMachine({ snapshot: saved, worker, limits: { wallMs: 500 } });
  const late = machine.exec(['sh', '-c', 'while :; do :; done']);
  const waiting = machine.exec(['true']);
  await expect(late).rejects.toThrow(/stopped \(limits\.wallMs\) before the command ended/);
  await expect(waiting).rejects.toThrow(MachineError);
  expect(machine.running).toBe(false);
  await machine.close();
});

it('fails all that wait when the guest goes', async () => {
  const machine = await createMachine({ snapshot: saved, limits: { wallMs: 280_000 } });
  const all = [['poweroff', '-f'], ['true'], ['true']].map((argv) => machine.exec(argv));
  for (const { status, reason } of (await Promise.allSettled(all)) as PromiseRejectedResult[]) expect({ status, reason: reason as unknown }).toEqual({ status: 'rejected', reason: expect.any(MachineError) as unknown });
  await machine.close();
});
