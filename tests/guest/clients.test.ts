/**
 * Real clients in the guest over each card, in small: addresses, names, pings, transfers, echoes, half-closed and parallel connections, the
 * host's way in. tests/guest-long has them with 64 MiB, and on three cards at once.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { prepareGuest } from '../../host/guest/index.js';
import { checkClients, EACH, meanFrames, namesOf, NO_OFFLOADS } from './clients/check.js';
import { startServers, type Servers } from './clients/servers.js';
import type { Sizes } from './clients/session.js';

const SIZES: Sizes = { file: 1 << 20, echoes: 50, connections: 20, blocks: 4 };
const LARGEST_PLAIN = 1514;

let servers: Servers;
beforeAll(async () => {
  await prepareGuest('amd64');
  servers = await startServers(SIZES.connections);
}, 600_000);
afterAll(() => servers.close());

it.each(EACH.map((cards) => [namesOf(cards), cards] as const))('over %s', async (name, cards) => {
  const { fromGuest, toGuest } = meanFrames(await checkClients(cards, servers, SIZES));
  // Offloads are what makes a frame larger than a packet: both ways on virtio, out only on e1000, which joins nothing; none on pcnet.
  expect([fromGuest > LARGEST_PLAIN, toGuest > LARGEST_PLAIN]).toEqual({ 'virtio-net': [true, true], e1000: [true, false], pcnet: [false, false] }[name]);
});

it('the same over virtio-net without offloads', async () => {
  const { fromGuest, toGuest } = meanFrames(await checkClients([{ model: 'virtio-net', features: NO_OFFLOADS }], servers, SIZES));
  expect(Math.max(fromGuest, toGuest)).toBeLessThanOrEqual(LARGEST_PLAIN);
});

it('the same over e1000 with its offloads turned off by the driver', async () => {
  const { fromGuest, toGuest } = meanFrames(await checkClients([{ model: 'e1000' }], servers, SIZES, true));
  expect(Math.max(fromGuest, toGuest)).toBeLessThanOrEqual(LARGEST_PLAIN);
});
