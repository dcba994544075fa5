/** The pictures of a report: what is swept becomes a curve, and a browser shows the page without a complaint, light and dark. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { findExperiment } from '../../../host/measure/experiment.js';
import type { Figures } from '../../../host/measure/figures.js';
import { htmlPage } from '../../../host/measure/report/html.js';
import { sweepsOf } from '../../../host/measure/report/sweep.js';
import { judge, type ExperimentResult } from '../../../host/measure/result.js';
import { CHROMIUM, startChromium } from '../../support/chromium.js';

const folder = mkdtempSync(join(tmpdir(), 'pintail-report-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const FIGURES: Figures = {
  packets: 5000, virtualNs: 5e6, instructions: 2000, ticks: 2100, accesses: 6, registers: {}, interrupts: 0.01, interruptsTaken: 1, controllers: 0, hosted: 0, doorbells: 1, descriptors: 1, bytes: 60, iommu: {}, classes: { B0: 3, B1: 6, B2: 0, B3: 0, B4: 0 },
};
/** As if each phase of the nth variant had so many interrupts a packet. */
function resultOf(id: string): ExperimentResult {
  const experiment = findExperiment(id);
  const measured = experiment.variants.map((variant, n) => ({ variant, figures: [0.9, 1, 1.1].map((phase) => ({ ...FIGURES, interrupts: (0.01 * phase) / (n + 1) })) }));
  return judge(experiment, measured, { guest: { name: 'amd64', version: '6.1', kernel: 'a', initrd: 'b' }, build: 'c', tickNs: 1 }, 'conditions');
}

describe('a sweep', () => {
  it('is three variants or more that differ in one number alone, in its order', () => {
    expect(sweepsOf(findExperiment('E9').variants)).toEqual([{
      axis: 'bits a second of the line',
      points: [['20 Mbit/s', 20e6], ['50 Mbit/s', 50e6], ['100 Mbit/s', 100e6], ['200 Mbit/s', 200e6], ['1 Gbit/s', 1e9]].map(([variant, at]) => ({ variant, at })),
    }]);
    expect(sweepsOf(findExperiment('E14').variants).map(({ points }) => points.map(({ at }) => at))).toEqual([[500, 1000, 2000, 4000, 8000, 20_000]]);
    expect(sweepsOf(findExperiment('E11').variants)).toEqual([]);
  });
});

describe('a page', () => {
  it('has a curve with a dot a point, the range of its phases, and a row in the picture of ratios for each published figure', () => {
    const page = htmlPage(resultOf('E9')), [, curve] = page.split('interrupts of the card over bits a second of the line</figcaption>');
    expect(curve!.split('</figure>')[0]!.match(/<circle/g)).toHaveLength(5);
    expect(/<polyline points="([^"]*)"/.exec(curve!)![1]!.split(' ')).toHaveLength(5);
    expect(page.split('<figcaption>Ours over the paper')[1]!.split('</figure>')[0]!.match(/<circle/g)).toHaveLength(resultOf('E9').figures.filter(({ paper }) => paper !== undefined).length);
    expect(page).not.toMatch(/NaN|Infinity|undefined/);
  });

  it.runIf(CHROMIUM !== undefined)('is shown by a browser without a complaint, fits a narrow window, and is dark where that is wanted', async () => {
    const path = join(folder, 'index.html');
    writeFileSync(path, htmlPage(resultOf('E9')));
    const browser = await startChromium();
    try {
      const page = await browser.open(), background = 'getComputedStyle(document.body).backgroundColor';
      await page.view(400, 800, 'light');
      await page.goto(pathToFileURL(path).href);
      expect(await page.evaluate(background)).toBe('rgb(255, 255, 255)');
      expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
      expect(await page.evaluate("document.querySelectorAll('svg').length")).toBeGreaterThanOrEqual(5);
      await page.view(1100, 800, 'dark');
      expect(await page.evaluate(background)).toBe('rgb(22, 24, 28)');
      expect(page.problems).toEqual([]);
    } finally {
      await browser.close();
    }
  }, 120_000);
});
