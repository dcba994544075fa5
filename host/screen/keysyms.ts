/** Keysyms of X (X11's keysymdef.h), as VNC viewers send them, as keys of the guest's keyboard. Shift comes by itself: what a key types says which key it is. */

import { keyNamed, keyTyping } from './keys.js';

const run = (first: number, names: string): [number, string][] => names.split(' ').map((name, i) => [first + i, name]);

const NAMED: readonly (readonly [number, string])[] = [
  [0xff08, 'backspace'], [0xff09, 'tab'], [0xff0d, 'ret'], [0xff13, 'pause'], [0xff14, 'scroll_lock'], [0xff15, 'sysrq'], [0xff1b, 'esc'], [0xff61, 'print'], [0xff63, 'insert'], [0xff67, 'menu'], [0xff7f, 'num_lock'],
  ...run(0xff50, 'home left up right down pgup pgdn end'), [0xff8d, 'kp_enter'], ...run(0xff95, 'kp_7 kp_4 kp_8 kp_6 kp_2 kp_9 kp_3 kp_1 kp_5 kp_0 kp_decimal'),
  [0xffaa, 'kp_multiply'], [0xffab, 'kp_add'], [0xffad, 'kp_subtract'], [0xffae, 'kp_decimal'], [0xffaf, 'kp_divide'], ...run(0xffb0, 'kp_0 kp_1 kp_2 kp_3 kp_4 kp_5 kp_6 kp_7 kp_8 kp_9'), [0xffbd, 'kp_equals'],
  ...run(0xffbe, 'f1 f2 f3 f4 f5 f6 f7 f8 f9 f10 f11 f12'), ...run(0xffe1, 'shift shift_r ctrl ctrl_r caps_lock'), [0xffe9, 'alt'], [0xffea, 'alt_r'], [0xffeb, 'meta_l'], [0xffec, 'meta_r'], [0xfe03, 'alt_r'], [0xfe20, 'tab'], [0xffff, 'delete'],
];
const byKeysym = new Map(NAMED.map(([keysym, name]) => [keysym, keyNamed(name)!]));

/** The key of a keysym; those of Latin-1 are its characters. */
export function keysymKey(keysym: number): number | undefined {
  return byKeysym.get(keysym) ?? (keysym >= 0x20 && keysym < 0x100 ? keyTyping(String.fromCharCode(keysym))?.number : undefined);
}
