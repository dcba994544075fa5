/** The remapping unit over qtest, ours and QEMU's: the same tables, the same answers, but for what is listed with its reason. */

import { expect, it } from 'vitest';
import { hasQemu, start } from '../machine/qtest/client.js';
import { driveIommu, driveScalable, IOMMU_ARGS, SCALABLE_ARGS } from '../machine/qtest/iommu.js';

const READ_ONLY_KEPT = 'a page that is kept with the right to read alone: QEMU refuses the write without recording a fault';
const DIFFERENCES: readonly [ours: string, theirs: string, why: string][] = [
  ['read only: none, reason 5 of 20 writing 345000, memory 55667788', 'read only: none, none, memory 55667788', READ_ONLY_KEPT],
  ['a directory that only reads: none, reason 5 of 20 writing 345000, memory 55667788', 'a directory that only reads: none, none, memory 55667788', READ_ONLY_KEPT],
  ['write only: reason 6 of 20 reading 345000, none, memory ffffffff', 'write only: reason 6 of 20 reading 345000, none, memory 0', 'what is refused reads as ones here, as from a bus that nobody answers on, and as zeros there'],
];

it.skipIf(!hasQemu)('does what QEMU\'s does', async () => {
  const [ours, theirs] = await Promise.all([driveIommu(await start('pintail', { args: IOMMU_ARGS })), driveIommu(await start('qemu', { args: IOMMU_ARGS }))]);
  expect(ours.map((line) => DIFFERENCES.find(([own]) => own === line)?.[1] ?? line)).toEqual(theirs);
});

/** Reasons that QEMU 7.2 gives in scalable mode: legacy mode's for tables and pages, one for whatever is wrong with a PASID. */
const ITS_REASONS: Readonly<Record<string, string>> = { 39: '1', 41: '2', 51: '58', 59: '58', '5b': '58', 83: '4', 85: '5', 86: '6' };
const SCALABLE_DIFFERENCES: typeof DIFFERENCES = [['read only: none, reason 5 of 20 writing 345000, memory 55667788', 'read only: none, none, memory 55667788', READ_ONLY_KEPT]];

it.skipIf(!hasQemu)('does what QEMU\'s does in scalable mode, but for the reasons', async () => {
  const [ours, theirs] = await Promise.all([driveScalable(await start('pintail', { args: SCALABLE_ARGS })), driveScalable(await start('qemu', { args: SCALABLE_ARGS }))]);
  const asTheirs = ours.map((line) => line.replaceAll(/reason (\w+)/g, (_, reason: string) => `reason ${ITS_REASONS[reason] ?? reason}`)).map((line) => SCALABLE_DIFFERENCES.find(([own]) => own === line)?.[1] ?? line);
  expect(asTheirs).toEqual(theirs);
});
