/** Real clients in the guest over each card and over all three at once: 64 MiB each way, 1000 echoes, 200 connections, 4 MiB over half-closed ones. */
import { afterAll, beforeAll, it } from 'vitest';
import { prepareGuest } from '../../host/guest/index.js';
import { checkClients, EACH, namesOf, TOGETHER } from '../guest/clients/check.js';
import { startServers, type Servers } from '../guest/clients/servers.js';
import type { Sizes } from '../guest/clients/session.js';

const SIZES: Sizes = { file: 64 << 20, echoes: 1000, connections: 200, blocks: 64 };

let servers: Servers;
beforeAll(async () => {
  await prepareGuest('amd64');
  servers = await startServers(SIZES.connections);
}, 600_000);
afterAll(() => servers.close());

it.each([...EACH, TOGETHER].map((cards) => [namesOf(cards), cards] as const))('over %s', async (_name, cards) => {
  await checkClients(cards, servers, SIZES);
}, 1_200_000);
