/** Registers and memory of a machine that is paused. */

import type { Machine, Registers } from 'pintail';
import { at } from './dom.js';
import { readCount } from './figures.js';

const GENERAL = ['rax', 'rbx', 'rcx', 'rdx', 'rsi', 'rdi', 'rbp', 'rsp', 'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15', 'rip', 'rflags', 'cr0', 'cr2', 'cr3', 'cr4'] as const;
const FLAGS: readonly [bigint, string][] = [[1n, 'CF'], [4n, 'PF'], [16n, 'AF'], [64n, 'ZF'], [128n, 'SF'], [512n, 'IF'], [1024n, 'DF'], [2048n, 'OF']];
const BYTES = 128;
const PER_LINE = 8;

const wide = (value: bigint): string => value.toString(16).padStart(16, '0');

export function registerText(registers: Registers): string {
  const flags = FLAGS.filter(([bit]) => (registers.rflags & bit) !== 0n).map(([, name]) => name).join(' ');
  const cell = (name: (typeof GENERAL)[number] | undefined): string => (name === undefined ? '' : `${(name === 'rflags' ? 'flg' : name).padEnd(4)}${wide(registers[name])}`);
  const half = GENERAL.length / 2;
  const rows = GENERAL.slice(0, half).map((name, i) => `${cell(name)}  ${cell(GENERAL[i + half])}`);
  return [...rows, '', `cpl ${registers.cpl}  flags ${flags}`].join('\n');
}

function memoryText(address: bigint, bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let i = 0; i < bytes.length; i += PER_LINE) {
    const row = bytes.subarray(i, i + PER_LINE);
    const hex = Array.from(row, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const text = Array.from(row, (byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '.')).join('');
    lines.push(`${wide(address + BigInt(i))}  ${hex.padEnd(PER_LINE * 3 - 1)}  ${text}`);
  }
  return lines.join('\n');
}

/** A number, or a register's name. */
function addressOf(text: string, registers: Registers): bigint | undefined {
  const name = text.trim().toLowerCase();
  if ((GENERAL as readonly string[]).includes(name)) return registers[name as (typeof GENERAL)[number]];
  return readCount(/^[0-9a-f]{5,}$/.test(name) ? `0x${name}` : name);
}

async function showMemory(machine: Machine, registers: Registers): Promise<void> {
  const address = addressOf(at<HTMLInputElement>('memory-at').value, registers);
  if (address === undefined) return void (at('memory').textContent = 'That is no address: write a number, or the name of a register.');
  try {
    at('memory').textContent = memoryText(address, await machine.readMemory(address, BYTES, 'linear'));
  } catch (error) {
    at('memory').textContent = (error as Error).message;
  }
}

const PARTS = ['registers', 'memory-form', 'memory'] as const;

/** Shows what a paused machine has, or that there is nothing to see. */
export async function look(machine: Machine | undefined): Promise<void> {
  const seen = machine !== undefined && !machine.running && !machine.closed;
  at('look-hint').hidden = seen;
  for (const id of PARTS) at(id).hidden = !seen;
  at('hash').textContent = seen ? '…' : 'pause to see it';
  if (!seen) return;
  try {
    const registers = await machine.getRegisters();
    at('registers').textContent = registerText(registers);
    await showMemory(machine, registers);
    const hash = await machine.stateHash();
    if (!machine.running) at('hash').textContent = hash.slice(0, 32);
  } catch (error) {
    // It has been started meanwhile, which its next state tells of.
    if (!machine.running && !machine.closed) throw error;
  }
}

/** The form beneath asks again. */
export function openLook(current: () => Machine | undefined): void {
  at<HTMLFormElement>('memory-form').addEventListener('submit', (event) => {
    event.preventDefault();
    const machine = current();
    if (machine !== undefined && !machine.running) void machine.getRegisters().then((registers) => showMemory(machine, registers));
  });
}
