/** Experiments as data: those that come with the project are right, and what is wrong with a file is told with its path. */
import { describe, expect, it } from 'vitest';
import { checkComparable, differences } from '../../../host/measure/again.js';
import { experimentIds, findExperiment, readExperiment } from '../../../host/measure/experiment.js';
import type { Figures } from '../../../host/measure/figures.js';
import { citation, csv, latex, reportFiles } from '../../../host/measure/report/files.js';
import { resultText } from '../../../host/measure/report/text.js';
import { judge, type ExperimentResult } from '../../../host/measure/result.js';
import { SchemaError } from '../../../host/measure/schema.js';

const FIGURES: Figures = {
  packets: 5000, virtualNs: 5e6, instructions: 2000, ticks: 2100, accesses: 6, registers: { 'TDT w': 1, 'ICR r': 1 }, interrupts: 1, interruptsTaken: 1, controllers: 0, hosted: 0, doorbells: 1, descriptors: 1, bytes: 60, iommu: {},
  classes: { B0: 3, B1: 6, B2: 0, B3: 0, B4: 0 },
};
const ORIGIN = { guest: { name: 'amd64', version: '6.1', kernel: 'aa', initrd: 'bb' }, build: 'cc', tickNs: 1 };
const file = (changes: Record<string, unknown> = {}): string => JSON.stringify({
  schema: 1, id: 'X1', title: 'A <title> & 50 %', source: 's', phases: 2, variants: [{ name: 'a', card: 'e1000', direction: 'tx' }, { name: 'b', card: 'pcnet', direction: 'rx' }],
  figures: [{ what: 'accesses', variant: 'a', quantity: 'accesses', paper: { value: 6, tag: 'S', where: 'w' }, least: 5.9, most: 6.1, verdict: 'reproduced' }, { what: 'more', variant: 'a', over: 'b', quantity: 'register TDT w', verdict: 'no published figure' }],
  ...changes,
});

function complaints(text: string): string[] {
  try {
    readExperiment('x.json', text);
  } catch (error) {
    if (error instanceof SchemaError) return error.message.split('\n');
    throw error;
  }
  return [];
}

/** A result whose accesses are these, a phase each. */
function resultOf(...accesses: number[]): ExperimentResult {
  const experiment = readExperiment('x.json', file());
  const measured = experiment.variants.map((variant) => ({ variant, figures: accesses.map((n) => ({ ...FIGURES, accesses: n })) }));
  return judge(experiment, measured, ORIGIN, 'instant device');
}

describe('experiments', () => {
  it('that come with the project fit the schema, under their own names', () => {
    expect(experimentIds()).toContain('E11');
    for (const id of experimentIds()) expect(findExperiment(id)).toMatchObject({ id, phases: 5 });
  });

  it('have a figure of every variant and attack', () => {
    for (const { variants, attacks, figures } of experimentIds().map(findExperiment)) {
      const used = new Set(figures.flatMap(({ variant, over }) => [variant, over]));
      expect([...variants, ...attacks].filter(({ name }) => !used.has(name)).map(({ name }) => name)).toEqual([]);
    }
  });

  it('measure at least 4,000 frames after 500', () => {
    for (const variant of experimentIds().flatMap((id) => findExperiment(id).variants)) {
      expect(variant.count, variant.name).toBeGreaterThanOrEqual(4000);
      expect(variant.warmUp, variant.name).toBeGreaterThanOrEqual(500);
    }
  });

  it('say what there is where a name is none', () => expect(() => findExperiment('E111')).toThrow(/no such experiment.*There are/));
});

describe('a file', () => {
  it('may leave out what has a default', () => {
    expect(complaints(file())).toEqual([]);
    expect(readExperiment('x.json', file()).variants[0]).toMatchObject({ size: 60, count: 5000, warmUp: 500, burst: 1, driver: {}, features: {} });
  });

  it.each([
    ['{', /^x\.json: expected JSON/],
    [file({ schema: 2 }), /^x\.json: schema: expected 1$/],
    [file({ tittle: 'x' }), /^x\.json: tittle: expected no such field\..*title/],
    [file({ id: undefined }), /^x\.json: id: expected a value: it is missing$/],
    [file({ variants: [] }), /^x\.json: variants: expected a list of at least 1, or attacks$/],
    [file({ variants: [{ name: 'a', card: 'e100', direction: 'tx' }], figures: [] }), /^x\.json: variants\[0\]\.card: expected one of .*e1000/],
    [file({ variants: [{ name: 'a', card: 'e1000', direction: 'tx', speed: 'fast' }], figures: [] }), /variants\[0\]\.speed: expected bits a second/],
    [file({ variants: [{ name: 'a', card: 'e1000', direction: 'rx', speed: '1G', steady: true }], figures: [] }), /variants\[0\]\.steady: expected a variant that sends/],
    [file({ variants: [{ name: 'a', card: 'e1000', direction: 'tx', count: 10 }], figures: [] }), /variants\[0\]\.count: expected a whole number from 1000/],
    [file({ figures: [{ what: 'w', variant: 'c', quantity: 'accesses', verdict: 'order only' }] }), /^x\.json: figures\[0\]\.variant: expected the name of a variant/],
    [file({ figures: [{ what: 'w', variant: 'a', quantity: 'acceses', verdict: 'order only' }] }), /figures\[0\]\.quantity: expected a quantity: .*accesses/],
    [file({ figures: [{ what: 'w', variant: 'a', quantity: 'accesses', verdict: 'reproduced' }] }), /figures\[0\]\.paper: expected the figure/],
    [file({ figures: [{ what: 'w', variant: 'a', quantity: 'accesses', verdict: 'reproduced', paper: { value: 1, tag: 'M', where: 'w' } }] }), /figures\[0\]\.paper\.tag: expected S, S2 or D/],
  ])('that is wrong is told so: %s', (text, problem) => {
    expect(complaints(text)).toHaveLength(1);
    expect(complaints(text)[0]).toMatch(problem);
  });

  it('is told all that is wrong with it at once', () => expect(complaints(file({ schema: 2, title: '', figures: 7 }))).toHaveLength(3));
});

describe('a result', () => {
  it('is reproduced when every phase is within the bounds', () => {
    const [figure] = resultOf(5.95, 6.05).figures;
    expect(figure).toMatchObject({ minimum: 5.95, median: 6, maximum: 6.05, ratio: 1, given: 'reproduced' });
    expect(resultOf(6, 6.2).figures[0]!.given).toBe('not reproduced');
  });

  it('has the ratio of two variants, phase by phase', () => expect(resultOf(6).figures[1]).toMatchObject({ median: 1, given: 'no published figure' }));

  it('is written for authors and programs, each in its own spelling', () => {
    const files = reportFiles(resultOf(6), { version: '1.2.3', commit: 'abc' }, 'pintail measure X1 --out DIR');
    expect(Object.keys(files)).toEqual(['result.json', 'result.csv', 'table.tex', 'index.html', 'CITATION.cff', 'README.md']);
    expect(JSON.parse(files['result.json']!)).toMatchObject({ schema: 'pintail-result/1', origin: ORIGIN });
    expect(latex(resultOf(6))).toContain('A <title> \\& 50 \\%');
    expect(files['index.html']).toContain('A &lt;title&gt; &amp; 50 %');
    expect(files['index.html']).not.toMatch(/https?:|src=|<script/);
    expect(csv(resultOf(6)).split('\n')[1]).toBe('X1,accesses,a,,accesses,6,6,6,6,S,1,reproduced');
    expect(citation({ version: '1.2.3', commit: 'abc' })).toContain('cff-version: 1.2.0');
    expect(files['README.md']).toContain('    pintail measure X1 --out DIR');
  });

  it('begins by saying how devices and time are', () => expect(resultText(resultOf(6)).split('\n')[1]).toBe('instant device.'));

  it('is held against another, and not against one of another guest', () => {
    expect(differences(resultOf(6), resultOf(6))).toEqual([]);
    expect(differences({ a: { b: 1 } }, { a: { b: 2 } })).toEqual(['a.b: 1, 2']);
    const other = { ...resultOf(6), origin: { ...ORIGIN, guest: { ...ORIGIN.guest, kernel: 'zz' } } };
    expect(() => checkComparable(resultOf(6), other)).toThrow(/unlike guests:\nkernel: "aa", "zz"/);
  });
});
