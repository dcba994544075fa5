/**
 * Reading and writing the processor's state in the module's memory, field by field. Where a field lies is asked from the
 * module (assembly/run/inspect.ts), so this file holds names only.
 */

import { Address } from '../../assembly/surface/run.js';
import { CpuField } from '../../assembly/surface/fields.js';
import { addressOf, type ModuleInstance } from '../rings/instance.js';
import type { ControlName, GeneralName, Registers, SegmentName, SegmentRegister, TableRegister } from './types.js';

/** In encoding order. */
export const GENERAL_NAMES: readonly GeneralName[] = [
  'rax', 'rcx', 'rdx', 'rbx', 'rsp', 'rbp', 'rsi', 'rdi', 'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15',
];
/** In the order of the segment table. */
export const SEGMENT_NAMES: readonly SegmentName[] = ['es', 'cs', 'ss', 'ds', 'fs', 'gs', 'ldtr', 'tr'];

const CONTROL_FIELDS: Record<Exclude<ControlName, 'fsBase' | 'gsBase'>, CpuField> = {
  cr0: CpuField.Cr0,
  cr2: CpuField.Cr2,
  cr3: CpuField.Cr3,
  cr4: CpuField.Cr4,
  cr8: CpuField.Cr8,
  xcr0: CpuField.Xcr0,
  efer: CpuField.Efer,
  kernelGsBase: CpuField.KernelGsBase,
};

const SEGMENT_BYTES = 32;
const MASK64 = 0xffff_ffff_ffff_ffffn;

const fieldAddress = (m: ModuleInstance, field: CpuField): number => m.exports.cpuField(field) >>> 0;
const read64 = (m: ModuleInstance, at: number): bigint => m.view.getBigUint64(at, true);
const write64 = (m: ModuleInstance, at: number, value: bigint): void => m.view.setBigUint64(at, value & MASK64, true);

function readSegment(m: ModuleInstance, index: number): SegmentRegister {
  const at = addressOf(m, Address.Segments) + index * SEGMENT_BYTES;
  return {
    base: read64(m, at),
    limit: m.view.getUint32(at + 8, true),
    attributes: m.view.getUint32(at + 12, true),
    selector: m.view.getUint32(at + 16, true),
  };
}

function writeSegment(m: ModuleInstance, index: number, segment: SegmentRegister): void {
  const at = addressOf(m, Address.Segments) + index * SEGMENT_BYTES;
  write64(m, at, segment.base);
  m.view.setUint32(at + 8, segment.limit, true);
  m.view.setUint32(at + 12, segment.attributes & 0x00ff_ff00, true);
  m.view.setUint32(at + 16, segment.selector & 0xffff, true);
}

function readTable(m: ModuleInstance, base: CpuField, limit: CpuField): TableRegister {
  return { base: read64(m, fieldAddress(m, base)), limit: m.view.getUint32(fieldAddress(m, limit), true) };
}

function writeTable(m: ModuleInstance, base: CpuField, limit: CpuField, table: TableRegister): void {
  write64(m, fieldAddress(m, base), table.base);
  m.view.setUint32(fieldAddress(m, limit), table.limit & 0xffff, true);
}

function readXmm(m: ModuleInstance): bigint[] {
  const at = addressOf(m, Address.Xmm);
  return Array.from({ length: 16 }, (_, i) => read64(m, at + i * 16) | (read64(m, at + i * 16 + 8) << 64n));
}

/** All registers of a machine that is not running. */
export function readRegisters(m: ModuleInstance): Registers {
  const gpr = addressOf(m, Address.Gpr);
  const general = Object.fromEntries(GENERAL_NAMES.map((name, i) => [name, read64(m, gpr + i * 8)]));
  const control = Object.fromEntries(Object.entries(CONTROL_FIELDS).map(([name, field]) => [name, read64(m, fieldAddress(m, field))]));
  const segments = Object.fromEntries(SEGMENT_NAMES.map((name, i) => [name, readSegment(m, i)])) as Registers['segments'];
  return {
    ...(general as Record<GeneralName, bigint>),
    ...(control as Record<ControlName, bigint>),
    rip: read64(m, fieldAddress(m, CpuField.Rip)),
    rflags: BigInt(m.exports.readRflags() >>> 0),
    cpl: m.view.getUint32(fieldAddress(m, CpuField.Cpl), true),
    fsBase: segments.fs.base,
    gsBase: segments.gs.base,
    segments,
    gdtr: readTable(m, CpuField.GdtBase, CpuField.GdtLimit),
    idtr: readTable(m, CpuField.IdtBase, CpuField.IdtLimit),
    xmm: readXmm(m),
    mxcsr: m.view.getUint32(fieldAddress(m, CpuField.Mxcsr), true),
  };
}

/** The privilege level is SS's DPL, or where 64-bit code has no stack segment CS's RPL. Real and virtual-8086 mode have their own. */
function writePrivilege(m: ModuleInstance): void {
  const [cs, ss] = ['cs', 'ss'].map((name) => readSegment(m, SEGMENT_NAMES.indexOf(name as SegmentName))) as [SegmentRegister, SegmentRegister];
  const cpl = ss.attributes === 0 ? cs.selector & 3 : (ss.attributes >> 13) & 3;
  m.view.setUint32(fieldAddress(m, CpuField.Cpl), cpl, true);
}

/** Any part of the registers, as they are written. */
export interface RegisterWrites extends Partial<Record<GeneralName | Exclude<ControlName, 'fsBase' | 'gsBase'> | 'rip' | 'rflags', bigint>> {
  segments?: Partial<Record<SegmentName, SegmentRegister>>;
  gdtr?: TableRegister;
  idtr?: TableRegister;
  xmm?: readonly bigint[];
  mxcsr?: number;
}

/** Changes some of them; the module then recomputes what it derives from them. */
export function writeRegisters(m: ModuleInstance, changes: RegisterWrites): void {
  const gpr = addressOf(m, Address.Gpr);
  GENERAL_NAMES.forEach((name, i) => changes[name] !== undefined && write64(m, gpr + i * 8, changes[name]));
  for (const [name, field] of Object.entries(CONTROL_FIELDS)) {
    const value = changes[name as keyof typeof CONTROL_FIELDS];
    if (value !== undefined) write64(m, fieldAddress(m, field), value);
  }
  SEGMENT_NAMES.forEach((name, i) => {
    const segment = changes.segments?.[name];
    if (segment !== undefined) writeSegment(m, i, segment);
  });
  if (changes.segments?.ss !== undefined || changes.segments?.cs !== undefined) writePrivilege(m);
  if (changes.gdtr !== undefined) writeTable(m, CpuField.GdtBase, CpuField.GdtLimit, changes.gdtr);
  if (changes.idtr !== undefined) writeTable(m, CpuField.IdtBase, CpuField.IdtLimit, changes.idtr);
  changes.xmm?.forEach((value, i) => {
    write64(m, addressOf(m, Address.Xmm) + i * 16, value);
    write64(m, addressOf(m, Address.Xmm) + i * 16 + 8, value >> 64n);
  });
  if (changes.mxcsr !== undefined) m.view.setUint32(fieldAddress(m, CpuField.Mxcsr), changes.mxcsr & 0xffff, true);
  if (changes.rip !== undefined) write64(m, fieldAddress(m, CpuField.Rip), changes.rip);
  if (changes.rflags !== undefined) m.exports.writeRflags(Number(changes.rflags & 0xffff_ffffn) | 0);
  m.exports.refreshCpu();
}
