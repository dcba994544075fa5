// The PS/2 controller with a keyboard and a mouse behind it, and system control port A (92h).
//
// Everything answers at once: a command's reply is in a queue when the command returns, and the head of the queue is
// the output buffer. Controller replies come first, then the keyboard's, then the mouse's, each from its own small queue.
// A port that is switched off keeps what it has to say. Interrupts 1 and 12 are up while a byte for them waits and its
// interrupt is enabled. Pulsing the reset line, or bit 0 of port 92h, restarts the machine. The A20 gate is open after a reset, and holds
// down bit 20 of the processor's addresses while it is shut (memory/ram.ts). Input from a window is still to come; the devices answer commands only.

import { mapPorts, Width } from "../../memory/bus";
import { setA20 } from "../../memory/ram";
import { setLine } from "../../device/interrupt";
import { requestReset } from "../../device/power";
import { I8042_BYTES, I8042_STATE } from "../layout";
import { Command, Ctr, KbcPort, KbcStatus, Output, Ps2 } from "./spec";

/** Where the next byte written to the data port goes. */
const enum Expect { KEYBOARD, CTR, OUTPUT, LOOP_KBD, LOOP_AUX, AUX }
const enum From { CONTROLLER, KEYBOARD, MOUSE, LOOP_AUX }

@unmanaged class Kbc {
  ctr: u32; expect: u32; output: u32; lastCommand: u32;
  /** System control port A. */
  portA: u32;
  /** The byte in the output buffer, and what sent it; full when set. */
  full: u32; byte: u32; from: u32;
  /** The command whose argument a device waits for. */
  keyboardArgument: u32; mouseArgument: u32;
  scanSet: u32; scanning: u32; reporting: u32; resolution: u32; rate: u32; scaling: u32;
}
/** Replies waiting; a queue that is full drops the newest, as the devices do. */
@unmanaged class Queue { head: u32; count: u32; }
@inline const QUEUE_BYTES: u32 = 16;
/** A20 in system control port A. */
@inline const PORT_A_A20: u32 = 2;
@inline const kbc = changetype<Kbc>(I8042_STATE);
@inline function queue(from: u32): Queue { return changetype<Queue>(I8042_STATE + 256 + (<usize>from << 5)); }

export function resetI8042(): void {
  memory.fill(I8042_STATE, 0, I8042_BYTES);
  kbc.ctr = Ctr.KBD_IRQ | Ctr.SYSTEM | Ctr.TRANSLATE;
  kbc.output = Output.NOT_RESET | Output.A20;
  gate(true);
  setDefaults();
  update();
}

function setDefaults(): void {
  kbc.scanSet = 2; kbc.scanning = 1;
  kbc.reporting = 0; kbc.resolution = 2; kbc.rate = 100; kbc.scaling = 0;
}

export function attachI8042(): void {
  mapPorts(KbcPort.DATA, 1, 0, readData.index, writeData.index, "i8042 data", Width.BYTE);
  mapPorts(KbcPort.COMMAND, 1, 0, readStatus.index, writeCommand.index, "i8042 command", Width.BYTE);
  mapPorts(KbcPort.SYSTEM_A, 1, 0, readPortA.index, writePortA.index, "port 92", Width.BYTE);
}

// --- Queues and the output buffer ---

function put(from: u32, byte: u32): void {
  const q = queue(from);
  if (q.count >= QUEUE_BYTES) return;
  store<u8>(changetype<usize>(q) + 8 + ((q.head + q.count) & (QUEUE_BYTES - 1)), <u8>byte);
  q.count++;
}

function isOff(from: u32): bool {
  if (from == From.KEYBOARD) return (kbc.ctr & Ctr.KBD_OFF) != 0;
  return from == From.MOUSE && (kbc.ctr & Ctr.AUX_OFF) != 0;
}

/** Moves the next byte into an empty output buffer and works out the lines. */
function update(): void {
  for (let from: u32 = 0; from <= <u32>From.LOOP_AUX && !kbc.full; from++) {
    const q = queue(from);
    if (!q.count || isOff(from)) continue;
    kbc.byte = load<u8>(changetype<usize>(q) + 8 + (q.head & (QUEUE_BYTES - 1)));
    q.head++;
    q.count--;
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

// --- Keyboard and mouse ---

/** A new command throws away what the device still had to say. */
function startReply(from: u32): void { queue(from).count = 0; put(from, Ps2.ACK); }

function tellKeyboard(v: u32): void {
  const argumentOf = kbc.keyboardArgument;
  kbc.keyboardArgument = 0;
  startReply(From.KEYBOARD);
  // A byte with the top bit set is a command even where an argument was due.
  if (argumentOf && v < 0x80) { keyboardArgument(argumentOf, v); return; }
  switch (v) {
    case Ps2.SET_LEDS: case Ps2.SCAN_SET: case Ps2.SET_RATE: kbc.keyboardArgument = v; break;
    case Ps2.ECHO: queue(From.KEYBOARD).count = 0; put(From.KEYBOARD, Ps2.ECHO); break;
    case Ps2.IDENTIFY: put(From.KEYBOARD, 0xab); put(From.KEYBOARD, kbc.ctr & Ctr.TRANSLATE ? 0x41 : 0x83); break;
    case Ps2.ENABLE: kbc.scanning = 1; break;
    case Ps2.DISABLE: kbc.scanning = 0; kbc.scanSet = 2; break;
    case Ps2.DEFAULTS: kbc.scanning = 1; kbc.scanSet = 2; break;
    case Ps2.RESET: kbc.scanning = 1; kbc.scanSet = 2; put(From.KEYBOARD, Ps2.PASSED); break;
    default: if (v < 0xed) { queue(From.KEYBOARD).count = 0; put(From.KEYBOARD, Ps2.RESEND); }
  }
}

function keyboardArgument(command: u32, v: u32): void {
  if (command != Ps2.SCAN_SET) return;
  if (v == 0) put(From.KEYBOARD, kbc.ctr & Ctr.TRANSLATE ? 0x41 : kbc.scanSet);
  else if (v <= 3) kbc.scanSet = v;
}

function tellMouse(v: u32): void {
  const argumentOf = kbc.mouseArgument;
  kbc.mouseArgument = 0;
  startReply(From.MOUSE);
  if (argumentOf == Ps2.SET_RESOLUTION) { kbc.resolution = v & 3; return; }
  if (argumentOf == Ps2.SET_RATE) { kbc.rate = v; return; }
  switch (v) {
    case Ps2.SET_SCALE_1: kbc.scaling = 0; break;
    case Ps2.SET_SCALE_2: kbc.scaling = 1; break;
    case Ps2.SET_RESOLUTION: case Ps2.SET_RATE: kbc.mouseArgument = v; break;
    case Ps2.STATUS: putMouse(kbc.reporting << 5 | kbc.scaling << 4, kbc.resolution, kbc.rate); break;
    case Ps2.READ_DATA: putMouse(8, 0, 0); break;
    case Ps2.IDENTIFY: put(From.MOUSE, 0); break;
    case Ps2.ENABLE: kbc.reporting = 1; break;
    case Ps2.DISABLE: kbc.reporting = 0; break;
    case Ps2.DEFAULTS: setMouseDefaults(); break;
    case Ps2.RESET: setMouseDefaults(); put(From.MOUSE, Ps2.PASSED); put(From.MOUSE, 0); break;
    case Ps2.SET_STREAM: case 0xec: case 0xee: case Ps2.SCAN_SET: break;
    default: queue(From.MOUSE).count = 0; put(From.MOUSE, Ps2.RESEND);
  }
}

function setMouseDefaults(): void { kbc.reporting = 0; kbc.resolution = 2; kbc.rate = 100; kbc.scaling = 0; }
function putMouse(a: u32, b: u32, c: u32): void { put(From.MOUSE, a); put(From.MOUSE, b); put(From.MOUSE, c); }

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
