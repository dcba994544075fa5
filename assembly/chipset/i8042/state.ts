// What the PS/2 controller and the two devices behind it keep: state in an overlay, and what each has to say in a small queue of its own.

import { I8042_STATE } from "../layout";

/** Where the next byte written to the data port goes. */
export const enum Expect { KEYBOARD, CTR, OUTPUT, LOOP_KBD, LOOP_AUX, AUX }
export const enum From { CONTROLLER, KEYBOARD, MOUSE, LOOP_AUX }

@unmanaged export class Kbc {
  ctr: u32; expect: u32; output: u32; lastCommand: u32;
  /** System control port A. */
  portA: u32;
  /** The byte in the output buffer, and what sent it; full when set. */
  full: u32; byte: u32; from: u32;
  /** The command whose argument a device waits for. */
  keyboardArgument: u32; mouseArgument: u32;
  scanSet: u32; scanning: u32; reporting: u32; resolution: u32; rate: u32; scaling: u32;
  /** Control keys that are down, for the keys that say something else then. */
  modifiers: u32;
  /** The mouse: how far it has moved and its wheel turned since its last packet, buttons that are down and those of the last packet. */
  dx: i32; dy: i32; dz: i32; buttons: u32; toldButtons: u32;
  /** What it is (0 of two axes, 3 with a wheel, 4 with five buttons), how far a driver has come with asking for that, and that it speaks when asked alone. */
  mouseKind: u32; knock: u32; remote: u32;
}
/** Replies waiting; a queue that is full drops the newest, as the devices do. */
@unmanaged export class Queue { head: u32; count: u32; }
@inline export const QUEUE_BYTES: u32 = 16;
@inline export const kbc = changetype<Kbc>(I8042_STATE);
@inline export function queue(from: u32): Queue { return changetype<Queue>(I8042_STATE + 256 + (<usize>from << 5)); }
@inline export function roomIn(from: u32): u32 { return QUEUE_BYTES - queue(from).count; }

export function put(from: u32, byte: u32): void {
  const q = queue(from);
  if (q.count >= QUEUE_BYTES) return;
  store<u8>(changetype<usize>(q) + 8 + ((q.head + q.count) & (QUEUE_BYTES - 1)), <u8>byte);
  q.count++;
}

/** The oldest byte; there is one. */
export function take(from: u32): u32 {
  const q = queue(from), byte = load<u8>(changetype<usize>(q) + 8 + (q.head & (QUEUE_BYTES - 1)));
  q.head++;
  q.count--;
  return byte;
}
