#!/usr/bin/env node
// The command. In a clone it builds first what is out of date; in an installed package there is nothing to build.

import { existsSync } from "node:fs";

const builder = new URL("../tests/support/build.mjs", import.meta.url);
if (existsSync(builder) && existsSync(new URL("../assembly", import.meta.url))) {
  const { build } = await import(builder.href);
  try {
    await build();
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}
await import("../build/host/cli/main.js");
