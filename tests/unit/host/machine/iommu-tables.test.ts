/** The remapping unit's tables as people see them: devices, runs of pages, and bounds on what a guest may have written. */
import { describe, expect, it } from 'vitest';
import { leadsTo, mappedDevices, mappingsOf, walkTables, type ReadWord, type Stage } from '../../../../host/machine/iommu-tables.js';

/** Memory of a few words. */
const memory = (words: Readonly<Record<number, bigint>>): ReadWord => (gpa) => (gpa < 0x10_0000n ? (words[Number(gpa)] ?? 0n) : undefined);

const second = (levels: number, table = 0x5000n): Stage => ({ kind: 'second', table, levels });

describe('devices', () => {
  it('are those whose root and context entries are present', () => {
    const read = memory({ 0x1000: 0x2001n, 0x1010: 0x3000n, 0x1020: 0x20_0001n, 0x2180: 0x5001n, 0x2188: 0x701n, 0x2190: 0x9n, 0x2198: 0x802n, 0x21a0: 0x6000n });
    expect(mappedDevices(read, 0x1000n)).toEqual([{ requester: 0x18, domain: 7, stages: [{ kind: 'second', table: 0x5000n, levels: 3 }] }, { requester: 0x19, domain: 8, stages: [] }]);
  });
});

describe('scalable mode', () => {
  it('has devices in both halves of a bus, with the stages of the PASID that their requests stand for', () => {
    const read = memory({
      0x1000: 0x2001n, 0x1008: 0x3001n, 0x2300: 0x4001n, 0x3000: 0x4001n, 0x3008: 65n, 0x4000: 0x5001n, 0x4008: 0x6001n,
      0x5000: 0x7000n | 3n << 6n | 2n << 2n | 1n, 0x5008: 9n, 0x5010: 0x8000n, 0x6040: 0x101n, 0x6048: 8n,
    });
    expect(mappedDevices(read, 0x1400n)).toEqual([
      { requester: 0x18, domain: 9, pasid: 0, stages: [{ kind: 'first', table: 0x8000n, levels: 4 }, { kind: 'second', table: 0x7000n, levels: 4 }] },
      { requester: 0x80, domain: 8, pasid: 65, stages: [] },
    ]);
  });
  it('a first stage lets what its entries do; nested, its tables and pages lie where the second stage says', () => {
    const first: Stage = { kind: 'first', table: 0x1000n, levels: 4 };
    const read = memory({ 0x11000: 0x2007n, 0x12000: 0x3007n, 0x13000: 0x4005n, 0x14008: 0x9007n, 0x5000: 0x6003n, 0x6000: 0x7003n, 0x7000: 0x8003n, 0x8008: 0x11003n, 0x8010: 0x12003n, 0x8018: 0x13003n, 0x8020: 0x14003n, 0x8048: 0x1f003n });
    expect(leadsTo(read, [first, second(4)], 0x1234n)).toEqual({ gpa: 0x1f234n, rights: 1 });
    expect([leadsTo(read, [first, second(4)], 0x2000n), leadsTo(read, [], 5n), leadsTo(read, [second(4)], 0x9010n)]).toEqual([undefined, { gpa: 5n, rights: 3 }, { gpa: 0x1f010n, rights: 3 }]);
  });
});

describe('mappings', () => {
  it('are runs of pages of one size and rights, with the rights of every level', () => {
    const read = memory({ 0x5000: 0x6003n, 0x5008: 0x4000_0083n, 0x6000: 0x7003n, 0x6008: 0x20_0083n, 0x6010: 0x8001n, 0x7000: 0xa003n, 0x7008: 0xb003n, 0x7010: 0xd003n, 0x7018: 0xe001n, 0x8000: 0xf003n });
    const { mappings, whole } = mappingsOf(read, second(3));
    expect(whole).toBe(true);
    expect(mappings.map(({ iova, gpa, bytes, rights }) => [iova, gpa, bytes, rights])).toEqual([
      [0n, 0xa000n, 0x2000n, 3], [0x2000n, 0xd000n, 0x1000n, 3], [0x3000n, 0xe000n, 0x1000n, 1], [0x20_0000n, 0x20_0000n, 0x20_0000n, 3], [0x40_0000n, 0xf000n, 0x1000n, 1], [0x4000_0000n, 0x4000_0000n, 0x4000_0000n, 3],
    ]);
    for (const { iova, gpa, rights } of mappings) expect(walkTables(read, second(3), iova)).toEqual({ gpa, rights });
    expect([walkTables(read, second(3), 0x4000n), walkTables(read, second(3), 0x2234n)]).toEqual([undefined, { gpa: 0xd234n, rights: 3 }]);
  });
  it('of tables that lead to themselves, or nowhere, come to an end', () => {
    const loop: ReadWord = () => 0x5003n;
    expect(mappingsOf(loop, second(5)).whole).toBe(false);
    expect(mappingsOf(() => undefined, second(5))).toEqual({ mappings: [], whole: true });
    expect(mappingsOf(loop, second(9))).toEqual({ mappings: [], whole: true });
    expect([walkTables(loop, second(9), 0n)?.gpa, walkTables(() => undefined, second(5), 0n)]).toEqual([0x5000n, undefined]);
  });
});
