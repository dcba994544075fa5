// Compiles a small AssemblyScript entry for a test and gives its exports over fresh memory. The options are spelled out:
// asc reads asconfig.json's release target unless told otherwise, which drops assertions. What was compiled is kept in
// build/test, by a digest of the entry and all of assembly/, so that test files share it.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import asc from "assemblyscript/asc";

export type Value = number | bigint;
export type Exports = Record<string, (...args: Value[]) => Value>;
export interface Instance { exports: Exports; memory: WebAssembly.Memory; view: DataView; module: WebAssembly.Module }

const OPTIONS = ["--config", "none", "--outFile", "out.wasm", "-O1", "--runtime", "stub", "--memoryBase", "1024", "--importMemory", "--exportTable", "--enable", "simd"];
const loaded = new Map<string, Promise<WebAssembly.Module>>();

function sources(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((e) => e.isFile() && e.name.endsWith(".ts"))
    .map((e) => path.join(e.parentPath, e.name))
    .sort();
}

function digestOf(entry: string): string {
  const hash = createHash("sha256").update(OPTIONS.join(" "));
  for (const file of [...sources("assembly"), entry]) hash.update(file).update(readFileSync(file));
  return hash.digest("hex").slice(0, 32);
}

async function compile(entry: string): Promise<WebAssembly.Module> {
  const kept = path.join("build", "test", `${digestOf(entry)}.wasm`);
  if (existsSync(kept)) return new WebAssembly.Module(readFileSync(kept));
  let binary: Uint8Array | undefined;
  const { error, stderr } = await asc.main([entry, ...OPTIONS], {
    writeFile(name: string, contents: Uint8Array | string) { if (name === "out.wasm" && typeof contents !== "string") binary = contents; },
  });
  if (error || !binary) throw new Error(`${entry} does not compile:\n${stderr.toString()}`);
  mkdirSync(path.dirname(kept), { recursive: true });
  writeFileSync(`${kept}.${process.pid}`, binary);
  renameSync(`${kept}.${process.pid}`, kept);
  return new WebAssembly.Module(new Uint8Array(binary));
}

/** A module of one entry (path from the repository's root) with `pages` pages of zeroed memory. */
export async function load(entry: string, pages: number): Promise<Instance> {
  let pending = loaded.get(entry);
  if (!pending) loaded.set(entry, pending = compile(entry));
  const module = await pending, memory = new WebAssembly.Memory({ initial: pages });
  const abort = (): never => { throw new Error(`${entry} called abort`); };
  const instance = new WebAssembly.Instance(module, { env: { memory, abort, page: () => undefined, serve: () => undefined } });
  return { exports: instance.exports as Exports, memory, view: new DataView(memory.buffer), module };
}

/** A static string of the module, by its address. */
export function text(m: Instance, at: number): string {
  if (!at) return "";
  const bytes = m.view.getUint32(at - 4, true);
  return new TextDecoder("utf-16le").decode(new Uint8Array(m.memory.buffer, at, bytes));
}
