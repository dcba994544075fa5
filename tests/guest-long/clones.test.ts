/** `--clones`: machines of one state on one switch, each another one, and the same again for the same seed. */
import { expect, it } from 'vitest';
import { prepareGuest } from '../../host/guest/index.js';
import { pintail } from '../guest/command.js';

const RANDOM = 'cat /proc/sys/kernel/random/uuid; od -An -N8 -tx1 /dev/urandom';

/** What each clone wrote, by its number. */
function byClone(stdout: string): string[][] {
  const out: string[][] = [];
  for (const line of stdout.trim().split('\n')) {
    const [, number, text] = /^(\d+): (.*)$/.exec(line)!;
    (out[Number(number)] ??= []).push(text!);
  }
  return out;
}

it('differ in address, UUID and random numbers, are the same for the same seed, and reach each other', async () => {
  await prepareGuest('amd64');
  const run = async (seed: string, command: string, ...words: string[]): Promise<string[][]> => {
    const { code, stdout } = await pintail(['run', '--seed', seed, ...words, '--clones', '3', '--', 'sh', '-c', command]);
    expect(code).toBe(0);
    return byClone(stdout);
  };
  // Without a network a run repeats to the instruction; what comes from one, when it comes, is never the same twice.
  const [five, again, six] = [await run('5', RANDOM, '-nic', 'none'), await run('5', RANDOM, '-nic', 'none'), await run('6', RANDOM, '-nic', 'none')];
  expect(five).toHaveLength(3);
  expect(again).toEqual(five);
  for (const line of [0, 1]) expect(new Set([...five, six[2]!].map((said) => said[line])).size).toBe(4);

  const address = 'cat /sys/class/net/eth0/address';
  const [ofFive, ofSix] = [await run('5', address), await run('6', address)];
  expect(new Set(ofFive.flat()).size).toBe(3);
  expect(ofSix.slice(0, 2)).toEqual(ofFive.slice(1)); // seeds 5, 6, 7 and 6, 7, 8

  // Each waits until it has heard of the others, and a while for those who have not.
  const meet = 'for a in 15 16 17; do until ping -c 1 -W 1 10.0.2.$a >/dev/null; do :; done; done; sleep 5; echo met; exit $PINTAIL_CLONE';
  const met = await pintail(['run', '--clones', '3', '--', 'sh', '-c', meet]);
  expect(byClone(met.stdout)).toEqual([['met'], ['met'], ['met']]);
  expect(met.code).toBe(1);
}, 300_000);
