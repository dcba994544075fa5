/**
 * A bare machine for the native oracle's vectors: user pages as tests/oracle/pages.ts lays them out, page tables, descriptor
 * tables and interrupt gates of our own, and one instruction at a time on the shipped module.
 */
import { readFileSync } from 'node:fs';
import { Vendor } from '../../assembly/base/vendor-spec.js';
import { Address } from '../../assembly/surface/run.js';
import { Extra, ExtraAt } from '../../assembly/surface/clock.js';
import { CpuField } from '../../assembly/surface/fields.js';
import type { ModuleExports } from '../../host/rings/instance.js';
import {
  backgroundByte, backgroundOf, codeAddress, createState, descriptorOf, edgeOf, LDT, REGIONS, segmentOf, CODE_SELECTOR_64,
  type Region, type State, type Vector,
} from '../oracle/vectors.js';
import { compareVector, type Actual } from '../oracle/compare.js';
import { enterMode } from '../support/enter.js';

type Exports = Record<string, (...args: number[]) => number>;

const RAM_MIB = 4;
/** Physical addresses of what the machine keeps below the user regions' frames. */
const PML4 = 0x1000, TABLES = 0x2000, GDT = 0x10000, IDT = 0x11000, LDT_AT = 0x12000, TSS = 0x13000, STACK_TOP = 0x18000, HANDLERS = 0x7002_0000, FRAMES = 0x10_0000;

/** The list at hand: what a test imports is looked up at each use. */
const ALL_REGIONS = REGIONS;

/** The linear addresses of the supervisor's own pages, less their physical ones: where no vector's operand lies. */
const OWN = 0x7000_0000;

/** How a vector is executed: by the interpreter, through the IR, or translated to Wasm. */
export type Execution = 'run' | 'ir' | 'translated';

export interface BenchMachine {
  /** Vectors whose instruction the translator has refused: the interpreter has run them. */
  readonly refused: number;
  /** Those that their translation has left to the interpreter, nothing of them done. */
  readonly left: number;

  /** Runs one vector; a line for each difference from the processor. */
  check(vector: Vector): string[];
}

export function createBenchMachine(execution: Execution, wasm = new URL('../../build/pintail.wasm', import.meta.url)): BenchMachine {
  const module = new WebAssembly.Module(readFileSync(wasm));
  const memory = new WebAssembly.Memory({ initial: 16384 / 16 + 1024 });
  const exports = new WebAssembly.Instance(module, { env: { memory, page: () => undefined, serve: () => undefined, abort: () => { throw new Error('the module aborted'); } } }).exports as unknown as Exports;
  const call = (name: string, ...args: number[]): number => exports[name]!(...args) >>> 0;
  call('create', RAM_MIB, 1, 0, 0, 0);
  call('hideFeatures', Extra.ADX << ExtraAt.SHIFT);
  const base = call('address', Address.Ram);
  const bytes = new Uint8Array(memory.buffer), view = new DataView(memory.buffer);
  const frames = layOut(view, bytes, base);
  const cpuAt = (field: CpuField): number => call('cpuField', field);
  enterMode({ exports: exports as unknown as ModuleExports, memory, bytes, view, build: '', ram: base }, 'long64', 0x1000, PML4);
  view.setBigUint64(cpuAt(CpuField.GdtBase), BigInt(OWN + GDT), true);
  view.setUint32(cpuAt(CpuField.GdtLimit), 0x7f, true);
  view.setBigUint64(cpuAt(CpuField.IdtBase), BigInt(OWN + IDT), true);
  view.setUint32(cpuAt(CpuField.IdtLimit), 0xfff, true);
  view.setBigUint64(cpuAt(CpuField.Cr4), view.getBigUint64(cpuAt(CpuField.Cr4), true) | 0x1_0000n, true);
  call('runThroughIr', execution === 'ir' ? 1 : 0);
  const translated = execution === 'translated' ? linkHere(exports, memory, call) : undefined;
  const context: Context = { call, view, bytes, base, frames, cpuAt, vendor: Vendor.AMD, translated };
  setSegment(context, 6, 0x50, OWN + LDT_AT, LDT.length * 8 - 1, 0x8200);
  setSegment(context, 7, 0x40, OWN + TSS, 0x67, 0x8b00);
  return {
    get refused() { return context.translated?.refused ?? 0; },
    get left() { return context.translated?.left ?? 0; },
    check: (vector) => {
      const differences = compareVector(vector, runVector(context, vector));
      restore(context, vector);
      // What it wrote that it should not have must not be blamed on the next.
      if (differences.length > 0) for (const region of REGIONS) bytes.set(backgroundOf(region), base + frames.get(region.name)!);
      return differences;
    },
  };
}

interface Context {
  readonly translated: Translated | undefined;
  readonly call: (name: string, ...args: number[]) => number;
  readonly view: DataView;
  readonly bytes: Uint8Array;
  readonly base: number;
  readonly frames: ReadonlyMap<string, number>;
  readonly cpuAt: (field: CpuField) => number;
  vendor: Vendor;
}

/** Writes page tables, descriptor tables and the background; where each region's frames start. */
function layOut(view: DataView, bytes: Uint8Array, base: number): Map<string, number> {
  const put = (at: number, value: bigint): void => view.setBigUint64(base + at, value, true);
  let nextTable = TABLES, nextFrame = FRAMES;
  const frames = new Map<string, number>();
  const entry = (table: number, index: number): number => {
    const at = base + table + index * 8;
    if (view.getBigUint64(at, true) === 0n) {
      put(table + index * 8, BigInt(nextTable) | 7n);
      nextTable += 0x1000;
    }
    return Number(view.getBigUint64(at, true) & 0xffff_f000n);
  };
  const map = (linear: number, frame: number, flags: bigint): void => {
    const table = entry(entry(entry(PML4, 0), Math.floor(linear / 0x4000_0000) & 511), (linear / 0x20_0000) & 511);
    put(table + ((linear >>> 12) & 511) * 8, BigInt(frame) | flags);
  };
  for (const region of REGIONS) {
    frames.set(region.name, nextFrame);
    for (let offset = 0; offset < region.bytes; offset += 0x1000) map(region.base + offset, nextFrame + offset, pageFlags(region));
    bytes.set(backgroundOf(region), base + nextFrame);
    nextFrame += region.bytes;
  }
  for (let at = 0x10000; at < 0x30000; at += 0x1000) map(OWN + at, at, 3n);
  // GDT: 23 is 32-bit code, 2b data, 33 64-bit code, all for user; 08 kernel code; 40 the TSS.
  put(GDT + 0x08, 0x00af_9b00_0000_ffffn);
  put(GDT + 0x20, 0x00cf_fb00_0000_ffffn);
  put(GDT + 0x28, 0x00cf_f300_0000_ffffn);
  put(GDT + 0x30, 0x00af_fb00_0000_ffffn);
  LDT.forEach((segment, i) => put(LDT_AT + 8 * i, descriptorOf(segment)));
  put(TSS + 4, BigInt(OWN + STACK_TOP));
  view.setUint16(base + TSS + 0x66, 0x68, true); // no I/O permission bitmap
  for (let n = 0; n < 256; n++) {
    const at = BigInt(HANDLERS + n), type = n === 3 || n === 4 ? 0xeen : 0x8en;
    put(IDT + n * 16, (at & 0xffffn) | 0x8n << 16n | type << 40n | (at >> 16n) << 48n);
    put(IDT + n * 16 + 8, 0n);
  }
  return frames;
}

function pageFlags(region: Region): bigint {
  return 5n | (region.writable ? 2n : 0n) | (region.executable ? 0n : 1n << 63n);
}

/** Segment cache: base u64, limit u32, attr u32, selector u32 (assembly/cpu/state.ts). */
function setSegment({ view, call }: Pick<Context, 'view' | 'call'>, n: number, selector: number, base: number, limit: number, attr: number): void {
  const at = call('address', Address.Segments) + n * 32;
  view.setBigUint64(at, BigInt(base), true);
  view.setUint32(at + 8, limit, true);
  view.setUint32(at + 12, attr, true);
  view.setUint32(at + 16, selector, true);
}

const CODE64_ATTR = 0xa0_fb00;

/** Loads the cache of segment register `n` with what `selector` stands for in the tables. */
function loadSegment(context: Context, n: number, selector: number): void {
  const segment = segmentOf(selector);
  if (!segment) return setSegment(context, n, selector, 0, 0, 0);
  const attr = Number((descriptorOf(segment) >> 32n) & 0xf0_ff00n);
  setSegment(context, n, selector, segment.base, edgeOf(segment), selector === CODE_SELECTOR_64 ? CODE64_ATTR : attr);
}

function locate({ frames, base }: Context, address: number): number {
  for (const region of ALL_REGIONS) {
    if (address >= region.base && address < region.base + region.bytes) return base + frames.get(region.name)! + address - region.base;
  }
  throw new RangeError(`the vector touches ${address.toString(16)}, which is in no page of tests/oracle/pages.ts`);
}

function writeBytes(context: Context, address: number, data: Uint8Array): void {
  for (let i = 0; i < data.length; i++) context.bytes[locate(context, address + i)] = data[i]!;
}

function load(context: Context, vector: Vector): void {
  if (context.vendor !== vector.vendor) context.call('setVendor', context.vendor = vector.vendor);
  const { view, bytes, call, cpuAt } = context, state = vector.initial;
  writeBytes(context, codeAddress(state), vector.code);
  for (const piece of vector.memory) writeBytes(context, piece.address, piece.bytes);
  bytes.set(state.bytes.subarray(0, 128), call('address', Address.Gpr));
  bytes.set(state.xmm, call('address', Address.Xmm));
  view.setBigUint64(cpuAt(CpuField.Rip), state.rip, true);
  call('writeRflags', state.rflags);
  view.setUint32(cpuAt(CpuField.Mxcsr), state.mxcsr, true);
  loadX87(context, state);
  state.segment.forEach((selector, n) => loadSegment(context, n, selector));
  view.setUint32(cpuAt(CpuField.Cpl), 3, true);
  call('refreshCpu');
}

function loadX87({ view, bytes, call, cpuAt }: Context, state: State): void {
  view.setUint16(cpuAt(CpuField.Fcw), state.fcw, true);
  view.setUint16(cpuAt(CpuField.Fsw), state.fsw, true);
  view.setUint8(cpuAt(CpuField.Ftw), state.ftw);
  const top = (state.fsw >> 11) & 7, fpr = call('address', Address.Fpr);
  for (let i = 0; i < 8; i++) bytes.set(state.st.subarray(i * 10, i * 10 + 10), fpr + ((top + i) & 7) * 16);
}

function save(context: Context, vector: Vector): State {
  const { view, bytes, call, cpuAt } = context, state = createState();
  state.bytes.set(bytes.subarray(call('address', Address.Gpr), call('address', Address.Gpr) + 128));
  state.xmm.set(bytes.subarray(call('address', Address.Xmm), call('address', Address.Xmm) + 256));
  state.rip = view.getBigUint64(cpuAt(CpuField.Rip), true);
  state.rflags = call('readRflags');
  state.mxcsr = view.getUint32(cpuAt(CpuField.Mxcsr), true);
  state.fcw = view.getUint16(cpuAt(CpuField.Fcw), true);
  state.fsw = view.getUint16(cpuAt(CpuField.Fsw), true);
  state.ftw = view.getUint8(cpuAt(CpuField.Ftw));
  const top = (state.fsw >> 11) & 7, fpr = call('address', Address.Fpr);
  for (let i = 0; i < 8; i++) {
    const at = fpr + ((top + i) & 7) * 16;
    state.st.set(bytes.subarray(at, at + 10), i * 10);
  }
  const segments = call('address', Address.Segments);
  for (let n = 0; n < 6; n++) state.segment[n] = selectorAfterReturn(view.getUint32(segments + n * 32 + 16, true));
  return vector.mode !== 64 ? maskTo32(state) : state;
}

/** The recording went through a return to user mode, which clears the RPL of a null selector. */
function selectorAfterReturn(selector: number): number { return selector < 4 ? 0 : selector; }

function maskTo32(state: State): State {
  for (let i = 0; i < 8; i++) state.gpr[i] = state.gpr[i]! & 0xffff_ffffn;
  return state;
}

/** INT3, INTO and ICEBP go through their gate at once: what the handler would return to is on the supervisor's stack. */
function takeGate(context: Context, state: State): number {
  const { view, base } = context, vector = Number(state.rip) - HANDLERS;
  const frame = (word: number): bigint => view.getBigUint64(base + STACK_TOP - 40 + word * 8, true);
  state.rip = frame(0);
  state.rflags = Number(frame(2));
  state.gpr[4] = frame(3);
  state.segment[1] = Number(frame(1));
  state.segment[2] = Number(frame(4));
  return vector;
}

interface Translated {
  refused: number;
  /** Instructions that their translation left to the interpreter. */
  left: number;
  /** One instruction, translated by itself. */
  step(): void;
}

function linkHere(exports: Exports, memory: WebAssembly.Memory, call: Context['call']): Translated {
  const table = (exports as unknown as { table: WebAssembly.Table }).table, slot = table.grow(1);
  const imports = { m: { memory, ...exports } as unknown as Record<string, WebAssembly.ImportValue> };
  const translated = {
    refused: 0,
    left: 0,
    step() {
      const length = call('translateHere', 1);
      if (length === 0) {
        // What cannot even be fetched has raised its fault.
        if (call('raisedVector') !== 0xffff_ffff) return;
        translated.refused++;
        call('stepUndelivered');
        return;
      }
      const at = call('waitingModuleAt');
      const { f0 } = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(memory.buffer).slice(at, at + length)), imports).exports;
      table.set(slot, f0);
      if (call('runHere', slot) !== 0) return;
      translated.left++;
      call('stepUndelivered');
    },
  };
  return translated;
}

function runVector(context: Context, vector: Vector): Actual {
  const { view, call, cpuAt } = context;
  load(context, vector);
  if (context.translated) context.translated.step(); else call('stepUndelivered');
  const state = save(context, vector);
  let fault: Actual['fault'] = null;
  if (call('raisedVector') !== 0xffff_ffff) {
    const number = call('raisedVector');
    const cr2 = BigInt(call('raisedAddressLo')) | BigInt(call('raisedAddressHi')) << 32n;
    fault = { vector: number, errorCode: hasCode(number) ? call('raisedCode') : null, cr2: number === 14 ? cr2 : null };
  } else if (view.getUint32(cpuAt(CpuField.Cpl), true) === 0) {
    fault = { vector: takeGate(context, state), errorCode: null, cr2: null };
  }
  return { state, fault, read: (address, length) => copyOut(context, address, length) };
}

function copyOut(context: Context, address: number, length: number): Uint8Array {
  const at = locate(context, address);
  // A window may end behind its region, where nothing is to be compared.
  if (length > 0 && locate(context, address + length - 1) === at + length - 1) return context.bytes.slice(at, at + length);
  return Uint8Array.from({ length }, (_, i) => context.bytes[locate(context, address + i)]!);
}

function hasCode(vector: number): boolean { return vector === 8 || (vector >= 10 && vector <= 14) || vector === 17; }

/** Puts the background back where the vector, or the processor that made it, wrote. */
function restore(context: Context, vector: Vector): void {
  const put = (address: number, length: number): void => {
    for (let i = 0; i < length; i++) context.bytes[locate(context, address + i)] = backgroundByte(address + i);
  };
  put(codeAddress(vector.initial), vector.code.length);
  for (const piece of [...vector.memory, ...vector.memoryChanges]) put(piece.address, piece.bytes.length);
}
