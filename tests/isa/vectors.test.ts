/** The native oracle's vectors, replayed on the shipped module: in Run, through the IR interpreter, and translated. */
import { expect, test } from 'vitest';
import { chapterFiles, readChapter } from '../oracle/vectors.js';
import { describeVector } from '../oracle/compare.js';
import { createBenchMachine, type Execution } from './bench-machine.js';

/** Compiling a module for each vector takes its time: translated are every so manieth, all of them with STRIDE=1. */
const STRIDE = Number(process.env.STRIDE ?? 37);
const strideOf = (execution: Execution): number => (execution === 'translated' ? STRIDE : 1);

/** Differences printed before the rest is only counted. */
const SHOWN = Number(process.env.SHOWN ?? 20);

for (const file of chapterFiles()) {
  for (const execution of ['run', 'ir', 'translated'] as const) {
    test(`${file} in ${execution}`, { timeout: 300_000 }, () => {
      const machine = createBenchMachine(execution);
      const shown: string[] = [], failed = new Map<string, number>();
      let count = 0, number = 0;
      for (const vector of readChapter(file).vectors()) {
        if (number++ % strideOf(execution) !== 0) continue;
        count++;
        const differences = machine.check(vector);
        if (differences.length === 0) continue;
        failed.set(vector.key, (failed.get(vector.key) ?? 0) + 1);
        if (failed.get(vector.key) === 1 && shown.length < SHOWN) shown.push(`${describeVector(vector)}\n    ${differences.slice(0, 4).join('\n    ')}`);
      }
      const rows = [...failed].map(([key, n]) => `${key}: ${n}`).join(', ');
      console.log(`${file} in ${execution}: ${count} vectors, ${machine.refused} refused, ${machine.left} left, ${[...failed.values()].reduce((a, b) => a + b, 0)} differ`);
      expect(count).toBeGreaterThan(0);
      expect(`${rows}${shown.length ? `\n${shown.join('\n')}` : ''}`).toBe('');
    });
  }
}
