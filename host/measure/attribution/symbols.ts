/**
 * A guest's symbols by its own hand: a script writes them on its standard output between two lines that no other output has, and the host takes them
 * out of it. They are read before a region begins, because the host asks the guest nothing while it counts.
 */

import { parseSymbols, type SymbolLine } from '../../machine/symbols.js';

const FIRST = '\x1epintail symbols\n', LAST = '\x1eend of symbols\n';

/**
 * A line of a guest's script: all symbols, or with `only` the lines that have these letters. The host has taken them when the guest has slept, and not before: what
 * is written waits for a boundary.
 */
export function writeSymbols(only?: string): string {
  const read = only === undefined ? 'cat /proc/kallsyms' : `grep -F '${only}' /proc/kallsyms`;
  return `printf '\\036pintail symbols\\n'; ${read}; printf '\\036end of symbols\\n'; usleep 20000 2>/dev/null || sleep 1`;
}

/** The same in front of a command. */
export const withSymbols = (command: readonly string[]): string[] => ['sh', '-c', `${writeSymbols()}; exec "$@"`, 'sh', ...command];

/** Takes symbols out of a command's output. */
export class SymbolFilter {
  private readonly decoder = new TextDecoder('latin1');
  private kept = '';
  private inside = false;

  /** `onSymbols` is told of each piece; `onOutput` gets all else. */
  constructor(private readonly onSymbols: (symbols: SymbolLine[]) => void, private readonly onOutput: (bytes: Uint8Array) => unknown) {}

  /** A promise where whoever takes the output has given one. */
  push(bytes: Uint8Array): unknown {
    const waits: unknown[] = [], give = (text: string): void => void (text !== '' && waits.push(this.onOutput(bytesOf(text))));
    this.kept += this.decoder.decode(bytes, { stream: true });
    for (;;) {
      const mark = this.inside ? LAST : FIRST, at = this.kept.indexOf(mark);
      if (at < 0) break;
      const before = this.kept.slice(0, at);
      this.kept = this.kept.slice(at + mark.length);
      if (this.inside) this.onSymbols(parseSymbols(before));
      else give(before);
      this.inside = !this.inside;
    }
    if (this.inside) return settled(waits);
    const held = possibleStart(this.kept);
    give(this.kept.slice(0, this.kept.length - held));
    this.kept = this.kept.slice(this.kept.length - held);
    return settled(waits);
  }

  /** Nothing more comes. */
  end(): void {
    if (!this.inside && this.kept !== '') this.onOutput(bytesOf(this.kept));
    this.kept = '';
  }
}

const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
const settled = (waits: readonly unknown[]): unknown => (waits.some((wait) => wait !== undefined) ? Promise.all(waits) : undefined);

/** How many characters at the end may be the first of what is to come. */
function possibleStart(text: string): number {
  const at = text.lastIndexOf(FIRST[0]!);
  return at >= 0 && FIRST.startsWith(text.slice(at)) ? text.length - at : 0;
}
