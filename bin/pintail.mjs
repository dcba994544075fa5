#!/usr/bin/env node
// The command. In a clone it builds first what is out of date, but for what only prints; in an installed package there is nothing to build.

import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const bundled = (name) => fileURLToPath(new URL(`../build/host/cli/bundle/${name}.cjs`, import.meta.url));
const builder = new URL("../tests/support/build.mjs", import.meta.url);
const prints = /^(help|version|completion|--?help|--?version|-h|-V|-\?)$/.test(process.argv[2] ?? "help");

if (!(prints && existsSync(bundled("print"))) && existsSync(builder) && existsSync(new URL("../assembly", import.meta.url))) {
  const { build } = await import(builder.href);
  try {
    await build();
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}
if (prints) createRequire(import.meta.url)(bundled("print"));
else (await import("./compiled.mjs")).load(bundled("main"));
