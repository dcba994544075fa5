// Plans of the real-mode and multiboot entries, and the BIOS services as the machine runs them.
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { biosServices } from '../../../guest/bios.js';
import { ImageError, loadKernel, type BootPlan, type LoadOptions } from '../../../host/boot/index.js';
import { makeBzImage, makeElf } from '../../support/elf.js';

const MIB = 1 << 20;
const CODE = new Uint8Array([0xf4, 1, 2, 3]);
const MAGIC = 0x1badb002;

function load(kernel: Uint8Array, more: Partial<LoadOptions> = {}): BootPlan {
  return loadKernel({ kernel, kernelName: 'kernel.img', cmdline: 'a=b', memory: 64 * MIB, ...more });
}

function viewAt(plan: BootPlan, gpa: number): DataView {
  const segment = plan.segments.find((it) => gpa >= it.gpa && gpa < it.gpa + it.bytes.length);
  if (segment === undefined) throw new Error(`nothing at ${gpa}`);
  const bytes = Uint8Array.from(segment.bytes.subarray(gpa - segment.gpa));
  return new DataView(bytes.buffer);
}

function text(view: DataView): string {
  const bytes = new Uint8Array(view.buffer, view.byteOffset);
  return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
}

function header(flags: number, ...addresses: number[]): Uint8Array {
  return new Uint8Array(Uint32Array.of(MAGIC, flags, -(MAGIC + flags), ...addresses).buffer);
}

describe('the 16-bit entry', () => {
  it('puts the setup code at 0x90000 with its header filled in', () => {
    const initrd = new Uint8Array(5000).fill(7);
    const plan = load(makeBzImage(CODE), { entry: 'real16', initrd });
    // By way of the BIOS, which returns to 9020:0000 with the stack at 9000:e000.
    expect(plan.entry).toMatchObject({ mode: 'real16', cs: 0xf000, ds: 0x9000, rsp: 0xdffc });
    expect(viewAt(plan, 0x9dffc).getUint32(0, true)).toBe(0x90200000);
    const setup = viewAt(plan, 0x90000);
    expect(setup.byteLength).toBe(1024);
    expect(setup.getUint8(0x210)).toBe(0xff);
    expect(setup.getUint8(0x211) & 0x81).toBe(0x81);
    expect(setup.getUint16(0x224, true) + 0x200 + 0x200).toBe(0xe000);
    expect(text(viewAt(plan, setup.getUint32(0x228, true)))).toBe('a=b');
    expect(viewAt(plan, setup.getUint32(0x218, true)).byteLength).toBe(5000);
    expect(viewAt(plan, 0x100000 + 0x40).getUint8(0)).toBe(0xf4);
  });

  it.each([0x0200, 0x0201, 0x0202, 0x0206, 0x0209])('takes protocol %s, which is started so without being asked to, and tells it what its header has room for', (protocol) => {
    const file = makeBzImage(CODE, { wide: false, protocol });
    file.fill(0x5c, 0x224, 0x240);
    new DataView(file.buffer).setUint32(0x22c, 0x37ffffff, true);
    const plan = load(file, { initrd: new Uint8Array(16).fill(7) });
    expect(plan.entry.mode).toBe('real16');
    const setup = viewAt(plan, 0x90000);
    expect(setup.getUint8(0x210)).toBe(0xff);
    expect(viewAt(plan, setup.getUint32(0x218, true)).getUint8(0)).toBe(7);
    expect(setup.getUint16(0x224, true)).toBe(protocol >= 0x0201 ? 0xdc00 : 0x5c5c);
    if (protocol >= 0x0202) expect(text(viewAt(plan, setup.getUint32(0x228, true)))).toBe('a=b');
    else {
      expect([setup.getUint32(0x228, true), setup.getUint16(0x20, true)]).toEqual([0x5c5c5c5c, 0xa33f]);
      expect(text(viewAt(plan, 0x90000 + setup.getUint16(0x22, true)))).toBe('a=b');
      expect(setup.getUint16(0x212, true)).toBe(0xe004);
    }
  });

  it('takes a zImage to 0x10000, if that is not too large', () => {
    const file = makeBzImage(CODE, { wide: false, protocol: 0x0202 });
    file[0x211] = 0;
    const plan = load(file);
    expect([plan.entry.mode, viewAt(plan, 0x10040).getUint8(0)]).toEqual(['real16', 0xf4]);
    expect(() => load(Buffer.concat([file, new Uint8Array(0x80000)]))).toThrow(/to be loaded below its setup code, there is room for 524288/);
  });

  it('fills every interrupt vector, and no two segments overlap', () => {
    const plan = load(makeBzImage(CODE), { entry: 'real16' });
    const vectors = viewAt(plan, 0);
    for (let i = 0; i < 256; i++) expect(vectors.getUint16(i * 4 + 2, true)).toBe(0xf000);
    expect(vectors.getUint16(0x15 * 4, true)).not.toBe(vectors.getUint16(0x80 * 4, true));
    const sorted = [...plan.segments].sort((a, b) => a.gpa - b.gpa);
    for (let i = 1; i < sorted.length; i++) expect(sorted[i]!.gpa).toBeGreaterThanOrEqual(sorted[i - 1]!.gpa + sorted[i - 1]!.bytes.length);
  });

  it('is refused for what is no bzImage', () => {
    expect(() => load(makeElf({ segments: [{ physical: MIB, data: CODE }] }), { entry: 'real16' })).toThrow(ImageError);
  });

  it('has services that fit below 1 MiB', () => {
    const { segments } = biosServices({ map: [], extendedBytes: 0, conventionalBytes: 0x9fc00 });
    for (const { gpa, bytes } of segments) expect(gpa + bytes.length).toBeLessThanOrEqual(MIB);
  });
});

describe('multiboot', () => {
  it('loads an ELF kernel, tells of memory, command line and modules', () => {
    const kernel = makeElf({ wide: false, entry: MIB, segments: [{ physical: MIB, data: header(3) }] });
    const modules = [{ bytes: new Uint8Array(10).fill(1), text: 'one x' }, { bytes: new Uint8Array(5000).fill(2), text: 'two' }];
    const plan = load(kernel, { modules });
    expect(plan.entry).toMatchObject({ mode: 'multiboot', rip: MIB });
    if (plan.entry.mode !== 'multiboot') return;
    const at = plan.entry.rbx;
    const info = viewAt(plan, at);
    const word = (offset: number): number => info.getUint32(offset, true);
    expect(word(0)).toBe(0x24d);
    expect(word(4)).toBe(639);
    expect(word(8)).toBe(63 * 1024);
    expect(text(viewAt(plan, word(16)))).toBe('kernel.img a=b');
    expect(word(20)).toBe(2);
    const rows = [0, 1].map((i) => [0, 4, 8].map((offset) => word(word(24) - at + i * 16 + offset)));
    expect(rows.map(([start, end]) => end! - start!)).toEqual([10, 5000]);
    expect(rows.map(([start]) => start! % 4096)).toEqual([0, 0]);
    expect(rows.map(([, , name]) => text(viewAt(plan, name!)))).toEqual(['one x', 'two']);
    expect(viewAt(plan, rows[1]![0]!).getUint8(0)).toBe(2);
    expect(word(word(48) - at)).toBe(20);
    expect(word(44) % 24).toBe(0);
  });

  it('loads a flat kernel by the addresses in its header', () => {
    const file = new Uint8Array(8192);
    file.set(header(0x10000, 0x200010, 0x200000, 0x200100, 0x201000, 0x200030), 0x20);
    const plan = load(file);
    expect(plan.entry).toMatchObject({ mode: 'multiboot', rip: 0x200030 });
    const loaded = plan.segments.find(({ gpa }) => gpa === 0x200000);
    expect(loaded?.bytes.length).toBe(0x100);
    expect(viewAt(plan, 0x200010).getUint32(0, true)).toBe(MAGIC);
  });

  it.each([
    ['addresses outside the file', header(0x10000, 0x200000, 0x300000, 0, 0, 0), /multiboot header that asks for bytes/],
    ['an unknown demand', header(0x10008, 0x200000, 0x200000, 0, 0, 0), /demands multiboot features 0x8/],
    ['memory that is not there', header(0x10000, 0x200000, 0x200000, 0, 0x7000_0000, 0), /needs 1792 MiB/],
  ])('is refused for %s', (_, kernel, problem) => {
    expect(() => load(kernel)).toThrow(problem);
  });

  it.each([0x500, 0x6000, 0x7c00, 0x1_0000])('loads a kernel at 0x%s, below 1 MiB, and leaves it alone with what it is told', (physical) => {
    const kernel = makeElf({ wide: false, entry: physical, segments: [{ physical, data: header(0), memoryBytes: 0x8_0000 }] });
    const plan = load(kernel, { initrd: new Uint8Array(16).fill(3) });
    if (plan.entry.mode !== 'multiboot') throw new Error('no multiboot');
    const { rbx } = plan.entry;
    expect(rbx >= physical + 0x8_0000 || rbx + 120 <= physical).toBe(true);
    expect(text(viewAt(plan, viewAt(plan, rbx).getUint32(16, true)))).toBe('kernel.img a=b');
    const taken = [...plan.segments.filter(({ gpa }) => gpa !== physical), { gpa: physical, bytes: new Uint8Array(0x8_0000) }].sort((a, b) => a.gpa - b.gpa);
    for (let i = 1; i < taken.length; i++) expect(taken[i]!.gpa).toBeGreaterThanOrEqual(taken[i - 1]!.gpa + taken[i - 1]!.bytes.length);
    expect(viewAt(plan, physical).getUint32(0, true)).toBe(MAGIC);
  });

  it('is refused where the kernel leaves no room for what it is told', () => {
    const kernel = makeElf({ wide: false, entry: 0x500, segments: [{ physical: 0x500, data: header(0), memoryBytes: 0x9f700 }] });
    expect(() => load(kernel)).toThrow(/leaves no \d+ bytes of memory below 640 KiB/);
  });

  it('goes before PVH for a 32-bit kernel that has both, and after it for a 64-bit one', () => {
    const both = (wide: boolean): Uint8Array => makeElf({ wide, entry: MIB, segments: [{ physical: MIB, data: header(0) }], pvhEntry: MIB });
    expect([load(both(false)).entry.mode, load(both(true)).entry.mode, load(both(false), { entry: 'pvh' }).entry.mode]).toEqual(['multiboot', 'pvh32', 'pvh32']);
  });

  it('loads a kernel that is packed as a whole', () => {
    const kernel = makeElf({ wide: false, entry: MIB, segments: [{ physical: MIB, data: header(3) }] });
    const plan = load(gzipSync(kernel));
    expect(plan.entry).toMatchObject({ mode: 'multiboot', rip: MIB });
    expect(viewAt(plan, MIB).getUint32(0, true)).toBe(MAGIC);
  });

  it('is refused without a header', () => {
    expect(() => load(makeElf({ segments: [{ physical: MIB, data: CODE }] }), { entry: 'multiboot' })).toThrow(/no multiboot header/);
  });
});
