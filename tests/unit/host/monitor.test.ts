/** The monitor's commands, over a machine that writes down what it is asked. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { COMMANDS, greetMonitor } from '../../../host/cli/monitor.js';
import type { LocalMachine } from '../../../host/machine/local.js';
import { keyNumbers } from '../../../host/machine/screen-view.js';

async function talk(...lines: string[]): Promise<{ said: string[]; asked: string[] }> {
  const said: string[] = [], asked: string[] = [];
  const machine = {
    running: true,
    sendKey: async (keys: string) => void asked.push(`keys ${keyNumbers(keys).join(' ')}`),
    type: async (text: string) => (asked.push(`type ${JSON.stringify(text)}`), text.includes('é') ? 'é' : ''),
    mouse: async (move: object) => void asked.push(`mouse ${JSON.stringify(move)}`),
    change: async (...words: unknown[]) => void asked.push(`change ${JSON.stringify(words)}`),
    eject: async (...words: unknown[]) => {
      asked.push(`eject ${JSON.stringify(words)}`);
      if (words[0] === 'hda') throw new Error('"hda" stays where it is');
    },
    lab: (netdev: string) => ({ set: async (changes: object) => void asked.push(`lab ${netdev} ${JSON.stringify(changes)}`), options: async () => ({ mode: 'source', rate: 5000 }) }),
    blocks: () => [{ id: 'hda', holds: '512 bytes', removable: false }, { id: 'cd0', holds: undefined, removable: true }],
    picture: () => ({ width: 1, height: 1, pixels: Uint8ClampedArray.of(1, 2, 3, 255) }),
  };
  let left = lines.length + 1, done = (): void => undefined;
  const all = new Promise<void>((resolve) => (done = resolve));
  const { line } = greetMonitor((text) => {
    said.push(text);
    if (--left === 0) done();
  }, { machine: machine as unknown as LocalMachine, quit: () => void asked.push('quit') });
  for (const one of lines) line(one);
  await all;
  return { said: said.slice(1), asked };
}

it('types, presses and moves', async () => {
  const { said, asked } = await talk('sendkey ctrl-alt-delete', 'type ls -l\\n', 'mouse_move 3 -4 1', 'mouse_button 2', 'type é', 'quit');
  expect(asked).toEqual(['keys 29 56 211', 'type "ls -l\\n"', 'mouse {"dx":3,"dy":-4,"wheel":1}', 'mouse {"buttons":2}', 'type "é"', 'quit']);
  expect(said).toEqual([...Array<string>(4).fill('(pintail)'), 'no key types "é"\n(pintail)', '(pintail)']);
});

it('writes pictures as the name or the option says', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pintail-monitor-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const at = (name: string): string => join(folder, name);
  await talk(`screendump ${at('a.png')}`, `screendump ${at('b.ppm')}`, `screendump -f ppm ${at('c')}`);
  expect(readFileSync(at('a.png')).subarray(1, 4).toString()).toBe('PNG');
  for (const name of ['b.ppm', 'c']) expect(readFileSync(at(name)).toString('latin1')).toBe('P6\n1 1\n255\n\x01\x02\x03');
});

it('changes media', async () => {
  const { said, asked } = await talk('change cd0 /tmp/a b.iso', 'change fda "disk.qcow2" raw', 'eject cd0', 'eject -f cd0', 'eject hda', 'change cd0', 'eject', 'info block', 'info');
  expect(asked).toEqual(['change ["cd0","/tmp/a b.iso",{}]', 'change ["fda","disk.qcow2",{"format":"raw"}]', 'eject ["cd0",{"force":false}]', 'eject ["cd0",{"force":true}]', 'eject ["hda",{"force":false}]']);
  expect(said.slice(4)).toEqual([
    'Error: "hda" stays where it is', 'Error: want change DRIVE FILE [raw|qcow2]', 'Error: want eject [-f] DRIVE', 'hda: 512 bytes\ncd0: [not inserted] (removable)', 'Error: there are info status, info block and info iommu',
  ].map((text) => `${text}\n(pintail)`));
});

it('changes a lab, and says what it is', async () => {
  const { said, asked } = await talk('lab n0 rate=5000,burst=4 start=now', 'lab n0', 'lab n0 fast', 'lab');
  expect(asked).toEqual(['lab n0 {"rate":"5000","burst":"4","start":"now"}']);
  expect(said).toEqual([...Array<string>(2).fill('mode=source rate=5000\n(pintail)'), 'Error: "fast" is no KEY=VALUE\n(pintail)', 'Error: want lab NETDEV [KEY=VALUE...]\n(pintail)']);
});

it('says what is wrong, and what there is', async () => {
  const { said } = await talk('sendkye a', 'sendkey ctrl-nothing', 'screendump', 'screendump x -f gif', 'mouse_move a b', 'help', '');
  expect(said[0]).toMatch(/^unknown command: 'sendkye'\. .*sendkey/);
  expect(said[1]).toMatch(/^Error: .*there is no "nothing"/);
  expect(said.slice(2, 5)).toEqual(['Error: want screendump FILE [-f png|ppm]\n(pintail)', 'Error: there is no format "gif"; there are png and ppm\n(pintail)', 'Error: "a" is no whole number; want mouse_move DX DY [DZ]\n(pintail)']);
  for (const { usage } of Object.values(COMMANDS)) expect(said[5]).toContain(usage);
  expect(said[6]).toBe('(pintail)');
});
