// A screen that changes all the time: text scrolled over all of it, and pictures of 1024x768x32 copied to the framebuffer, by one 32-bit program on one disk, in our
// machine and in v86's, both in Node. Frames that the guest makes a second, pictures drawn of them, and CPU a frame.

import { join } from "node:path";
import { root } from "../support/build.mjs";
import { median } from "./cpu/measure.mjs";
import { Console } from "./net/console.mjs";
import { fetchFirmware } from "./net/subjects.mjs";
import { BLITS, drawingDisk, mostTextRounds, TEXT_FRAMES } from "./screen/disk.mjs";

const ROWS = [
  { name: "text scrolled", letter: "t", frames: TEXT_FRAMES },
  { name: "1024x768x32 blitted", letter: "g", frames: BLITS },
];
const SUBJECTS = { Pintail: "pintail-machine.mjs", v86: "v86-machine.mjs" };
const say = (text) => process.stderr.write(`${text}\n`);

/** The next letter: when, at what CPU, and how many pictures had been drawn. */
async function next(machine, letter) {
  await machine.until(`${letter} `);
  const drawn = Number(await machine.until("\n"));
  return { at: performance.now() / 1000, cpu: machine.cpuSeconds(), drawn };
}

/** One round after the other of each row; the first, in which code is new, is not counted. */
async function measure(name, options, runs) {
  const machine = new Console(process.execPath, [join(root, "tests/bench/screen", SUBJECTS[name]), JSON.stringify(options)]), results = {};
  try {
    for (const { name: row, letter, frames } of ROWS) {
      await next(machine, letter);
      let before = await next(machine, letter);
      const rounds = [];
      for (let i = 0; i < runs; i++) {
        const after = await next(machine, letter), seconds = after.at - before.at;
        rounds.push({ rate: frames / seconds, drawn: (after.drawn - before.drawn) / seconds, cpuMs: ((after.cpu - before.cpu) / frames) * 1000 });
        before = after;
      }
      results[row] = Object.fromEntries(["rate", "drawn", "cpuMs"].map((key) => [key, median(rounds.map((round) => round[key]))]));
      say(`${name}${options.draw ? "" : ", not drawn"}: ${row}: ${results[row].rate.toFixed(0)} frames a second`);
    }
  } finally {
    await machine.kill();
  }
  return results;
}

function print(results) {
  const out = (text) => process.stdout.write(`${text}\n`);
  out(`${"".padEnd(40)}${["frames/s", "drawn/s", "CPU ms a frame"].map((head) => head.padStart(16)).join("")}`);
  for (const { name: row } of ROWS) {
    for (const { name, draw, rows } of results) {
      const { rate, drawn, cpuMs } = rows[row];
      out(`${`${row}, ${name}${draw ? "" : ", not drawn"}`.padEnd(40)}${[rate.toFixed(1), drawn.toFixed(1), cpuMs.toFixed(3)].map((cell) => cell.padStart(16)).join("")}`);
    }
  }
}

/** `only`: one of Pintail, v86. */
export async function benchScreen({ runs, json, only }) {
  const disk = await drawingDisk(mostTextRounds(runs)), results = [];
  const firmware = await fetchFirmware();
  for (const draw of [true, false]) {
    for (const name of Object.keys(SUBJECTS)) {
      if (only !== undefined && only !== name) continue;
      results.push({ name, draw, rows: await measure(name, { ...firmware, disk, draw }, runs) });
    }
  }
  if (json) process.stdout.write(`${JSON.stringify(results)}\n`);
  else print(results);
}
