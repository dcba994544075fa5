/** The Wasm module: loading it and making instances of it. */

import { platform } from '#platform';
import { Address } from '../../assembly/surface/run.js';
import type { ModuleExports, ModuleInstance, PageSupply, RegisterServer } from '../rings/instance.js';
import { labRoom, type OpenLab } from './labs.js';
import { MIB } from './units.js';
import { OptionError } from './errors.js';

const noSupply: PageSupply = {
  page: (page) => {
    throw new Error(`page ${page} of RAM comes from nowhere`);
  },
};

const noServer: RegisterServer = {
  serve: (counter) => {
    throw new Error(`nobody answers for counter ${counter}`);
  },
};

export interface CompiledModule {
  module: WebAssembly.Module;
  build: string;
  bytes: number;
}

const PAGE = 65536;
const LABS_ALIGN = 4096;
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
 * Instantiates the module with memory for `memoryMiB` of guest RAM, and behind it `videoBytes` of a screen's. With `more` there is room behind those for what attribution
 * keeps, and for a trace; and at the end for what labs replay and what is captured of them. Where RAM starts is known to the module alone, so it is asked first, in a small memory.
 */
export async function instantiate(module: CompiledModule, memoryMiB: number, videoBytes = 0, more = false, labs: ReadonlyMap<string, OpenLab> = new Map()): Promise<ModuleInstance> {
  const { ram, attribution, trace, capture } = await layoutOf(module.module);
  const behind = ram + memoryMiB * MIB + videoBytes + (more ? attribution + trace : 0), labsAt = Math.ceil(behind / LABS_ALIGN) * LABS_ALIGN;
  const pages = Math.max(MINIMUM_PAGES, Math.ceil((labsAt + labRoom(capture, labs)) / PAGE));
  if (pages > 65536) throw new OptionError('memoryMiB', `${memoryMiB} MiB do not fit in the module's 4 GiB. At most 3072 do.`);
  const memory = newMemory(memoryMiB, pages);
  const supply = { ...noSupply }, server = { ...noServer };
  const instance = await WebAssembly.instantiate(module.module, { env: { memory, abort, page: (page: number) => supply.page(page >>> 0), serve: (counter: number) => server.serve(counter >>> 0) } });
  return {
    exports: instance.exports as unknown as ModuleExports,
    memory,
    bytes: new Uint8Array(memory.buffer),
    view: new DataView(memory.buffer),
    build: module.build,
    ram,
    labsAt,
    supply,
    server,
  };
}

interface Layout {
  ram: number;
  /** Bytes that attribution takes, a trace, and a capture of what passes labs. */
  attribution: number;
  trace: number;
  capture: number;
}
const layouts = new WeakMap<WebAssembly.Module, Layout>();

async function layoutOf(module: WebAssembly.Module): Promise<Layout> {
  const known = layouts.get(module);
  if (known !== undefined) return known;
  const memory = new WebAssembly.Memory({ initial: MINIMUM_PAGES, maximum: 65536 });
  const instance = await WebAssembly.instantiate(module, { env: { memory, abort, page: noSupply.page, serve: noServer.serve } });
  const exports = instance.exports as unknown as ModuleExports;
  const layout = { ram: exports.address(Address.Ram) >>> 0, attribution: exports.attributionBytes() >>> 0, trace: exports.traceBytes() >>> 0, capture: exports.captureBytes() >>> 0 };
  layouts.set(module, layout);
  return layout;
}

/** asconfig.json's initialMemory: the module's static data lies within. */
const MINIMUM_PAGES = 1024;
