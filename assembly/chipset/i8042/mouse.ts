// The mouse: commands, and packets of how far it was moved. PS/2 Technical Reference, "Mouse"; wheel and five buttons as Microsoft's IntelliMouse has
// them, which a driver asks for by setting the rates 200, 100, 80 (wheel) or 200, 200, 80 (five buttons) and then reading what the device is.
//
// What does not fit a packet waits for the next one: movement is added up, and a packet goes when the last one was read.

import { Packet, Ps2 } from "./spec";
import { From, kbc, put, queue, roomIn } from "./state";

@inline const LONGEST: u32 = 4;
/** Movement that a packet holds, and what is kept beyond it. */
@inline const MOST: i32 = 127;
@inline const KEPT: i32 = 2047;

function startReply(): void { queue(From.MOUSE).count = 0; put(From.MOUSE, Ps2.ACK); }

export function setMouseDefaults(): void { kbc.reporting = 0; kbc.resolution = 2; kbc.rate = 100; kbc.scaling = 0; kbc.remote = 0; kbc.dx = 0; kbc.dy = 0; kbc.dz = 0; }

export function tellMouse(v: u32): void {
  const argumentOf = kbc.mouseArgument;
  kbc.mouseArgument = 0;
  startReply();
  if (argumentOf == Ps2.SET_RESOLUTION) { kbc.resolution = v & 3; return; }
  if (argumentOf == Ps2.SET_RATE) { setRate(v); return; }
  switch (v) {
    case Ps2.SET_SCALE_1: kbc.scaling = 0; break;
    case Ps2.SET_SCALE_2: kbc.scaling = 1; break;
    case Ps2.SET_RESOLUTION: case Ps2.SET_RATE: kbc.mouseArgument = v; break;
    case Ps2.STATUS: putThree(kbc.remote << 6 | kbc.reporting << 5 | kbc.scaling << 4 | statusButtons(), kbc.resolution, kbc.rate); break;
    case Ps2.READ_DATA: putPacket(); break;
    case Ps2.IDENTIFY: put(From.MOUSE, kbc.mouseKind); break;
    case Ps2.ENABLE: kbc.reporting = 1; break;
    case Ps2.DISABLE: kbc.reporting = 0; break;
    case Ps2.DEFAULTS: setMouseDefaults(); break;
    case Ps2.RESET: setMouseDefaults(); kbc.mouseKind = 0; kbc.knock = 0; put(From.MOUSE, Ps2.PASSED); put(From.MOUSE, 0); break;
    case Ps2.SET_STREAM: kbc.remote = 0; break;
    case Ps2.SET_REMOTE: kbc.remote = 1; break;
    case Ps2.RESET_WRAP: case Ps2.SET_WRAP: break;
    default: queue(From.MOUSE).count = 0; put(From.MOUSE, Ps2.RESEND);
  }
}

/** The status has the left button in bit 2 and the right in bit 0, a packet the other way round. */
@inline function statusButtons(): u32 { return (kbc.buttons & 1) << 2 | (kbc.buttons & 2) >> 1 | (kbc.buttons & 4) >> 1; }
function putThree(a: u32, b: u32, c: u32): void { put(From.MOUSE, a); put(From.MOUSE, b); put(From.MOUSE, c); }

/** The three rates that ask for more than a PS/2 mouse: 200, then 100 or 200, then 80. */
function setRate(v: u32): void {
  kbc.rate = v;
  const heard = kbc.knock;
  kbc.knock = 0;
  if (v == 80 && heard == 2) kbc.mouseKind = 3;
  else if (v == 80 && heard == 3) kbc.mouseKind = 4;
  else if (heard == 1 && v == 100) kbc.knock = 2;
  else if (heard == 1 && v == 200) kbc.knock = 3;
  else if (v == 200) kbc.knock = heard == 3 ? 3 : 1;
}

// --- Packets ---

@inline function kept(value: i32): i32 { return max(min(value, KEPT), -KEPT); }

/** It was moved by so much (right and down), its wheel turned (down), and these buttons are down: 1 left, 2 right, 4 middle, 8 and 16 beside. */
export function pushMouse(dx: i32, dy: i32, dz: i32, buttons: u32): void {
  kbc.dx = kept(kbc.dx + dx);
  kbc.dy = kept(kbc.dy - dy);
  kbc.dz = kept(kbc.dz + dz);
  kbc.buttons = buttons & 0x1f;
}

/** There is something to tell, and the guest wants to hear it. */
function hasNews(): bool {
  return kbc.reporting && !kbc.remote && (kbc.dx || kbc.dy || (kbc.dz && kbc.mouseKind) || kbc.buttons != kbc.toldButtons);
}

/** The guest has read all that it wants to hear: what comes now is a packet of its own. */
export function mouseIdle(): bool { return roomIn(From.MOUSE) == 16 && !hasNews(); }

/** Sends a packet when the last one has gone. */
export function reportMouse(): void { if (roomIn(From.MOUSE) == 16 && hasNews()) putPacket(); }

@inline function part(value: i32, most: i32): i32 { return max(min(value, most), -most); }

function putPacket(): void {
  if (roomIn(From.MOUSE) < LONGEST) return;
  const x = part(kbc.dx, MOST), y = part(kbc.dy, MOST);
  kbc.dx -= x; kbc.dy -= y;
  kbc.toldButtons = kbc.buttons;
  put(From.MOUSE, Packet.ALWAYS | (x < 0 ? Packet.X_NEGATIVE : 0) | (y < 0 ? Packet.Y_NEGATIVE : 0) | kbc.buttons & Packet.BUTTONS);
  put(From.MOUSE, x & 0xff);
  put(From.MOUSE, y & 0xff);
  if (!kbc.mouseKind) { kbc.dz = 0; return; }
  const z = part(kbc.dz, kbc.mouseKind == 4 ? 7 : MOST);
  kbc.dz -= z;
  put(From.MOUSE, kbc.mouseKind == 4 ? z & 15 | (kbc.buttons & 0x18) << 1 : z & 0xff);
}
