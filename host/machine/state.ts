/**
 * The machine's state as a list of sections: what a snapshot holds and what the hash covers. The module says which they are (assembly/run/sections.ts) and where
 * it has them; what they hold means the same to every build. What can be made again (decoded code), and what its own work left behind, is not among them; what of
 * them attach makes anew (assembly/base/anew.ts) reads as zeros.
 */

import { platform } from '#platform';
import { readString, type ModuleInstance } from '../rings/instance.js';

const WHOLE = 0xff;
const NO_ADDRESS = 0xffff_ffff;

/** Part of a section, from where it begins. */
interface Span {
  at: number;
  bytes: number;
}

export interface StateRange {
  name: string;
  /** Of what lies in it. */
  version: number;
  base: number;
  bytes: number;
  /** Of every `stride` bytes the first counts under `mask`, the others whole. */
  stride: number;
  mask: number;
  /** Of every `stride` bytes a 32-bit word there is an address of RAM; undefined where there is none. */
  addressAt: number | undefined;
  /** Made anew at attach. */
  anew: readonly Span[];
}

/** Of the module's list: behind it is the screen's memory alone. */
const ramSection = ({ exports }: ModuleInstance): number => exports.sectionCount() - 2;

/** As the module has it. */
export const ramBytesOf = (instance: ModuleInstance): number => instance.exports.sectionBytes(ramSection(instance)) >>> 0;

/** Of the screen. */
export const videoBytesOf = (instance: ModuleInstance): number => instance.exports.sectionBytes(ramSection(instance) + 1) >>> 0;

function anewSpans({ exports }: ModuleInstance): Span[] {
  return Array.from({ length: exports.anewCount() }, (_, i) => ({ at: exports.anewAt(i) >>> 0, bytes: exports.anewBytes(i) }));
}

function rangeAt(instance: ModuleInstance, i: number, anew: readonly Span[]): StateRange {
  const { exports } = instance;
  const base = exports.sectionBase(i) >>> 0, bytes = exports.sectionBytes(i) >>> 0, addressAt = exports.sectionAddressAt(i) >>> 0;
  return {
    name: readString(instance, exports.sectionName(i)), version: exports.sectionVersion(i), base, bytes, stride: exports.sectionStride(i), mask: exports.sectionMask(i),
    addressAt: addressAt === NO_ADDRESS ? undefined : addressAt,
    anew: anew.filter(({ at }) => at >= base && at < base + bytes).map((span) => ({ at: span.at - base, bytes: span.bytes })),
  };
}

/** The machine's own words, of which nothing is made anew. */
export const firstRange = (instance: ModuleInstance): StateRange => rangeAt(instance, 0, []);

/** State of processor and devices, in the order of the module's list, and the screen's memory where there is one. RAM is not among them. */
export function stateRanges(instance: ModuleInstance): StateRange[] {
  const ram = ramSection(instance), anew = anewSpans(instance);
  const listed = Array.from({ length: ram }, (_, i) => i);
  return [...listed, ...(videoBytesOf(instance) === 0 ? [] : [ram + 1])].map((i) => rangeAt(instance, i, anew));
}

/** What a section holds of the machine's state; not to be written to. */
export function readState({ bytes: memory, ram }: ModuleInstance, { base, bytes, stride, mask, addressAt, anew }: StateRange): Uint8Array {
  const own = memory.subarray(base, base + bytes);
  if (mask === WHOLE && addressAt === undefined && anew.length === 0) return own;
  const out = own.slice();
  if (mask !== WHOLE) for (let at = 0; at < bytes; at += stride) out[at]! &= mask;
  for (const span of anew) out.fill(0, span.at, span.at + span.bytes);
  if (addressAt !== undefined) moveAddresses(out, stride, addressAt, -ram);
  return out;
}

/** Adds to the addresses of a section. */
export function moveAddresses(content: Uint8Array, stride: number, addressAt: number, by: number): void {
  const words = new Int32Array(content.buffer, content.byteOffset, content.length >> 2);
  for (let at = addressAt >> 2; at < words.length; at += stride >> 2) words[at] = (words[at]! + by) | 0;
}

/** SHA-256 in hex of all state and RAM. */
export async function hashState(instance: ModuleInstance, ramBytes: number): Promise<string> {
  const ranges = stateRanges(instance).map((range) => readState(instance, range));
  return platform.sha256([...ranges, instance.bytes.subarray(instance.ram, instance.ram + ramBytes)]);
}
