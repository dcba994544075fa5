// Benchmarks: ratios against a peer in the same run, never a timed assertion.
//
//   npm run bench -- boot [--runs N] [--json]
//   npm run bench -- net [--only TEXT] [--json]
//   npm run bench -- slice [--only TEXT] [--json]     the longest that a guest keeps the host waiting

import { benchBoot } from "./boot.mjs";
import { benchNet } from "./net.mjs";
import { benchSlice } from "./slice.mjs";
import { build } from "../support/build.mjs";

const BENCHES = { boot: benchBoot, net: benchNet, slice: benchSlice };

const [name = "boot", ...words] = process.argv.slice(2);
const bench = Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined;
if (bench === undefined) {
  process.stderr.write(`bench: "${name}" is not one of ${Object.keys(BENCHES).join(", ")}.\n`);
  process.exit(2);
}
const at = words.indexOf("--runs");
const runs = at < 0 ? 3 : Number(words[at + 1]);
if (!Number.isInteger(runs) || runs < 1) {
  process.stderr.write(`bench: --runs ${words[at + 1]} is not a whole number.\n`);
  process.exit(2);
}
await build("release");
const only = words.includes("--only") ? words[words.indexOf("--only") + 1] : undefined;
await bench({ runs, json: words.includes("--json"), only });
