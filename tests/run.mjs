// The tests in three sizes: check (two minutes), test (what README.md promises, fifteen), long (soaks and big fuzz runs); and, apart
// from them, guest: other people's kernels and tools that take minutes each.
//
//   node tests/run.mjs check|test|long|guest
//
// Prints what failed with the command that runs only that, and ends with "N passed, N failed".

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
const APART = { guest: ["tests/guest-long/"] };

const failures = [];
let passed = 0;

function fail(what, command, detail = "") {
  failures.push({ what, command });
  process.stdout.write(`FAILED  ${what}\n${detail}`);
}

function runNode(args, quiet) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: ["ignore", quiet ? "pipe" : "inherit", "inherit"] });
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

async function runVitest(folders) {
  const report = join(root, "build/test-results.json");
  mkdirSync(join(root, "build"), { recursive: true });
  rmSync(report, { force: true });
  const args = ["node_modules/vitest/vitest.mjs", "run", ...folders, "--passWithNoTests", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const { code } = await runNode(args, false);
  let results;
  try {
    results = JSON.parse(readFileSync(report, "utf8"));
  } catch {
    fail("vitest ended without a report", `npx vitest run ${folders.join(" ")}`);
    return;
  }
  passed += results.numPassedTests;
  for (const file of results.testResults) collectFailures(file);
  if (code !== 0 && failures.length === 0) fail(`vitest ended with status ${code}`, `npx vitest run ${folders.join(" ")}`);
}

function collectFailures(file) {
  const path = relative(root, file.name);
  const failed = file.assertionResults.filter((test) => test.status === "failed");
  for (const test of failed) {
    const name = test.fullName.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    failures.push({ what: `${path}: ${test.fullName}`, command: `npx vitest run ${path} -t '${name.replaceAll("'", "'\\''")}'` });
  }
  if (failed.length === 0 && file.status === "failed") failures.push({ what: path, command: `npx vitest run ${path}` });
}

function summarise() {
  if (failures.length > 0) process.stdout.write("\nFailed:\n");
  for (const { what, command } of failures) process.stdout.write(`  ${what}\n      ${command}\n`);
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
  await runVitest(foldersOf(size));
}
summarise();
