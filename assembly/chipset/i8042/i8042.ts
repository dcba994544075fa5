// The PS/2 controller with a keyboard and a mouse behind it, and system control port A (92h).
//
// Everything answers at once: a command's reply is in a queue when the command returns, and the head of the queue is
// the output buffer. Controller replies come first, then the keyboard's, then the mouse's, each from its own small queue.
// A port that is switched off keeps what it has to say. Interrupts 1 and 12 are up while a byte for them waits and its
// interrupt is enabled. Pulsing the reset line, or bit 0 of port 92h, restarts the machine. The A20 gate is open after a reset, and holds
// down bit 20 of the processor's addresses while it is shut (memory/ram.ts). Keys and movements come from the host at boundaries (pressKey, moveMouse).

import { mapPorts, Width } from "../../memory/bus";
import { setA20 } from "../../memory/ram";
import { setLine } from "../../device/interrupt";
import { requestReset } from "../../device/power";
import { I8042_BYTES, I8042_STATE } from "../layout";
import { keyboardIdle, setKeyboardDefaults, tellKeyboard, typeKey } from "./keyboard";
import { mouseIdle, pushMouse, reportMouse, setMouseDefaults, tellMouse } from "./mouse";
import { Command, Ctr, KbcPort, KbcStatus, Output } from "./spec";
import { Expect, From, kbc, put, queue, take } from "./state";

/** A20 in system control port A. */
@inline const PORT_A_A20: u32 = 2;
export function resetI8042(): void {
  memory.fill(I8042_STATE, 0, I8042_BYTES);
  kbc.ctr = Ctr.KBD_IRQ | Ctr.SYSTEM | Ctr.TRANSLATE;
  kbc.output = Output.NOT_RESET | Output.A20;
  gate(true);
  setKeyboardDefaults();
  setMouseDefaults();
  update();
}

export function attachI8042(): void {
  mapPorts(KbcPort.DATA, 1, 0, readData.index, writeData.index, "i8042 data", Width.BYTE);
  mapPorts(KbcPort.COMMAND, 1, 0, readStatus.index, writeCommand.index, "i8042 command", Width.BYTE);
  mapPorts(KbcPort.SYSTEM_A, 1, 0, readPortA.index, writePortA.index, "port 92", Width.BYTE);
}

// --- Queues and the output buffer ---

function isOff(from: u32): bool {
  if (from == From.KEYBOARD) return (kbc.ctr & Ctr.KBD_OFF) != 0;
  return from == From.MOUSE && (kbc.ctr & Ctr.AUX_OFF) != 0;
}

/** Moves the next byte into an empty output buffer and works out the lines. */
function update(): void {
  for (let from: u32 = 0; from <= <u32>From.LOOP_AUX && !kbc.full; from++) {
    if (!queue(from).count || isOff(from)) continue;
    kbc.byte = take(from);
    kbc.full = 1;
    kbc.from = from;
  }
  const aux = kbc.full && isAux(kbc.from);
  // A controller's own reply interrupts nobody.
  setLine(1, kbc.full && kbc.from == From.KEYBOARD && (kbc.ctr & Ctr.KBD_IRQ) != 0);
  setLine(12, aux && (kbc.ctr & Ctr.AUX_IRQ) != 0);
}
@inline function isAux(from: u32): bool { return from == From.MOUSE || from == From.LOOP_AUX; }

function readData(dev: usize, offset: u32, bytes: u32): u64 {
  const byte = kbc.byte;
  kbc.full = 0;
  // The line falls between two bytes, so that an edge-triggered pin sees both.
  setLine(1, false);
  setLine(12, false);
  reportMouse();
  update();
  return byte;
}

function readStatus(dev: usize, offset: u32, bytes: u32): u64 {
  return KbcStatus.UNLOCKED | (kbc.ctr & Ctr.SYSTEM) | (kbc.full ? KbcStatus.OBF : 0) | (kbc.full && isAux(kbc.from) ? KbcStatus.AUX : 0)
    | (kbc.lastCommand ? KbcStatus.COMMAND : 0);
}

// --- The controller ---

function writeCommand(dev: usize, offset: u32, bytes: u32, value: u64): void {
  kbc.lastCommand = 1;
  kbc.expect = Expect.KEYBOARD;
  runCommand(<u32>value & 0xff);
  update();
}

function runCommand(v: u32): void {
  if (v >= <u32>Command.PULSE) { if (!(v & 1)) requestReset(); return; }
  if ((v & 0xe0) == <u32>Command.READ_CTR) { put(From.CONTROLLER, v == Command.READ_CTR ? kbc.ctr : 0); return; }
  switch (v) {
    case Command.WRITE_CTR: kbc.expect = Expect.CTR; break;
    case Command.DISABLE_AUX: kbc.ctr |= Ctr.AUX_OFF; break;
    case Command.ENABLE_AUX: kbc.ctr &= ~(<u32>Ctr.AUX_OFF); break;
    case Command.TEST_AUX: case Command.TEST_KBD: put(From.CONTROLLER, 0); break;
    case Command.SELF_TEST: kbc.ctr |= Ctr.SYSTEM; put(From.CONTROLLER, 0x55); break;
    case Command.DISABLE_KBD: kbc.ctr |= Ctr.KBD_OFF; break;
    case Command.ENABLE_KBD: kbc.ctr &= ~(<u32>Ctr.KBD_OFF); break;
    case Command.READ_INPUT: put(From.CONTROLLER, 0x80); break;
    case Command.READ_OUTPUT: put(From.CONTROLLER, outputPort()); break;
    case Command.WRITE_OUTPUT: kbc.expect = Expect.OUTPUT; break;
    case Command.LOOP_KBD: kbc.expect = Expect.LOOP_KBD; break;
    case Command.LOOP_AUX: kbc.expect = Expect.LOOP_AUX; break;
    case Command.WRITE_AUX: kbc.expect = Expect.AUX; break;
    case Command.DISABLE_A20: gate(false); break;
    case Command.ENABLE_A20: gate(true); break;
  }
}

function outputPort(): u32 {
  return kbc.output | (kbc.full ? (isAux(kbc.from) ? Output.AUX_FULL : Output.KBD_FULL) : 0);
}

function writeData(dev: usize, offset: u32, bytes: u32, value: u64): void {
  const v = <u32>value & 0xff, expect = kbc.expect;
  kbc.lastCommand = 0;
  kbc.expect = Expect.KEYBOARD;
  switch (expect) {
    case Expect.CTR: kbc.ctr = v & 0x7f; break;
    case Expect.OUTPUT: writeOutput(v); break;
    case Expect.LOOP_KBD: put(From.KEYBOARD, v); break;
    case Expect.LOOP_AUX: put(From.LOOP_AUX, v); break;
    case Expect.AUX: kbc.ctr &= ~(<u32>Ctr.AUX_OFF); tellMouse(v); break;
    default: kbc.ctr &= ~(<u32>Ctr.KBD_OFF); tellKeyboard(v);
  }
  update();
}

function writeOutput(v: u32): void {
  kbc.output = v & Output.NOT_RESET;
  gate((v & Output.A20) != 0);
  if (!(v & Output.NOT_RESET)) requestReset();
}

// --- Input from the host, at boundaries ---

/** A key by its number (keys.ts) goes down or up. */
export function pressKey(key: u32, down: u32): void {
  typeKey(key & 0xff, down != 0);
  update();
}
/** The guest has read all that was typed: 1, else 0. */
export function keyRoom(): u32 { return keyboardIdle() ? 1 : 0; }
/** The same of the mouse, as far as the guest listens to it. */
export function mouseRoom(): u32 { return mouseIdle() ? 1 : 0; }
/** The mouse was moved: see pushMouse. */
export function moveMouse(dx: i32, dy: i32, dz: i32, buttons: u32): void {
  pushMouse(dx, dy, dz, buttons);
  reportMouse();
  update();
}

// --- System control port A ---

/** The A20 gate has two handles, and the last one moved decides, as on QEMU's board; both read back where it stands. */
function gate(open: bool): void {
  kbc.output = open ? kbc.output | Output.A20 : kbc.output & ~(<u32>Output.A20);
  kbc.portA = open ? kbc.portA | PORT_A_A20 : kbc.portA & ~PORT_A_A20;
  setA20(open);
}

function readPortA(dev: usize, offset: u32, bytes: u32): u64 { return kbc.portA; }
function writePortA(dev: usize, offset: u32, bytes: u32, value: u64): void {
  if (<u32>value & ~kbc.portA & 1) requestReset();
  kbc.portA = <u32>value & 1;
  gate((<u32>value & PORT_A_A20) != 0);
}
