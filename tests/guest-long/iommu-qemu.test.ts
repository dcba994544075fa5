/** The remapping unit over qtest, ours and QEMU's: the same tables, the same answers, but for what is listed with its reason. */

import { expect, it } from 'vitest';
import { hasQemu, start } from '../machine/qtest/client.js';
import { driveIommu, IOMMU_ARGS } from '../machine/qtest/iommu.js';

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
