// Builds what is out of date: the Wasm module with asc, the host with tsc.
//
//   node tests/support/build.mjs [release|test|debug] [--force] [--quiet]
//
// A stamp beside each output holds the digest of everything it was made from, and what the system says of those files (sizes, times),
// so a second run reads none of them and a change of branch rebuilds what differs. Outputs are renamed into place: an interrupted build leaves the old one.
// Who comes while another process builds in the same checkout waits for it.

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { bundleLibrary } from "./library.mjs";

export const root = fileURLToPath(new URL("../..", import.meta.url));
const require = createRequire(import.meta.url);

/** Every file below `folder` whose name ends in one of `endings`, sorted, relative to the repository. */
export function listFiles(folder, endings) {
  const found = [];
  const visit = (path) => {
    for (const entry of readdirSync(root + path, { withFileTypes: true })) {
      const full = `${path}/${entry.name}`;
      if (entry.isDirectory()) visit(full);
      else if (endings.some((e) => entry.name.endsWith(e))) found.push(full);
    }
  };
  // Every start of the command in a clone asks: no path is taken apart here.
  if (existsSync(join(root, folder))) visit(folder);
  return found.sort();
}

function digest(files, words) {
  const hash = createHash("sha256");
  for (const word of words) hash.update(`${word}\n`);
  for (const file of files) {
    hash.update(`${file}\n`);
    hash.update(readFileSync(join(root, file)));
  }
  return hash.digest("hex");
}

/** What of files changes whenever they are written to. */
function fingerprint(files, words) {
  return [...words, ...files.map((file) => {
    const { size, mtimeMs, ino } = statSync(root + file);
    return `${file} ${size} ${mtimeMs} ${ino}`;
  })].join("\n");
}

function packageVersion(name) {
  try {
    return JSON.parse(readFileSync(join(root, "node_modules", name, "package.json"), "utf8")).version;
  } catch {
    throw new Error(`build: the package ${name} is not installed. Run "npm ci" first.`);
  }
}

function run(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    child.stdout.on("data", (d) => (output += d));
    child.stderr.on("data", (d) => (output += d));
    child.on("error", reject);
    child.on("close", (code) =>
      code === 0 ? resolve(output) : reject(new Error(`build: ${args[0]} failed (status ${code})\n${output}`)),
    );
  });
}

const LOCK = join(root, "build/.building");
const LOCK_POLL_MS = 100;
/** A lock without a number is being written, or was when its process ended. */
const HALF_WRITTEN_MS = 10_000;

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** Whether the lock's process is no more. */
function isStale() {
  try {
    const pid = Number(readFileSync(LOCK, "utf8"));
    return pid > 0 ? !isAlive(pid) : Date.now() - statSync(LOCK).mtimeMs > HALF_WRITTEN_MS;
  } catch {
    return false;
  }
}

/** `act` while nobody else builds here. */
async function alone(act) {
  mkdirSync(dirname(LOCK), { recursive: true });
  for (;;) {
    try {
      writeFileSync(LOCK, `${process.pid}`, { flag: "wx" });
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
      if (isStale()) rmSync(LOCK, { force: true });
      else await new Promise((resolve) => setTimeout(resolve, LOCK_POLL_MS));
    }
  }
  try {
    return await act();
  } finally {
    rmSync(LOCK, { force: true });
  }
}

/** Runs `make` unless the stamp says that its output was made from the same inputs. */
async function whenChanged(name, files, words, outputs, options, make) {
  const [stamp, seen] = ["stamp", "seen"].map((kind) => join(root, "build", `.${name}.${kind}`));
  const holds = (path, text) => existsSync(path) && readFileSync(path, "utf8") === text;
  const isThere = () => !options.force && outputs.every((o) => existsSync(join(root, o)));
  const print = fingerprint(files, words);
  if (isThere() && existsSync(stamp) && holds(seen, print)) return;
  const key = digest(files, words);
  const isMade = () => isThere() && holds(stamp, key);
  if (!isMade()) {
    await alone(async () => {
      // Another process may have made it meanwhile.
      if (!isMade()) await makeNamed(name, options, make);
      writeFileSync(stamp, key);
    });
  }
  writeFileSync(seen, print);
}

async function makeNamed(name, options, make) {
  const started = Date.now();
  if (!options.quiet) process.stderr.write(`build: ${name}...`);
  try {
    await make();
  } catch (error) {
    if (!options.quiet) process.stderr.write(" failed\n");
    throw error;
  }
  if (!options.quiet) process.stderr.write(` ${((Date.now() - started) / 1000).toFixed(1)} s\n`);
}

/** A debug build has its functions as they stand, which takes a third of the time. */
const TRANSFORM = "./tests/support/plain-functions.mjs";
const outFile = (target) => (target === "release" ? "build/pintail.wasm" : `build/pintail.${target}.wasm`);

/** Compiles the module for one target of asconfig.json and returns the path of the Wasm file. */
export async function buildModule(target = "release", options = {}) {
  const files = listFiles("assembly", [".ts"]);
  const out = outFile(target);
  await whenChanged(`module-${target}`, [...files, "asconfig.json", ...(target === "debug" ? [TRANSFORM] : [])], [packageVersion("assemblyscript"), target], [out], options, async () => {
    const asc = join(root, "node_modules/assemblyscript/bin/asc.js");
    const temporary = `build/.new-${process.pid}.wasm`;
    // asc reads ./asconfig.json and its release target unless told otherwise, silently.
    await run(process.execPath, [asc, "--config", "asconfig.json", "--target", target, "--outFile", temporary, ...(target === "debug" ? ["--transform", TRANSFORM] : [])]);
    renameSync(join(root, temporary), join(root, out));
    const map = join(root, `${temporary}.map`);
    if (existsSync(map)) renameSync(map, join(root, `${out}.map`));
  });
  return join(root, out);
}

/**
 * The command as one file, which Node takes a third of its start less to find and read than two hundred; and what only prints (help, versions, completion)
 * as one of its own, which is small. As deep as host/platform/node: own-files.ts looks from there. The last line is for bin/compiled.mjs.
 */
const BUNDLES = "build/host/cli/bundle";
const HEAVY = ["run", "guest", "snapshot", "qtest", "trace", "measure", "relay"].map((name) => `./${name}.js`);

async function bundleCommand() {
  const { build: bundle } = await import("esbuild");
  mkdirSync(join(root, BUNDLES), { recursive: true });
  // By a name of its own: what this process loaded before is of the last build.
  const { recipeOf } = await import(`${pathToFileURL(join(root, "build/host/platform/node/guest/recipe.js")).href}?${Date.now()}`);
  const recipes = JSON.stringify({ amd64: recipeOf("amd64"), i386: recipeOf("i386") });
  for (const [name, external] of [["main", []], ["print", HEAVY]]) {
    const { outputFiles } = await bundle({
      absWorkingDir: root, entryPoints: ["build/host/cli/main.js"], bundle: true, write: false, external, platform: "node", format: "cjs", target: "node20",
      packages: "external", minify: true, legalComments: "none", logLevel: "warning",
      define: { "import.meta.url": "ownUrl", "globalThis.pintailRecipes": recipes }, banner: { js: 'const ownUrl = require("node:url").pathToFileURL(__filename).href;' },
    });
    const { text } = outputFiles[0];
    writeFileSync(join(root, BUNDLES, `${name}.cjs`), `${text}//# digest ${createHash("sha256").update(text).digest("hex")}\n`);
  }
}

/** Compiles the TypeScript of the host to build/host. */
export async function buildHost(options = {}) {
  const files = ["host", "guest", "assembly/surface"].flatMap((folder) => listFiles(folder, [".ts"]));
  await whenChanged("host", [...files, "tsconfig.json", "package.json"], [packageVersion("typescript")], ["build/host/index.js", "build/host/cli/main.js", "build/lib/node.js", `${BUNDLES}/main.cjs`, `${BUNDLES}/print.cjs`], options, async () => {
    const tsc = join(dirname(require.resolve("typescript/package.json")), "bin/tsc");
    // A file that was renamed or deleted must not live on in the output.
    for (const folder of ["host", "guest", "assembly"]) rmSync(join(root, "build", folder), { recursive: true, force: true });
    await run(process.execPath, [tsc, "-p", "tsconfig.json"]);
    await bundleCommand();
    await bundleLibrary(root);
  });
}

export async function build(target = "release", options = {}) {
  await buildHost(options);
  await buildModule(target, options);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const words = process.argv.slice(2);
  const targets = words.filter((w) => !w.startsWith("-"));
  try {
    await build(targets[0] ?? "release", { force: words.includes("--force"), quiet: words.includes("--quiet") });
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
