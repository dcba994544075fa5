// Ports for whoever works on guests: POST codes (80h), the debug console (e9h, as in Bochs and QEMU), and the exit
// port (501h by default, as QEMU's isa-debug-exit: the machine ends with status (value << 1) | 1).

import { anew } from "../../base/anew";
import { mapPorts, placePorts, unplace, Width } from "../../memory/bus";
import { requestExit } from "../../device/power";
import { ringPut } from "../../device/ring";
import { RingId } from "../../surface/rings";
import { DEBUG_STATE } from "../layout";

@unmanaged class DebugState { post: u32; /** Caches, set at attach. */ exitHandle: u32; consoleHandle: u32; }
@inline const debug = changetype<DebugState>(DEBUG_STATE);
@inline export const DEBUG_EXIT_PORT: u32 = 0x501;

export function resetDebug(): void {
  debug.post = 0;
}

export function attachDebug(): void {
  anew(changetype<usize>(debug) + offsetof<DebugState>("exitHandle"), 8);
  mapPorts(0x80, 1, 0, readPost.index, writePost.index, "post code", Width.BYTE);
  debug.consoleHandle = mapPorts(0xe9, 1, 0, readConsole.index, writeConsole.index, "debug console", Width.BYTE);
  debug.exitHandle = mapPorts(DEBUG_EXIT_PORT, 4, 0, 0, writeExit.index, "debug exit", Width.UP_TO_DWORD);
}

/** Moves the exit ports; 0 takes them away. */
export function setDebugExitPort(port: u32, bytes: u32): void {
  if (port) placePorts(debug.exitHandle, port, bytes);
  else unplace(debug.exitHandle);
}

/** Moves the debug console; 0 takes it away. */
export function setDebugConsolePort(port: u32): void {
  if (port) placePorts(debug.consoleHandle, port, 1);
  else unplace(debug.consoleHandle);
}

function readPost(dev: usize, offset: u32, bytes: u32): u64 { return debug.post; }
function writePost(dev: usize, offset: u32, bytes: u32, value: u64): void { debug.post = <u32>value & 0xff; }

/** Reads as its own number: so a guest knows that it is there. */
function readConsole(dev: usize, offset: u32, bytes: u32): u64 { return 0xe9; }
/** There is no way to say "busy": with a full ring the byte is lost and the wait counted. */
function writeConsole(dev: usize, offset: u32, bytes: u32, value: u64): void { ringPut(RingId.DEBUG, <u32>value & 0xff); }

function writeExit(dev: usize, offset: u32, bytes: u32, value: u64): void { requestExit((<u32>value << 1 | 1) & 0xff); }
