/** The experiment of isolation: what it looks at holds where it should, and says so where it does not. */
import { describe, expect, it } from 'vitest';
import { findExperiment, readExperiment } from '../../../host/measure/experiment.js';
import { isolationOf, runAttack } from '../../../host/measure/isolation/run.js';
import { judge } from '../../../host/measure/result.js';
import { SchemaError } from '../../../host/measure/schema.js';

const ORIGIN = { guest: { name: 'none', version: 'none', kernel: 'none', initrd: 'none' }, build: 'aa', tickNs: 1 };

describe('an attack', () => {
  it.each(['write: no page', 'read behind a root port: the page beside', 'interrupt: another\'s interrupt entry', 'write by right', 'interrupt by right, behind a root port'])('%s', async (name) => {
    const attack = findExperiment('E24').attacks.find((one) => one.name === name)!;
    expect(isolationOf(await runAttack(attack))).toBe(1);
  });
  it('that is refused for another reason than is said, or not at all, shows', async () => {
    const outcome = await runAttack({ name: 'x', way: 'read', wrong: 'no page', reason: 5 });
    expect(outcome).toMatchObject({ reason: false, source: true, address: true, direction: true, message: true, memory: true, nothingGot: true, possible: true });
    expect(isolationOf(outcome)).toBe(7 / 8);
    // Nothing is wrong, so what is written arrives, and what is read is got.
    expect(await runAttack({ name: 'x', way: 'write', wrong: 'nothing', reason: 5 })).toMatchObject({ reason: false, source: false, address: false, message: false, memory: false });
    expect(await runAttack({ name: 'x', way: 'read', wrong: 'nothing', reason: 6 })).toMatchObject({ nothingGot: false, memory: true });
    expect(await runAttack({ name: 'x', way: 'interrupt', wrong: 'nothing', reason: 0x26 })).toMatchObject({ nothingGot: false });
    // A way that is open by right and is refused.
    expect(await runAttack({ name: 'x', way: 'write', wrong: 'no page' })).toMatchObject({ reason: false, message: false, memory: false });
  });
});

it('judges by every phase', () => {
  const experiment = { ...findExperiment('E24') }, good = { reason: true, source: true, address: true, direction: true, message: true, memory: true, nothingGot: true, possible: true };
  experiment.figures = [experiment.figures[0]!];
  const judged = (outcomes: (typeof good)[]): string => judge(experiment, [], ORIGIN, '', [{ attack: experiment.attacks[0]!, outcomes }]).figures[0]!.given;
  expect([judged([good, good]), judged([good, { ...good, memory: false }])]).toEqual(['reproduced', 'not reproduced']);
});

it('is told where a file is wrong', () => {
  const complaints = (changes: Record<string, unknown>): string => {
    try {
      readExperiment('x.json', JSON.stringify({ schema: 1, id: 'X', title: 't', source: 's', attacks: [{ name: 'a', way: 'read', wrong: 'no page', reason: 6 }], figures: [], ...changes }));
    } catch (error) {
      if (error instanceof SchemaError) return error.message;
    }
    return '';
  };
  expect(complaints({})).toBe('');
  expect(complaints({ attacks: [] })).toMatch(/variants.*a list of at least 1, or attacks/);
  expect(complaints({ attacks: [{ name: 'a', way: 'read', wrong: 'no pages' }] })).toMatch(/attacks\[0\]\.wrong.*one of.*no page/);
  expect(complaints({ figures: [{ what: 'w', variant: 'a', quantity: 'ticks', verdict: 'order only' }] })).toMatch(/figures\[0\]\.quantity.*"isolation" of an attack/);
});
