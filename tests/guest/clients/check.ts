/** What the clients of session.ts must have seen. */

import { expect } from 'vitest';
import { content, digest, GREETING, patternDigest, SERVED_ADDRESS, type Servers } from './servers.js';
import { runClients, TRANSFERS, type Card, type Run, type Sizes } from './session.js';

/** Each card by itself, and all three at once on three networks. */
export const EACH: readonly Card[][] = [[{ model: 'virtio-net' }], [{ model: 'e1000' }], [{ model: 'pcnet' }]];
export const TOGETHER: Card[] = EACH.flat();

/** Without any offload: a virtio card that offers none; for the others, see `plain` of runClients. */
export const NO_OFFLOADS = {
  csum: false, guest_csum: false, host_tso4: false, host_tso6: false, host_ecn: false, guest_tso4: false, guest_tso6: false, guest_ecn: false, mrg_rxbuf: false,
};

export const namesOf = (cards: readonly Card[]): string => cards.map(({ model }) => model).join(', ');

/** Runs all clients and compares what both sides saw. */
export async function checkClients(cards: readonly Card[], servers: Servers, sizes: Sizes, plain = false): Promise<Run> {
  const run = await runClients(cards, servers, sizes, plain);
  expect(run.code).toBe(0);
  const file = digest(content(sizes.file));
  const seen = run.seen.map((one) => ({ ...one, served: digest(one.served) }));
  expect(seen).toEqual(cards.map((_card, i) => ({
    address: `10.0.${2 + i}.15`, pings: '3 packets received', name: SERVED_ADDRESS, down: file, up: file,
    transfers: TRANSFERS.map((bytes) => digest(content(bytes))).flatMap((hex) => [hex, hex]).join(' '),
    echoes: String(sizes.echoes), connections: String(sizes.connections),
    serverEnded: String(GREETING.length), clientEnded: String(GREETING.length), served: file,
  })));
  const halves = [...servers.seen.endsFirst, ...servers.seen.endsLast];
  expect(halves.length).toBeGreaterThanOrEqual(2 * cards.length);
  expect(new Set(halves)).toEqual(new Set([patternDigest(sizes.blocks)]));
  expect(servers.seen.atOnce).toBe(sizes.connections);
  return run;
}

/** Mean bytes of the frames from the guest and to it. */
export function meanFrames({ stats }: Run): { fromGuest: number; toGuest: number } {
  const value = (name: string): number => Number(stats.counters.find((counter) => counter.name === `n0.${name}`)!.value);
  return { fromGuest: value('bytesIn') / value('framesIn'), toGuest: value('bytesOut') / value('framesOut') };
}
