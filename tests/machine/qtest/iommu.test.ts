/** The remapping unit over qtest, by the specification; QEMU's own beside it is in tests/guest-long. */

import { expect, it } from 'vitest';
import { start } from './client.js';
import { driveIommu, driveScalable, IOMMU_ARGS, SCALABLE_ARGS } from './iommu.js';

it('leads and refuses as its tables say, and keeps what it is not told to drop', async () => {
  expect(await driveIommu(await start('pintail', { args: IOMMU_ARGS }))).toMatchInlineSnapshot(`
    [
      "status c0000000",
      "a page: none, none, memory 11223344",
      "a large page: none, none, memory 11223344",
      "a larger page: none, none, memory 11223344",
      "passed through: none, none, memory 11223344",
      "read only: none, reason 5 of 20 writing 345000, memory 55667788",
      "write only: reason 6 of 20 reading 345000, none, memory ffffffff",
      "nothing: reason 6 of 20 reading 345000, reason 5 of 20 writing 345000, memory 55667788",
      "no table: reason 6 of 20 reading 345000, reason 5 of 20 writing 345000, memory 55667788",
      "a directory that only reads: none, reason 5 of 20 writing 345000, memory 55667788",
      "no root entry: reason 1 of 20 reading 345000, reason 1 of 20 writing 345000, memory 55667788",
      "no context: reason 2 of 20 reading 345000, reason 2 of 20 writing 345000, memory 55667788",
      "a width that it has not: reason 3 of 20 reading 345000, reason 3 of 20 writing 345000, memory 55667788",
      "a type that it has not: reason 3 of 20 reading 345000, reason 3 of 20 writing 345000, memory 55667788",
      "reserved bits of a root entry: reason a of 20 reading 345000, reason a of 20 writing 345000, memory 55667788",
      "reserved bits of a context: reason b of 20 reading 345000, reason b of 20 writing 345000, memory 55667788",
      "reserved bits of a page: reason c of 20 reading 345000, reason c of 20 writing 345000, memory 55667788",
      "reserved bits of a large page: reason c of 20 reading 345000, reason c of 20 writing 345000, memory 55667788",
      "an address beyond the width: reason 4 of 20 reading 8000000000, reason 4 of 20 writing 8000000000, memory 55667788",
      "not to be recorded: none, none, memory 55667788",
      "remapped: the old page",
      "head 32, status 1, errors 0",
      "another page invalidated: the old page",
      "head 64, status 33, errors 0",
      "the page invalidated: the new page",
      "head 96, status 65, errors 0",
      "another domain invalidated: the new page",
      "head 128, status 97, errors 0",
      "the domain invalidated: the old page",
      "head 128, status 97, errors 16",
    ]
  `);
});

it('leads and refuses in scalable mode as its tables say', async () => {
  expect(await driveScalable(await start('pintail', { args: SCALABLE_ARGS }))).toMatchInlineSnapshot(`
    [
      "second stage: none, none, memory 11223344",
      "passed through: none, none, memory 11223344",
      "read only: none, reason 85 of 20 writing 345000, memory 55667788",
      "nothing: reason 86 of 20 reading 345000, reason 85 of 20 writing 345000, memory 55667788",
      "a PASID of its own: none, none, memory 11223344",
      "no root entry: reason 39 of 20 reading 345000, reason 39 of 20 writing 345000, memory 55667788",
      "no context: reason 41 of 20 reading 345000, reason 41 of 20 writing 345000, memory 55667788",
      "no directory entry: reason 51 of 20 reading 345000, reason 51 of 20 writing 345000, memory 55667788",
      "no PASID entry: reason 59 of 20 reading 345000, reason 59 of 20 writing 345000, memory 55667788",
      "a type that it has not: reason 5b of 20 reading 345000, reason 5b of 20 writing 345000, memory 55667788",
      "an address beyond the width: reason 83 of 20 reading 1000000000000, reason 83 of 20 writing 1000000000000, memory 55667788",
    ]
  `);
});
