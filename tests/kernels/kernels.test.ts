/**
 * The kernels of guest/kernels print what they saw of the processor's system side; tests/kernels/expected says what the manuals
 * want them to see. Each runs in Run and through the IR. `node tests/kernels/compare.mjs` runs the same images on QEMU and Bochs.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { KERNELS } from '../../guest/kernels/index.js';
import { countChecks, expectedLines, outputLines } from './lines.mjs';
import { runKernel } from './run-kernel.js';

const checked = new Map<string, number>();
afterAll(() => {
  const sum = [...checked.values()].reduce((a, b) => a + b, 0);
  console.log(`${sum} checks of ${checked.size / 2} kernels: ${[...checked].map(([name, count]) => `${name} ${count}`).join(', ')}`);
});

describe.each(Object.entries(KERNELS))('%s', (name, make) => {
  it.each([['Run', false], ['the IR', true]] as const)('in %s', (execution, throughIr) => {
    const lines = outputLines(runKernel(make(), throughIr));
    expect(lines).toEqual(expectedLines(name));
    checked.set(`${name} in ${execution}`, countChecks(lines));
  });
});
