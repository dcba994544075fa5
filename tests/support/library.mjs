// The library as it is published: a few files for Node, bundlers and a page's bare script tag, in build/lib, all in one folder and with what they share in
// common chunks. In the clone `#platform` leads by package.json's conditions to one of two platforms; a script tag knows no conditions, so here it is a slot,
// which each entry fills before anything else runs.

import { readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Entries of build/lib, what each is of build/host, and the platform that it puts into the slot. `streams` needs none. */
const ENTRIES = {
  node: ["index.js", "node"], "worker-node": ["platform/node/worker.js", "node"], streams: ["platform/node/streams.js", undefined],
  browser: ["index.js", "browser"], "worker-browser": ["platform/browser/worker.js", "browser"], element: ["element/index.js", "browser"],
};
/** Not in the files: Node's own, and what only Node's platform imports. */
const EXTERNAL = ["node:*", "ws", "pprof-format"];
/** Where files that name others by address stand afterwards. */
const PLACES = [["../../../pintail.wasm", "../pintail.wasm"], ["../../../../package.json", "../../package.json"]];
const INSIDE = ["fzstd", "ipaddr.js"];

function slotPlugin(root) {
  const host = (path) => join(root, "build/host", path);
  const fill = (platform) => `import { setPlatform } from "#platform"; import { platform } from ${JSON.stringify(host(`platform/${platform}/index.js`))}; setPlatform(platform);`;
  const entry = ([path, platform]) => `${platform === undefined ? "" : `import "fill:${platform}";`}export * from ${JSON.stringify(host(path))};${/worker/.test(path) ? `import ${JSON.stringify(host(path))};` : ""}`;
  return {
    name: "platform's slot",
    setup(build) {
      build.onResolve({ filter: /^#platform$/ }, () => ({ path: "platform", namespace: "slot" }));
      build.onLoad({ filter: /./, namespace: "slot" }, () => ({ contents: "export let platform; export function setPlatform(given) { platform = given; }" }));
      build.onResolve({ filter: /^fill:/ }, ({ path }) => ({ path: path.slice(5), namespace: "fill", sideEffects: true }));
      build.onLoad({ filter: /./, namespace: "fill" }, ({ path }) => ({ contents: fill(path), resolveDir: root }));
      build.onResolve({ filter: /^entry:/ }, ({ path }) => ({ path: path.slice(6), namespace: "entry", sideEffects: true }));
      build.onLoad({ filter: /./, namespace: "entry" }, ({ path }) => ({ contents: entry(ENTRIES[path]), resolveDir: root }));
      build.onLoad({ filter: /[/\\]build[/\\]host[/\\]platform[/\\](node|browser)[/\\](start-worker|files)\.js$/ }, ({ path }) => {
        const worker = `./worker-${/[/\\]node[/\\]/.test(path) ? "node" : "browser"}.js`;
        const moved = PLACES.reduce((text, [from, to]) => text.replaceAll(`'${from}'`, `'${to}'`), readFileSync(path, "utf8"));
        return { contents: moved.replaceAll("'./worker.js'", `'${worker}'`) };
      });
    },
  };
}

/** Licences of what stands in the files. */
function licences(root) {
  return INSIDE.map((name) => {
    const folder = join(root, "node_modules", name);
    const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
    return `${name}\n\n${readFileSync(join(folder, file), "utf8")}`;
  }).join("\n\n");
}

/** Makes build/lib anew from build/host. */
export async function bundleLibrary(root) {
  const { build } = await import("esbuild");
  const outdir = join(root, "build/lib");
  rmSync(outdir, { recursive: true, force: true });
  await build({
    absWorkingDir: root, outdir, entryPoints: Object.fromEntries(Object.keys(ENTRIES).map((name) => [name, `entry:${name}`])), entryNames: "[name]", chunkNames: "[name]-[hash]",
    bundle: true, splitting: true, format: "esm", target: "es2022", platform: "neutral", mainFields: ["module", "main"], conditions: ["import"], external: EXTERNAL,
    minify: true, legalComments: "none", logLevel: "warning", plugins: [slotPlugin(root)],
  });
  writeFileSync(join(outdir, "LICENSES.txt"), licences(root));
}
