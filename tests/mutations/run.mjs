// Breaks each rule of rows.mjs in a copy of the project and sees that the test which it names fails.
//
//   node tests/mutations/run.mjs [TEXT]      only the rows whose rule or file holds TEXT
//
// The copy is in a temporary folder, so that an interrupted run leaves the project as it is. Prints a line a row; status 1 when a mutation
// went unnoticed, or its text is not (once) in the source any more.

import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../support/build.mjs";
import { rows } from "./rows.mjs";

const FOLDERS = ["assembly", "bin", "build", "docs", "guest", "host", "tests"];
/** The built module and what says that it is up to date. */
const MODULE = ["pintail.wasm", ".module-release.stamp"];
const FILES = ["asconfig.json", "package.json", "tsconfig.json", "vite.config.ts", "CHANGELOG.md", "README.md"];

function copyProject() {
  const copy = mkdtempSync(join(tmpdir(), "pintail-mutations-"));
  for (const name of [...FOLDERS, ...FILES]) if (existsSync(join(root, name))) cpSync(join(root, name), join(copy, name), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  return copy;
}

/** Names of the tests of a file that failed, and how many there are. */
function runTests(copy, file) {
  const report = join(copy, "build", "mutation.json");
  rmSync(report, { force: true });
  spawnSync(process.execPath, ["node_modules/vitest/vitest.mjs", "run", file, "--reporter=json", `--outputFile.json=${report}`], { cwd: copy, stdio: "ignore", timeout: 600_000 });
  if (!existsSync(report)) return undefined;
  const tests = JSON.parse(readFileSync(report, "utf8")).testResults.flatMap(({ assertionResults }) => assertionResults);
  return { count: tests.length, failed: tests.filter(({ status }) => status === "failed").map(({ fullName }) => fullName) };
}

/** What is wrong with a row, or undefined. */
function tryRow(copy, { file, from, to, test, named, module }) {
  const path = join(copy, file);
  const source = readFileSync(path, "utf8");
  if (source.split(from).length !== 2) return `the text is ${source.split(from).length - 1} times in ${file}`;
  writeFileSync(path, source.replace(from, () => to));
  try {
    if (module) execFileSync(process.execPath, ["tests/support/build.mjs", "--quiet"], { cwd: copy, stdio: "ignore" });
    const result = runTests(copy, test);
    if (!result || result.count === 0) return `${test} did not run`;
    if (!result.failed.some((name) => name.startsWith(named))) return `unnoticed: ${result.failed.length} tests failed, not "${named}"`;
    return undefined;
  } finally {
    writeFileSync(path, source);
    if (module) for (const name of MODULE) copyFileSync(join(root, "build", name), join(copy, "build", name));
  }
}

const [text = ""] = process.argv.slice(2);
const chosen = rows.filter(({ rule, file }) => rule.includes(text) || file.includes(text));
const copy = copyProject();
let wrong = chosen.length === 0 ? 1 : 0;
try {
  // A test that fails anyway would notice everything.
  for (const test of new Set(chosen.map((row) => row.test))) {
    const result = runTests(copy, test);
    if (result && result.count > 0 && result.failed.length === 0) continue;
    wrong++;
    console.log(`FAILED  ${test} without a mutation: ${result?.failed.join(", ") ?? "no report"}`);
  }
  for (const row of wrong > 0 ? [] : chosen) {
    const problem = tryRow(copy, row);
    if (problem) wrong++;
    console.log(`${problem ? "FAILED " : "noticed"}  ${row.rule}${problem ? `: ${problem}` : ""}`);
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}
console.log(`${chosen.length} mutations, ${wrong} wrong`);
process.exitCode = wrong > 0 ? 1 : 0;
