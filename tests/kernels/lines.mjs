// Expected output of a kernel, and the comparison of two outputs line by line.

import { readFileSync } from "node:fs";

/**
 * The lines of expected/NAME.txt; those that start with # are for readers, and those that start with "amd| " or "intel| " are of that vendor's
 * processors alone (assembly/base/vendor-spec.ts).
 */
export function expectedLines(name, vendor) {
  const text = readFileSync(new URL(`expected/${name}.txt`, import.meta.url), "utf8");
  const own = `${vendor}| `, lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return lines.filter((line) => line.startsWith(own) || !/^(amd|intel)\| /.test(line)).map((line) => (line.startsWith(own) ? line.slice(own.length) : line));
}

export const outputLines = (text) => text.split("\n").filter((line) => line !== "");

/** Lines that say what was seen: titles of groups and the last line do not count. */
export const countChecks = (lines) => lines.filter((line) => !line.startsWith("--") && line !== "end").length;
