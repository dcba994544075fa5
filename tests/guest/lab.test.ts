/** The peer inside the module: what it counts, that it repeats, that it keeps to its rate and its line's speed. tests/guest-long has the other cards. */
import { beforeAll, expect, it } from 'vitest';
import { prepareGuest } from '../../host/guest/index.js';
import { checkEcho, checkSink, checkSource, countsOf, pktgen, RECEIVED, run, UP } from './lab/cases.js';

beforeAll(() => prepareGuest('amd64'), 600_000);

it('a sink takes what pktgen sends by virtio-net, and counts the same in the same run', async () => {
  expect(countsOf(await checkSink('virtio-net'))).toEqual(countsOf(await checkSink('virtio-net')));
});

it('a sink holds frames back for as long as the line carries them', async () => {
  const frames = 1000;
  const { lines, lab } = await run('e1000', 'mode=sink,speed=100M', pktgen(frames, 1510));
  expect(lines[0]).toBe(String(frames));
  // 1510 bytes and 24 more at 100 Mbit/s are 122.72 us. The frame ring holds 171 of them, and the card's ring 256 descriptors.
  expect(Number(lines[1])).toBeGreaterThan((frames - 171 - 256) * 122);
  expect(Number(lines[1])).toBeLessThan(frames * 123);
  expect(lab('bytes taken')).toBeGreaterThanOrEqual((frames - 171 - 256) * 1510);
});

it('a source gives e1000 so many frames, each of which the driver counts', () => checkSource('e1000'));

it('a source keeps to its rate, and gives the same in the same run', async () => {
  const script = [`before=$(${RECEIVED})`, 'sleep 1', `echo $(($(${RECEIVED}) - before))`];
  const first = await run('virtio-net', 'mode=source,rate=1000,burst=4', script);
  // The sleep takes a second of the guest's and what two processes cost.
  expect(Number(first.lines[0])).toBeGreaterThanOrEqual(996);
  expect(Number(first.lines[0])).toBeLessThan(1050);
  expect(countsOf(await run('virtio-net', 'mode=source,rate=1000,burst=4', script))).toEqual(countsOf(first));
});

it('a source misses what finds no room, and counts that', async () => {
  const { lines, lab } = await run('pcnet', 'mode=source,size=1514,rate=4000000,count=4000', [UP, 'sleep 1', RECEIVED]);
  expect(lab('frames given') + lab('frames missed')).toBe(4000);
  expect(lab('frames missed')).toBeGreaterThan(0);
  expect(Number(lines[0])).toBe(lab('frames given'));
});

it('an echo gives pcnet back what it sent', () => checkEcho('pcnet'));
