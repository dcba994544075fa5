/** `pintail relay` as it is typed: what its words mean, what is wrong with them, and the process from its first line to its end. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { readRelay } from '../../../host/cli/relay.js';
import { RELAY_EVENTS } from '../../../host/relay/events.js';
import { LIMIT_ROWS } from '../../../host/relay/limits.js';
import { root } from '../../house/sources.js';
import { knock } from './relay.js';

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'pintail-relay-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the words of the relay', () => {
  it('are an address, a token of a file, origins, ranges, networks and limits', () => {
    writeFileSync(join(folder, 'token'), 'secret\n');
    expect(readRelay(['--listen', '[::]:7', '--token-file', join(folder, 'token'), '--origin', 'https://a.example', '--allow', '10.0.0.0/8', '--join', 'lan=null', '--rate', '1_000'])).toMatchObject({
      host: '::', port: 7, token: 'secret', origins: ['https://a.example'], allow: [{ bits: 8 }], joins: [{ name: 'lan', spec: { type: 'null', id: 'lan0' } }], limits: { rate: 1000, streams: 256 },
    });
    expect(readRelay([])).toMatchObject({ host: '127.0.0.1', port: 6001, token: undefined });
  });

  for (const [words, said] of [
    [['--listen', '0.0.0.0:1'], /others can reach this address: give a --token-file/], [['--listen', 'x'], /want PORT, ADDRESS:PORT/], [['--listen', '1.2.3.4:70000'], /want PORT/],
    [['--origin', 'example.org'], /want an origin/], [['--allow', '10/8'], /want ADDRESS\/BITS/], [['--join', 'lan'], /want NAME=TYPE/], [['--join', 'lan=hubport,hubid=1'], /hubport does not go on/],
    [['--join', 'lan=strem'], /unknown type "strem"/], [['--streams', '0'], /from 1 on/], [['--token-file', '/nowhere/token'], /no such file/i], [['words'], /options only/], [['--stream', '1'], /--streams/],
  ] as const) {
    it(`are told wrong: ${words.join(' ')}`, () => expect(() => readRelay(words)).toThrow(said));
  }

  it('stand in docs/relay.md as the tables have them', () => {
    const text = readFileSync(join(root, 'docs/relay.md'), 'utf8');
    for (const row of Object.values(LIMIT_ROWS)) expect(text).toContain(`| ${row.about} | ${row.value} | ${'option' in row ? `\`--${row.option}\`` : ''} |`);
    for (const [event, { about }] of Object.entries(RELAY_EVENTS)) expect(text).toContain(`| \`${event}\` | ${about} |`);
  });
});

describe('the process', () => {
  it('says where it listens, lets in who knows the token, and ends with a signal', async () => {
    const child = spawn(process.execPath, [join(root, 'bin/pintail.mjs'), 'relay', '--listen', '0', '--token', 'known', '--join', 'lan=null'], { stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    const next = async (): Promise<Record<string, unknown>> => JSON.parse((await lines.next()).value as string) as Record<string, unknown>;
    const { event, address, token } = await next();
    expect({ event, token }).toEqual({ event: 'listening', token: true });
    expect(await knock(`${address as string}switch/lan?token=known`)).toBe(101);
    expect(await next()).toMatchObject({ event: 'opened', path: '/switch/lan', client: '127.0.0.1' });
    expect(await knock(`${address as string}switch/lan?token=guess`)).toBe(401);
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  });
});
