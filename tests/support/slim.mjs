// What is published says the same in two thirds of the bytes: the comments of its JavaScript are in the types and the sources.
//
//   node tests/support/slim.mjs [FOLDER]
//
// Rewrites what is built below FOLDER, the clone unless another is named. npm runs it before it packs.

import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { transform } from "esbuild";

const folder = process.argv[2] ?? fileURLToPath(new URL("../..", import.meta.url));
const OPTIONS = { format: "esm", target: "node20", legalComments: "none", minifySyntax: true, minifyWhitespace: true };

for (const built of ["build/host", "build/guest", "build/assembly"]) {
  for (const name of readdirSync(join(folder, built), { recursive: true })) {
    if (!name.endsWith(".js")) continue;
    const file = join(folder, built, name);
    writeFileSync(file, (await transform(readFileSync(file, "utf8"), OPTIONS)).code);
  }
}
