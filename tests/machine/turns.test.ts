/** The module returns to the host after a bounded amount of work, whatever its guest does. */
import { expect, it } from 'vitest';
import { createMachine } from 'pintail';
import { EXPENSIVE, expensiveMachine, watchTurns } from '../support/expensive.mjs';

/** assembly/base/control.ts YIELD_UNITS: what a turn is to be. */
const TURN_UNITS = 150_000;
/** What one instruction may take beyond it: with the turn itself, ten turns' worth is the 20 ms that no guest may pass. */
const MOST_UNITS = 10 * TURN_UNITS;
const INSTRUCTIONS = 400_000;

it.each(EXPENSIVE)('%s', async (name) => {
  const machine = await createMachine({ ...expensiveMachine(name), limits: { instructions: INSTRUCTIONS, wallMs: 20_000 } });
  const seen = watchTurns(machine);
  try {
    expect((await machine.run()).reason).toBe('limit');
    expect(seen.turns).toBeGreaterThan(1);
    expect(seen.worstUnits).toBeGreaterThan(0);
    expect(seen.worstUnits).toBeLessThan(MOST_UNITS);
  } finally {
    await machine.close();
  }
});

it('a pause and a limit of wall time are heard in the midst of a doorbell loop', async () => {
  const machine = await createMachine({ ...expensiveMachine(EXPENSIVE.find((name) => name.includes('doorbell'))!), limits: { wallMs: 100 } });
  try {
    expect(await machine.run()).toMatchObject({ reason: 'limit', limit: 'wallMs' });
    const run = machine.run();
    await machine.pause();
    expect(['paused', 'limit']).toContain((await run).reason);
  } finally {
    await machine.close();
  }
});
