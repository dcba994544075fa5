// Compiles a small AssemblyScript entry for a test and gives its exports over fresh memory. The options are spelled out:
// asc reads asconfig.json's release target unless told otherwise, which drops assertions. Results are kept by entry
// for the life of the test process.
import asc from "assemblyscript/asc";

export type Value = number | bigint;
export type Exports = Record<string, (...args: Value[]) => Value>;
export interface Instance { exports: Exports; memory: WebAssembly.Memory; view: DataView; module: WebAssembly.Module }

const compiled = new Map<string, Promise<WebAssembly.Module>>();

async function compile(entry: string): Promise<WebAssembly.Module> {
  let binary: Uint8Array | undefined;
  const { error, stderr } = await asc.main(
    [entry, "--config", "none", "--outFile", "out.wasm", "-O1", "--runtime", "stub", "--memoryBase", "1024", "--importMemory", "--enable", "simd"],
    {
      writeFile(name: string, contents: Uint8Array | string) { if (name === "out.wasm" && typeof contents !== "string") binary = contents; },
    },
  );
  if (error || !binary) throw new Error(`${entry} does not compile:\n${stderr.toString()}`);
  return new WebAssembly.Module(new Uint8Array(binary));
}

/** A module of one entry (path from the repository's root) with `pages` pages of zeroed memory. */
export async function load(entry: string, pages: number): Promise<Instance> {
  let module = compiled.get(entry);
  if (!module) compiled.set(entry, module = compile(entry));
  const memory = new WebAssembly.Memory({ initial: pages });
  const abort = (): never => { throw new Error(`${entry} called abort`); };
  const instance = new WebAssembly.Instance(await module, { env: { memory, abort } });
  return { exports: instance.exports as Exports, memory, view: new DataView(memory.buffer), module: await module };
}

/** A static string of the module, by its address. */
export function text(m: Instance, at: number): string {
  if (!at) return "";
  const bytes = m.view.getUint32(at - 4, true);
  return new TextDecoder("utf-16le").decode(new Uint8Array(m.memory.buffer, at, bytes));
}
