/** The test cards on a machine of ours: a picture of each, one key after the other. */
import { createHash } from 'node:crypto';
import { createMachine } from 'pintail';
import { packageFiles } from './package-files.js';
import { SCREEN_CARDS, screenDisk, type ScreenCard } from './screen-cards.js';

export interface CardPicture {
  name: string;
  width: number;
  height: number;
  /** Four bytes a pixel. */
  pixels: Uint8ClampedArray;
}

/** The debug console. */
const DEBUG_PORT = 4;
const ROMS = ['usr/share/seabios/bios-256k.bin', 'usr/share/seabios/vgabios-stdvga.bin'];

/** SeaBIOS and its video BIOS, by path. */
export async function screenRoms(): Promise<{ bios: string; video: string }> {
  const [bios, video] = await packageFiles('seabios', ROMS);
  return { bios: bios!, video: video! };
}

/** Shows the cards and hands each picture on. The key that goes on is the keyboard's own test. */
export async function showCards(onPicture: (picture: CardPicture) => void, cards: readonly ScreenCard[] = SCREEN_CARDS): Promise<void> {
  const { bios, video } = await screenRoms();
  const machine = await createMachine({
    bios, memoryMiB: 32, devices: [{ model: 'VGA', romfile: video }, { model: 'virtio-blk', drive: 'cards' }], drives: [{ id: 'cards', source: screenDisk(cards) }], limits: { instructions: 2_000_000_000n },
  });
  try {
    let said = '';
    machine.on('serial', (port, bytes) => {
      if (port !== DEBUG_PORT) return;
      said += new TextDecoder().decode(bytes);
      void machine.pause();
    });
    for (const { name } of cards) {
      said = '';
      const stop = await machine.run();
      if (said !== 'D') throw new Error(`the card "${name}" was not shown: ${stop.reason}, ${JSON.stringify(said)}`);
      const frame = await machine.screenFrame(true);
      onPicture({ name, width: frame!.width, height: frame!.height, pixels: frame!.pixels });
      await machine.sendKey('spc');
    }
  } finally {
    await machine.close();
  }
}

export const digestOf = ({ width, height, pixels }: CardPicture): string => `${width}x${height} ${createHash('sha256').update(pixels).digest('hex').slice(0, 32)}`;
