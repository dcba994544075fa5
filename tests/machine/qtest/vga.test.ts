/** The VGA's registers, planes and VBE modes, asked of ours and of QEMU in the same steps: the answers are the same. The retrace apart, which is QEMU's own. */
import { describe, expect, it } from 'vitest';
import { hasQemu, start, type Client } from './client.js';

const ARGS = ['-vga', 'std'];
const WINDOW = 0xa0000;

type Step = (client: Client) => Promise<number | void>;

const out = (port: number, value: number, bytes: 1 | 2 = 1): Step => (client) => client.out(port, bytes, value);
const read = (port: number, bytes: 1 | 2 = 1): Step => (client) => client.in(port, bytes);
/** Starts the attribute controller's turns anew; what the status says is not compared. */
const turn: Step = async (client) => void (await client.in(0x3da, 1));
const indexed = (port: number, index: number, value: number): Step[] => [out(port, index), out(port + 1, value), read(port + 1)];

function registers(): Step[] {
  const steps: Step[] = [out(0x3c2, 0x67), read(0x3cc), read(0x3ca)];
  for (const value of [0xff, 0x55, 0]) {
    for (let index = 0; index < 8; index++) steps.push(...indexed(0x3c4, index, value));
    for (let index = 0; index < 16; index++) steps.push(...indexed(0x3ce, index, value));
    for (let index = 0; index < 0x1a; index++) steps.push(...indexed(0x3d4, index, value));
    for (let index = 0; index < 0x18; index++) steps.push(turn, out(0x3c0, index), out(0x3c0, value), out(0x3c0, index), read(0x3c1), read(0x3c0));
    steps.push(out(0x3d4, 0x11), out(0x3d5, 0));
  }
  steps.push(out(0x3c8, 253), ...[1, 2, 3, 4, 5, 6, 7, 8].map((part) => out(0x3c9, part)), read(0x3c8), out(0x3c7, 253), ...Array.from({ length: 7 }, () => read(0x3c9)), read(0x3c7));
  return [...steps, out(0x3c2, 0), read(0x3d5), ...indexed(0x3b4, 3, 0x44), out(0x3c2, 1), read(0x3b5), read(0x3d5)];
}

function vbe(): Step[] {
  const set = (index: number, value: number): Step[] => [out(0x1ce, index, 2), out(0x1cf, value, 2)];
  const all = (): Step[] => Array.from({ length: 11 }, (_, index) => index).flatMap((index) => [out(0x1ce, index, 2), read(0x1cf, 2)]);
  const mode = (x: number, y: number, bits: number, more: readonly (readonly [number, number])[] = []): Step[] =>
    [...set(4, 0), ...set(1, x), ...set(2, y), ...set(3, bits), ...set(4, 0x41), ...more.flatMap(([index, value]) => set(index, value)), ...all(), ...[1, 7, 9, 0x12, 0x13, 0x17, 0x18].flatMap((index) => [out(0x3d4, index), read(0x3d5)]), out(0x3ce, 5), read(0x3cf), out(0x3ce, 6), read(0x3cf)];
  return [
    out(0x3c2, 0x67), ...all(), ...set(0, 0xb0c2), ...all(), ...set(0, 0x1234), ...all(), ...set(4, 2), ...all(), ...set(4, 0),
    ...mode(1024, 768, 32), ...mode(640, 480, 8, [[6, 1024], [8, 24], [9, 17]]), ...mode(1921, 9999, 7), ...mode(1023, 600, 15, [[6, 3000], [9, 3000]]), ...mode(800, 600, 4), ...mode(0, 0, 24), ...mode(20000, 20000, 16, [[8, 20000], [5, 0xffff]]),
  ];
}

/** Modes of writing and reading by noise, over a few bytes of the window. */
function planes(): Step[] {
  let seed = 12345;
  const below = (n: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 16) % n;
  };
  const steps: Step[] = [out(0x3c2, 0x67)];
  const set = (port: number, index: number, value: number): void => void steps.push(out(port, index | (value << 8), 2));
  const at = (): number => WINDOW + [0, 1, 2, 3, 0x7fff, 0x10000, 0x18000, 0x18001][below(8)]!;
  for (let round = 0; round < 250; round++) {
    switch (below(4)) {
      case 0: set(0x3c4, 2, below(16)); break;
      case 1: set(0x3c4, 4, [2, 6, 14][below(3)]!); break;
      default: set(0x3ce, below(9), below(256));
    }
    const place = at(), value = below(256);
    steps.push((client) => client.load(place, 1), (client) => client.store(place, value, 1), (client) => client.load(place, 1));
  }
  return steps;
}

async function answers(emulator: 'pintail' | 'qemu', steps: readonly Step[]): Promise<number[]> {
  const client = await start(emulator, { args: ARGS }), out: number[] = [];
  for (const step of steps) {
    const answer = await step(client);
    if (answer !== undefined) out.push(answer);
  }
  return out;
}

describe.skipIf(!hasQemu)(`the VGA beside QEMU's${hasQemu ? '' : ' (skipped: no QEMU here)'}`, () => {
  it.each([['registers', registers()], ['VBE', vbe()], ['planes', planes()]] as const)('%s', async (_, steps) => {
    const [ours, theirs] = [await answers('pintail', steps), await answers('qemu', steps)];
    expect(ours.length).toBeGreaterThan(100);
    expect(ours).toEqual(theirs);
  });
});
