/** A machine run in pieces: cut at any tick, its caches dropped, its snapshot taken and gone on from, and what became of it. */
import { createHash } from 'node:crypto';
import { Address, StopReason } from '../../assembly/surface/run.js';
import { bringAll, restoreSnapshot, takeSnapshot } from '../../host/machine/snapshot.js';
import { join, memorySource, openPlain, readAbout } from '../../host/snapshot/index.js';
import { readState, stateRanges } from '../../host/machine/state.js';
import { createRawMachine, type RawMachine } from '../support/raw-machine.js';

const RAM_MIB = 4;
const EXIT_PORT = 0xf4, CONSOLE_PORT = 0xe9, DEBUG_RING = 8;
const MAX_IDLE_NS = 1_000_000;
const MAX_TICKS = 20_000_000n;

export interface Cuts {
  /** Ticks of the next piece. */
  ticks(): number;
  /** Between two pieces: the machine to go on with. */
  between(machine: RawMachine): RawMachine;
  /** After each run of the module, as the host serves what is translated. */
  serve?(machine: RawMachine): void;
}

export const WHOLE: Cuts = { ticks: () => 0xffff_ffff, between: (machine) => machine };

export interface Outcome {
  text: string;
  ticks: bigint;
  hash: string;
}

export function hashOf({ instance, bytes, ram, ramBytes }: RawMachine): string {
  bringAll(instance, ramBytes);
  const hash = createHash('sha256');
  for (const range of stateRanges(instance)) hash.update(readState(instance, range));
  return hash.update(bytes.subarray(ram, ram + ramBytes)).digest('hex');
}

/** A machine from the snapshot of another. */
export function copyOf(machine: RawMachine): RawMachine {
  const memoryMiB = machine.ramBytes >> 20, copy = createRawMachine(memoryMiB, false);
  const file = openPlain(memorySource(join(takeSnapshot(machine.instance, { memoryMiB, cards: [], agentReady: false, shown: [], disks: [] }))));
  // Pages that come when they are touched on every other tick: the answer is the same.
  restoreSnapshot(copy.instance, { file, about: readAbout(file), touched: now(machine) % 2n === 0n });
  return copy;
}

/** Empties the debug console's ring (assembly/device/ring.ts: head, tail, size, data). */
function takeText({ call, bytes, view }: RawMachine): string {
  const at = call('address', Address.Rings) + DEBUG_RING * 16;
  const [head, tail, size, data] = [0, 4, 8, 12].map((offset) => view.getUint32(at + offset, true)) as [number, number, number, number];
  let text = '';
  for (let n = tail; n !== head; n = (n + 1) >>> 0) text += String.fromCharCode(bytes[data + (n & (size - 1))]!);
  view.setUint32(at + 4, head, true);
  return text;
}

const now = ({ call }: RawMachine): bigint => BigInt(call('ticksLo')) | (BigInt(call('ticksHi')) << 32n);

/** Runs a ROM to its end in pieces, serving it at boundaries only. */
export function runInPieces(rom: Uint8Array, cuts: Cuts): Outcome {
  let machine = createRawMachine(RAM_MIB), text = '';
  machine.bytes.set(rom, machine.ram - rom.length);
  machine.call('setFirmware', rom.length);
  machine.call('placeDebug', EXIT_PORT, 4, CONSOLE_PORT);
  for (;;) {
    const stop = machine.call('run', cuts.ticks(), 0) as StopReason;
    cuts.serve?.(machine);
    if (stop === StopReason.BOUNDARY || stop === StopReason.IDLE) {
      text += takeText(machine);
      if (stop === StopReason.IDLE) machine.call('skipIdle', Math.min(machine.call('idleNsLo'), MAX_IDLE_NS), 0);
      machine.call('passBoundary');
    } else if (stop === StopReason.SHUTDOWN || stop === StopReason.RESET) machine.call('reset');
    else if (stop !== StopReason.BUDGET && stop !== StopReason.YIELD) break;
    if (now(machine) > MAX_TICKS) throw new Error('the kernel does not end');
    machine = cuts.between(machine);
  }
  return { text: text + takeText(machine), ticks: now(machine), hash: hashOf(machine) };
}
