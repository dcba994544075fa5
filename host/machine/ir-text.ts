/** The IR of the guest's code, as text (assembly/run/inspect-ir.ts). */
import { MachineError } from './errors.js';
import { high, low, type ModuleInstance } from '../rings/instance.js';

/** As many as a block has at most. */
const MOST_INSTRUCTIONS = 64;

/** Of the code at a linear address, up to what ends its block; '' where nothing is mapped. */
export function irAt({ exports, bytes }: ModuleInstance, address: bigint): string {
  const length = exports.printIr(low(address), high(address), MOST_INSTRUCTIONS) >>> 0;
  if (length === 0xffff_ffff) throw new MachineError(`the IR of the code at 0x${address.toString(16)} is not sound.`);
  const at = exports.irText() >>> 0;
  return new TextDecoder().decode(bytes.slice(at, at + length));
}
