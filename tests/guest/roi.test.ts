/** The guest's own tool for regions of interest: what each of its words measures, and its statuses. */
import { beforeAll, expect, it } from 'vitest';
import { createMachine, type Region } from 'pintail';
import { prepareGuest } from '../../host/guest/index.js';

beforeAll(() => prepareGuest('amd64'), 600_000);

const SCRIPT = [
  'roi begin true -- true; echo $?', 'roi begin seven -- sh -c "exit 7"; echo $?', 'roi begin none -- /nowhere/nothing; echo $?', 'roi begin killed -- sh -c "kill -9 \\$\\$"; echo $?',
  'roi write write /proc/sys/kernel/printk 3; echo $?; cut -f1 /proc/sys/kernel/printk', 'roi write never /nowhere x; echo $?', 'roi sleep sleep 20; echo $?',
  'roi begin out; roi mark 9 hello; roi end; roi; echo $?; roi dance; echo $?',
];

it('measures a command, a write, a sleep and what lies between two calls', async () => {
  const machine = await createMachine({ guest: 'amd64', command: ['sh', '-c', SCRIPT.join('\n')] });
  await machine.run();
  const result = await machine.commandResult();
  const { finished, missed } = await machine.regions();
  await machine.close();
  expect(Buffer.from(result!.stdout).toString().trim().split('\n')).toEqual(['0', '7', '127', '137', '0', '3', '1', '0', '2', '2']);
  expect(finished.map(({ name }) => name)).toEqual(['true', 'seven', 'none', 'killed', 'write', 'sleep', 'out']);
  expect(missed).toBe(0);
  const byName = (wanted: string): Region => finished.find(({ name }) => name === wanted)!;
  // Opening the file is not in it, nor is a process.
  expect(Number(byName('write').instructions)).toBeLessThan(20_000);
  expect(Number(byName('true').instructions)).toBeGreaterThan(Number(byName('write').instructions) * 10);
  expect(Number(byName('sleep').virtualNs)).toBeGreaterThanOrEqual(20_000_000);
  expect(byName('out').marks).toMatchObject([{ tag: 9, name: 'hello' }]);
});
