#!/usr/bin/env node
// The command. In a clone it builds first what is out of date, but for what only prints; in an installed package there is nothing to build.

import { existsSync } from "node:fs";

const main = new URL("../build/host/cli/bundle/main.js", import.meta.url);
const builder = new URL("../tests/support/build.mjs", import.meta.url);
const prints = /^(help|version|completion|--?help|--?version|-h|-V|-\?)$/;

if (!(prints.test(process.argv[2] ?? "help") && existsSync(main)) && existsSync(builder) && existsSync(new URL("../assembly", import.meta.url))) {
  const { build } = await import(builder.href);
  try {
    await build();
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}
await import(main.href);
