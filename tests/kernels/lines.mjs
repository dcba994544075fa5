// Expected output of a kernel, and the comparison of two outputs line by line.

import { readFileSync } from "node:fs";

/** The lines of expected/NAME.txt; those that start with # are for readers. */
export function expectedLines(name) {
  const text = readFileSync(new URL(`expected/${name}.txt`, import.meta.url), "utf8");
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}

export const outputLines = (text) => text.split("\n").filter((line) => line !== "");

/** Lines that say what was seen: titles of groups and the last line do not count. */
export const countChecks = (lines) => lines.filter((line) => !line.startsWith("--") && line !== "end").length;
