/** A program larger than the room for translations: what it does not have any more it translates anew, room stays bounded, and the state is the interpreter's. */
import { expect, it } from 'vitest';
import { codeRoom } from '../../host/machine/code-room.js';
import { createTranslator } from '../../host/machine/translator.js';
import { runTicks } from '../support/raw-machine.js';
import { assemble, createLoop, stateOf } from '../support/translated-loops.js';

const LOOPS = 4700, AT = 0x1_0000;
/** jmp AT */
const ENTRY = assemble('e9 fb ef 00 00');
/** mov ecx, 400; add rax, rcx; dec ecx; jnz */
const LOOP = assemble('b9 90 01 00 00 l: 48 01 c8 ff c9 75 >l');
/** Ticks of a pass over all of them. */
const PASS = LOOPS * (1 + 3 * 400) + 1;

function create() {
  const machine = createLoop(ENTRY), { bytes, view, ram } = machine;
  for (let n = 0; n < LOOPS; n++) bytes.set(LOOP, ram + AT + n * LOOP.length);
  const end = AT + LOOPS * LOOP.length;
  bytes[ram + end] = 0xe9;
  view.setInt32(ram + end + 1, AT - (end + 5), true);
  return machine;
}

it('stays in its room and comes to the same', { timeout: 1_800_000 }, () => {
  const interpreted = create(), translated = create(), translator = createTranslator(translated.instance, { mode: 'sync', threshold: 200 });
  const rooms: number[] = [];
  for (let pass = 0; pass < 3; pass++) {
    runTicks(interpreted, PASS);
    runTicks(translated, PASS, () => translator.serve());
    expect(stateOf(translated)).toBe(stateOf(interpreted));
    rooms.push(codeRoom().bytes);
  }
  const { regions, dropped, liveModules } = translator.stats();
  console.log(`${regions} regions, ${dropped} dropped for room, ${liveModules} modules at the end, bytes after each pass: ${rooms.join(' ')}`);
  expect(regions).toBeGreaterThan(LOOPS);
  expect(dropped).toBeGreaterThan(LOOPS - 4096);
  // Flat: later passes hold no more than the first, but for how regions are cut.
  expect(Math.max(...rooms.slice(1))).toBeLessThan(1.5 * Math.max(...rooms.slice(0, 1)));
  translator.close();
  expect(codeRoom().bytes).toBe(0);
});
