/** What a terminal sends for keys, as keys of the guest's keyboard: characters, control characters, and the sequences of xterm and the Linux console (ECMA-48, xterm's ctlseqs). */

import { keyNamed, keyTyping, SHIFT } from '../screen/keys.js';

/** Keys that go down together. */
export type Chord = readonly number[];

const ESCAPE = '\x1b';
const CONTROL = keyNamed('ctrl')!, ALT = keyNamed('alt')!, ESC = keyNamed('esc')!;
const named = (names: Readonly<Record<string, string>>): ReadonlyMap<string, number> => new Map(Object.entries(names).map(([end, name]) => [end, keyNamed(name)!]));

/** By the letter that ends a sequence, and by the number before its tilde. */
const LETTERS = named({ A: 'up', B: 'down', C: 'right', D: 'left', H: 'home', F: 'end', P: 'f1', Q: 'f2', R: 'f3', S: 'f4' });
const NUMBERS = named({
  1: 'home', 2: 'insert', 3: 'delete', 4: 'end', 5: 'pgup', 6: 'pgdn', 7: 'home', 8: 'end', 11: 'f1', 12: 'f2', 13: 'f3', 14: 'f4', 15: 'f5', 17: 'f6', 18: 'f7', 19: 'f8', 20: 'f9', 21: 'f10', 23: 'f11', 24: 'f12',
});
/** ESC [ or O, parameters, the end; the Linux console's F1 to F5. */
const SEQUENCE = /^\x1b(?:\[\[([A-E])|[[O](\d*)(?:;(\d+))?([A-Z~]))/;
const LINUX = ['f1', 'f2', 'f3', 'f4', 'f5'].map((name) => keyNamed(name)!);

/** xterm's number for what is held: one more than 1 Shift, 2 Alt, 4 Control. */
function held(modifier: string | undefined): number[] {
  const bits = Number(modifier ?? 1) - 1;
  return [...(bits & 1 ? [SHIFT] : []), ...(bits & 2 ? [ALT] : []), ...(bits & 4 ? [CONTROL] : [])];
}

function sequenceKey(match: RegExpExecArray): Chord | undefined {
  const [, linux, number, modifier, end] = match;
  const key = linux !== undefined ? LINUX[linux.charCodeAt(0) - 65] : end === '~' ? NUMBERS.get(number!) : LETTERS.get(end!);
  return key === undefined ? undefined : [...held(modifier), key];
}

function characterKey(character: string): Chord | undefined {
  if (character === '\x7f') return [keyNamed('backspace')!];
  const typed = keyTyping(character);
  if (typed !== undefined) return typed.shift ? [SHIFT, typed.number] : [typed.number];
  const code = character.charCodeAt(0);
  // Control and a letter, or one of [ \ ] ^ _.
  const letter = code < 32 ? keyTyping(String.fromCharCode(code + 64).toLowerCase()) : undefined;
  return letter === undefined ? undefined : [CONTROL, letter.number];
}

/** All that came at once; what no key of the guest's types is left out. */
export function chordsOf(text: string): Chord[] {
  const out: Chord[] = [];
  const add = (chord: Chord | undefined): void => void (chord !== undefined && out.push(chord));
  for (let rest = text; rest !== '';) {
    const match = SEQUENCE.exec(rest);
    if (match !== null) {
      add(sequenceKey(match));
      rest = rest.slice(match[0].length);
    } else if (rest[0] === ESCAPE && rest.length > 1 && rest[1] !== ESCAPE) {
      const chord = characterKey(String.fromCodePoint(rest.codePointAt(1)!));
      add(chord && [ALT, ...chord]);
      rest = rest.slice(1 + String.fromCodePoint(rest.codePointAt(1)!).length);
    } else {
      const character = String.fromCodePoint(rest.codePointAt(0)!);
      add(character === ESCAPE ? [ESC] : characterKey(character));
      rest = rest.slice(character.length);
    }
  }
  return out;
}
