/** The processor's registers, as programs see them. */

export type SegmentName = 'es' | 'cs' | 'ss' | 'ds' | 'fs' | 'gs' | 'ldtr' | 'tr';

export interface SegmentRegister {
  selector: number;
  base: bigint;
  /** Highest valid offset. */
  limit: number;
  /** Bits 8-23 of the descriptor's second word, in their place. */
  attributes: number;
}

export interface TableRegister {
  base: bigint;
  limit: number;
}

/** The general registers, by their names in 64-bit mode. */
export type GeneralName =
  | 'rax' | 'rcx' | 'rdx' | 'rbx' | 'rsp' | 'rbp' | 'rsi' | 'rdi'
  | 'r8' | 'r9' | 'r10' | 'r11' | 'r12' | 'r13' | 'r14' | 'r15';

/** Control registers and the MSRs that belong with them. */
export type ControlName = 'cr0' | 'cr2' | 'cr3' | 'cr4' | 'cr8' | 'xcr0' | 'efer' | 'fsBase' | 'gsBase' | 'kernelGsBase';

/** The architectural registers of a paused machine. */
export interface Registers extends Record<GeneralName, bigint>, Record<ControlName, bigint> {
  rip: bigint;
  rflags: bigint;
  /** 0 to 3. */
  cpl: number;
  segments: Record<SegmentName, SegmentRegister>;
  gdtr: TableRegister;
  idtr: TableRegister;
  /** Sixteen 128-bit values. */
  xmm: bigint[];
  mxcsr: number;
}

/** What a register may be set to: a bigint, or a whole number. Negative ones are taken as two's complement. */
export type RegisterValue = bigint | number;

/**
 * What `setRegisters` takes: any part of the registers. `fsBase` and `gsBase` are those of the segments, and win over them; `cpl` follows
 * from the segments, so that it is taken only together with them.
 */
export interface RegisterChanges extends Partial<Record<GeneralName | ControlName, RegisterValue>> {
  rip?: RegisterValue;
  rflags?: RegisterValue;
  cpl?: number;
  segments?: Partial<Record<SegmentName, Omit<SegmentRegister, 'base'> & { base: RegisterValue }>>;
  gdtr?: { base: RegisterValue; limit: number };
  idtr?: { base: RegisterValue; limit: number };
  xmm?: readonly RegisterValue[];
  mxcsr?: number;
}

/** Whether an address is guest-physical or goes through the guest's page tables as they are now. */
export type AddressSpace = 'physical' | 'linear';
