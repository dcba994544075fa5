/**
 * Compiles and links what the module has translated: it writes a Wasm module into its own memory (assembly/run/translations.ts); the host
 * compiles the bytes, puts the function into the module's table and says so. Nothing of the guest is seen or decided here. One region at a
 * time, between runs. A module that the engine refuses leaves its code with the interpreter, counted.
 */
import type { ModuleInstance } from '../rings/instance.js';

/** Ticks that a block runs in the interpreter before it is translated. */
export const TRANSLATION_TICKS = 20_000;

export interface Translator {
  /** Compiles what waits, if anything does. To be called between runs of the module. */
  serve(): void;
}

export function createTranslator({ exports, memory, bytes }: ModuleInstance, ticks = TRANSLATION_TICKS): Translator {
  exports.setTranslation(ticks);
  const table = exports.table, imports = { m: { memory, ...exports } as unknown as Record<string, WebAssembly.ImportValue> };
  // A place for each region, which the next one with its number takes over: so what is dropped can be collected.
  const first = table.grow(exports.mostRegions());
  return {
    serve() {
      const length = exports.waitingModule() >>> 0;
      if (length === 0) return;
      const at = exports.waitingModuleAt() >>> 0, slot = first + exports.waitingRegion();
      try {
        const { f } = new WebAssembly.Instance(new WebAssembly.Module(bytes.slice(at, at + length)), imports).exports;
        table.set(slot, f);
        exports.linked(slot);
      } catch {
        exports.refused();
      }
    },
  };
}
