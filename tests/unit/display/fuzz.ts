// A hostile driver of the screen: random accesses to every way in, with the picture drawn now and then.
import { ScreenAt } from "../../../assembly/surface/screen.js";
import { Screen } from "../../../host/screen/screen.js";
import { makeMachine, type TestMachine } from "../virtio/machine.js";
import { randomOf } from "../virtio/fuzz.js";

const VGA = 10, RAM_BYTES = 4 << 20, VIDEO_BYTES = 16 << 20;
/** Accesses between two pictures. */
const A_PICTURE = 2000;

/** Bytes of RAM that a screen must never reach: behind the window, and beside it. */
const WATCHED = [0x9f000, 0xa0000, 0xb8000, 0xbf000, 0xc0000, RAM_BYTES - 4096];

interface Noise { below(n: number): number; word(): number }

function access(m: TestMachine, { below, word }: Noise): void {
  const bytes = 1 << below(3), bar = m.bar(2), frame = m.bar(0);
  switch (below(10)) {
    case 0: case 1: return void m.call("portWrite", 0x3b0 + below(0x30), Math.min(bytes, 2), word());
    case 2: return void m.call("portRead", 0x3b0 + below(0x30), Math.min(bytes, 2));
    // A register by its index, which noise alone seldom meets.
    case 3: return void m.call("portWrite", [0x3c4, 0x3ce, 0x3d4][below(3)]!, 2, below(0x20) | below(256) << 8);
    case 4: {
      m.call("portWrite", 0x1ce, 2, below(12));
      return void m.call("portWrite", 0x1cf, 2, [word() & 0xffff, below(2048), 8 << below(3), 0x41, 0xc1, 0][below(6)]!);
    }
    case 5: case 6: return m.write(0xa0000 + below(0x20000) - 2, bytes, word());
    case 7: return void m.read(0xa0000 + below(0x20000) - 2, bytes);
    case 8: return bar === 0 ? undefined : below(2) ? m.write(bar + below(0x700), bytes, word()) : void m.read(bar + below(0x700), bytes);
    default: {
      if (below(20) === 0) { m.writeConfig(4, 2, below(8)); m.writeConfig(0x10, 4, word()); m.writeConfig(0x18, 4, 0xd0000000 | below(16) << 12); m.writeConfig(4, 2, 7); }
      const at = m.call("hostOf", BigInt(frame + below(VIDEO_BYTES)), bytes);
      if (at !== 0 && (at < m.ram || at + bytes > m.ram + RAM_BYTES + VIDEO_BYTES)) throw new Error(`the framebuffer leads to ${at.toString(16)}`);
    }
  }
}

/** So many accesses; throws when something gives way. The pictures that were drawn. */
export async function fuzzScreen(steps: number, seed: number): Promise<number> {
  const m = await makeMachine({ kind: VGA, mac: 0n }), random = randomOf(seed);
  const noise: Noise = { below: random, word: () => random(2 ** 32) };
  const state = m.call("screenState"), memory = new Uint8Array(m.m.memory.buffer);
  const source = { state: memory.subarray(state, state + ScreenAt.BYTES), memory: memory.subarray(m.ram + RAM_BYTES, m.ram + RAM_BYTES + VIDEO_BYTES) };
  const screen = new Screen();
  let pictures = 0;
  for (let step = 1; step <= steps; step++) {
    access(m, noise);
    if (step % A_PICTURE !== 0) continue;
    m.call("setTicks", BigInt(step) * 1000n);
    screen.refresh(source, step % 2 === 0);
    const { width, height, pixels } = screen.picture;
    if (pixels.length !== 4 * width * height || width === 0 || height === 0) throw new Error(`a picture of ${width}x${height} has ${pixels.length} bytes`);
    for (const at of WATCHED) if (m.bytes(at, 4096).some((byte) => byte !== 0)) throw new Error(`RAM at ${at.toString(16)} was written`);
    pictures++;
  }
  return pictures;
}
