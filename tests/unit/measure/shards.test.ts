/** Experiments parted among processes, gone on with, and put together. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findExperiment } from '../../../host/measure/experiment.js';
import { writeReport } from '../../../host/measure/experiments.js';
import type { Figures } from '../../../host/measure/figures.js';
import { judge, type ExperimentResult } from '../../../host/measure/result.js';
import { mergeResults, parseShard, partOf, wholeResult } from '../../../host/measure/shards.js';

let dir: string;
beforeEach(() => void (dir = mkdtempSync(join(tmpdir(), 'pintail-shards-'))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const figures: Figures = { packets: 5000, virtualNs: 1, instructions: 3000, ticks: 1, accesses: 6, registers: {}, interrupts: 1, interruptsTaken: 1, controllers: 0, hosted: 0, doorbells: 1, descriptors: 1, bytes: 60, classes: { B0: 1, B1: 1, B2: 0, B3: 0, B4: 0 }, iommu: {} };
const origin = { guest: { name: 'amd64', version: '6', kernel: 'k', initrd: 'i' }, build: 'b', tickNs: 1 };
/** A result of E8 in all but that nothing was measured. */
function resultOf(build = 'b', accesses = 6): ExperimentResult {
  const experiment = findExperiment('E8');
  return judge(experiment, experiment.variants.map((variant) => ({ variant, figures: Array.from({ length: experiment.phases }, () => ({ ...figures, accesses })) })), { ...origin, build }, 'instant device');
}

describe('shards', () => {
  it('have every experiment once between them', () => {
    const all = ['a', 'b', 'c', 'd', 'e'], parts = [1, 2, 3].map((index) => partOf(all, { index, count: 3 }));
    expect(parts).toEqual([['a', 'd'], ['b', 'e'], ['c']]);
  });

  it('are I/N, from 1', () => {
    expect(parseShard('2/4')).toEqual({ index: 2, count: 4 });
    for (const text of ['0/4', '5/4', '4', '1/', 'a/b', '1/0']) expect(parseShard(text)).toBeUndefined();
  });
});

describe('what is there', () => {
  it('is gone on with when it is whole, of the same experiment and module', () => {
    const experiment = findExperiment('E8'), at = join(dir, 'E8');
    expect(wholeResult(at, experiment, 'b')).toBeUndefined();
    writeReport(at, resultOf(), 'x');
    expect(wholeResult(at, experiment, 'b')?.experiment.id).toBe('E8');
    expect(wholeResult(at, experiment, 'other')).toBeUndefined();
    expect(wholeResult(at, { ...experiment, phases: 2 }, 'b')).toBeUndefined();
  });

  it('is merged to what one process would have written', () => {
    writeReport(join(dir, 'one/E8'), resultOf(), 'x');
    expect(JSON.stringify(mergeResults([join(dir, 'one')]))).toBe(JSON.stringify([JSON.parse(JSON.stringify(resultOf()))]));
    expect(() => mergeResults([join(dir, 'nowhere')])).toThrow('there is no such folder');
  });

  it('is not merged where it is of two modules, or two results differ', () => {
    writeReport(join(dir, 'a'), resultOf(), 'x');
    writeReport(join(dir, 'b'), resultOf('other'), 'x');
    writeReport(join(dir, 'c'), resultOf('b', 7), 'x');
    expect(() => mergeResults([join(dir, 'a'), join(dir, 'b')])).toThrow('are not of one guest and module');
    expect(() => mergeResults([join(dir, 'a'), join(dir, 'c')])).toThrow('both have E8, and differ');
  });
});
