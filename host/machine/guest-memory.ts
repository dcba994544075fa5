/**
 * Guest memory as the host sees it: physical addresses in RAM's two runs (assembly/memory/ram.ts), and linear ones through
 * the guest's page tables as they stand. Only for a machine that is not running.
 */

import { HIGH_RAM_BASE, ramLayout } from '../boot/ram-layout.js';
import { MemoryError } from './errors.js';
import { high, join, low, type ModuleInstance } from '../rings/instance.js';
import type { AddressSpace } from './types.js';

const PAGE = 4096n;
const NOT_MAPPED = 0xffff_ffff_ffff_ffffn;

/** Guest memory of one machine: the module and its RAM size. */
export interface GuestMemory {
  instance: ModuleInstance;
  ramBytes: number;
}

/** A piece of a range that is contiguous in the module's memory. */
interface Piece {
  gpa: bigint;
  host: number;
  bytes: number;
}

function ramPiece(memory: GuestMemory, gpa: bigint, bytes: number): Piece {
  const { lowBytes, highBytes } = ramLayout(memory.ramBytes);
  const highBase = BigInt(HIGH_RAM_BASE);
  if (gpa >= 0n && gpa < BigInt(lowBytes)) {
    return { gpa, host: memory.instance.ram + Number(gpa), bytes: Math.min(bytes, lowBytes - Number(gpa)) };
  }
  const offset = gpa - highBase;
  if (offset >= 0n && offset < BigInt(highBytes)) {
    return { gpa, host: memory.instance.ram + lowBytes + Number(offset), bytes: Math.min(bytes, highBytes - Number(offset)) };
  }
  throw new MemoryError(gpa, `no RAM is there; this machine has ${memory.ramBytes / (1024 * 1024)} MiB`);
}

/** Physical address of a linear one, as the page tables are now. No permission is checked: this is the host looking. */
function translate(memory: GuestMemory, linear: bigint): bigint {
  const { peekLo, peekHi } = memory.instance.exports;
  const gpa = join(peekLo(low(linear), high(linear)), peekHi(low(linear), high(linear)));
  if (gpa === NOT_MAPPED) throw new MemoryError(linear, "not mapped in the guest's page tables");
  return gpa;
}

function pieces(memory: GuestMemory, address: bigint, bytes: number, space: AddressSpace): Piece[] {
  const out: Piece[] = [];
  for (let done = 0; done < bytes; ) {
    const at = address + BigInt(done);
    const left = space === 'physical' ? bytes - done : Math.min(bytes - done, Number(PAGE - (at % PAGE)));
    const piece = ramPiece(memory, space === 'physical' ? at : translate(memory, at), left);
    memory.instance.exports.bringRam(low(piece.gpa), high(piece.gpa), piece.bytes);
    out.push(piece);
    done += piece.bytes;
  }
  return out;
}

/** A copy of guest memory. */
export function readGuest(memory: GuestMemory, address: bigint, bytes: number, space: AddressSpace): Uint8Array {
  if (!Number.isSafeInteger(bytes) || bytes < 0) throw new MemoryError(address, `${bytes} is no number of bytes`);
  const parts = pieces(memory, address, bytes, space);
  const out = new Uint8Array(bytes);
  let at = 0;
  for (const part of parts) {
    out.set(memory.instance.bytes.subarray(part.host, part.host + part.bytes), at);
    at += part.bytes;
  }
  return out;
}

/** Writes all of `data` or, when part of the range is not there, nothing. */
export function writeGuest(memory: GuestMemory, address: bigint, data: Uint8Array, space: AddressSpace): void {
  const parts = pieces(memory, address, data.length, space);
  let at = 0;
  for (const part of parts) {
    memory.instance.bytes.set(data.subarray(at, at + part.bytes), part.host);
    memory.instance.exports.dropCode(low(part.gpa), high(part.gpa), part.bytes);
    at += part.bytes;
  }
}
