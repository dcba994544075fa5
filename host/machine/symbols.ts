/** A kernel's symbols, as /proc/kallsyms and System.map have them: "ffffffff81000000 T _text", a line each, with "[module]" behind those of modules. */

export interface SymbolLine {
  address: bigint;
  name: string;
  /** The letter of nm: T, t, W and w are code. */
  kind?: string;
  /** The kernel module that it is of. */
  module?: string;
}

/** Farther behind a symbol than this is no longer its code: assembly/profile/symbols.ts has the same. */
const MOST_BYTES = 1n << 20n;

/** In the order of addresses. Lines that are none are left out, and addresses of 0, which an unprivileged reader of kallsyms sees. */
export function parseSymbols(text: string): SymbolLine[] {
  return text
    .split('\n')
    .flatMap((line) => {
      const match = /^([0-9a-f]{8,16}) ([a-zA-Z]) (\S+)(?:\s+\[(\w+)\])?/.exec(line);
      return match === null ? [] : [{ address: BigInt(`0x${match[1]!}`), kind: match[2]!, name: match[3]!, ...(match[4] === undefined ? {} : { module: match[4] }) }];
    })
    .filter(({ address }) => address !== 0n)
    .sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0));
}

/** What was read before with what is read now: all anew, or, where that is of modules alone, theirs. */
export function mergeSymbols(before: readonly SymbolLine[], now: readonly SymbolLine[]): SymbolLine[] {
  if (now.some(({ module }) => module === undefined)) return [...now];
  const modules = new Set(now.map(({ module }) => module));
  return [...before.filter(({ module }) => module === undefined || !modules.has(module)), ...now];
}

/** Those of code, the first of each address, in order. */
export function codeSymbols(symbols: readonly SymbolLine[]): SymbolLine[] {
  const code = symbols.filter(({ kind = 'T' }) => 'TtWw'.includes(kind)).sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0));
  return code.filter(({ address }, i) => i === 0 || code[i - 1]!.address !== address);
}

/** The symbol that an address is that of. */
export function namesByAddress(symbols: readonly SymbolLine[]): (address: bigint) => string | undefined {
  const names = new Map(symbols.map(({ address, name }) => [address, name]));
  return (address) => names.get(address);
}

/** `name` or `name+0x1c` for an address; undefined where there is none near. */
export function symbolFinder(symbols: readonly SymbolLine[]): (address: bigint) => string | undefined {
  return (address) => {
    let low = 0, high = symbols.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (symbols[middle]!.address <= address) low = middle + 1;
      else high = middle;
    }
    const found = symbols[low - 1];
    if (found === undefined || address - found.address >= MOST_BYTES) return undefined;
    return found.address === address ? found.name : `${found.name}+0x${(address - found.address).toString(16)}`;
  };
}
