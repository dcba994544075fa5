// What is published: of the host only what package.json's exports lead to (the command has bundles of its own), and its JavaScript without comments, which
// are in the types and the sources. That is half of the bytes.
//
//   node tests/support/slim.mjs [FOLDER]
//
// Rewrites what is built below FOLDER, the clone unless another is named. npm runs it before it packs; the next build there makes it anew.

import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { transform } from "esbuild";

const folder = process.argv[2] ?? fileURLToPath(new URL("../..", import.meta.url));
const OPTIONS = { format: "esm", target: "node20", legalComments: "none", minify: true };
const { exports, imports } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));

/** The files that a value of package.json names, whatever the conditions. */
const filesOf = (value) => (typeof value === "string" ? [value] : Object.values(value).flatMap(filesOf));
const withTypes = (path) => [path, path.replace(/\.js$/, ".d.ts")];
const IMPORT = /(?:from|import|import\(|new URL\()\s*["'](\.[^"']+\.js)["']/g;

/** What is reached from `starts` by imports, types from types. */
function reached(starts) {
  const found = new Set();
  const visit = (path) => {
    if (found.has(path) || !existsSync(path)) return;
    found.add(path);
    const isTypes = path.endsWith(".d.ts");
    for (const [, target] of readFileSync(path, "utf8").matchAll(IMPORT)) visit(join(dirname(path), isTypes ? target.replace(/\.js$/, ".d.ts") : target));
  };
  for (const start of starts) visit(join(folder, start));
  return found;
}

const needed = reached([...filesOf(exports), ...filesOf(imports).flatMap(withTypes)].filter((path) => /\.(js|d\.ts)$/.test(path)));
const isBundle = (path) => path.startsWith(join(folder, "build/host/cli/bundle/"));

for (const built of ["build/host", "build/guest", "build/assembly"]) {
  for (const name of readdirSync(join(folder, built), { recursive: true })) {
    const path = join(folder, built, name);
    if (!/\.(js|d\.ts)$/.test(name) || isBundle(path)) continue;
    if (!needed.has(path)) rmSync(path);
    else if (name.endsWith(".js")) writeFileSync(path, (await transform(readFileSync(path, "utf8"), OPTIONS)).code);
  }
}
for (const stamp of ["stamp", "seen"]) rmSync(join(folder, `build/.host.${stamp}`), { force: true });
