/** Machines that start with a ROM image (`-bios`): where it is mapped, that it cannot be written, and shadow RAM over its low copy. */
import { afterEach, describe, expect, it } from 'vitest';
import { createMachine, ImageError, type Machine } from 'pintail';
import { romImage, type Probe } from '../support/rom-image.js';

const KIB = 1024;
const TOP = 2 ** 32;
const MIB = 2 ** 20;
/** Host bridge: PAM0 has F0000-FFFFF in its upper half, PAM5 E0000-E3FFF in its lower one. 3: loads and stores go to RAM; 1: loads alone. */
const [PAM0, PAM5] = [0x90, 0x95];

let machine: Machine | undefined;
afterEach(async () => {
  await machine?.close();
  machine = undefined;
});

/** The bytes that the probes read. */
async function run(romBytes: number, probes: readonly Probe[], memoryMiB = 16): Promise<number[]> {
  machine = await createMachine({ bios: romImage(romBytes, probes), memoryMiB, limits: { instructions: 1_000_000n } });
  const read: number[] = [];
  machine.on('serial', (port, bytes) => port === 4 && read.push(...bytes));
  expect(await machine.run()).toMatchObject({ reason: 'debug-exit', code: 1 });
  return read;
}

describe('a ROM image', () => {
  it.each([64, 128, 256, 512, 1024, 2048, 4096, 16384])('of %i KiB ends at 4 GiB, and its last 128 KiB at 1 MiB', async (kib) => {
    const pages = kib / 4, mark = (page: number): number => (0x11 + page) & 0xff;
    const low = Math.min(kib, 128) * KIB;
    const read = await run(kib * KIB, [
      { read: TOP - kib * KIB }, { read: TOP - kib * KIB + 4096 }, { read: TOP - 8 * KIB },
      { read: MIB - low }, { read: MIB - low + 4096 }, { read: MIB - 8 * KIB },
      // Below it: nothing but the rest of the ROM's place, or RAM that was never written.
      { read: MIB - 128 * KIB },
    ]);
    const first = pages - low / 4096;
    expect(read).toEqual([mark(0), mark(1), mark(pages - 2), mark(first), mark(first + 1), mark(pages - 2), kib >= 128 ? mark(pages - 32) : 0]);
  });

  it('is not written by stores, above or below', async () => {
    const places = [TOP - 64 * KIB, TOP - 8 * KIB, MIB - 64 * KIB, MIB - 8 * KIB];
    const before = await run(128 * KIB, places.map((read) => ({ read })));
    await machine!.close();
    const after = await run(128 * KIB, places.flatMap((at) => [{ write: at, value: 0xee }, { read: at }]));
    expect(after).toEqual(before);
    expect(after).not.toContain(0xee);
  });

  it('is shadowed by RAM where the host bridge says so, and that RAM is kept when it says no more', async () => {
    const [low, high] = [MIB - 8 * KIB, TOP - 8 * KIB];
    const mark = 0x11 + 30;
    expect(await run(128 * KIB, [
      { read: low },
      { bridge: PAM0, value: 0x30 }, { write: low, value: 0xaa }, { read: low }, { read: high },
      { bridge: PAM0, value: 0x10 }, { write: low, value: 0xbb }, { read: low }, { read: high },
    ])).toEqual([mark, 0xaa, mark, 0xaa, mark]);
  });

  it('is shadowed piece by piece', async () => {
    const [piece, next] = [0xe_0000, 0xe_4000];
    expect(await run(128 * KIB, [
      { bridge: PAM5, value: 0x03 }, { write: piece, value: 0xaa }, { write: next, value: 0xbb }, { read: piece }, { read: next },
      { bridge: PAM5, value: 0x33 }, { write: next, value: 0xcc }, { read: next },
    ])).toEqual([0xaa, 0x11 + 4, 0xcc]);
  });

  it('starts the machine again after a reset with its shadow gone', async () => {
    const low = MIB - 8 * KIB;
    const probes = [{ read: low }, { bridge: PAM0, value: 0x30 }, { write: low, value: 0xaa }, { read: low }];
    const read = await run(64 * KIB, probes);
    const again: number[] = [];
    machine!.on('serial', (port, bytes) => port === 4 && again.push(...bytes));
    await machine!.reset();
    await machine!.run();
    expect([read.slice(0, 2), again]).toEqual([[0x11 + 14, 0xaa], [0x11 + 14, 0xaa]]);
  });

  it('is entered at the reset vector', async () => {
    machine = await createMachine({ bios: Uint8Array.from([...new Uint8Array(64 * KIB - 16), 0xf4, ...new Uint8Array(15)]), memoryMiB: 1 });
    expect((await machine.run()).reason).toBe('halt');
    expect(await machine.getRegisters()).toMatchObject({ rip: 0xfff1n, segments: { cs: { selector: 0xf000, base: 0xffff_0000n } } });
  });

  it.each([
    ['nothing', 0, /^bios: has 0 bytes/],
    ['not whole 64 KiB', 96 * KIB, /has 98304 bytes; a ROM has a multiple of 64 KiB, at most 16 MiB/],
    ['more than 16 MiB', 16 * MIB + 64 * KIB, /has 16842752 bytes/],
  ])('is refused: %s', async (_, bytes, message) => {
    const made = createMachine({ bios: new Uint8Array(bytes) });
    await expect(made).rejects.toThrow(ImageError);
    await expect(made).rejects.toThrow(message);
  });
});
