// The keyboard: commands, and keys in the set of codes that the guest has chosen. It speaks set 2 unless told otherwise, and the controller makes set 1 of
// that while it translates; what comes out is put here at once. A key that finds no room for all its bytes is lost, as on a keyboard.

import { inSet2, inSet3, isExtended, pauseIn1, pauseIn2, printIn1, printIn2 } from "./keys";
import { Ctr, Ps2, Scan } from "./spec";
import { From, kbc, put, queue, roomIn } from "./state";

/** The longest sequence of a key. */
@inline const LONGEST: u32 = 8;

/** A new command throws away what the device still had to say. */
function startReply(): void { queue(From.KEYBOARD).count = 0; put(From.KEYBOARD, Ps2.ACK); }

export function setKeyboardDefaults(): void { kbc.scanSet = 2; kbc.scanning = 1; }

export function tellKeyboard(v: u32): void {
  const argumentOf = kbc.keyboardArgument;
  kbc.keyboardArgument = 0;
  startReply();
  // A byte with the top bit set is a command even where an argument was due.
  if (argumentOf && v < 0x80) { keyboardArgument(argumentOf, v); return; }
  switch (v) {
    case Ps2.SET_LEDS: case Ps2.SCAN_SET: case Ps2.SET_RATE: kbc.keyboardArgument = v; break;
    case Ps2.ECHO: queue(From.KEYBOARD).count = 0; put(From.KEYBOARD, Ps2.ECHO); break;
    case Ps2.IDENTIFY: put(From.KEYBOARD, 0xab); put(From.KEYBOARD, kbc.ctr & Ctr.TRANSLATE ? 0x41 : 0x83); break;
    case Ps2.ENABLE: kbc.scanning = 1; break;
    case Ps2.DISABLE: kbc.scanning = 0; kbc.scanSet = 2; break;
    case Ps2.DEFAULTS: setKeyboardDefaults(); break;
    case Ps2.RESET: setKeyboardDefaults(); put(From.KEYBOARD, Ps2.PASSED); break;
    default: if (v < 0xed) { queue(From.KEYBOARD).count = 0; put(From.KEYBOARD, Ps2.RESEND); }
  }
}

function keyboardArgument(command: u32, v: u32): void {
  if (command != Ps2.SCAN_SET) return;
  if (v == 0) put(From.KEYBOARD, kbc.ctr & Ctr.TRANSLATE ? 0x41 : kbc.scanSet);
  else if (v <= 3) kbc.scanSet = v;
}

// --- Keys ---

/** Everything that was typed has been read: the next key finds room. */
export function keyboardIdle(): bool { return queue(From.KEYBOARD).count == 0 && !(kbc.full && kbc.from == From.KEYBOARD); }

/** A key goes down or up, or is down still and repeats itself. */
export function typeKey(key: u32, down: bool): void {
  noteControl(key, down);
  if (!kbc.scanning || roomIn(From.KEYBOARD) < LONGEST) return;
  if (kbc.scanSet == 1 || (kbc.scanSet == 2 && (kbc.ctr & Ctr.TRANSLATE) != 0)) typeIn1(key, down);
  else if (kbc.scanSet == 2) typeIn2(key, down);
  else typeIn3(key, down);
}

function noteControl(key: u32, down: bool): void {
  const bit: u32 = key == Scan.LEFT_CONTROL ? 1 : key == Scan.RIGHT_CONTROL ? 2 : 0;
  kbc.modifiers = down ? kbc.modifiers | bit : kbc.modifiers & ~bit;
}

function putAll(bytes: u64): void { for (let left = bytes; left; left >>= 8) put(From.KEYBOARD, <u32>left & 0xff); }

function typeIn1(key: u32, down: bool): void {
  if (key == Scan.PAUSE) { putAll(pauseIn1(down, kbc.modifiers != 0)); return; }
  if (key == Scan.PRINT) { putAll(printIn1(down)); return; }
  if (isExtended(key)) put(From.KEYBOARD, Scan.NEW);
  put(From.KEYBOARD, key & 0x7f | (down ? 0 : Scan.RELEASED));
}

function typeIn2(key: u32, down: bool): void {
  if (key == Scan.PAUSE) { putAll(pauseIn2(down, kbc.modifiers != 0)); return; }
  if (key == Scan.PRINT) { putAll(printIn2(down)); return; }
  if (!inSet2(key)) return;
  if (isExtended(key)) put(From.KEYBOARD, Scan.NEW);
  if (!down) put(From.KEYBOARD, Scan.BREAK);
  put(From.KEYBOARD, inSet2(key));
}

function typeIn3(key: u32, down: bool): void {
  if (!inSet3(key)) return;
  if (!down) put(From.KEYBOARD, Scan.BREAK);
  put(From.KEYBOARD, inSet3(key));
}
