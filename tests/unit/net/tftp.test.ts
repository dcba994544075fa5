/** TFTP at the gateway, over a real folder. */

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openFile } from '../../../host/platform/node/net/folder.js';
import { parseNetdev } from '../../../host/net/netdev.js';
import { createNetContext, openBackend } from '../../../host/net/open.js';
import { seededRandom } from '../../../host/net/random.js';
import { createLab, settle, type Lab } from './guest.js';
import { be16, GATEWAY, udp4 } from './packets.js';

const OPCODE = { READ: 1, WRITE: 2, DATA: 3, ACK: 4, ERROR: 5, OPTIONS: 6 } as const;

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'pintail-tftp-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A network whose gateway serves a folder. */
function serve(path: string): Lab {
  const lab = createLab((config) => (config.tftp = path));
  lab.provider.openFile = openFile;
  onTestFinished(() => lab.nat.close());
  return lab;
}

interface Reply {
  port: number;
  opcode: number;
  number: number;
  bytes: Uint8Array;
}

async function replies({ guest }: Lab): Promise<Reply[]> {
  // Files are read by the system's threads; the test's own limit bounds it.
  while (guest.frames.length === 0) await new Promise((resolve) => setImmediate(resolve));
  return guest.takeIp().map(({ payload }) => ({ port: payload[0]! * 256 + payload[1]!, opcode: payload[9]!, number: payload[10]! * 256 + payload[11]!, bytes: payload.subarray(12) }));
}

const request = (opcode: number, ...strings: string[]): number[] => [...be16(opcode), ...strings.flatMap((text) => [...Buffer.from(text), 0])];
const ack = (block: number): number[] => [...be16(OPCODE.ACK), ...be16(block)];

function send({ guest }: Lab, to: number, payload: number[], from = 2000): void {
  guest.send(udp4(GATEWAY, from, to, payload));
}

/** Fetches a file; what it came to and in how many blocks. */
async function fetch(lab: Lab, name: string, ...options: string[]): Promise<{ content: Buffer; blocks: number; answer: string }> {
  send(lab, 69, request(OPCODE.READ, name, 'octet', ...options));
  const parts: Uint8Array[] = [];
  let answer = '';
  let size = 512;
  for (;;) {
    const [reply] = await replies(lab);
    if (!reply || reply.opcode === OPCODE.ERROR) throw new Error(`error ${reply?.number}`);
    if (reply.opcode === OPCODE.OPTIONS) {
      // The number's place holds the first letters of the first option.
      answer = Buffer.concat([Buffer.from(be16(reply.number)), reply.bytes]).toString();
      size = Number(/blksize\0(\d+)/.exec(answer)?.[1] ?? 512);
      send(lab, reply.port, ack(0));
      continue;
    }
    expect([reply.opcode, reply.number]).toEqual([OPCODE.DATA, (parts.length + 1) & 0xffff]);
    parts.push(reply.bytes);
    send(lab, reply.port, ack(reply.number));
    if (reply.bytes.length < size) return { content: Buffer.concat(parts), blocks: parts.length, answer };
  }
}

function content(length: number): Buffer {
  const random = seededRandom(length);
  return Buffer.from(Uint8Array.from({ length }, () => random() * 256));
}

describe('TFTP', () => {
  it('serves files whole, whose last block is shorter, empty where it must be', async () => {
    const path = folder();
    const lab = serve(path);
    for (const length of [0, 1, 511, 512, 513, 5000]) {
      writeFileSync(join(path, 'file'), content(length));
      const { content: got, blocks } = await fetch(lab, 'file');
      expect([got.equals(content(length)), blocks]).toEqual([true, Math.floor(length / 512) + 1]);
    }
  });

  it('serves names from the root, with either slash, in folders and behind links that stay inside', async () => {
    const path = folder();
    mkdirSync(join(path, 'boot'));
    writeFileSync(join(path, 'boot', 'kernel'), 'kernel');
    symlinkSync('boot/kernel', join(path, 'link'));
    const lab = serve(path);
    for (const name of ['boot/kernel', '/boot/kernel', '\\boot\\kernel', './boot//kernel', 'link']) expect((await fetch(lab, name)).content.toString()).toBe('kernel');
  });

  it('knows blksize, bounded by the link, tsize and timeout, and leaves out what it does not know', async () => {
    const path = folder();
    writeFileSync(join(path, 'file'), content(3000));
    const lab = serve(path);
    const { answer, blocks } = await fetch(lab, 'file', 'blksize', '1024', 'TSIZE', '0', 'windowsize', '8', 'timeout', '3');
    expect([answer, blocks]).toEqual(['blksize\x001024\0tsize\x003000\0timeout\x003\0', 3]);
    expect((await fetch(lab, 'file', 'blksize', '65464')).answer).toBe('blksize\x001468\0');
    expect((await fetch(lab, 'file', 'blksize', '7')).answer).toBe('');
  });

  it('counts blocks past 65535', async () => {
    const lab = serve('/nowhere');
    const bytes = 65_540 * 8;
    lab.provider.openFile = async () => ({ bytes, read: async (at, length) => new Uint8Array(Math.min(length, bytes - at)), close: async () => undefined });
    expect((await fetch(lab, 'large', 'blksize', '8')).blocks).toBe(65_541);
  });

  it('gives nothing outside the folder, nothing that is no file, and takes nothing', async () => {
    const path = folder();
    const outside = folder();
    writeFileSync(join(outside, 'secret'), 'secret');
    mkdirSync(join(path, 'folder'));
    mkdirSync(`${path}-beside`);
    onTestFinished(() => rmSync(`${path}-beside`, { recursive: true }));
    writeFileSync(join(`${path}-beside`, 'secret'), 'secret');
    symlinkSync(join(outside, 'secret'), join(path, 'out'));
    symlinkSync(`${path}-beside`, join(path, 'near'));
    execFileSync('mkfifo', [join(path, 'pipe')]);
    const lab = serve(path);
    const cases: [string, number][] = [['../secret', 2], ['folder/../../secret', 2], ['out', 2], ['near/secret', 2], ['folder', 2], ['pipe', 2], ['', 2], ['nosuch', 1], ['nosuch/file', 1], ['x'.repeat(300), 1]];
    for (const [name, code] of cases) {
      send(lab, 69, request(OPCODE.READ, name, 'octet'));
      expect([name, (await replies(lab)).map(({ opcode, number }) => [opcode, number])]).toEqual([name, [[OPCODE.ERROR, code]]]);
    }
    send(lab, 69, request(OPCODE.WRITE, 'new', 'octet'));
    expect((await replies(lab)).map(({ opcode, number }) => [opcode, number])).toEqual([[OPCODE.ERROR, 2]]);
  });

  it('sends again what is not acknowledged, gives up, and answers no acknowledgement twice', async () => {
    const path = folder();
    writeFileSync(join(path, 'file'), content(2000));
    const lab = serve(path);
    send(lab, 69, request(OPCODE.READ, 'file', 'octet'));
    const [first] = await replies(lab);
    for (let i = 0; i < 5; i++) {
      lab.clock.advance(1.1e9);
      expect(lab.guest.takeIp().map(({ payload }) => payload[11])).toEqual([1]);
    }
    send(lab, first!.port, ack(1));
    expect((await replies(lab)).map(({ number }) => number)).toEqual([2]);
    send(lab, first!.port, ack(1));
    await settle();
    expect(lab.guest.takeIp()).toEqual([]);
    lab.clock.advance(60e9);
    expect(lab.guest.takeIp()).toHaveLength(5);
    send(lab, first!.port, ack(2));
    await settle();
    // Over: the port is nobody's.
    expect(lab.guest.takeIp().map(({ payload }) => [payload[0], payload[1]])).toEqual([[3, 13]]);
  });

  it('carries no more than its bound at once', async () => {
    const path = folder();
    writeFileSync(join(path, 'file'), content(2000));
    const lab = serve(path);
    for (let i = 0; i < 80; i++) send(lab, 69, request(OPCODE.READ, 'file', 'octet'), 3000 + i);
    while (lab.guest.counter('tftpFiles') < 80) await settle();
    lab.guest.take();
    lab.clock.advance(1.5e9);
    expect(lab.guest.takeIp().length).toBeLessThanOrEqual(64);
  });

  it('is refused in words when the folder is not there', async () => {
    await expect(openBackend(parseNetdev('user,id=n0,tftp=/nowhere'), createNetContext())).rejects.toThrow('tftp=/nowhere: there is no such folder');
  });
});
