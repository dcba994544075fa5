// Plans of the real-mode and multiboot entries, and the BIOS services as the machine runs them.
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
    expect(plan.entry).toEqual({ mode: 'real16', cs: 0x9020, rip: 0, ds: 0x9000, rsp: 0xe000 });
    const setup = viewAt(plan, 0x90000);
    expect(setup.byteLength).toBe(1024);
    expect(setup.getUint8(0x210)).toBe(0xff);
    expect(setup.getUint8(0x211) & 0x81).toBe(0x81);
    expect(setup.getUint16(0x224, true) + 0x200 + 0x200).toBe(0xe000);
    expect(text(viewAt(plan, setup.getUint32(0x228, true)))).toBe('a=b');
    expect(viewAt(plan, setup.getUint32(0x218, true)).byteLength).toBe(5000);
    expect(viewAt(plan, 0x100000 + 0x40).getUint8(0)).toBe(0xf4);
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
    expect(text(viewAt(plan, word(16)))).toBe('a=b');
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

  it('is refused without a header', () => {
    expect(() => load(makeElf({ segments: [{ physical: MIB, data: CODE }] }), { entry: 'multiboot' })).toThrow(/no multiboot header/);
  });
});
