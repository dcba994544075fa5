/** What every entry finds of a PC's firmware: vectors, BIOS data, the MP table and SMBIOS. */
import { describe, expect, it } from 'vitest';
import { e820Map, firmwareItems, loadKernel, type BootPlan, type EntryName } from '../../../host/boot/index.js';
import { makeBzImage, makeElf } from '../../support/elf.js';

const MIB = 1 << 20;
const CODE = new Uint8Array([0xf4]);
const MULTIBOOT = new Uint8Array(Uint32Array.of(0x1badb002, 0, -0x1badb002).buffer);

function plan(entry: EntryName, memory = 64 * MIB): BootPlan {
  const kernel = entry === 'multiboot' || entry === 'pvh'
    ? makeElf({ wide: false, entry: MIB, segments: [{ physical: MIB, data: MULTIBOOT }], pvhEntry: MIB })
    : makeBzImage(CODE);
  return loadKernel({ kernel, kernelName: 'kernel', cmdline: '', memory, entry });
}

/** Low memory as the plan leaves it. */
function lowMemory({ segments }: BootPlan): DataView {
  const memory = new Uint8Array(MIB);
  for (const { gpa, bytes } of segments) if (gpa + bytes.length <= MIB) memory.set(bytes, gpa);
  return new DataView(memory.buffer);
}

const textAt = (view: DataView, at: number, length: number): string => String.fromCharCode(...new Uint8Array(view.buffer, at, length));
const sum = (view: DataView, at: number, length: number): number => new Uint8Array(view.buffer, at, length).reduce((total, byte) => (total + byte) & 0xff, 0);

/** Where a structure begins that is looked for at every 16th byte from F0000. */
function find(view: DataView, anchor: string): number {
  for (let at = 0xf0000; at < MIB; at += 16) if (textAt(view, at, anchor.length) === anchor) return at;
  throw new Error(`no ${anchor}`);
}

describe.each(['pvh', 'linux64', 'linux32', 'real16', 'multiboot'] as const)('%s', (entry) => {
  const view = lowMemory(plan(entry));

  it('has vectors into the BIOS, its data and the extended data', () => {
    for (let vector = 0; vector < 256; vector++) {
      const at = view.getUint16(vector * 4 + 2, true) * 16 + view.getUint16(vector * 4, true);
      expect(at).toBeGreaterThan(0xf0000);
      expect(view.getUint8(at)).not.toBe(0);
    }
    expect([view.getUint16(0x40e, true), view.getUint16(0x413, true), view.getUint8(0x9fc00)]).toEqual([0x9fc0, 639, 1]);
    expect([0x400, 0x402, 0x404, 0x406].map((at) => view.getUint16(at, true))).toEqual([0x3f8, 0x2f8, 0x3e8, 0x2e8]);
  });

  it('has an MP table and SMBIOS', () => {
    expect(sum(view, find(view, '_MP_'), 16)).toBe(0);
    expect(sum(view, find(view, '_SM_'), 31)).toBe(0);
  });
});

describe('the MP table', () => {
  const view = lowMemory(plan('pvh'));
  const table = view.getUint32(find(view, '_MP_') + 4, true);
  const length = view.getUint16(table + 4, true);

  function entries(): number[][] {
    const out: number[][] = [];
    for (let at = table + 44; at < table + length; at += out.at(-1)![0] === 0 ? 20 : 8) {
      out.push([...new Uint8Array(view.buffer, at, view.getUint8(at) === 0 ? 20 : 8)]);
    }
    return out;
  }

  it('adds up', () => {
    expect(textAt(view, table, 4)).toBe('PCMP');
    expect(sum(view, table, length)).toBe(0);
    expect(entries()).toHaveLength(view.getUint16(table + 34, true));
    expect(view.getUint32(table + 36, true)).toBe(0xfee00000);
  });

  it('takes every ISA interrupt but the cascade to an input, and every pin of a slot to one of four', () => {
    const to = (bus: number): Map<number, number> => new Map(entries().filter(([kind, , , , from]) => kind === 3 && from === bus).map(([, , , , , line, , pin]) => [line!, pin!]));
    expect([...to(1)]).toEqual(Array.from({ length: 16 }, (_, line) => [line, line === 0 ? 2 : line]).filter(([line]) => line !== 2));
    const pci = to(0);
    expect(pci.size).toBe(128);
    expect([4, 5, 8, 31].map((slot) => [0, 1, 2, 3].map((pin) => pci.get(slot * 4 + pin)))).toEqual([[16, 17, 18, 19], [17, 18, 19, 16], [16, 17, 18, 19], [19, 16, 17, 18]]);
  });
});

describe('SMBIOS', () => {
  function structures(view: DataView, at: number, length: number): { type: number; bytes: DataView; strings: string[] }[] {
    const out = [];
    for (const end = at + length; at < end; ) {
      const size = view.getUint8(at + 1);
      let next = at + size;
      while (view.getUint16(next, true) !== 0) next++;
      out.push({ type: view.getUint8(at), bytes: new DataView(view.buffer, at, size), strings: textAt(view, at + size, next - at - size).split('\0') });
      at = next + 2;
    }
    return out;
  }

  it.each([64, 3072])('says how much memory %i MiB are', (mib) => {
    const view = lowMemory(plan('linux64', mib * MIB));
    const at = find(view, '_SM_');
    expect(sum(view, at + 16, 15)).toBe(0);
    const all = structures(view, view.getUint32(at + 24, true), view.getUint16(at + 22, true));
    expect(all).toHaveLength(view.getUint16(at + 28, true));
    expect(Math.max(...all.map(({ bytes, strings }) => bytes.byteLength + Math.max(2, strings.join('\0').length + 2)))).toBe(view.getUint16(at + 8, true));
    expect(all.map(({ type }) => type).slice(0, 6)).toEqual([0, 1, 3, 4, 16, 17]);
    expect(all.at(-1)!.type).toBe(127);
    expect(all[1]!.strings[0]).toBe('Pintail');
    expect([all[4]!.bytes.getUint32(7, true), all[5]!.bytes.getUint16(12, true)]).toEqual([mib * 1024, mib]);
    const mapped = all.filter(({ type }) => type === 19).map(({ bytes }) => bytes.getUint32(8, true) - bytes.getUint32(4, true) + 1);
    expect(mapped.reduce((total, kib) => total + kib)).toBe(mib * 1024);
    expect(mapped).toHaveLength(e820Map(mib * MIB).filter(({ base, type }) => type === 1 && base >= MIB).length);
  });

  it('is given to firmware, with a place that it fills in', () => {
    const directory = firmwareItems(64 * MIB).find(({ key }) => key === 0x19)!.bytes;
    const names = Array.from({ length: new DataView(directory.buffer).getUint32(0) }, (_, i) => textAt(new DataView(directory.buffer), 12 + i * 64, 56).replace(/\0.*/, ''));
    expect(names).toEqual(expect.arrayContaining(['etc/smbios/smbios-anchor', 'etc/smbios/smbios-tables']));
  });
});
