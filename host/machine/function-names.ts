/**
 * Names of translated functions, so that a profile of the engine (node --prof, --cpu-prof, --perf-prof) shows where in the guest it was:
 * the Wasm custom section "name", subsection 1 (Core Specification 2.0, appendix 7.4.1).
 */

const text = new TextEncoder();

/** Unsigned LEB128. */
function unsigned(value: number): number[] {
  const out = [];
  for (; value >= 0x80; value >>>= 7) out.push((value & 0x7f) | 0x80);
  return [...out, value];
}

const sized = (bytes: readonly number[]): number[] => [...unsigned(bytes.length), ...bytes];
const named = (name: string): number[] => sized([...text.encode(name)]);

/** `guest_ffffffff81000000`, and the symbol there where it is known. */
export function regionName(address: bigint, symbol?: (address: bigint) => string | undefined): string {
  const known = symbol?.(address);
  return `guest_${address.toString(16).padStart(16, '0')}${known === undefined ? '' : ` ${known}`}`;
}

/** The section for functions from index `first` on. */
export function nameSection(first: number, names: readonly string[]): Uint8Array {
  const entries = names.flatMap((name, k) => [...unsigned(first + k), ...named(name)]);
  const functions = [1, ...sized([...unsigned(names.length), ...entries])];
  return Uint8Array.from([0, ...sized([...named('name'), ...functions])]);
}
