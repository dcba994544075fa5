/**
 * The processor's state at the start of a boot, as the boot protocols ask for it. A fresh machine is in the state of a reset
 * (SDM vol. 3, table 9-1); only what differs is named here.
 */

import { bytesOf } from './bytes.js';
import type { BootPlan, Entry, LinuxSegments } from '../boot/index.js';
import type { RegisterWrites } from './cpu-layout.js';
import type { BareOptions, BareMode, SegmentRegister } from './types.js';

/** Descriptor bits 8-23 in place: accessed code or data, present, 4 KiB granularity; D for 32-bit, L for 64-bit code. */
const CODE32 = 0x00c0_9b00;
const CODE64 = 0x00a0_9b00;
const DATA32 = 0x00c0_9300;
const TSS32_BUSY = 0x0000_8b00;
const REAL_SEGMENT = 0x0000_9300;

const FLAGS_RESERVED = 2n;
/** What a multiboot kernel finds in EAX. */
const MULTIBOOT_MAGIC = 0x2bad_b002n;
const CR0_PE_ET = 0x11n;
const CR0_PE_ET_PG = 0x8000_0011n;
const CR4_PAE_SSE = 0x620n;
const EFER_LME_LMA = 0x500n;

function flat(selector: number, attributes: number): SegmentRegister {
  return { selector, base: 0n, limit: 0xffff_ffff, attributes };
}

function protectedSegments(cs: number, ds: number, codeAttributes: number): RegisterWrites['segments'] {
  const data = flat(ds, DATA32);
  return { cs: flat(cs, codeAttributes), ds: data, es: data, ss: data, fs: data, gs: data };
}

function linuxTables(entry: LinuxSegments): RegisterWrites {
  return { gdtr: { base: BigInt(entry.gdt.base), limit: entry.gdt.limit } };
}

/** Registers for an entry that loadKernel planned. */
export function entryRegisters(entry: Entry): RegisterWrites {
  const common: RegisterWrites = { rip: BigInt(entry.rip), rflags: FLAGS_RESERVED, rdx: 0n };
  switch (entry.mode) {
    case 'pvh32':
      return {
        ...common,
        rbx: BigInt(entry.rbx),
        cr0: CR0_PE_ET,
        cr4: 0n,
        segments: {
          ...protectedSegments(0x08, 0x10, CODE32),
          tr: { selector: 0x18, base: 0n, limit: 0x67, attributes: TSS32_BUSY },
        },
      };
    case 'linux32':
      return {
        ...common,
        ...linuxTables(entry),
        rsi: BigInt(entry.rsi),
        cr0: CR0_PE_ET,
        cr4: 0n,
        segments: protectedSegments(entry.cs, entry.ds, CODE32),
      };
    case 'multiboot':
      return {
        ...common,
        rax: MULTIBOOT_MAGIC,
        rbx: BigInt(entry.rbx),
        cr0: CR0_PE_ET,
        cr4: 0n,
        segments: protectedSegments(0x08, 0x10, CODE32),
      };
    case 'real16': {
      const segment = (paragraph: number): SegmentRegister => ({ selector: paragraph, base: BigInt(paragraph * 16), limit: 0xffff, attributes: REAL_SEGMENT });
      const data = segment(entry.ds);
      return {
        ...common,
        rsp: BigInt(entry.rsp),
        idtr: { base: 0n, limit: 0x3ff },
        segments: { cs: segment(entry.cs), ds: data, es: data, ss: data, fs: data, gs: data },
      };
    }
    case 'long64':
      return {
        ...common,
        ...linuxTables(entry),
        rsi: BigInt(entry.rsi),
        cr3: BigInt(entry.cr3),
        cr4: CR4_PAE_SSE,
        efer: EFER_LME_LMA,
        cr0: CR0_PE_ET_PG,
        segments: protectedSegments(entry.cs, entry.ds, CODE64),
      };
  }
}

/** A bare machine as a plan of what to write and the registers to start with. */
export interface BarePlan {
  segments: BootPlan['segments'];
  registers: RegisterWrites;
}

/** Page tables of the bare long mode: PML4, PDPT, then four page directories of 2 MiB pages. */
const BARE_TABLES = 0x1000;
const PAGE = 4096;

function identityMap(): Uint8Array {
  const tables = new DataView(new ArrayBuffer(6 * PAGE));
  const entry = (at: number, value: number): void => tables.setBigUint64(at, BigInt(value), true);
  entry(0, BARE_TABLES + PAGE + 3);
  for (let i = 0; i < 4; i++) entry(PAGE + i * 8, BARE_TABLES + (2 + i) * PAGE + 3);
  for (let i = 0; i < 2048; i++) entry(2 * PAGE + i * 8, i * 0x20_0000 + 0x83);
  return new Uint8Array(tables.buffer);
}

function realRegisters(entry: number): RegisterWrites {
  const segment: SegmentRegister = { selector: 0, base: 0n, limit: 0xffff, attributes: REAL_SEGMENT };
  return {
    rip: BigInt(entry),
    rsp: 0x7c00n,
    segments: { cs: segment, ds: segment, es: segment, ss: segment, fs: segment, gs: segment },
  };
}

function bareRegisters(mode: BareMode, entry: number): RegisterWrites {
  if (mode === 'real16') return realRegisters(entry);
  const long = mode === 'long64';
  return {
    rip: BigInt(entry),
    rsp: 0x8_0000n,
    rflags: FLAGS_RESERVED,
    cr3: long ? BigInt(BARE_TABLES) : 0n,
    cr4: long ? CR4_PAE_SSE : 0x600n,
    efer: long ? EFER_LME_LMA : 0n,
    cr0: long ? CR0_PE_ET_PG : CR0_PE_ET,
    segments: protectedSegments(0x08, 0x10, long ? CODE64 : CODE32),
  };
}

/** What a bare machine starts with. The stack ends at 0x80000 (0x7c00 in real mode); long mode's tables lie at 0x1000. */
export function planBare(bare: BareOptions): BarePlan {
  const mode = bare.mode ?? 'long64';
  const at = bare.at ?? (mode === 'real16' ? 0x7c00 : 0x10000);
  const tables = mode === 'long64' ? [{ gpa: BARE_TABLES, bytes: identityMap() }] : [];
  return { segments: [...tables, { gpa: at, bytes: bytesOf('bare.code', bare.code) }], registers: bareRegisters(mode, bare.entry ?? at) };
}
