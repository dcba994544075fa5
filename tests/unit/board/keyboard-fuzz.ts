// Noise at the keyboard controller from both sides: commands and data of the guest's, keys and movements of the host's. What a driver then does to begin works, and a key comes through.
import { makeBoard, type Board } from "./board.js";
import { randomFrom } from "./poke.js";

/** Steps between two beginnings. */
export const A_START = 500;
const COMMANDS = [0x20, 0x60, 0xa7, 0xa8, 0xa9, 0xaa, 0xab, 0xad, 0xae, 0xc0, 0xd0, 0xd1, 0xd2, 0xd3, 0xd4];
const DATA = [0xed, 0xee, 0xf0, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xff, 0xe6, 0xe7, 0xe8, 0xe9, 0xea, 0xeb, 0xec, 200, 100, 80, 0, 1, 2, 3, 0x47];

function drain(b: Board): number[] {
  const got: number[] = [];
  while (b.inb(0x64) & 1 && got.length < 100) got.push(b.inb(0x60));
  return got;
}

/** As a driver begins (the controller's test, its word, the keyboard's reset); what a key says then. */
function begin(b: Board): number[] {
  b.outb(0x64, 0xad); b.outb(0x64, 0xa7);
  drain(b);
  b.outb(0x64, 0xaa);
  const tested = drain(b);
  b.outb(0x64, 0x60); b.outb(0x60, 0x67);
  b.outb(0x64, 0xae);
  b.outb(0x60, 0xff); drain(b);
  b.outb(0x60, 0xf4); drain(b);
  b.call("pressKey", 0x1e, 1);
  return [...tested.slice(-1), ...drain(b)];
}

/** So many steps; each beginning's answer that was not the controller's 55h and the key. */
export async function fuzzKeyboard(steps: number, seed: number): Promise<{ wrong: string[]; starts: number }> {
  const b = await makeBoard(), random = randomFrom(seed), below = (n: number): number => random() % n, wrong: string[] = [];
  const pick = (list: readonly number[]): number => (below(8) ? list[below(list.length)]! : below(256));
  let ticks = 0n;
  for (let step = 1; step <= steps; step++) {
    switch (below(8)) {
      case 0: b.outb(0x64, pick(COMMANDS)); break;
      case 1: case 2: b.outb(0x60, pick(DATA)); break;
      case 3: b.outb(0x64, 0xd4); b.outb(0x60, pick(DATA)); break;
      case 4: b.call("pressKey", below(256), below(2)); break;
      case 5: b.call("moveMouse", below(8000) - 4000, below(8000) - 4000, below(20) - 10, below(64)); break;
      case 6: for (let i = below(20); i > 0; i--) b.inb(0x60); break;
      default: b.inb(0x64); b.call("keyRoom"); b.call("mouseRoom");
    }
    if (below(10) === 0) { ticks += BigInt(below(1_000_000)); b.call("setTicks", ticks); b.call("runTimers"); b.call("acknowledge"); }
    if (step % A_START !== 0) continue;
    const said = begin(b).map((byte) => byte.toString(16)).join(" ");
    if (said !== "55 1e") wrong.push(`seed ${seed}, step ${step}: ${said}`);
  }
  return { wrong, starts: steps / A_START };
}
