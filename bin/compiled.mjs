// Loads a script of CommonJS with the code that the engine made of it at an earlier start: reading half a megabyte of JavaScript anew costs more than
// most commands do. The code lies in the user's cache, named by what it is of, with a digest before it, because V8 trusts what it is given; where it
// is missing, damaged or another engine's, the script is read, and its code is kept at the end, with every function that was used.
// As published the script is compressed (Brotli), a quarter of its bytes on the disk for 6 ms of a start.
//
//     CACHE/code/0123456789abcdef-v20.20.2-x64

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { Module, createRequire } from "node:module";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { Script } from "node:vm";
import { brotliDecompressSync } from "node:zlib";

const folder = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "pintail", "code");
const DIGEST_BYTES = 32;
/** Codes of other builds and engines that are kept. */
const KEPT = 8;

const digestOf = (bytes) => createHash("sha256").update(bytes).digest();

/** The build puts the digest of a script in its last line, so that it need not be taken at each start. */
function pathOf(source) {
  const digest = /\/\/# digest ([0-9a-f]+)\s*$/.exec(source.slice(-100))?.[1] ?? digestOf(source).toString("hex");
  return join(folder, `${digest.slice(0, 16)}-${process.version}-${process.arch}`);
}

function readCode(path) {
  try {
    const bytes = readFileSync(path), code = bytes.subarray(DIGEST_BYTES);
    return digestOf(code).equals(bytes.subarray(0, DIGEST_BYTES)) ? code : undefined;
  } catch {
    return undefined;
  }
}

function dropOld() {
  const all = readdirSync(folder).map((name) => join(folder, name)).map((path) => ({ path, used: statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0 }));
  for (const { path } of all.sort((a, b) => b.used - a.used).slice(KEPT)) rmSync(path, { force: true });
}

/** Nothing depends on it: a cache that cannot be written to is none. */
function keepCode(path, code) {
  try {
    mkdirSync(folder, { recursive: true });
    const aside = `${path}.${process.pid}`;
    writeFileSync(aside, Buffer.concat([digestOf(code), code]));
    renameSync(aside, path);
    dropOld();
  } catch {
    // The next start reads the script again.
  }
}

/**
 * Translated code says which branches are hardly ever taken. Node 20 heeds that behind a flag, which must be set before the process's first module is
 * compiled; where it is heeded anyway there is no such flag. Here, because code is of an engine with the flags it had.
 */
function heedBranchHints() {
  if (process.versions.node.startsWith("20.")) setFlagsFromString("--experimental-wasm-branch-hinting");
}

const readScript = (filename) => (existsSync(filename) ? readFileSync(filename) : brotliDecompressSync(readFileSync(`${filename}.br`))).toString("latin1");

/** Runs the script, which lies there as it is or with `.br` behind its name. */
export function load(filename) {
  heedBranchHints();
  const source = readScript(filename), path = pathOf(source), cachedData = readCode(path);
  const script = new Script(Module.wrap(source), { filename, ...(cachedData === undefined ? {} : { cachedData }) });
  if (cachedData === undefined || script.cachedDataRejected) process.once("exit", () => keepCode(path, script.createCachedData()));
  const module = { exports: {} };
  script.runInThisContext()(module.exports, createRequire(filename), module, filename, dirname(filename));
}
