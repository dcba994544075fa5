/**
 * Process-context identifiers: which translations a change of CR3, INVLPG and INVPCID keep and drop, and what they refuse.
 * Intel SDM vol. 3, 4.10; vol. 2, INVPCID and MOV CRn. Stale entries are made by changing a table behind the processor's back.
 */
import { describe, expect, it } from 'vitest';
import { CpuField } from '../../assembly/surface/fields.js';
import { makeSystem, PROGRAM, type SmallSystem } from './small-system.js';

const [RAX, RBX, RDX] = [0, 3, 2];
const [NOTHING, UD, GP, PF] = [0xffff_ffff, 6, 13, 14];
const KEEP = 1n << 63n, G = 0x100n, [PGE, PCIDE] = [1n << 7n, 1n << 17n];
/** The page that both address spaces map in their own way: the second slot of the PML4. */
const PAGE = 0x80_0000_0000n;
/** An address space: its PML4 and, after it, the tables down to PAGE. */
const [A, B] = [0x3_0000, 0x4_0000];
const FRAMES = 0x20_0000, DESCRIPTOR = 0x21_0000;

describe.each([['Run', false], ['the IR', true]])('in %s', (_, ir) => {
  function step(m: SmallSystem, hex: string): number {
    m.writeHex(PROGRAM, hex);
    m.call('dropCode', PROGRAM, 0, 16);
    m.setField(CpuField.Rip, BigInt(PROGRAM));
    m.call('stepUndelivered');
    return m.call('raisedVector');
  }
  function moveTo(m: SmallSystem, cr: 0 | 3 | 4, value: bigint): number {
    m.setRegister(RAX, value);
    return step(m, `0f22${(0xc0 | cr << 3).toString(16)}`);
  }
  /** What a load from PAGE (and `offset`) gives: the number of a frame; undefined for #PF. */
  function load(m: SmallSystem, offset = 0n): number | undefined {
    m.setRegister(RBX, PAGE + offset);
    return step(m, '8b03') === PF ? undefined : Number(m.register(RAX));
  }
  /** Maps PAGE to frame `n` in an address space, without a word to the processor. */
  function map(m: SmallSystem, space: number, n: number, flags = 0n): void {
    const pointers = space + 0x1000, directory = space + 0x2000, table = space + 0x3000;
    m.write(space, 8, 0x2007n);
    m.write(space + 8, 8, BigInt(pointers) | 7n);
    m.write(pointers, 8, BigInt(directory) | 7n);
    m.write(directory, 8, BigInt(table) | 7n);
    m.write(table, 8, BigInt(FRAMES + 0x1000 * n) | 7n | flags);
  }
  function invpcid(m: SmallSystem, type: bigint, pcid: bigint, linear = 0n): number {
    m.write(DESCRIPTOR, 8, pcid);
    m.write(DESCRIPTOR + 8, 8, linear);
    m.setRegister(RBX, BigInt(DESCRIPTOR));
    m.setRegister(RDX, type);
    return step(m, '660f388213');
  }
  /** PCIDs on, in A as PCID 1; frame n holds n. */
  function make(flags = 0n): SmallSystem {
    const m = makeSystem({ program: 'f4', ir });
    for (let n = 0; n < 8; n++) m.write(FRAMES + 0x1000 * n, 4, BigInt(n));
    map(m, A, 1, flags); map(m, B, 2);
    expect(moveTo(m, 4, m.field(CpuField.Cr4) | PGE | PCIDE)).toBe(NOTHING);
    expect(moveTo(m, 3, BigInt(A) | 1n)).toBe(NOTHING);
    return m;
  }

  it('a write of CR3 keeps the PCID\'s translations with bit 63, drops them without, and reads back without the bit', () => {
    const m = make();
    expect(load(m)).toBe(1);
    expect(moveTo(m, 3, BigInt(B) | 2n)).toBe(NOTHING);
    expect(load(m)).toBe(2);
    map(m, A, 3); map(m, B, 4);
    moveTo(m, 3, BigInt(A) | 1n | KEEP);
    expect([load(m), m.field(CpuField.Cr3)]).toEqual([1, BigInt(A) | 1n]);
    moveTo(m, 3, BigInt(B) | 2n);
    expect(load(m)).toBe(4);
    moveTo(m, 3, BigInt(A) | 1n);
    expect(load(m)).toBe(3);
  });

  it('a PCID sees no other\'s translations, and of many only the last ones are kept', () => {
    const m = make();
    expect(load(m)).toBe(1);
    map(m, A, 5);
    for (let pcid = 2n; pcid < 12n; pcid++) {
      moveTo(m, 3, BigInt(A) | pcid | KEEP);
      expect(load(m)).toBe(5);
    }
    moveTo(m, 3, BigInt(A) | 1n | KEEP);
    expect(load(m)).toBe(5);
  });

  it('INVLPG drops the page of the current PCID and global ones, not another PCID\'s', () => {
    const m = make();
    load(m);
    moveTo(m, 3, BigInt(B) | 2n);
    load(m);
    map(m, A, 3); map(m, B, 4);
    m.setRegister(RBX, PAGE + 0x123n);
    expect(step(m, '0f013b')).toBe(NOTHING);
    expect(load(m)).toBe(4);
    moveTo(m, 3, BigInt(A) | 1n | KEEP);
    expect(load(m)).toBe(1);
    m.setRegister(RBX, PAGE);
    step(m, '0f013b');
    expect(load(m)).toBe(3);
  });

  it('global translations outlive a write of CR3, and go with INVLPG from another PCID, CR4.PGE and INVPCID type 2', () => {
    const drops: ((m: SmallSystem) => void)[] = [
      (m) => { moveTo(m, 3, BigInt(B) | 2n); m.setRegister(RBX, PAGE); step(m, '0f013b'); moveTo(m, 3, BigInt(A) | 1n | KEEP); },
      (m) => { moveTo(m, 4, m.field(CpuField.Cr4) & ~PGE); },
      (m) => { invpcid(m, 2n, 0n); },
    ];
    for (const drop of drops) {
      const m = make(G);
      expect(load(m)).toBe(1);
      map(m, A, 3, G);
      moveTo(m, 3, BigInt(A) | 1n);
      expect(load(m)).toBe(1);
      drop(m);
      expect(load(m)).toBe(3);
    }
  });

  it('INVPCID drops a page of a PCID, a PCID, or all, and spares global pages but in type 2', () => {
    for (const [type, pcid, linear, kept] of [[0n, 1n, PAGE, false], [0n, 1n, PAGE + 0x1000n, true], [0n, 2n, PAGE, true], [1n, 1n, 0n, false], [1n, 2n, 0n, true], [3n, 0n, 0n, false], [2n, 0n, 0n, false]] as const) {
      for (const flags of [0n, G]) {
        for (const from of [1n, 2n]) {
          const m = make(flags);
          expect(load(m)).toBe(1);
          map(m, A, 3, flags);
          if (from === 2n) moveTo(m, 3, BigInt(B) | 2n);
          expect(invpcid(m, type, pcid, linear)).toBe(NOTHING);
          moveTo(m, 3, BigInt(A) | 1n | KEEP);
          // Type 3 from another PCID may drop global entries as well; ours does.
          const stale = kept || flags === G && type !== 2n && !(type === 3n && from === 2n);
          expect([type, pcid, flags, from, load(m)]).toEqual([type, pcid, flags, from, stale ? 1 : 3]);
        }
      }
    }
  });

  it('pieces of a large page go together', () => {
    const m = make();
    // A 2 MiB page in A's directory, at PAGE + 2 MiB.
    m.write(A + 0x2000 + 8, 8, 0x87n | 0x40_0000n);
    m.write(0x40_0000, 4, 10n); m.write(0x40_5000, 4, 11n); m.write(0x60_0000, 4, 20n); m.write(0x60_5000, 4, 21n);
    expect([load(m, 0x20_0000n), load(m, 0x20_5000n)]).toEqual([10, 11]);
    m.write(A + 0x2000 + 8, 8, 0x87n | 0x60_0000n);
    expect(invpcid(m, 0n, 1n, PAGE + 0x20_5000n)).toBe(NOTHING);
    expect([load(m, 0x20_0000n), load(m, 0x20_5000n)]).toEqual([20, 21]);
  });

  it('INVPCID refuses what it must', () => {
    const m = make();
    for (const [type, pcid, linear] of [[4n, 0n, 0n], [0n, 0x1000n, 0n], [1n, 1n << 63n, 0n], [2n, 0x1000n, 0n], [3n, 0x1000n, 0n], [0n, 1n, 1n << 47n], [1n << 32n, 0n, 0n]] as const) {
      expect([type, pcid, linear, invpcid(m, type, pcid, linear)]).toEqual([type, pcid, linear, GP]);
    }
    expect(invpcid(m, 1n, 0xfffn, 1n << 47n)).toBe(NOTHING);
    expect(step(m, '660f3882d3')).toBe(UD);
    expect(step(m, '0f388213')).toBe(UD);
    m.setRegister(RBX, 0x7fff_ffff_0000n); // not mapped
    expect(step(m, '660f388213')).toBe(PF);
    m.view.setUint32(m.call('cpuField', CpuField.Cpl), 3, true);
    m.call('refreshCpu');
    expect(invpcid(m, 2n, 0n)).toBe(GP);
  });

  it('without CR4.PCIDE there is PCID 0 alone', () => {
    const m = make();
    moveTo(m, 3, BigInt(A));
    expect(moveTo(m, 4, m.field(CpuField.Cr4) & ~PCIDE)).toBe(NOTHING);
    expect([invpcid(m, 0n, 1n, PAGE), invpcid(m, 1n, 1n), invpcid(m, 1n, 0n), invpcid(m, 3n, 5n)]).toEqual([GP, GP, NOTHING, NOTHING]);
    expect(moveTo(m, 3, BigInt(A) | KEEP)).toBe(GP);
    load(m);
    map(m, A, 3);
    // PWT and PCD, not a PCID.
    moveTo(m, 3, BigInt(A) | 0x18n);
    expect(load(m)).toBe(3);
  });

  it('CR4.PCIDE wants long mode and PCID 0, and CR0.PG may not be cleared under it', () => {
    const m = make();
    expect(moveTo(m, 0, m.field(CpuField.Cr0) & ~0x8000_0000n)).toBe(GP);
    expect(moveTo(m, 4, m.field(CpuField.Cr4) & ~PCIDE)).toBe(NOTHING);
    expect(moveTo(m, 3, BigInt(A) | 8n)).toBe(NOTHING);
    expect(moveTo(m, 4, m.field(CpuField.Cr4) | PCIDE)).toBe(GP);
    const legacy = makeSystem({ bits: 32, program: 'f4', ir });
    expect(moveTo(legacy, 4, PCIDE | 0x20n)).toBe(GP);
  });
});
