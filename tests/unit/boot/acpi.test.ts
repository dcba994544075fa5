/** ACPI tables: checksums and lengths, and what iasl makes of them where it is installed. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { eisaId, integer, packageOf, path, scope } from '../../../host/boot/acpi/aml.js';
import { GENERATION_AT } from '../../../host/boot/acpi/board.js';
import { acpiTables } from '../../../host/boot/index.js';

interface Table {
  gpa: number;
  bytes: Uint8Array;
}

function signature(bytes: Uint8Array): string {
  return new TextDecoder('latin1').decode(bytes.subarray(0, 4));
}

function tables(): Map<string, Table> {
  return new Map(acpiTables().segments.filter(({ gpa }) => gpa !== GENERATION_AT).map((segment) => [signature(segment.bytes), segment]));
}

function view({ bytes }: Table): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function sum(bytes: Uint8Array): number {
  return bytes.reduce((total, byte) => (total + byte) & 0xff, 0);
}

describe('ACPI tables', () => {
  it('have right lengths and checksums', () => {
    for (const [name, table] of tables()) {
      if (name === 'RSD ') {
        expect(sum(table.bytes.subarray(0, 20))).toBe(0);
        expect(view(table).getUint32(20, true)).toBe(table.bytes.length);
      } else {
        expect(view(table).getUint32(4, true), name).toBe(table.bytes.length);
      }
      if (name !== 'FACS') expect(sum(table.bytes), name).toBe(0);
    }
  });

  it('name the generation id where a direct boot has it, and not in firmware\'s tables', () => {
    expect(acpiTables().segments.find(({ gpa }) => gpa === GENERATION_AT)?.bytes).toEqual(new Uint8Array(16));
    const names = (base?: number): boolean => acpiTables({}, base).segments.some(({ bytes }) => Buffer.from(bytes).includes('VM_Gen_Counter'));
    expect([names(), names(0)]).toEqual([true, false]);
  });

  it('tell of a remapping unit where there is one: its width, its registers, the IOAPIC in its scope', () => {
    expect(tables().has('DMAR')).toBe(false);
    const dmar = acpiTables({ iommu: { addressBits: 48, intremap: true } }).segments.find(({ bytes }) => signature(bytes) === 'DMAR')!;
    expect([sum(dmar.bytes), dmar.bytes.length, [...dmar.bytes.subarray(36, 38)]]).toEqual([0, 72, [47, 1]]);
    expect([...dmar.bytes.subarray(48)]).toEqual([0, 0, 24, 0, 1, 0, 0, 0, 0, 0, 0xd9, 0xfe, 0, 0, 0, 0, 3, 8, 0, 0, 0, 0xff, 0, 0]);
  });

  it('lie apart, below 1 MiB, the root on a 16-byte boundary, the FACS on a 64-byte one', () => {
    const placed = [...tables().values()].sort((a, b) => a.gpa - b.gpa);
    for (let i = 1; i < placed.length; i++) {
      expect(placed[i]!.gpa).toBeGreaterThanOrEqual(placed[i - 1]!.gpa + placed[i - 1]!.bytes.length);
    }
    const last = placed[placed.length - 1]!;
    expect(last.gpa + last.bytes.length).toBeLessThanOrEqual(0x100000);
    expect(acpiTables().rsdp % 16).toBe(0);
    expect(tables().get('FACS')!.gpa % 64).toBe(0);
  });

  it('are reached from the root by both lists', () => {
    const all = tables();
    const byAddress = new Map([...all.values()].map((table) => [table.gpa, signature(table.bytes)]));
    const root = view(all.get('RSD ')!);
    expect(byAddress.get(root.getUint32(16, true))).toBe('RSDT');
    expect(byAddress.get(Number(root.getBigUint64(24, true)))).toBe('XSDT');
    const short = view(all.get('RSDT')!);
    const long = view(all.get('XSDT')!);
    const listed: string[] = [];
    for (let at = 36; at < long.byteLength; at += 8) {
      listed.push(byAddress.get(Number(long.getBigUint64(at, true)))!);
      expect(byAddress.get(short.getUint32(36 + (at - 36) / 2, true))).toBe(listed[listed.length - 1]);
    }
    expect(listed).toEqual(['FACP', 'APIC', 'HPET', 'MCFG']);
    const fadt = view(all.get('FACP')!);
    expect(byAddress.get(fadt.getUint32(36, true))).toBe('FACS');
    expect(byAddress.get(fadt.getUint32(40, true))).toBe('DSDT');
    expect(byAddress.get(Number(fadt.getBigUint64(140, true)))).toBe('DSDT');
  });

  it('give the fixed registers in both widths alike', () => {
    const fadt = view(tables().get('FACP')!);
    expect(fadt.byteLength).toBe(268);
    for (const [narrow, wide] of [[56, 148], [64, 172], [76, 208], [80, 220]] as const) {
      expect(fadt.getUint8(wide)).toBe(1);
      expect(Number(fadt.getBigUint64(wide + 4, true))).toBe(fadt.getUint32(narrow, true));
    }
  });

  it('leave the HPET out of a board without one', () => {
    expect(acpiTables({ hpet: false }).segments.map(({ bytes }) => signature(bytes))).not.toContain('HPET');
  });
});

describe('AML', () => {
  it('encodes names, integers, ids and lengths', () => {
    expect(path('\\_SB.PCI0.LPC')).toEqual([0x5c, 0x2f, 3, ...bytes('_SB_PCI0LPC_')]);
    expect(path('A.B')).toEqual([0x2e, ...bytes('A___B___')]);
    expect([0, 1, 2, 0x1234, 0x12345678].map(integer)).toEqual([[0], [1], [0x0a, 2], [0x0b, 0x34, 0x12], [0x0c, 0x78, 0x56, 0x34, 0x12]]);
    expect(eisaId('PNP0A08')).toEqual([0x0c, 0x41, 0xd0, 0x0a, 0x08]);
    expect(packageOf(integer(0))).toEqual([0x12, 3, 1, 0]);
  });

  it.each([[10], [58], [59], [60], [4000], [4090], [5000], [1 << 20]])('counts a body of %i bytes', (size) => {
    const term = scope('A', new Array<number>(size).fill(0xa3));
    const lead = term[1]!;
    const extra = lead >> 6;
    let length = extra === 0 ? lead & 0x3f : lead & 0x0f;
    for (let i = 0; i < extra; i++) length += term[2 + i]! * 2 ** (4 + 8 * i);
    expect(length).toBe(term.length - 1);
  });
});

const iasl = spawnSync('iasl', ['-v']).status === 0;
describe.skipIf(!iasl)(`iasl${iasl ? '' : ' (skipped: acpica-tools is not installed)'}`, () => {
  it('takes every table apart, and compiles the DSDT again without a complaint', () => {
    const dir = mkdtempSync(join(tmpdir(), 'pintail-acpi-'));
    try {
      for (const [name, table] of tables()) {
        if (name === 'RSD ') continue;
        writeFileSync(join(dir, `${name}.dat`), table.bytes);
        const { stdout, stderr, status } = spawnSync('iasl', ['-d', `${name}.dat`], { cwd: dir, encoding: 'utf8' });
        expect(status, name).toBe(0);
        expect(`${stdout}${stderr}`, name).not.toMatch(/error|warning|invalid|incorrect/i);
      }
      const { stdout } = spawnSync('iasl', ['-p', 'again', 'DSDT.dsl'], { cwd: dir, encoding: 'utf8' });
      expect(stdout).toMatch(/0 Errors, 0 Warnings/);
      expect(readFileSync(join(dir, 'DSDT.dsl'), 'utf8')).toMatch(/Device \(PCI0\)/);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});

function bytes(text: string): number[] {
  return [...text].map((char) => char.charCodeAt(0));
}
