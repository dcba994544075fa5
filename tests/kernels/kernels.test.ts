/**
 * The kernels of guest/kernels print what they saw of the processor's system side; tests/kernels/expected says what the manuals
 * want them to see. Each runs in Run and through the IR as AMD's processor, and in Run as Intel's. `node tests/kernels/compare.mjs` runs the same images on QEMU and Bochs.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { KERNELS } from '../../guest/kernels/index.js';
import { countChecks, expectedLines, outputLines } from './lines.mjs';
import { runKernel } from './run-kernel.js';
import { Vendor } from '../../assembly/base/vendor-spec.js';

const VENDORS = { amd: Vendor.AMD, intel: Vendor.INTEL } as const;

const checked = new Map<string, number>();
afterAll(() => {
  const sum = [...checked.values()].reduce((a, b) => a + b, 0);
  console.log(`${sum} checks of ${checked.size / 3} kernels: ${[...checked].map(([name, count]) => `${name} ${count}`).join(', ')}`);
});

describe.each(Object.entries(KERNELS))('%s', (name, make) => {
  const executions = [['Run', false, 'amd'], ['the IR', true, 'amd'], ['Run as Intel\'s', false, 'intel']] as const;
  it.each(executions)('in %s', (execution, throughIr, vendor) => {
    const lines = outputLines(runKernel(make(), throughIr, VENDORS[vendor]));
    expect(lines).toEqual(expectedLines(name, vendor));
    checked.set(`${name} in ${execution}`, countChecks(lines));
  });
});
