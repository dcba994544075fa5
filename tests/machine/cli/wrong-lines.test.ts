/**
 * Wrong command lines, each in a process of its own: status 2, the option as it was typed, near names, every fault, and none of the API's names,
 * no stack and no system's code.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pintail } from '../../guest/command.js';
import { WRONG_LINES } from './wrong-lines.js';

let folder: string;
let server: Server;
const places: Record<string, string> = {};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pintail-wrong-'));
  const file = (name: string, bytes: Uint8Array): string => {
    writeFileSync(join(folder, name), bytes);
    return join(folder, name);
  };
  server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  Object.assign(places, {
    FOLDER: folder, NOWHERE: join(folder, 'nowhere'), BLANK: file('blank.img', new Uint8Array(1 << 20)), KERNEL: file('kernel', new TextEncoder().encode('no kernel')),
    QCOW: file('disk.img', Uint8Array.from([0x51, 0x46, 0x49, 0xfb, ...new Uint8Array(508)])), PORT: String((server.address() as AddressInfo).port),
  });
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

const placed = (text: string): string => text.replace(/@([A-Z]+)/g, (_, name: string) => places[name]!);

/** Names of createMachine's options that are not words of the command line too. */
const API_NAME = /\b(memoryMiB|netdevs|chardevs|devices\.|drives:|icountShift|rtcSeconds|limits\.|periodMs|maxBytes|writeCache|logicalBlockBytes|modernOnly|createMachine|OptionError)\b/;
const SYSTEM_CODE = /\bE(ISDIR|ADDRINUSE|ACCES|NOENT|NOTDIR|INVAL|CONNREFUSED)\b/;

describe('wrong command lines', () => {
  it('are sixty-six at least', () => expect(WRONG_LINES.length).toBeGreaterThanOrEqual(66));

  it.each(WRONG_LINES)('$line', async ({ line, says }) => {
    const { code, stdout, stderr } = await pintail(placed(line).split(' '));
    expect(code, stderr).toBe(2);
    expect(stdout).toBe('');
    const lines = stderr.split('\n').filter((text) => text !== '');
    for (const text of lines) expect(text).toMatch(/^pintail: /);
    for (const said of says) expect(lines.filter((text) => text.startsWith(`pintail: ${placed(said)}`)), `${said}\nin\n${stderr}`).toHaveLength(1);
    expect(stderr).not.toMatch(/^\s+at .*:\d+/m);
    expect(stderr).not.toMatch(API_NAME);
    expect(stderr).not.toMatch(SYSTEM_CODE);
  });

  it('are told as JSON with --json', async () => {
    const { code, stderr } = await pintail(['run', '--json', '-kernal', 'x', '-m', 'y']);
    expect(code).toBe(2);
    expect(JSON.parse(stderr)).toMatchObject({ errors: [{ argument: '-kernal' }, { argument: '-m y', problem: expect.stringContaining('is not a size') as string }] });
  });
});
