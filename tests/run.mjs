// The tests in three sizes: check (two minutes), test (what README.md promises, fifteen), long (soaks and big fuzz runs); and, apart
// from them, guest: other people's kernels and tools that take minutes each.
//
//   node tests/run.mjs check|test|long|guest|iommu
//
// Prints what failed with the command that runs only that, and ends with "N passed, N failed". Where a few files of a long run failed,
// they run once more by themselves: a test that then passes is unsteady, is named as that, and wants mending like any other.

import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { build, root } from "./support/build.mjs";

const TSC = ["node_modules/typescript/bin/tsc"];

/** Folders of tests by size; a larger size runs the smaller ones too. vitest takes them as parts of paths: hence the slash. */
const FOLDERS = {
  check: ["tests/unit/", "tests/house/"],
  test: ["tests/oracle/", "tests/isa/", "tests/kernels/", "tests/machine/", "tests/guest/"],
  long: ["tests/long/"],
};
const SIZES = ["check", "test", "long"];
/** Sizes that stand alone. */
const APART = { guest: ["tests/guest-long/"], iommu: ["tests/guest/"] };
/** Sizes whose folders run behind a remapping unit (docs/testing.md); the long size runs them too. */
const BEHIND = "iommu";

/** Failing files that run again; more is not chance. */
const MOST_AGAIN = 3;

const failures = [];
/** Tests that failed beside all the others and passed alone. */
const unsteady = [];
let passed = 0;

function fail(what, command, detail = "") {
  failures.push({ what, command });
  process.stdout.write(`FAILED  ${what}\n${detail}`);
}

function runNode(args, quiet, env = {}) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: root, env: { ...process.env, ...env }, stdio: ["ignore", quiet ? "pipe" : "inherit", "inherit"] });
    let output = "";
    child.stdout?.on("data", (d) => (output += d));
    child.on("close", (code) => resolve({ code, output }));
  });
}

async function buildAll() {
  try {
    await build("release");
    passed++;
  } catch (error) {
    fail("build", "npm run build", `${error.message}\n`);
    return false;
  }
  return true;
}

async function checkTypes() {
  const { code, output } = await runNode([...TSC, "-p", "tests/tsconfig.json"], true);
  if (code === 0) passed++;
  else fail("types of the tests", "npx tsc -p tests/tsconfig.json", output);
}

/** The module's unit tests in AssemblyScript: tests/aspect. */
async function runAspect() {
  const { code, output } = await runNode(["node_modules/@as-pect/cli/bin/asp.js", "--no-logo"], true);
  const plain = output.replace(/\x1b\[[0-9;]*m/g, "");
  const ran = /\[Tests\]: (\d+) \/ (\d+)/.exec(plain);
  if (code === 0 && ran && ran[1] === ran[2] && Number(ran[2]) > 0) passed += Number(ran[1]);
  else fail("unit tests in AssemblyScript", "npx asp", plain);
}

/** One run of vitest: what passed, and what failed; undefined where it left no report. */
async function vitest(paths, env) {
  const report = join(root, "build/test-results.json");
  mkdirSync(join(root, "build"), { recursive: true });
  rmSync(report, { force: true });
  const args = ["node_modules/vitest/vitest.mjs", "run", ...paths, "--passWithNoTests", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const { code } = await runNode(args, false, env);
  try {
    const results = JSON.parse(readFileSync(report, "utf8"));
    return { code, passed: results.numPassedTests, failed: results.testResults.flatMap(failuresOf).map((one) => ({ ...one, command: prefixOf(env) + one.command })) };
  } catch {
    return undefined;
  }
}

async function runVitest(folders, env = {}) {
  const command = `${prefixOf(env)}npx vitest run ${folders.join(" ")}`;
  const first = await vitest(folders, env);
  if (first === undefined) return fail("vitest ended without a report", command);
  passed += first.passed;
  if (first.code !== 0 && first.failed.length === 0) return fail(`vitest ended with status ${first.code}`, command);
  const files = [...new Set(first.failed.map(({ file }) => file))];
  if (files.length === 0 || files.length > MOST_AGAIN) return void failures.push(...first.failed);
  process.stdout.write(`\nAgain, alone: ${files.join(" ")}\n`);
  const second = await vitest(files, env);
  if (second?.code === 0) {
    unsteady.push(...first.failed);
    passed += first.failed.length;
  } else {
    failures.push(...(second?.failed.length ? second.failed : first.failed));
  }
}

/** An environment in front of a command. */
function prefixOf(env) { return Object.entries(env).map(([name, value]) => `${name}=${value} `).join(""); }

/** What failed in a file of the report: `{ file, what, command }` each. */
function failuresOf(file) {
  const path = relative(root, file.name);
  const failed = file.assertionResults.filter((test) => test.status === "failed").map((test) => {
    const name = test.fullName.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    return { file: path, what: `${path}: ${test.fullName}`, command: `npx vitest run ${path} -t '${name.replaceAll("'", "'\\''")}'` };
  });
  return failed.length === 0 && file.status === "failed" ? [{ file: path, what: path, command: `npx vitest run ${path}` }] : failed;
}

function list(title, items) {
  if (items.length > 0) process.stdout.write(`\n${title}:\n`);
  for (const { what, command } of items) process.stdout.write(`  ${what}\n      ${command}\n`);
}

function summarise() {
  list("Failed beside the others, passed alone (unsteady)", unsteady);
  list("Failed", failures);
  process.stdout.write(`${passed} passed, ${failures.length} failed\n`);
  process.exitCode = failures.length > 0 ? 1 : 0;
}

/** The folders of a size. */
function foldersOf(size) {
  return APART[size] ?? SIZES.slice(0, SIZES.indexOf(size) + 1).flatMap((s) => FOLDERS[s]);
}

const size = process.argv[2] ?? "check";
if (!SIZES.includes(size) && !Object.hasOwn(APART, size)) {
  process.stderr.write(`tests/run.mjs: "${size}" is not one of ${[...SIZES, ...Object.keys(APART)].join(", ")}.\n`);
  process.exit(2);
}
if (await buildAll()) {
  await checkTypes();
  if (SIZES.includes(size)) await runAspect();
  const behind = { PINTAIL_IOMMU: "1" };
  await runVitest(foldersOf(size), size === BEHIND ? behind : {});
  if (size === "long") await runVitest(APART[BEHIND], behind);
}
summarise();
