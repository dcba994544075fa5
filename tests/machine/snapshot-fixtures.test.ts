/** The oldest saved machine and the newest build agree; and there is a saved machine of every version of every section. */
import { createMachine, SnapshotError } from 'pintail';
import { expect, it } from 'vitest';
import { CARDS, goOn, makeFixture, readFixtures, versionsIn } from './snapshot-fixtures.js';

const wanted = process.env['MAKE'];
if (wanted !== undefined) await makeFixture(wanted);
const fixtures = await readFixtures();

/** What this build saves. */
async function own(): ReturnType<typeof versionsIn> {
  const machine = await createMachine({ memoryMiB: 4, bare: { code: Uint8Array.of(0x90) }, ...CARDS, drives: [{ id: 'd', source: new Uint8Array(1 << 16) }] });
  try {
    return await versionsIn(await machine.snapshot({ disks: true }));
  } finally {
    await machine.close();
  }
}

it.each(fixtures)('$name goes on as it did, or, where this build has moved a part in memory or has other cards, is refused by name', async (fixture) => {
  const error = await goOn(fixture).then(({ now, later }) => void expect({ now, later }).toEqual({ now: fixture.now, later: fixture.later }), (reason: unknown) => reason);
  if (error === undefined) return;
  expect(error).toBeInstanceOf(SnapshotError);
  const { section = '' } = error as SnapshotError, { about } = await own();
  if (about.cards.join() !== fixture.about.cards.join()) return void expect((error as Error).message).toMatch(/was taken with these cards/);
  expect((error as Error).message).toMatch(/lies elsewhere in this build/);
  expect(about.places[section]).not.toBe(fixture.about.places[section]);
});

it('has one of each version of each section that this build writes', async () => {
  const { versions } = await own();
  for (const [section, version] of Object.entries(versions)) expect(fixtures.map((fixture) => fixture.versions[section]), `${section}: MAKE=NAME npx vitest run tests/machine/snapshot-fixtures.test.ts makes one`).toContain(version);
});
