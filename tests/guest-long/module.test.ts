/** A kernel module of the reader's own: compiled against what `guest headers` unpacks, loaded by the guest, and measured by function. It needs gcc-12 and make. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildHeaders, prepareGuest } from '../../host/guest/index.js';
import { functionCosts } from '../../host/measure/attribution/functions.js';
import { measureVariants } from '../../host/measure/run.js';
import { DEFAULTS } from '../../host/measure/variant.js';

const folder = mkdtempSync(join(tmpdir(), 'pintail-module-'));
beforeAll(() => prepareGuest('amd64'), 600_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SOURCE = `#include <linux/module.h>
#include <linux/netdevice.h>
static u64 seen;
static noinline void note(void) { seen++; }
static int tally(struct sk_buff *skb, struct net_device *dev, struct packet_type *type, struct net_device *from)
{
	note();
	consume_skb(skb);
	return NET_RX_SUCCESS;
}
static struct packet_type all = { .type = htons(ETH_P_ALL), .func = tally };
static int __init start(void) { dev_add_pack(&all); return 0; }
static void __exit stop(void) { dev_remove_pack(&all); }
module_init(start);
module_exit(stop);
MODULE_LICENSE("GPL");
`;

function hasCompiler(): boolean {
  try {
    for (const tool of ['gcc-12', 'make']) execFileSync(tool, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

it.runIf(hasCompiler())('is called once a packet, and its functions and the digest of its file are in what comes out', async () => {
  writeFileSync(join(folder, 'tally.c'), SOURCE);
  writeFileSync(join(folder, 'Makefile'), 'obj-m := tally.o\n');
  const build = await buildHeaders(join(folder, 'headers'));
  execFileSync('make', ['-C', build, `M=${folder}`], { stdio: 'ignore' });
  const variant = { ...DEFAULTS, name: 'rx', card: 'e1000', direction: 'rx', count: 1000, warmUp: 100 } as const;
  const { measured: [row], origin } = await measureVariants([variant], { phases: 1, attribute: true, add: [join(folder, 'tally.ko')] });
  const [figures] = row!.figures, functions = functionCosts(row!.attributions![0]!);
  expect(row!.ownFunctions).toEqual(expect.arrayContaining(['tally', 'note']));
  const [tallied, noted] = ['tally', 'note'].map((name) => Number(functions.find((one) => one.name === name)!.calls));
  expect(noted).toBe(tallied);
  // A packet may be on its way at either end of the region, and the guest sends one now and then, which the module sees, too.
  expect(Math.abs(tallied! - figures!.packets)).toBeLessThanOrEqual(2);
  expect(functions.find(({ name }) => name === 'note')!.instructions).toBeLessThan(functions.find(({ name }) => name === 'tally')!.inclusive);
  expect(origin.guest.modules).toEqual({ tally: expect.stringMatching(/^[0-9a-f]{64}$/) as string });
}, 1_200_000);
