/** QEMU's cards for tests, driven over qtest as QEMU's own tests drive them. */

import { expect, it } from 'vitest';
import { hasQemu, start } from './client.js';
import { driveMode, drivePciTestDev, PCI_TESTDEV_ARGS, TRANSLATION_MODES, unitArgs } from './testdevs.js';

it.skipIf(!hasQemu)('pci-testdev says and counts what QEMU\'s does', async () => {
  const [ours, theirs] = await Promise.all([drivePciTestDev(await start('pintail', { args: PCI_TESTDEV_ARGS })), drivePciTestDev(await start('qemu', { args: PCI_TESTDEV_ARGS }))]);
  expect(ours).toEqual(theirs);
});

const [DONE, MISMATCH] = ['0', 'dead0004'];
const GRANULES = ['all', 'the domain', 'the page'].flatMap((name) => [`remapped, not told: ${MISMATCH}`, `${name} invalidated: ${DONE}`]);

/** Installed versions of QEMU have no iommu-testdev yet: what is expected is its documentation's. */
it.each(TRANSLATION_MODES)('iommu-testdev behind the unit: %s', async (mode) => {
  const seen = await driveMode(await start('pintail', { args: unitArgs(mode) }), mode);
  if (mode.endsWith('passed through')) expect(seen).toEqual(['status c4000000', 'transfer 0, faults 0']);
  // A first stage's pages all go with one of their domain's (VT-d 6.5.2.3); of a second stage's that one alone.
  else expect(seen).toEqual(['status c4000000', `to A: ${DONE}`, ...GRANULES, `the page next to it: ${mode === 'first stage' || mode === 'nested' ? MISMATCH : DONE}`, 'faults 0']);
});
