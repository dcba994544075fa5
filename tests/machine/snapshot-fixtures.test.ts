/** The oldest saved machine and the newest build agree; and there is a saved machine of every version of every section. */
import { createMachine } from 'pintail';
import { expect, it } from 'vitest';
import { goOn, makeFixture, optionsOf, readFixtures, versionsIn } from './snapshot-fixtures.js';

for (const wanted of process.env['MAKE']?.split(',') ?? []) await makeFixture(wanted);
const fixtures = await readFixtures();

it.each(fixtures)('$name goes on as it did', async (fixture) => {
  expect(await goOn(fixture)).toEqual({ now: fixture.now, later: fixture.later });
});

it('has one of each version of each section that this build writes', async () => {
  const machine = await createMachine(optionsOf('network'));
  const { versions } = await versionsIn(await machine.snapshot({ disks: true }));
  await machine.close();
  for (const [section, version] of Object.entries(versions)) {
    expect(fixtures.map((fixture) => fixture.versions[section]), `${section}: MAKE=NAME-disks npx vitest run tests/machine/snapshot-fixtures.test.ts makes one`).toContain(version);
  }
});
