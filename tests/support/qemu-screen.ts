/** QEMU's screen for tests: what a disk's program says on port E9h, commands of the monitor, and pictures beside ours. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { screenRoms, type CardPicture } from './show-cards.js';

export interface QemuScreen {
  /** The next letter that the program says. */
  letter(): Promise<string | undefined>;
  /** A command of the monitor, to its end. */
  ask(command: string): Promise<void>;
  picture(name: string): Promise<CardPicture>;
}

/** QEMU with a screen and a disk, as long as `use` takes. */
export async function withQemuScreen(disk: Uint8Array, use: (screen: QemuScreen) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'pintail-screen-'));
  const path = (name: string): string => join(folder, name);
  writeFileSync(path('disk'), disk);
  const { bios, video } = await screenRoms();
  const qemu = spawn('qemu-system-x86_64', [
    '-machine', 'q35', '-accel', 'tcg', '-m', '32', '-display', 'none', '-nodefaults', '-bios', bios, '-device', `VGA,romfile=${video}`, '-drive', `file=${path('disk')},format=raw,if=virtio`,
    '-debugcon', 'stdio', '-monitor', `unix:${path('monitor')},server=on,wait=off`,
  ], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<void>((resolve) => qemu.once('exit', () => resolve()));
  try {
    const said = lettersOf(qemu.stdout);
    await use({
      letter: async () => (await said.next()).value as string | undefined,
      ask: (command) => ask(path('monitor'), command),
      async picture(name) {
        await ask(path('monitor'), `screendump ${path('picture')}`);
        return readPpm(name, readFileSync(path('picture')));
      },
    });
  } finally {
    qemu.kill('SIGKILL');
    await ended;
    rmSync(folder, { recursive: true });
  }
}

/** A P6 picture as four bytes a pixel. */
function readPpm(name: string, bytes: Uint8Array): CardPicture {
  const [head, width, height] = /^P6\n(\d+) (\d+)\n255\n/.exec(Buffer.from(bytes.subarray(0, 40)).toString('latin1'))!.map((part, i) => (i === 0 ? part.length : Number(part))) as [number, number, number];
  const pixels = new Uint8ClampedArray(width * height * 4).fill(255);
  for (let i = 0; i < width * height; i++) pixels.set(bytes.subarray(head + 3 * i, head + 3 * i + 3), 4 * i);
  return { name, width, height, pixels };
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
export function difference(ours: CardPicture, theirs: CardPicture | undefined): string {
  if (theirs === undefined) return 'QEMU has none';
  if (ours.width !== theirs.width || ours.height !== theirs.height) return `${ours.width}x${ours.height}, QEMU's is ${theirs.width}x${theirs.height}`;
  const at = ours.pixels.findIndex((value, i) => value !== theirs.pixels[i]);
  if (at < 0) return 'the same';
  const pixel = Math.floor(at / 4), show = ({ pixels }: CardPicture): string => [...pixels.subarray(pixel * 4, pixel * 4 + 3)].join(' ');
  return `at ${pixel % ours.width},${Math.floor(pixel / ours.width)} ${show(ours)}, QEMU has ${show(theirs)}`;
}
