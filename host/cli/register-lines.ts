/** The registers as `-d cpu_reset` logs them, in QEMU's layout as far as it goes. */

import type { GeneralName, Registers, Stop } from '../machine/types.js';

const GENERAL: readonly GeneralName[] = ['rax', 'rbx', 'rcx', 'rdx', 'rsi', 'rdi', 'rbp', 'rsp', 'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15'];
const hex = (value: bigint | number, digits = 16): string => value.toString(16).padStart(digits, '0');

/** The same for programs: numbers that are too wide for JSON's as text. */
export const registersJson = (registers: Registers): object => JSON.parse(JSON.stringify(registers, (_, value: unknown) => (typeof value === 'bigint' ? `0x${value.toString(16)}` : value))) as object;

export function registerLines(registers: Registers, stop: Stop): string {
  const general = GENERAL.map((name) => `${name.toUpperCase().padEnd(3)}=${hex(registers[name])}`);
  const rows = [0, 4, 8, 12].map((at) => general.slice(at, at + 4).join(' '));
  const segments = Object.entries(registers.segments).map(([name, { selector, base, limit, attributes }]) => `${name.toUpperCase().padEnd(4)}=${hex(selector, 4)} ${hex(base)} ${hex(limit, 8)} ${hex(attributes, 8)}`);
  const { cr0, cr2, cr3, cr4, efer, rip, rflags, cpl } = registers;
  return [
    `CPU Reset (${stop.reason} after ${stop.instructions} instructions)`, ...rows, `RIP=${hex(rip)} RFL=${hex(rflags, 8)} CPL=${cpl}`, ...segments,
    `CR0=${hex(cr0, 8)} CR2=${hex(cr2)} CR3=${hex(cr3)} CR4=${hex(cr4, 8)}`, `EFER=${hex(efer)}`, '',
  ].join('\n');
}
