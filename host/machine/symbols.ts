/** A kernel's symbols, as /proc/kallsyms and System.map have them: "ffffffff81000000 T _text", a line each. */

export interface SymbolLine {
  address: bigint;
  name: string;
}

/** Farther behind a symbol than this is no longer its code. */
const MOST_BYTES = 1n << 20n;

/** In the order of addresses. Lines that are none are left out, and addresses of 0, which an unprivileged reader of kallsyms sees. */
export function parseSymbols(text: string): SymbolLine[] {
  return text
    .split('\n')
    .flatMap((line) => {
      const match = /^([0-9a-f]{8,16}) [a-zA-Z] (\S+)/.exec(line);
      return match === null ? [] : [{ address: BigInt(`0x${match[1]!}`), name: match[2]! }];
    })
    .filter(({ address }) => address !== 0n)
    .sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0));
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
