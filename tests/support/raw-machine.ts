/** The shipped module alone, without the host around it: memory, exports, RAM. For tests that misuse it. */
import { readFileSync } from 'node:fs';
import { Address, StopReason } from '../../assembly/surface/run.js';
import type { ModuleExports, ModuleInstance, PageSupply } from '../../host/rings/instance.js';

export interface RawMachine {
  /** As the host's own functions take it. */
  readonly instance: ModuleInstance;
  /** Calls an export; the result as an unsigned number. */
  call(name: string, ...args: number[]): number;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Where guest-physical 0 lies in `bytes`. */
  readonly ram: number;
  readonly ramBytes: number;
}

const MODULE = new WebAssembly.Module(readFileSync(new URL('../../build/pintail.wasm', import.meta.url)));
/** Pages of linear memory below RAM; `create` checks it. */
const BELOW_RAM_PAGES = 1536;

/** `made`: `create` has been called; without, it is memory of zeros to restore a snapshot into. */
export function createRawMachine(ramMiB: number, made = true): RawMachine {
  const memory = new WebAssembly.Memory({ initial: BELOW_RAM_PAGES + ramMiB * 16 });
  const abort = (): never => { throw new Error('the module aborted'); };
  const supply: PageSupply = { page: () => undefined };
  const exports = new WebAssembly.Instance(MODULE, { env: { memory, abort, page: (page: number) => supply.page(page), serve: () => undefined } }).exports as unknown as Record<string, (...args: number[]) => number>;
  const call = (name: string, ...args: number[]): number => exports[name]!(...args) >>> 0;
  const ram = call('address', Address.Ram);
  if (ram > BELOW_RAM_PAGES * 65536) throw new Error(`RAM begins at ${ram}: raise BELOW_RAM_PAGES in tests/support/raw-machine.ts`);
  if (made) call('create', ramMiB, 1, 0, 0, 0);
  const bytes = new Uint8Array(memory.buffer), view = new DataView(memory.buffer);
  const instance: ModuleInstance = { exports: exports as unknown as ModuleExports, memory, bytes, view, build: '0'.repeat(16), ram, supply };
  return { instance, call, bytes, view, ram, ramBytes: ramMiB << 20 };
}

/** Runs so many ticks, over yields and boundaries, at which nothing is served but `serve`; why it ended (BUDGET: all are done). */
export function runTicks({ call }: Pick<RawMachine, 'call'>, ticks: number, serve?: () => void): StopReason {
  const now = (): bigint => BigInt(call('ticksLo')) | BigInt(call('ticksHi')) << 32n;
  const end = now() + BigInt(ticks);
  for (;;) {
    const stop = call('run', Number(end - now()), 0) as StopReason;
    serve?.();
    if (stop === StopReason.BOUNDARY) call('passBoundary');
    else if (stop !== StopReason.YIELD) return stop;
  }
}

/** xorshift32: the same numbers for the same seed everywhere. */
export function seeded(seed: number): () => number {
  let x = seed | 1;
  return () => {
    x ^= x << 13; x ^= x >>> 17; x ^= x << 5;
    return x >>> 0;
  };
}
