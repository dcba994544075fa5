// The program of the bench, compiled by this machine's gcc: static, for 64 bits, and for 32 with SSE2; its x87 rows with -mfpmath=387.

import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../support/build.mjs";

const SOURCES = join(root, "tests/bench/cpu/programs");
export const FOLDER = join(root, "build/bench");
const FLAGS = { 64: ["-m64"], 32: ["-m32", "-march=pentium4", "-mfpmath=sse"] };

function gcc(args) {
  try {
    execFileSync("gcc", args, { stdio: ["ignore", "inherit", "pipe"], encoding: "utf8" });
  } catch (error) {
    if (error.code === "ENOENT") throw new Error("the bench's program needs gcc; install it (on Debian: apt-get install gcc libc6-dev gcc-multilib).");
    const hint = args.includes("-m32") ? "\n32-bit programs need gcc-multilib; --width 64 leaves them out." : "";
    throw new Error(`gcc failed:\n${error.stderr}${hint}`);
  }
}

/** Path of the program for `width` bits. */
export function buildProgram(width) {
  mkdirSync(FOLDER, { recursive: true });
  const objects = readdirSync(SOURCES).filter((name) => name.endsWith(".c")).map((name) => {
    const object = join(FOLDER, `${name.slice(0, -2)}-${width}.o`);
    gcc(["-O2", "-Wall", ...FLAGS[width], ...(name === "x87.c" ? ["-mfpmath=387"] : []), "-c", join(SOURCES, name), "-o", object]);
    return object;
  });
  const program = join(FOLDER, `cpu-${width}`);
  gcc([...FLAGS[width].slice(0, 1), "-static", ...objects, "-o", program, "-lm"]);
  return program;
}
