/** The host's side of translations over a module of the test's own: which functions stand in the table, whatever the engine is done with first. */
import { afterEach, expect, it, vi } from 'vitest';
import { createTranslator } from '../../../../host/machine/translator.js';
import type { ModuleInstance } from '../../../../host/rings/instance.js';

/** A module that exports one function, f0, which gives `value`. */
const moduleBytes = (value: number): Uint8Array => Uint8Array.from([
  0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 5, 1, 0x60, 0, 1, 0x7f, 3, 2, 1, 0, 7, 6, 1, 2, 0x66, 0x30, 0, 0, 10, 6, 1, 4, 0, 0x41, value, 0x0b,
]);

afterEach(() => vi.restoreAllMocks());

/** Batches of one region each, handed out as they are asked for; `oldest` moves as the test says. */
function standIn(batches: readonly { serial: number; region: number }[]): { instance: ModuleInstance; table: WebAssembly.Table; setOldest(serial: number): void } {
  const table = new WebAssembly.Table({ element: 'anyfunc', initial: 0 });
  const bytes = new Uint8Array(1024);
  let next = 0, oldest = 1;
  const exports = {
    table, setTranslation: () => undefined, mostRegions: () => 16, oldestBatch: () => oldest, codeWaiting: () => (next < batches.length ? 1 << 20 : 0),
    takeBatch: () => {
      const code = moduleBytes(batches[next]!.serial);
      bytes.set(code);
      next++;
      return code.length;
    },
    takenBatch: () => batches[next - 1]!.serial, waitingModuleAt: () => 0, functionsIn: () => 1, regionIn: (serial: number) => batches.find((b) => b.serial === serial)!.region,
    firstFunction: () => 0, regionRipLo: () => 0, regionRipHi: () => 0, linkBatch: () => 1, refuseBatch: () => undefined, dropBatch: () => 0,
  };
  return { instance: { exports, memory: undefined, bytes, view: new DataView(bytes.buffer) } as unknown as ModuleInstance, table, setOldest: (serial) => (oldest = serial) };
}

it('a batch that is dropped takes its own functions away and no later one’s, whatever the engine was done with first', async () => {
  const { instance, table, setOldest } = standIn([{ serial: 1, region: 5 }, { serial: 2, region: 6 }, { serial: 3, region: 5 }]);
  const done: ((module: WebAssembly.Module) => void)[] = [];
  const given: Uint8Array<ArrayBuffer>[] = [];
  vi.spyOn(WebAssembly, 'compile').mockImplementation((source) => {
    given.push(source as Uint8Array<ArrayBuffer>);
    return new Promise((resolve) => done.push(resolve));
  });
  const translator = createTranslator(instance, { mode: 'on', threshold: 1 });
  const finish = async (k: number): Promise<void> => {
    done[k]!(new WebAssembly.Module(given[k]!));
    await Promise.resolve();
    translator.serve();
  };
  const standing = (): (number | undefined)[] => [5, 6].map((n) => (table.get(n) as (() => number) | null)?.());
  translator.serve();
  translator.serve();
  await finish(1);
  await finish(0);
  expect(standing()).toEqual([1, 2]);
  // The module has dropped the first, and its region's number is the third's.
  setOldest(2);
  translator.serve();
  expect(standing()).toEqual([undefined, 2]);
  await finish(2);
  setOldest(3);
  translator.serve();
  expect(standing()).toEqual([3, undefined]);
  translator.close();
  expect(standing()).toEqual([undefined, undefined]);
});
