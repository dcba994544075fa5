/**
 * The Wasm module: loading it, and what the host knows of it. Every export takes and gives 32-bit integers; 64-bit values
 * cross as a low and a high half. Everything else is read and written in the module's memory, at the addresses that
 * `address` gives (assembly/run/surface.ts).
 */

import { platform } from '#platform';
import { Address, type ProbePoint } from '../../assembly/run/surface.js';
import { MIB } from './units.js';
import { OptionError } from './errors.js';

/** What assembly/run/exports.ts, inspect.ts, inspect-ir.ts, translations.ts and probe.ts export; translate/helpers.ts is for what is translated. */
export interface ModuleExports {
  addCard(kind: number, slot: number): number;
  setLab(port: number, mode: number, size: number, rate: number, burst: number, kbits: number, count: number, fifo: number): void;
  presetCards(): void;
  diskTable(disk: number): number;
  stream(n: number): number;
  streamOfCard(card: number): number;
  portName(card: number, port: number): number;
  listedCards(): number;
  kindOfCard(card: number): number;
  slotOfCard(card: number): number;
  cardOptionLo(card: number, option: number): number;
  cardOptionHi(card: number, option: number): number;
  setFirmware(romBytes: number): void;
  addFirmwareItem(key: number, offset: number, bytes: number): number;
  addTestdev(): void;
  paceSerial(port: number, on: number): void;
  placeDebug(exitPort: number, exitBytes: number, consolePort: number): void;
  ringAt(id: number, what: number): number;
  create(ramMiB: number, seedLow: number, seedHigh: number, rtcLow: number, rtcHigh: number): void;
  reset(): void;
  run(ticksLow: number, ticksHigh: number): number;
  passBoundary(): void;
  /** Units of work that the last run took. */
  turnUnits(): number;
  /** The RoiCommand that a run ended for, taken with that; its tag, and its name in memory. */
  takeRoi(): number;
  roiTag(): number;
  roiNameAt(): number;
  roiNameBytes(): number;
  exitCode(): number;
  idleNsLo(): number;
  idleNsHi(): number;
  skipIdle(nsLow: number, nsHigh: number): void;
  setTickShift(shift: number): void;
  setTickRate(rate: number): void;
  tickShift(): number;
  wallNowLo(): number;
  wallNowHi(): number;
  moveWall(nsLow: number, nsHigh: number, stopped: number): void;
  setVendor(vendor: number): void;
  hideFeatures(hidden: number): void;
  /** The module's functions: translated ones are put behind them. */
  readonly table: WebAssembly.Table;
  /** Ticks of a block after which it is translated; 0: none is. */
  setTranslation(ticks: number): void;
  waitingModule(): number;
  waitingModuleAt(): number;
  waitingRegion(): number;
  mostRegions(): number;
  linked(slot: number): void;
  refused(): void;
  translationCounts(): number;
  poke(): void;
  address(what: Address): number;
  refreshCpu(): void;
  presetFirmware(): void;
  attach(): void;
  runThroughIr(on: number): void;
  regionCount(): number;
  regionBase(index: number): number;
  regionBytes(index: number): number;
  regionKind(index: number): number;
  regionName(index: number): number;
  regionStride(index: number): number;
  regionMask(index: number): number;
  counterIds(): number;
  counterName(index: number): number;
  counterUnit(index: number): number;
  /** Counters and names that found no room in their tables. */
  countersMissing(): number;
  setCardOption(card: number, option: number, low: number, high: number): number;
  plug(framePort: number, up: number): void;
  announce(): void;
  histogramIds(): number;
  histogramAddress(index: number): number;
  histogramName(index: number): number;
  histogramUnit(index: number): number;

  cpuField(field: number): number;
  readRflags(): number;
  writeRflags(flags: number): void;
  ticksLo(): number;
  ticksHi(): number;
  nowNsLo(): number;
  nowNsHi(): number;
  peekLo(linearLow: number, linearHigh: number): number;
  peekHi(linearLow: number, linearHigh: number): number;
  /** The IR of so many instructions at a linear address: bytes of its text, which is at irText(). */
  printIr(linearLow: number, linearHigh: number, instructions: number): number;
  irText(): number;
  dropCode(gpaLow: number, gpaHigh: number, bytes: number): void;

  physicalRead(gpaLow: number, gpaHigh: number, bytes: number): number;
  physicalHigh(): number;
  physicalWrite(gpaLow: number, gpaHigh: number, bytes: number, valueLow: number, valueHigh: number): void;
  portRead(port: number, bytes: number): number;
  portWrite(port: number, bytes: number, value: number): void;
  fireTimers(): void;
  takeStop(): number;
  intercept(point: ProbePoint): number;
  takeEdges(): number;
  edgesAt(): number;
  driveInput(point: ProbePoint, pin: number, level: number): void;
}

/** One instance of the module with its own memory: one machine. */
export interface ModuleInstance {
  exports: ModuleExports;
  memory: WebAssembly.Memory;
  /** Views of the whole memory. It never grows, so they stay valid. */
  bytes: Uint8Array;
  view: DataView;
  /** First 16 hex digits of the SHA-256 of the module: snapshots belong to one build. */
  build: string;
  /** Address of guest RAM. */
  ram: number;
}

export interface CompiledModule {
  module: WebAssembly.Module;
  build: string;
  bytes: number;
}

const PAGE = 65536;
let compiled: Promise<CompiledModule> | undefined;

/** The module of this package. */
async function readModule(): Promise<Uint8Array> {
  try {
    return await platform.readModule();
  } catch (error) {
    throw new OptionError('module', (error as Error).message);
  }
}

async function compileBytes(bytes: Uint8Array): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(bytes as BufferSource);
  } catch (error) {
    const { message } = error as Error;
    const forbidden = /Content Security Policy|unsafe-eval|disallowed by embedder/i.test(message);
    throw new OptionError('module', forbidden ? `this page's content policy forbids WebAssembly; let its script-src say 'wasm-unsafe-eval'. (${message})` : `is no module: ${message}.`);
  }
}

async function compile(bytes: Uint8Array): Promise<CompiledModule> {
  const [module, digest] = await Promise.all([compileBytes(bytes), platform.sha256([bytes])]);
  return { module, build: digest.slice(0, 16), bytes: bytes.length };
}

/** Compiles the given bytes, or, once a process, the module that belongs to this package. */
export async function compileModule(bytes?: Uint8Array): Promise<CompiledModule> {
  if (bytes !== undefined) return compile(bytes);
  compiled ??= readModule().then(compile);
  compiled.catch(() => (compiled = undefined));
  return compiled;
}

function newMemory(mib: number, pages: number): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages });
  } catch {
    throw new OptionError('memoryMiB', `this platform has no room for a machine with ${mib} MiB. Ask for less.`);
  }
}

/** asc leaves abort only in builds with assertions: a defect of ours, not of the guest. */
function abort(_message: number, file: number, line: number, column: number): never {
  throw new Error(`the module failed an assertion at ${file}:${line}:${column}`);
}

/**
 * Instantiates the module with memory for `memoryMiB` of guest RAM. Where RAM starts is known to the module alone, so it is
 * asked first, in a small memory.
 */
export async function instantiate(module: CompiledModule, memoryMiB: number): Promise<ModuleInstance> {
  const ram = await ramAddress(module.module);
  const pages = Math.max(MINIMUM_PAGES, Math.ceil((ram + memoryMiB * MIB) / PAGE));
  if (pages > 65536) throw new OptionError('memoryMiB', `${memoryMiB} MiB do not fit in the module's 4 GiB. At most 3072 do.`);
  const memory = newMemory(memoryMiB, pages);
  const instance = await WebAssembly.instantiate(module.module, { env: { memory, abort } });
  return {
    exports: instance.exports as unknown as ModuleExports,
    memory,
    bytes: new Uint8Array(memory.buffer),
    view: new DataView(memory.buffer),
    build: module.build,
    ram,
  };
}

const ramAddresses = new WeakMap<WebAssembly.Module, number>();

async function ramAddress(module: WebAssembly.Module): Promise<number> {
  const known = ramAddresses.get(module);
  if (known !== undefined) return known;
  const memory = new WebAssembly.Memory({ initial: MINIMUM_PAGES, maximum: 65536 });
  const instance = await WebAssembly.instantiate(module, { env: { memory, abort } });
  const ram = (instance.exports as unknown as ModuleExports).address(Address.Ram) >>> 0;
  ramAddresses.set(module, ram);
  return ram;
}

/** asconfig.json's initialMemory: the module's static data lies within. */
const MINIMUM_PAGES = 1024;

/** A string literal of the module: UTF-16, its length in bytes in the word before it. */
export function readString(instance: ModuleInstance, address: number): string {
  const at = address >>> 0;
  if (at < 4) return '';
  const bytes = instance.view.getUint32(at - 4, true);
  return new TextDecoder('utf-16le').decode(instance.bytes.subarray(at, at + bytes));
}

/** Address `what` as an unsigned number. */
export function addressOf(instance: ModuleInstance, what: Address): number {
  return instance.exports.address(what) >>> 0;
}

export const low = (value: bigint): number => Number(value & 0xffff_ffffn) | 0;
export const high = (value: bigint): number => Number((value >> 32n) & 0xffff_ffffn) | 0;
export const join = (lowHalf: number, highHalf: number): bigint => BigInt(lowHalf >>> 0) | (BigInt(highHalf >>> 0) << 32n);
