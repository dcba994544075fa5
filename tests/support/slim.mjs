// What is published: of the host the types that package.json's exports lead to; its JavaScript is in build/lib (library.mjs) and in the command's own files.
//
//   node tests/support/slim.mjs [FOLDER]
//
// Compresses the command's script, which bin/compiled.mjs reads so, too. Takes away what is built below FOLDER, the clone unless another is named. npm runs it before it packs; the next build there makes it anew.

import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";

const folder = process.argv[2] ?? fileURLToPath(new URL("../..", import.meta.url));
const { exports } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));

/** The files that a value of package.json names, whatever the conditions. */
const filesOf = (value) => (typeof value === "string" ? [value] : Object.values(value).flatMap(filesOf));
const IMPORT = /(?:from|import\()\s*["'](\.[^"']+)\.js["']/g;

/** Types that are reached from `starts`. */
function reached(starts) {
  const found = new Set();
  const visit = (path) => {
    if (found.has(path) || !existsSync(path)) return;
    found.add(path);
    for (const [, target] of readFileSync(path, "utf8").matchAll(IMPORT)) visit(`${join(dirname(path), target)}.d.ts`);
  };
  for (const start of starts) visit(join(folder, start));
  return found;
}

const needed = reached(filesOf(exports).filter((path) => path.endsWith(".d.ts")));
const isBundle = (path) => path.startsWith(join(folder, "build/host/cli/bundle/"));

for (const built of ["build/host", "build/guest", "build/assembly"]) {
  for (const name of readdirSync(join(folder, built), { recursive: true })) {
    const path = join(folder, built, name);
    if (/\.(js|d\.ts)$/.test(name) && !isBundle(path) && !needed.has(path)) rmSync(path);
  }
}
const script = join(folder, "build/host/cli/bundle/main.cjs");
writeFileSync(`${script}.br`, brotliCompressSync(readFileSync(script)));
rmSync(script);
for (const stamp of ["stamp", "seen"]) rmSync(join(folder, `build/.host.${stamp}`), { force: true });
