/**
 * The screen against QEMU's: the same test cards on both, each picture compared pixel by pixel with QEMU's `screendump`. Skips itself, and says so, without
 * QEMU or Debian's packages.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { noQemu } from '../guest/peers/qemu.js';
import { noPackages } from '../support/package-files.js';
import { SCREEN_CARDS, screenDisk } from '../support/screen-cards.js';
import { screenRoms, showCards, type CardPicture } from '../support/show-cards.js';

/** A P6 picture as four bytes a pixel. */
function readPpm(name: string, bytes: Uint8Array): CardPicture {
  const [head, width, height] = /^P6\n(\d+) (\d+)\n255\n/.exec(Buffer.from(bytes.subarray(0, 40)).toString('latin1'))!.map((part, i) => (i === 0 ? part.length : Number(part))) as [number, number, number];
  const pixels = new Uint8ClampedArray(width * height * 4).fill(255);
  for (let i = 0; i < width * height; i++) pixels.set(bytes.subarray(head + 3 * i, head + 3 * i + 3), 4 * i);
  return { name, width, height, pixels };
}

/** QEMU with the cards' disk, asked by its monitor. */
async function qemuPictures(onPicture: (picture: CardPicture) => void): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'pintail-screen-'));
  const path = (name: string): string => join(folder, name);
  writeFileSync(path('disk'), screenDisk());
  const { bios, video } = await screenRoms();
  const qemu = spawn('qemu-system-x86_64', [
    '-machine', 'q35', '-accel', 'tcg', '-m', '32', '-display', 'none', '-nodefaults', '-bios', bios, '-device', `VGA,romfile=${video}`, '-drive', `file=${path('disk')},format=raw,if=virtio`,
    '-debugcon', 'stdio', '-monitor', `unix:${path('monitor')},server=on,wait=off`,
  ], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<void>((resolve) => qemu.once('exit', () => resolve()));
  try {
    const said = lettersOf(qemu.stdout);
    for (const { name } of SCREEN_CARDS) {
      if ((await said.next()).value !== 'D') throw new Error(`QEMU did not show "${name}"`);
      await ask(path('monitor'), `screendump ${path('picture')}`);
      onPicture(readPpm(name, readFileSync(path('picture'))));
      await ask(path('monitor'), 'sendkey spc');
    }
  } finally {
    qemu.kill('SIGKILL');
    await ended;
    rmSync(folder, { recursive: true });
  }
}

async function* lettersOf(stream: NodeJS.ReadableStream): AsyncGenerator<string> {
  for await (const chunk of stream) yield* String(chunk);
}

/** One command, until its prompt is there again. */
function ask(path: string, command: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(path, () => undefined);
    socket.on('error', reject);
    socket.on('data', (bytes) => {
      const before = text.split('(qemu) ').length;
      text += String(bytes);
      const prompts = text.split('(qemu) ').length - 1;
      if (before === 1 && prompts >= 1) socket.write(`${command}\n`);
      if (prompts >= 2) socket.end();
    });
    socket.on('close', () => resolve());
  });
}

/** The first pixel that differs, in words. */
function difference(ours: CardPicture, theirs: CardPicture | undefined): string {
  if (theirs === undefined) return 'QEMU has none';
  if (ours.width !== theirs.width || ours.height !== theirs.height) return `${ours.width}x${ours.height}, QEMU's is ${theirs.width}x${theirs.height}`;
  const at = ours.pixels.findIndex((value, i) => value !== theirs.pixels[i]);
  if (at < 0) return 'the same';
  const pixel = Math.floor(at / 4), show = ({ pixels }: CardPicture): string => [...pixels.subarray(pixel * 4, pixel * 4 + 3)].join(' ');
  return `at ${pixel % ours.width},${Math.floor(pixel / ours.width)} ${show(ours)}, QEMU has ${show(theirs)}`;
}

const reason = noPackages ?? noQemu;
describe.skipIf(reason !== undefined)(`the screen beside QEMU's${reason ? ` (skipped: ${reason})` : ''}`, () => {
  it('every test card is QEMU\'s, pixel by pixel', async () => {
    const theirs = new Map<string, CardPicture>(), found: Record<string, string> = {};
    await qemuPictures((picture) => void theirs.set(picture.name, picture));
    await showCards((picture) => (found[picture.name] = difference(picture, theirs.get(picture.name))));
    expect(found).toEqual(Object.fromEntries(SCREEN_CARDS.map(({ name }) => [name, 'the same'])));
  });
});
