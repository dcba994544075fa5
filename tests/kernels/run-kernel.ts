/** Runs a kernel's ROM on the module alone, in Run or through the IR; what it printed on port E9. */
import { Vendor } from '../../assembly/base/vendor-spec.js';
import { Address, StopReason } from '../../assembly/surface/run.js';
import { createRawMachine, runTicks, type RawMachine } from '../support/raw-machine.js';

const RAM_MIB = 4;
const SLICE_TICKS = 100_000;
/** More than any kernel needs. */
const MAX_SLICES = 2000;
const MAX_IDLE_NS = 1_000_000;
const EXIT_PORT = 0xf4, CONSOLE_PORT = 0xe9, DEBUG_RING = 8;

/** What waits in the debug console's ring (assembly/device/ring.ts: head, tail, size, data). */
function takeText({ call, bytes, view }: RawMachine): string {
  const at = call('address', Address.Rings) + DEBUG_RING * 16;
  const [head, tail, size, data] = [0, 4, 8, 12].map((offset) => view.getUint32(at + offset, true)) as [number, number, number, number];
  let text = '';
  for (let n = tail; n !== head; n = (n + 1) >>> 0) text += String.fromCharCode(bytes[data + (n & (size - 1))]!);
  view.setUint32(at + 4, head, true);
  return text;
}

/** Starts again from the reset vector, with RAM and the battery-backed memory as they are. */
function restart({ call }: RawMachine): void {
  call('reset');
}

export function runKernel(rom: Uint8Array, throughIr: boolean, vendor: Vendor): string {
  const machine = createRawMachine(RAM_MIB), { call, bytes, ram } = machine;
  call('setVendor', vendor);
  bytes.set(rom, ram - rom.length);
  call('setFirmware', rom.length);
  call('placeDebug', EXIT_PORT, 4, CONSOLE_PORT);
  call('runThroughIr', throughIr ? 1 : 0);
  let output = '';
  for (let n = 0; n < MAX_SLICES; n++) {
    const stop = runTicks(machine, SLICE_TICKS);
    output += takeText(machine);
    if (stop === StopReason.DEBUG_EXIT || stop === StopReason.HALT) return output;
    if (stop === StopReason.SHUTDOWN || stop === StopReason.RESET) restart(machine);
    if (stop === StopReason.IDLE) call('skipIdle', Math.min(call('idleNsLo'), MAX_IDLE_NS), 0);
  }
  return `${output}\nno end after ${MAX_SLICES} slices`;
}
