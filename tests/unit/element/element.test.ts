/** `<pintail-machine>` without a page: its attributes, its console's lines, its keys, and what its runner does with a machine. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ATTRIBUTES, AttributeError, optionsOf, type AttributeName } from '../../../host/element/attributes.js';
import { Lines } from '../../../host/element/lines.js';
import { Runner, type RunnerState } from '../../../host/element/runner.js';
import { typedBy } from '../../../host/element/view.js';
import { root } from '../../house/sources.js';

const read = (attributes: Partial<Record<AttributeName, string>>) => optionsOf((name) => attributes[name] ?? null, 'https://host.example/page/');

describe('attributes', () => {
  it('are the small guest where nothing is named, and else what is named, by addresses of the page', () => {
    expect(read({})).toEqual({ guest: 'builtin', memoryMiB: 16 });
    expect(read({ guest: 'guest/', memory: '1G', seed: '7', append: 'quiet' })).toEqual({ guest: new URL('https://host.example/page/guest/'), memoryMiB: 1024, seed: 7n, append: 'quiet' });
    expect(read({ kernel: 'bzImage', initrd: '/i', clock: 'realtime', worker: 'none', module: 'p.wasm' })).toEqual({
      kernel: new URL('https://host.example/page/bzImage'), initrd: new URL('https://host.example/i'), clock: 'realtime', memoryMiB: 128, worker: false, module: new URL('https://host.example/page/p.wasm'),
    });
    expect(read({ snapshot: 's', memory: '64' })).toEqual({ snapshot: new URL('https://host.example/page/s') });
  });

  it('are cards, each on a network of its own, and a screen', () => {
    expect(read({ cards: ' virtio-net  e1000=broadcast,channel=lan ', screen: '' })).toMatchObject({
      devices: [{ model: 'virtio-net', netdev: 'net0' }, { model: 'e1000', netdev: 'net1' }, { model: 'VGA' }], netdevs: ['user,id=net0', 'broadcast,id=net1,channel=lan'],
    });
  });

  for (const [attributes, said] of [[{ memory: 'much' }, /memory="much": want a number of MiB/], [{ seed: '-1' }, /seed="-1"/], [{ clock: 'sun' }, /want icount or realtime/], [{ cards: '=user' }, /is no MODEL/]] as const) {
    it(`are told wrong: ${JSON.stringify(attributes)}`, () => {
      expect(() => read(attributes)).toThrow(AttributeError);
      expect(() => read(attributes)).toThrow(said);
    });
  }

  it('stand in docs/element.md as the table has them', () => {
    const text = readFileSync(join(root, 'docs/element.md'), 'utf8');
    for (const [name, { value, about }] of Object.entries(ATTRIBUTES)) expect(text).toContain(`| \`${name}\` | ${value} | ${about} |`);
  });
});

describe('lines of a console', () => {
  const shown = (...parts: string[]): string => {
    const lines = new Lines();
    for (const part of parts) lines.write(Buffer.from(part));
    return lines.text;
  };
  for (const [what, parts, text] of [
    ['plain text', ['one\r\ntwo\r\n'], 'one\ntwo\n'], ['a line written over', ['50 %\r100 %'], '100 %'], ['backspaces of a shell', ['lsx\b \b'], 'ls '], ['a line erased behind the cursor', ['abcdef\rab\x1b[K'], 'ab'],
    ['colours', ['\x1b[1;32mok\x1b[0m \x1b]0;title\x07.'], 'ok .'], ['a control in two parts', ['a\x1b[', '31mb'], 'ab'], ['a screen cleared', ['gone\n\x1b[H\x1b[2Jnew'], 'new'], ['letters in two parts', [], ''],
    ['tabs', ['a\tb'], 'a       b'], ['the cursor moved', ['abc\x1b[2DX\x1b[1CY'], 'aXcY'], ['a control without an end', [`\x1b[${'1;'.repeat(60)}x`], `[${'1;'.repeat(60)}x`],
  ] as const) it(`are ${what}`, () => expect(shown(...parts)).toBe(text));

  it('are UTF-8 however it is cut, and so many at most', () => {
    const lines = new Lines();
    const bytes = Buffer.from('žluť');
    for (const byte of bytes) lines.write(Uint8Array.of(byte));
    expect(lines.text).toBe('žluť');
    for (let i = 0; i < 5000; i++) lines.write(Buffer.from(`${i}\n`));
    expect(lines.text.split('\n')).toHaveLength(2000);
  });
});

describe('keys', () => {
  const press = (key: string, more = {}) => typedBy({ key, ctrlKey: false, altKey: false, metaKey: false, shiftKey: false, ...more });
  it('type what a terminal types, and leave the page what is its own', () => {
    expect([press('a'), press('Enter'), press('ArrowUp'), press('Backspace'), press('c', { ctrlKey: true }), press('[', { ctrlKey: true }), press('x', { altKey: true })]).toEqual(['a', '\r', '\x1b[A', '\x7f', '\x03', '\x1b', '\x1bx']);
    expect([press('Tab', { shiftKey: true }), press('Escape', { shiftKey: true }), press('c', { metaKey: true }), press('F5'), press('Shift'), press('V', { ctrlKey: true, shiftKey: true })]).toEqual(Array(6).fill(undefined));
  });
});

describe('the runner', () => {
  function open(): { runner: Runner; states: string[]; reached(state: RunnerState): Promise<void> } {
    const states: string[] = [];
    const waiting: (() => void)[] = [];
    const runner = new Runner({
      state: (state) => {
        states.push(state);
        for (const look of waiting.splice(0)) look();
      },
      machine: (machine) => machine.attachInput(true), stop: () => undefined, failed: () => undefined,
    });
    onTestFinished(() => runner.close());
    const reached = async (state: RunnerState): Promise<void> => {
      while (runner.state !== state) await new Promise<void>((resolve) => waiting.push(resolve));
    };
    return { runner, states, reached };
  }

  it('makes, runs, pauses, steps, holds and resets', async () => {
    const { runner, states } = open();
    const machine = await runner.open({ guest: 'builtin', memoryMiB: 16 });
    await runner.step(1000n);
    expect((await machine.stats()).instructions).toBe(1000n);
    runner.start();
    expect(await runner.held('Looking', async (held) => held.running)).toBe(false);
    expect(runner.state).toBe('running');
    await runner.pause();
    expect(runner.state).toBe('paused');
    await runner.reset();
    expect((await machine.stats()).instructions).toBe(0n);
    expect(states).toEqual(['loading', 'paused', 'running', 'paused', 'running', 'loading', 'loading', 'running', 'paused', 'paused']);
  });

  it('starts again what has asked for a reset, and says what has ended', async () => {
    const { runner, reached } = open();
    const machine = await runner.open({ guest: 'builtin', memoryMiB: 16 });
    machine.write('exit 3\r');
    runner.start();
    await reached('ended');
    const other = await runner.open({ bare: { code: Uint8Array.from([0xf4]) }, memoryMiB: 16 });
    expect([machine.closed, other.closed]).toEqual([true, false]);
  });

  it('has the machine that was asked for last', async () => {
    const { runner } = open();
    const first = runner.open({ guest: 'builtin', memoryMiB: 16 });
    const second = runner.open({ guest: 'builtin', memoryMiB: 17 });
    await expect(first).rejects.toThrow('meanwhile');
    expect((await second).memoryMiB).toBe(17);
    expect(runner.machine?.memoryMiB).toBe(17);
    await expect(runner.open({ memoryMiB: 1e9 })).rejects.toThrow('memoryMiB');
    expect(runner.state).toBe('failed');
  });
});
