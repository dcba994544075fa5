/** The remapping unit's tables as people see them: devices, runs of pages, and bounds on what a guest may have written. */
import { describe, expect, it } from 'vitest';
import { findMapping, mappedDevices, mappingsOf, walkTables, type ReadWord } from '../../../../host/machine/iommu-tables.js';

/** Memory of a few words. */
const memory = (words: Readonly<Record<number, bigint>>): ReadWord => (gpa) => (gpa < 0x10_0000n ? (words[Number(gpa)] ?? 0n) : undefined);

describe('devices', () => {
  it('are those whose root and context entries are present', () => {
    const read = memory({ 0x1000: 0x2001n, 0x1010: 0x3000n, 0x1020: 0x20_0001n, 0x2180: 0x5001n, 0x2188: 0x701n, 0x2190: 0x9n, 0x2198: 0x802n, 0x21a0: 0x6000n });
    expect(mappedDevices(read, 0x1000n)).toEqual([{ requester: 0x18, domain: 7, levels: 3, table: 0x5000n }, { requester: 0x19, domain: 8, levels: 0, table: 0n }]);
  });
});

describe('mappings', () => {
  it('are runs of pages of one size and rights, with the rights of every level', () => {
    const read = memory({ 0x5000: 0x6003n, 0x5008: 0x4000_0083n, 0x6000: 0x7003n, 0x6008: 0x20_0083n, 0x6010: 0x8001n, 0x7000: 0xa003n, 0x7008: 0xb003n, 0x7010: 0xd003n, 0x7018: 0xe001n, 0x8000: 0xf003n });
    const { mappings, whole } = mappingsOf(read, 0x5000n, 3);
    expect(whole).toBe(true);
    expect(mappings.map(({ iova, gpa, bytes, rights }) => [iova, gpa, bytes, rights])).toEqual([
      [0n, 0xa000n, 0x2000n, 3], [0x2000n, 0xd000n, 0x1000n, 3], [0x3000n, 0xe000n, 0x1000n, 1], [0x20_0000n, 0x20_0000n, 0x20_0000n, 3], [0x40_0000n, 0xf000n, 0x1000n, 1], [0x4000_0000n, 0x4000_0000n, 0x4000_0000n, 3],
    ]);
    for (const { iova, gpa, rights } of mappings) expect(walkTables(read, 0x5000n, 3, iova)).toEqual({ gpa, rights });
    expect([walkTables(read, 0x5000n, 3, 0x4000n), walkTables(read, 0x5000n, 3, 0x2234n)]).toEqual([undefined, { gpa: 0xd000n, rights: 3 }]);
    expect([findMapping(mappings, 0x1010n), findMapping(mappings, 0x4000n)]).toEqual([{ gpa: 0xb010n, rights: 3 }, undefined]);
  });
  it('of tables that lead to themselves, or nowhere, come to an end', () => {
    const loop: ReadWord = () => 0x5003n;
    expect(mappingsOf(loop, 0x5000n, 5).whole).toBe(false);
    expect(mappingsOf(() => undefined, 0x5000n, 5)).toEqual({ mappings: [], whole: true });
    expect(mappingsOf(loop, 0x5000n, 9)).toEqual({ mappings: [], whole: true });
    expect([walkTables(loop, 0x5000n, 9, 0n)?.gpa, walkTables(() => undefined, 0x5000n, 5, 0n)]).toEqual([0x5000n, undefined]);
  });
});
