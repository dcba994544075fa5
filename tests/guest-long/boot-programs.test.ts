/** Boot sectors of our own on the screen, with mouse and retrace: their pictures are QEMU's, pixel by pixel. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { createMachine, type Machine } from 'pintail';
import { noQemu } from '../guest/peers/qemu.js';
import { FRAMES, MOVING, PAINT } from '../support/boot-programs.js';
import { noPackages } from '../support/package-files.js';
import { difference, withQemuScreen } from '../support/qemu-screen.js';
import { screenDisk, type ScreenCard } from '../support/screen-cards.js';
import { screenRoms, type CardPicture } from '../support/show-cards.js';

const DEBUG_PORT = 4;

interface Ours {
  machine: Machine;
  /** Runs until the program has said so many bytes; the last of them. */
  said(bytes: number): Promise<number>;
  picture(name: string): Promise<CardPicture>;
}

async function boot(card: ScreenCard, icountShift: number): Promise<Ours> {
  const { bios, video } = await screenRoms();
  const machine = await createMachine({
    bios, memoryMiB: 32, icountShift, devices: [{ model: 'VGA', romfile: video }, { model: 'virtio-blk', drive: 'd' }], drives: [{ id: 'd', source: screenDisk([card]) }], limits: { instructions: 2_000_000_000n },
  });
  onTestFinished(() => machine.close());
  const all: number[] = [];
  machine.on('serial', (port, bytes) => {
    if (port !== DEBUG_PORT) return;
    all.push(...bytes);
    void machine.pause();
  });
  return {
    machine,
    async said(bytes) {
      while (all.length < bytes) {
        const { reason } = await machine.run();
        if (reason !== 'paused') throw new Error(`${card.name}: ${reason} after ${all.length} of ${bytes} bytes`);
      }
      return all[bytes - 1]!;
    },
    async picture(name) {
      const frame = (await machine.screenFrame(true))!;
      return { name, width: frame.width, height: frame.height, pixels: frame.pixels };
    },
  };
}

/** Movements and what is pressed then: 1 left, 2 right, 4 middle. */
const STROKES: [dx: number, dy: number, buttons: number][] = [[0, 0, 1], [-300, -200, 2], [37, 411, 1], [500, -111, 4], [90, 90, 3], [-200, 150, 1], [-401, -333, 7], [13, -7, 2]];

const reason = noPackages ?? noQemu;
describe.skipIf(reason !== undefined)(`boot sectors on the screen${reason ? ` (skipped: ${reason})` : ''}`, () => {
  it('a desktop of 1024x768x32 is painted on with the mouse', async () => {
    const ours = await boot(PAINT, 0);
    expect(await ours.said(1)).toBe('D'.charCodeAt(0));
    for (const [i, [dx, dy, buttons]] of STROKES.entries()) {
      await ours.machine.mouse({ dx, dy });
      await ours.machine.mouse({ buttons });
      await ours.machine.mouse({ buttons: 0 });
      expect([await ours.said(2 + 2 * i), await ours.said(3 + 2 * i)]).toEqual(['S'.charCodeAt(0), 's'.charCodeAt(0)]);
    }
    const mine = await ours.picture(PAINT.name);
    expect([mine.width, mine.height]).toEqual([1024, 768]);
    await withQemuScreen(screenDisk([PAINT]), async (qemu) => {
      expect(await qemu.letter()).toBe('D');
      for (const [dx, dy, buttons] of STROKES) {
        await qemu.ask(`mouse_move ${dx} ${dy}`);
        await qemu.ask(`mouse_button ${buttons}`);
        expect(await qemu.letter()).toBe('S');
        await qemu.ask('mouse_button 0');
        // Its mouse keeps 16 bytes, and holds back what does not fit until something else happens.
        expect(await qemu.letter()).toBe('s');
      }
      expect(difference(mine, await qemu.picture(PAINT.name))).toBe('the same');
    });
  }, 300_000);

  it('mode 13h follows the retrace: 140 frames are two seconds', async () => {
    const ours = await boot(MOVING, 5);
    const ticks = await ours.said(2);
    // 70.1 frames and 18.2 ticks a second.
    expect(Math.abs(ticks - (FRAMES / 70.09) * 18.2065)).toBeLessThan(1.5);
    const mine = await ours.picture(MOVING.name);
    await withQemuScreen(screenDisk([MOVING]), async (qemu) => {
      expect(await qemu.letter()).toBe('D');
      expect(difference(mine, await qemu.picture(MOVING.name))).toBe('the same');
    });
  }, 300_000);
});
