/**
 * Compiles and links what the module has translated: it writes Wasm modules of many functions into its own memory (assembly/run/linking.ts); the
 * host compiles the bytes, puts the functions into the module's table and says so. Nothing of the guest is seen or decided here.
 *
 * `sync` compiles on the spot. `on` lets the engine compile beside the run, several modules at a time; the interpreter carries on meanwhile. A
 * batch has a serial number: what the module has dropped since (for room, with the decode cache) is not linked any more, whatever of it was still
 * under way, and a closed translator links nothing. A module that the engine refuses, or for which there is no room in the process, leaves its code
 * with the interpreter, counted.
 */
import { admit, giveBack } from './code-room.js';
import { nameSection, regionName } from './function-names.js';
import type { ModuleInstance } from '../rings/instance.js';
import type { JitMode, TranslationStats } from './types.js';

/**
 * Ticks that a block runs in the interpreter before it is translated. V8 takes so long over a region that a boot gains little by less (docs/performance.md).
 */
export const TRANSLATION_TICKS = 1_000_000;
export const MAX_JIT_THRESHOLD = 1_000_000_000;
/** Modules that the engine compiles at a time. */
const MOST_UNDER_WAY = 4;
/**
 * Code waits for company until it is so much, or until the host has been here so often: a module costs an engine about a millisecond, whatever is in it.
 * What a guest has run from its start on soon waits no longer than it must; where code becomes warm for minutes, each piece of it is worth less: for
 * every so many modules it waits a turn more.
 */
const WORTH_BYTES = 64 * 1024, WORTH_TURNS = 8, MOST_TURNS = 64, MODULES_A_TURN = 8;

export interface JitSettings {
  mode: JitMode;
  /** Ticks of a block after which it is translated. */
  threshold: number;
  /** What the guest calls the code at an address, for names in profiles. */
  symbol?: (address: bigint) => string | undefined;
  onTranslated?: (module: TranslatedModule) => void;
}

/** A module, as it is handed to the engine: where its functions begin in the guest (linear addresses), and its bytes. */
export interface TranslatedModule {
  addresses: readonly bigint[];
  bytes: Uint8Array;
}

export interface Translator {
  /** Links what is compiled and hands over what waits. To be called between runs of the module. */
  serve(): void;
  stats(): TranslationStats;
  /** Nothing is linked any more, and what was is given back. */
  close(): void;
}

interface Batch {
  serial: number;
  bytes: number;
  regions: number[];
}
type Compiled = Batch & { module: WebAssembly.Module | undefined };

export function createTranslator(instance: ModuleInstance, settings: JitSettings): Translator {
  return new Compiler(instance, settings);
}

class Compiler implements Translator {
  private readonly imports: WebAssembly.Imports;
  /** A place in the table for each region, which the next one with its number takes over. */
  private readonly first: number;
  /** By serial number. */
  private readonly linked: Batch[] = [];
  private readonly compiled: Compiled[] = [];
  private underWay = 0;
  private turns = 0;
  private closed = false;
  private modules = 0;
  private refusedModules = 0;
  private compileMs = 0;

  constructor(private readonly instance: ModuleInstance, private readonly settings: JitSettings) {
    const { exports, memory } = instance;
    exports.setTranslation(settings.threshold, settings.mode === 'sync' ? 1 : 0);
    this.imports = { m: { memory, ...exports } as unknown as Record<string, WebAssembly.ImportValue> };
    this.first = exports.table.grow(exports.mostRegions());
  }

  serve(): void {
    if (this.closed) return;
    this.letGo();
    for (const batch of this.compiled.splice(0)) this.link(batch);
    if (this.settings.mode === 'sync') this.compileNow();
    else if (this.underWay < MOST_UNDER_WAY && this.isWorthIt()) this.compileBeside();
  }

  stats(): TranslationStats {
    const at = this.instance.exports.translationCounts() >>> 0, { view } = this.instance;
    const word = (n: number): number => view.getUint32(at + n * 4, true), wide = (n: number): number => Number(view.getBigUint64(at + 16 + n * 8, true));
    const [raised, event, look, budget, outside] = [5, 6, 7, 8, 9].map(wide) as [number, number, number, number, number];
    return {
      regions: word(0), refused: word(1), stale: word(2), dropped: word(3),
      bytes: wide(0), guestInstructions: wide(1), entered: wide(2), ticks: wide(3), notEntered: wide(4),
      exits: { raised, event, look, budget, outside },
      modules: this.modules, underWay: this.underWay, liveModules: this.linked.length, refusedModules: this.refusedModules, compileMs: this.compileMs,
    };
  }

  close(): void {
    this.closed = true;
    for (const batch of this.linked.splice(0)) this.clear(batch);
    for (const { bytes } of this.compiled.splice(0)) giveBack(bytes);
  }

  /** Batches that the module has dropped: their functions leave the table, so that the engine can drop their modules. */
  private letGo(): void {
    const oldest = this.instance.exports.oldestBatch() >>> 0;
    while (this.linked.length > 0 && ((this.linked[0]!.serial - oldest) | 0) < 0) this.clear(this.linked.shift()!);
  }

  private clear({ regions, bytes }: Batch): void {
    for (const n of regions) this.instance.exports.table.set(this.first + n, null);
    giveBack(bytes);
  }

  private isWorthIt(): boolean {
    const waiting = this.instance.exports.codeWaiting() >>> 0;
    if (waiting === 0) return false;
    if (waiting < WORTH_BYTES && ++this.turns < Math.min(MOST_TURNS, WORTH_TURNS + this.modules / MODULES_A_TURN)) return false;
    this.turns = 0;
    return true;
  }

  /** The open batch's module, with its functions' names, once there is room for it; nothing when there is none, or no room. */
  private take(): { batch: Batch; bytes: Uint8Array<ArrayBuffer> } | undefined {
    const { exports } = this.instance;
    const length = exports.takeBatch() >>> 0;
    if (length === 0) return undefined;
    const serial = exports.takenBatch() >>> 0, at = exports.waitingModuleAt() >>> 0;
    const regions = Array.from({ length: exports.functionsIn(serial) }, (_, k) => exports.regionIn(serial, k) >>> 0);
    const addresses = regions.map((n) => BigInt(exports.regionRipLo(n) >>> 0) | (BigInt(exports.regionRipHi(n) >>> 0) << 32n));
    const names = nameSection(exports.firstFunction(), addresses.map((a) => regionName(a, this.settings.symbol)));
    const bytes = new Uint8Array(length + names.length);
    bytes.set(this.instance.bytes.subarray(at, at + length));
    bytes.set(names, length);
    const batch = { serial, bytes: bytes.length, regions };
    if (!this.makeRoom(bytes.length)) {
      this.refuse(batch);
      return undefined;
    }
    this.modules++;
    this.settings.onTranslated?.({ addresses, bytes });
    return { batch, bytes };
  }

  /** Room in the process, if need be that of this machine's oldest. */
  private makeRoom(bytes: number): boolean {
    while (!admit(bytes)) {
      if (this.linked.length === 0 || this.instance.exports.dropBatch() === 0) return false;
      this.letGo();
    }
    return true;
  }

  private compileNow(): void {
    const taken = this.take();
    if (taken === undefined) return;
    const started = performance.now();
    let module: WebAssembly.Module | undefined;
    try {
      module = new WebAssembly.Module(taken.bytes);
    } catch {
      module = undefined;
    }
    this.compileMs += performance.now() - started;
    this.link({ ...taken.batch, module });
  }

  private compileBeside(): void {
    const taken = this.take();
    if (taken === undefined) return;
    const started = performance.now();
    this.underWay++;
    const done = (module: WebAssembly.Module | undefined): void => {
      this.underWay--;
      this.compileMs += performance.now() - started;
      if (this.closed) giveBack(taken.batch.bytes);
      else this.compiled.push({ ...taken.batch, module });
    };
    WebAssembly.compile(taken.bytes).then(done, () => done(undefined));
  }

  private link({ module, ...batch }: Compiled): void {
    const functions = module === undefined ? undefined : this.instantiate(module);
    if (functions === undefined) {
      giveBack(batch.bytes);
      this.refuse(batch);
    } else if (this.instance.exports.linkBatch(batch.serial, this.first) === 0) {
      giveBack(batch.bytes);
    } else {
      batch.regions.forEach((n, k) => this.instance.exports.table.set(this.first + n, functions[`f${k}`]));
      this.note(batch);
    }
  }

  /** In its place: the engine is not done with modules in the order in which it was given them, and the module takes up a dropped batch's numbers again. */
  private note(batch: Batch): void {
    let at = this.linked.length;
    while (at > 0 && ((this.linked[at - 1]!.serial - batch.serial) | 0) > 0) at--;
    this.linked.splice(at, 0, batch);
  }

  private instantiate(module: WebAssembly.Module): WebAssembly.Exports | undefined {
    try {
      return new WebAssembly.Instance(module, this.imports).exports;
    } catch {
      return undefined;
    }
  }

  private refuse({ serial }: Batch): void {
    this.refusedModules++;
    this.instance.exports.refuseBatch(serial);
  }
}
