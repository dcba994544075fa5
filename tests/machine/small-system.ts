/**
 * A small machine for the processor's system side: 64-bit code over identity pages or flat 32-bit code, a GDT for both
 * privileges, gates to handlers given as bytes, in Run or through the IR. Programs end with HLT while IF is clear.
 */
import { Vendor } from '../../assembly/base/vendor-spec.js';
import { Address, StopReason } from '../../assembly/surface/run.js';
import { CpuField } from '../../assembly/surface/fields.js';
import { enterMode } from '../support/enter.js';
import { createRawMachine, runTicks, type RawMachine } from '../support/raw-machine.js';

export const PROGRAM = 0x1_0000, STACK = 0x7_0000, TSS = 0x7000;
const [PML4, PDPT, IDT, GDT, HANDLERS, INNER_STACK] = [0x1000, 0x2000, 0x5000, 0x6000, 0x1_1000, 0x6_0000];
/** Where LOG_DEBUG keeps what it saw: a pointer, then records of three words. */
const LOG_POINTER = 0x2_0000, LOG = 0x2_0100;
/** The first two as the boot protocols have them; CODE is of the program's own size. */
export const Selector = { CODE: 0x10, DATA: 0x18, USER_DATA: 0x20 | 3, USER_CODE64: 0x28 | 3, TSS: 0x30, CODE32: 0x40, USER_CODE32: 0x48 | 3 } as const;

/** Appends DR6, rip and rflags of each #DB to the log, clears DR6, and sets RF in the image: push rax; push rbx; mov rbx, [LOG_POINTER]; ... */
export const LOG_DEBUG = '5053488b1c25000002000f21f0488903488b44241048894308488b442420488943104883c31848891c2500000200b8f00fffff0f23f0814c2420000001005b5848cf';

export interface SmallSystem extends RawMachine {
  readonly vendor: Vendor;
  /** Runs until the program halts; throws if it ends in any other way. */
  runToHalt(): void;
  register(n: number): bigint;
  setRegister(n: number, value: bigint): void;
  field(name: CpuField): bigint;
  setField(name: CpuField, value: bigint): void;
  writeHex(at: number, hex: string): void;
  read(at: number, bytes: 1 | 2 | 4 | 8): bigint;
  write(at: number, bytes: 1 | 2 | 4 | 8, value: bigint): void;
  /** What LOG_DEBUG saw. `at` counts from PROGRAM. */
  log(): { dr6: number; at: number; rf: boolean }[];
}

export interface SmallOptions {
  /** 64 when left out. */
  bits?: 32 | 64;
  ir?: boolean;
  /** Whose processor; AMD's when left out. */
  vendor?: Vendor;
  program: string;
  handlers?: Readonly<Record<number, string>>;
}

export function makeSystem({ bits = 64, ir = false, vendor = Vendor.AMD, program, handlers = {} }: SmallOptions): SmallSystem {
  const raw = createRawMachine(16), { call, view, bytes, ram } = raw;
  call('setVendor', vendor);
  const gpr = call('address', Address.Gpr);
  const write = (at: number, size: 1 | 2 | 4 | 8, value: bigint): void => {
    for (let k = 0; k < size; k++) view.setUint8(ram + at + k, Number((value >> BigInt(8 * k)) & 0xffn));
  };
  const read = (at: number, size: 1 | 2 | 4 | 8): bigint => {
    let value = 0n;
    for (let k = size - 1; k >= 0; k--) value = value << 8n | BigInt(view.getUint8(ram + at + k));
    return value;
  };
  const field = (name: CpuField): bigint => view.getBigUint64(call('cpuField', name), true);
  const setField = (name: CpuField, value: bigint): void => {
    if (name === CpuField.GdtLimit || name === CpuField.IdtLimit) view.setUint32(call('cpuField', name), Number(value), true);
    else view.setBigUint64(call('cpuField', name), value, true);
  };
  const writeHex = (at: number, hex: string): void => bytes.set(Buffer.from(hex, 'hex'), ram + at);

  write(PML4, 8, BigInt(PDPT) | 7n);
  for (let gigabyte = 0; gigabyte < 512; gigabyte++) write(PDPT + 8 * gigabyte, 8, BigInt(gigabyte) << 30n | 0x87n);
  const tss = 0x8b00_0000_0067n | BigInt(TSS) << 16n, [code32, code64] = [0x00cf_9b00_0000_ffffn, 0x00af_9b00_0000_ffffn], user = 3n << 45n;
  [0n, 0n, bits === 64 ? code64 : code32, 0x00cf_9300_0000_ffffn, 0x00cf_f300_0000_ffffn, code64 | user, tss, 0n, code32, code32 | user]
    .forEach((d, n) => write(GDT + 8 * n, 8, d));
  write(TSS + 4, bits === 64 ? 8 : 4, BigInt(INNER_STACK));
  if (bits === 32) write(TSS + 8, 2, BigInt(Selector.DATA));
  for (const [vector, hex] of Object.entries(handlers)) {
    const n = Number(vector), at = HANDLERS + n * 0x100, low = BigInt(at & 0xffff) | BigInt(Selector.CODE) << 16n | 0x8e00n << 32n | BigInt(at >>> 16) << 48n;
    writeHex(at, hex);
    write(IDT + n * (bits === 64 ? 16 : 8), 8, low);
  }
  writeHex(PROGRAM, program);
  write(LOG_POINTER, 8, BigInt(LOG));
  enterMode(raw.instance, bits === 64 ? 'long64' : 'protected32', PROGRAM, PML4);
  setField(CpuField.GdtBase, BigInt(GDT)); setField(CpuField.GdtLimit, 0xffn);
  setField(CpuField.IdtBase, BigInt(IDT)); setField(CpuField.IdtLimit, 0xfffn);
  // TR, in its cache: base, limit, attributes, selector.
  const tr = call('address', Address.Segments) + 7 * 32;
  view.setBigUint64(tr, BigInt(TSS), true);
  [0x67, 0x8b00, Selector.TSS].forEach((v, n) => view.setUint32(tr + 8 + 4 * n, v, true));
  const setRegister = (n: number, value: bigint): void => view.setBigUint64(gpr + 8 * n, value, true);
  setRegister(4, BigInt(STACK));
  call('refreshCpu');
  call('runThroughIr', ir ? 1 : 0);
  return {
    ...raw, vendor, field, setField, writeHex, read, write, setRegister,
    runToHalt() {
      const stop = runTicks(raw, 1_000_000);
      if (stop !== StopReason.HALT) throw new Error(`the program ended with ${stop} at ${field(CpuField.Rip).toString(16)}`);
    },
    register: (n) => view.getBigUint64(gpr + 8 * n, true),
    log() {
      const records = [], end = Number(read(LOG_POINTER, 8));
      for (let at = LOG; at < end; at += 24) {
        records.push({ dr6: Number(read(at, 8)) & 0xe00f, at: Number(read(at + 8, 8)) - PROGRAM, rf: (read(at + 16, 8) & 0x1_0000n) !== 0n });
      }
      return records;
    },
  };
}
