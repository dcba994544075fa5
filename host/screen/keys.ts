/**
 * Keys, a row each: the number by which the module knows one (its code in scan code set 1, and 0x80 where E0 stands before that), QEMU's name for
 * `sendkey`, what browsers call it (`KeyboardEvent.code`, UI Events KeyboardEvent code Values), and what a US keyboard types with it, plain and with Shift.
 */

export interface KeyRow {
  number: number;
  names: readonly string[];
  code: string;
  plain?: string;
  shifted?: string;
}

const key = (number: number, names: string, code: string, typed = ''): KeyRow => ({
  number, names: names.split(' '), code, ...(typed === '' ? {} : { plain: typed[0]!, shifted: typed[1] ?? typed[0]! }),
});

const LETTERS: readonly (readonly [first: number, letters: string])[] = [[0x10, 'qwertyuiop'], [0x1e, 'asdfghjkl'], [0x2c, 'zxcvbnm']];
const letterRows = LETTERS.flatMap(([first, letters]) => [...letters].map((letter, i) => key(first + i, letter, `Key${letter.toUpperCase()}`, letter + letter.toUpperCase())));
const digitRows = [...'1234567890'].map((digit, i) => key(2 + i, digit, `Digit${digit}`, digit + '!@#$%^&*()'[i]!));
const functionRows = Array.from({ length: 12 }, (_, i) => key(i < 10 ? 0x3b + i : 0x57 + i - 10, `f${i + 1}`, `F${i + 1}`));
/** The digits of the number pad, from its lower left. */
const PAD = [0x52, 0x4f, 0x50, 0x51, 0x4b, 0x4c, 0x4d, 0x47, 0x48, 0x49];
const padRows = PAD.map((number, digit) => key(number, `kp_${digit}`, `Numpad${digit}`));

export const KEYS: readonly KeyRow[] = [
  ...letterRows, ...digitRows, ...functionRows, ...padRows,
  key(0x01, 'esc', 'Escape', '\x1b'), key(0x0c, 'minus', 'Minus', '-_'), key(0x0d, 'equal', 'Equal', '=+'), key(0x0e, 'backspace', 'Backspace', '\b'), key(0x0f, 'tab', 'Tab', '\t'),
  key(0x1a, 'bracket_left', 'BracketLeft', '[{'), key(0x1b, 'bracket_right', 'BracketRight', ']}'), key(0x1c, 'ret', 'Enter', '\n'), key(0x27, 'semicolon', 'Semicolon', ';:'),
  key(0x28, 'apostrophe', 'Quote', '\'"'), key(0x29, 'grave_accent', 'Backquote', '`~'), key(0x2b, 'backslash', 'Backslash', '\\|'), key(0x33, 'comma', 'Comma', ',<'),
  key(0x34, 'dot', 'Period', '.>'), key(0x35, 'slash', 'Slash', '/?'), key(0x39, 'spc', 'Space', ' '), key(0x56, 'less', 'IntlBackslash'),
  key(0x1d, 'ctrl', 'ControlLeft'), key(0x2a, 'shift', 'ShiftLeft'), key(0x36, 'shift_r', 'ShiftRight'), key(0x38, 'alt', 'AltLeft'), key(0x3a, 'caps_lock', 'CapsLock'),
  key(0x9d, 'ctrl_r', 'ControlRight'), key(0xb8, 'alt_r', 'AltRight'), key(0xdb, 'meta_l', 'MetaLeft'), key(0xdc, 'meta_r', 'MetaRight'), key(0xdd, 'menu compose', 'ContextMenu'),
  key(0x45, 'num_lock', 'NumLock'), key(0x46, 'scroll_lock', 'ScrollLock'), key(0xb7, 'print sysrq', 'PrintScreen'), key(0xc6, 'pause', 'Pause'),
  key(0xd2, 'insert', 'Insert'), key(0xd3, 'delete', 'Delete'), key(0xc7, 'home', 'Home'), key(0xcf, 'end', 'End'), key(0xc9, 'pgup', 'PageUp'), key(0xd1, 'pgdn', 'PageDown'),
  key(0xc8, 'up', 'ArrowUp'), key(0xd0, 'down', 'ArrowDown'), key(0xcb, 'left', 'ArrowLeft'), key(0xcd, 'right', 'ArrowRight'),
  key(0x37, 'kp_multiply asterisk', 'NumpadMultiply'), key(0x4a, 'kp_subtract', 'NumpadSubtract'), key(0x4e, 'kp_add', 'NumpadAdd'), key(0x53, 'kp_decimal', 'NumpadDecimal'),
  key(0xb5, 'kp_divide', 'NumpadDivide'), key(0x9c, 'kp_enter', 'NumpadEnter'), key(0x59, 'kp_equals', 'NumpadEqual'), key(0x7e, 'kp_comma', 'NumpadComma'),
  key(0x73, 'ro', 'IntlRo'), key(0x70, 'katakanahiragana hiragana', 'KanaMode'), key(0x79, 'henkan', 'Convert'), key(0x7b, 'muhenkan', 'NonConvert'), key(0x7d, 'yen', 'IntlYen'),
  key(0xa0, 'audiomute', 'AudioVolumeMute'), key(0xae, 'volumedown', 'AudioVolumeDown'), key(0xb0, 'volumeup', 'AudioVolumeUp'),
  key(0xa2, 'audioplay', 'MediaPlayPause'), key(0xa4, 'audiostop', 'MediaStop'), key(0x90, 'audioprev', 'MediaTrackPrevious'), key(0x99, 'audionext', 'MediaTrackNext'),
  key(0xde, 'power', 'Power'), key(0xdf, 'sleep', 'Sleep'), key(0xe3, 'wake', 'WakeUp'),
];

export const SHIFT = 0x2a;

const byName = new Map(KEYS.flatMap((row) => [...row.names, row.code.toLowerCase()].map((name) => [name, row.number] as const)));
const byCode = new Map(KEYS.map((row) => [row.code, row.number]));
const byCharacter = new Map(KEYS.flatMap(({ number, plain, shifted }): [string, { number: number; shift: boolean }][] =>
  plain === undefined ? [] : [[shifted!, { number, shift: true }], [plain, { number, shift: false }]]));

/** A key by QEMU's name, or a browser's, whatever their case. */
export const keyNamed = (name: string): number | undefined => byName.get(name.toLowerCase());
/** A key by what a browser calls it. */
export const keyOfCode = (code: string): number | undefined => byCode.get(code);
/** The key that types a character on a US keyboard. */
export const keyTyping = (character: string): { number: number; shift: boolean } | undefined => byCharacter.get(character === '\r' ? '\n' : character);
export const KEY_NAMES: readonly string[] = KEYS.map(({ names }) => names[0]!);
