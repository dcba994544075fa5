/** The native oracle's vectors, replayed on the shipped module in Run and through the IR interpreter. */
import { expect, test } from 'vitest';
import { chapterFiles, readChapter } from '../oracle/vectors.js';
import { describeVector } from '../oracle/compare.js';
import { createBenchMachine } from './bench-machine.js';

/** Differences printed before the rest is only counted. */
const SHOWN = Number(process.env.SHOWN ?? 20);

for (const file of chapterFiles()) {
  for (const execution of ['run', 'ir'] as const) {
    test(`${file} in ${execution}`, { timeout: 300_000 }, () => {
      const machine = createBenchMachine(execution === 'ir');
      const shown: string[] = [], failed = new Map<string, number>();
      let count = 0;
      for (const vector of readChapter(file).vectors()) {
        count++;
        const differences = machine.check(vector);
        if (differences.length === 0) continue;
        failed.set(vector.key, (failed.get(vector.key) ?? 0) + 1);
        if (failed.get(vector.key) === 1 && shown.length < SHOWN) shown.push(`${describeVector(vector)}\n    ${differences.slice(0, 4).join('\n    ')}`);
      }
      const rows = [...failed].map(([key, n]) => `${key}: ${n}`).join(', ');
      console.log(`${file} in ${execution}: ${count} vectors, ${[...failed.values()].reduce((a, b) => a + b, 0)} differ`);
      expect(count).toBeGreaterThan(0);
      expect(`${rows}${shown.length ? `\n${shown.join('\n')}` : ''}`).toBe('');
    });
  }
}
