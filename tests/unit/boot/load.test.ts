/** From a kernel image to a boot plan, by each entry, and images that cannot be started. */
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { acpiTables, ImageError, loadKernel, type BootPlan, type LoadOptions } from '../../../host/boot/index.js';
import { makeBzImage, makeElf } from '../../support/elf.js';

const MIB = 1 << 20;
const CODE = new Uint8Array([0xf4, 1, 2, 3]);

function pvhKernel(): Uint8Array {
  return makeElf({ segments: [{ physical: 0x1000000, data: CODE, memoryBytes: 0x3000 }], pvhEntry: 0x1000002 });
}

function load(kernel: Uint8Array, more: Partial<LoadOptions> = {}): BootPlan {
  return loadKernel({ kernel, kernelName: 'kernel.img', cmdline: 'console=ttyS0', memory: 64 * MIB, ...more });
}

function at(plan: BootPlan, gpa: number): Uint8Array {
  const segment = plan.segments.find((it) => gpa >= it.gpa && gpa < it.gpa + it.bytes.length);
  if (segment === undefined) throw new Error(`nothing at ${gpa}`);
  return Uint8Array.from(segment.bytes.subarray(gpa - segment.gpa));
}

function viewAt(plan: BootPlan, gpa: number): DataView {
  const bytes = at(plan, gpa);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
}

describe('PVH', () => {
  it('enters where the note says, with a start info', () => {
    const initrd = new Uint8Array(5000).fill(7);
    const plan = load(pvhKernel(), { initrd });
    expect(plan.entry).toMatchObject({ mode: 'pvh32', rip: 0x1000002 });
    if (plan.entry.mode !== 'pvh32') return;
    const info = viewAt(plan, plan.entry.rbx);
    expect(info.getUint32(0, true)).toBe(0x336ec578);
    expect(info.getUint32(4, true)).toBe(1);
    expect(text(at(plan, Number(info.getBigUint64(24, true))))).toBe('console=ttyS0');
    expect(info.getUint32(12, true)).toBe(1);
    const module = viewAt(plan, Number(info.getBigUint64(16, true)));
    expect(module.getBigUint64(8, true)).toBe(5000n);
    const place = Number(module.getBigUint64(0, true));
    expect(place % 4096).toBe(0);
    expect(place + 5000).toBeLessThanOrEqual(64 * MIB);
    expect(at(plan, place)).toEqual(initrd);
    expect(at(plan, 0x1000000)).toEqual(CODE);
  });

  it('describes memory below and above 4 GiB', () => {
    const plan = load(pvhKernel(), { memory: 3072 * MIB });
    if (plan.entry.mode !== 'pvh32') throw new Error('not PVH');
    const info = viewAt(plan, plan.entry.rbx);
    const count = info.getUint32(48, true);
    const map = viewAt(plan, Number(info.getBigUint64(40, true)));
    const rows = Array.from({ length: count }, (_, i) => ({
      base: Number(map.getBigUint64(i * 24, true)),
      bytes: Number(map.getBigUint64(i * 24 + 8, true)),
      type: map.getUint32(i * 24 + 16, true),
    }));
    const ram = rows.filter((row) => row.type === 1);
    expect(ram.map((row) => [row.base, row.base + row.bytes])).toEqual([
      [0, 0x9fc00],
      [0x100000, 0xb0000000],
      [0x100000000, 0x100000000 + 256 * MIB],
    ]);
    for (let i = 1; i < rows.length; i++) expect(rows[i]!.base).toBeGreaterThanOrEqual(rows[i - 1]!.base + rows[i - 1]!.bytes);
  });

  it('unpacks the kernel inside a bzImage', () => {
    const plan = load(makeBzImage(gzipSync(pvhKernel())));
    expect(plan.entry).toMatchObject({ mode: 'pvh32', rip: 0x1000002 });
    expect(at(plan, 0x1000000)).toEqual(CODE);
  });

  it('puts ACPI tables where the start info says', () => {
    const acpi = acpiTables();
    const plan = load(pvhKernel(), { acpi });
    if (plan.entry.mode !== 'pvh32') throw new Error('not PVH');
    const rsdp = Number(viewAt(plan, plan.entry.rbx).getBigUint64(32, true));
    expect(text(at(plan, rsdp)).startsWith('RSD PTR ')).toBe(true);
  });

  it('lays no segment over another', () => {
    const plan = load(makeBzImage(gzipSync(pvhKernel())), { initrd: new Uint8Array(MIB), acpi: acpiTables() });
    const sorted = [...plan.segments].sort((a, b) => a.gpa - b.gpa);
    for (let i = 1; i < sorted.length; i++) {
      expect(sorted[i]!.gpa).toBeGreaterThanOrEqual(sorted[i - 1]!.gpa + sorted[i - 1]!.bytes.length);
    }
  });
});

describe('the Linux boot protocols', () => {
  it('starts a bzImage at its 64-bit entry, with a zero page and an identity map', () => {
    const plan = load(makeBzImage(gzipSync(pvhKernel())), { entry: 'linux64', initrd: CODE });
    expect(plan.entry).toMatchObject({ mode: 'long64', rip: 0x1000200 });
    if (plan.entry.mode !== 'long64') return;
    const page = viewAt(plan, plan.entry.rsi);
    expect(page.getUint32(0x202, true)).toBe(0x53726448);
    expect(page.getUint8(0x210)).toBe(0xff);
    expect(text(at(plan, page.getUint32(0x228, true)))).toBe('console=ttyS0');
    expect(at(plan, page.getUint32(0x218, true)).subarray(0, page.getUint32(0x21c, true))).toEqual(CODE);
    expect(page.getUint8(0x1e8)).toBeGreaterThan(3);

    const entry = (table: bigint, index: number): bigint =>
      viewAt(plan, Number(table & 0xffffff000n)).getBigUint64(index * 8, true);
    for (const gpa of [0x1000200, 0xfee00000]) {
      const pml4 = entry(BigInt(plan.entry.cr3), 0);
      const pdpt = entry(pml4, Math.floor(gpa / 2 ** 30));
      const large = entry(pdpt, Math.floor(gpa / 2 ** 21) & 511);
      expect(Number(large & 0xfffe00000n)).toBe(Math.floor(gpa / 2 ** 21) * 2 ** 21);
      expect(large & 0x83n).toBe(0x83n);
    }
  });

  it('takes linux32 for a 32-bit kernel', () => {
    const kernel = makeElf({ wide: false, entry: 0x1000000, segments: [{ physical: 0x1000000, data: CODE }] });
    expect(load(kernel).entry).toMatchObject({ mode: 'linux32', rip: 0x1000000 });
    expect(load(makeBzImage(CODE, { wide: false })).entry).toMatchObject({ mode: 'linux32', rip: 0x100000 });
  });

  it('takes linux64 for a Linux on a machine with a screen, and tells it of text mode; another kernel enters as ever', () => {
    const linux = makeElf({ entry: 0x1000000, segments: [{ physical: 0x1000000, data: new TextEncoder().encode('LL Linux version 6.1') }], pvhEntry: 0x1000002 });
    for (const kernel of [linux, makeBzImage(gzipSync(linux))]) {
      const plan = load(kernel, { screen: true });
      expect(plan.entry).toMatchObject({ mode: 'long64', rip: 0x1000000 });
      if (plan.entry.mode !== 'long64') return;
      const info = at(plan, plan.entry.rsi);
      // orig_video_mode, columns, EGA's memory, lines, is a VGA, points.
      expect([6, 7, 0x0a, 0x0e, 0x0f, 0x10].map((offset) => info[offset])).toEqual([3, 80, 3, 25, 1, 16]);
      expect(load(kernel).entry.mode).toBe('pvh32');
    }
    expect(load(pvhKernel(), { screen: true }).entry.mode).toBe('pvh32');
    const silent = load(linux, { entry: 'linux64' });
    if (silent.entry.mode === 'long64') expect(at(silent, silent.entry.rsi)[0x0f]).toBe(0);
  });

  it('takes linux64 for an x86-64 kernel without a PVH note', () => {
    const kernel = makeElf({ entry: 0x1000000, segments: [{ physical: 0x1000000, data: CODE }] });
    expect(load(kernel).entry).toMatchObject({ mode: 'long64', rip: 0x1000000 });
  });
});

describe('images that cannot be loaded', () => {
  const whole = makeBzImage(gzipSync(pvhKernel()));
  const cases: [what: string, kernel: Uint8Array, problem: RegExp, more?: Partial<LoadOptions>][] = [
    ['an empty file', new Uint8Array(0), /is empty/],
    ['text', new TextEncoder().encode('#!/bin/sh\necho no kernel\n'), /neither a bzImage nor an ELF file \(it starts with 23 21 2f 62\)/],
    ['a gzip file of something else', gzipSync(new TextEncoder().encode('no kernel')), /is a gzip file that holds neither a bzImage nor an ELF file/],
    ['a gzip file that does not end', gzipSync(pvhKernel()).subarray(0, -9), /is a gzip file that cannot be unpacked/],
    ['a gzip file that is a bomb', gzipSync(new Uint8Array(65 * MIB)), /is a gzip file that unpacks to more than \d+ bytes/],
    ['an initrd', new TextEncoder().encode('070701'.padEnd(110, '0')), /a cpio archive/],
    ['a bzImage cut off in its payload', whole.subarray(0, whole.length - 10), /cut off: its payload needs bytes/],
    ['a bzImage cut off in its header', whole.subarray(0, 0x220), /cut off after 544 bytes/],
    ['an old bzImage', makeBzImage(CODE, { protocol: 0x0105 }), /boot protocol 1\.05/],
    ['a bzImage with a damaged payload', damage(whole), /has a payload \(gzip\) that cannot be unpacked/],
    ['an ELF file cut off', pvhKernel().subarray(0, 190), /is cut off/],
    ['an ELF file cut off in its header', pvhKernel().subarray(0, 40), /too short for its header/],
    ['an ELF file for another machine', makeElf({ machine: 183, segments: [] }), /machine type 183, not for x86/],
    ['an ELF file with nothing in it', makeElf({ segments: [], pvhEntry: 1 }), /nothing to load/],
    ['a vmlinux below 1 MiB', makeElf({ segments: [{ physical: 0x7c00, data: CODE }] }), /below 1 MiB/],
    ['a kernel in the BIOS data area', makeElf({ segments: [{ physical: 0x400, data: CODE }], pvhEntry: 0x400 }), /wants to be loaded from 0x400 to 0x404; below 1 MiB there is memory from 0x500 to 0x9fc00/],
    ['a kernel that reaches over 640 KiB', makeElf({ segments: [{ physical: 0x9f000, data: CODE, memoryBytes: 0x1000 }], pvhEntry: 0x9f000 }), /from 0x9f000 to 0xa0000/],
    ['a zImage by the 32-bit entry', zImage(), /is a zImage, loaded below 1 MiB/, { entry: 'linux32' }],
    ['modules for a kernel that takes none', pvhKernel(), /takes no modules/, { modules: [{ bytes: CODE, text: 'x' }] }],
    ['a kernel too large for memory', makeElf({ segments: [{ physical: 0x1000000, data: CODE, memoryBytes: 60 * MIB }], pvhEntry: 1 }), /needs 76 MiB .* has 64 MiB/],
    ['pvh asked of a kernel without it', makeElf({ segments: [{ physical: 0x1000000, data: CODE }] }), /no PVH entry/, { entry: 'pvh' }],
    ['an i386 kernel asked for pvh', makeElf({ wide: false, segments: [{ physical: 0x1000000, data: CODE }] }), /no PVH entry/, { entry: 'pvh' }],
    ['linux64 asked of a 32-bit kernel', makeBzImage(CODE, { wide: false }), /without a 64-bit entry/, { entry: 'linux64' }],
    ['bzip2', makeBzImage(new TextEncoder().encode('BZh9'.padEnd(32, '1'))), /packed with bzip2, which is not supported/],
  ];
  it.each(cases)('%s', (_, kernel, problem, more) => {
    const attempt = (): BootPlan => load(kernel, more);
    expect(attempt).toThrow(ImageError);
    expect(attempt).toThrow(problem);
    expect(attempt).toThrow(/^kernel\.img/);
  });

  it('a command line that does not fit', () => {
    expect(() => load(pvhKernel(), { cmdline: 'x'.repeat(5000) })).toThrow(/command line .*has 5000 bytes/);
    expect(() => load(pvhKernel(), { cmdline: 'a\0b' })).toThrow(/NUL/);
  });

  it('an initrd that does not fit, or is empty', () => {
    const more = { initrd: new Uint8Array(50 * MIB), initrdName: 'big.cpio' };
    expect(() => load(pvhKernel(), more)).toThrow(/^big\.cpio: has 50 MiB, but only 47 MiB/);
    expect(() => load(pvhKernel(), { initrd: new Uint8Array(0), initrdName: 'none.cpio' })).toThrow(/^none\.cpio: is empty/);
  });

  it('random bytes behind any magic end in an ImageError or a plan, never in another error', () => {
    let seed = 12345;
    const random = (): number => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) >>> 16;
    for (const base of [whole, pvhKernel(), makeElf({ wide: false, segments: [{ physical: 0x100000, data: CODE }] })]) {
      for (let round = 0; round < 300; round++) {
        const bytes = base.slice(0, round % 3 === 0 ? random() % base.length : base.length);
        for (let i = 0; i < 8; i++) bytes[random() % Math.min(bytes.length, 0x280)] = random();
        try {
          load(bytes);
        } catch (cause) {
          expect(cause).toBeInstanceOf(ImageError);
        }
      }
    }
  });
});

function zImage(): Uint8Array {
  const bytes = makeBzImage(CODE, { wide: false, protocol: 0x0202 });
  bytes[0x211] = 0;
  return bytes;
}

function damage(image: Uint8Array): Uint8Array {
  const bytes = image.slice();
  for (let i = 1100; i < 1110; i++) bytes[i]! ^= 0x5a;
  return bytes;
}
