/**
 * What a console has shown, as lines of text: the few controls that kernels, shells and line editors use on one line (carriage return, backspace, tab, ECMA-48's
 * EL, ED, CUF, CUB and cursor home with a cleared screen). Others are taken out, colours among them: who wants a whole terminal hangs one into the element.
 */

/** Lines that are kept. */
const MOST_LINES = 2000;
const TAB = 8;
/** A control sequence may be in two parts; one that grows past this is text after all. */
const MOST_SEQUENCE = 64;

const SEQUENCE = /^\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()][0-9A-Za-z]|[^[\]()])/;

export class Lines {
  private readonly decoder = new TextDecoder();
  private lines: string[] = [''];
  private column = 0;
  private pending = '';

  get text(): string {
    return this.lines.join('\n');
  }

  write(bytes: Uint8Array): void {
    const text = this.pending + this.decoder.decode(bytes, { stream: true });
    this.pending = '';
    for (let at = 0; at < text.length; ) {
      if (text[at] !== '\x1b') {
        at += this.plain(text, at);
        continue;
      }
      const found = SEQUENCE.exec(text.slice(at, at + MOST_SEQUENCE));
      if (found === null && text.length - at < MOST_SEQUENCE) {
        this.pending = text.slice(at);
        return;
      }
      if (found !== null) this.control(found[0]);
      at += found?.[0].length ?? 1;
    }
  }

  clear(): void {
    this.lines = [''];
    this.column = 0;
    this.pending = '';
  }

  /** One run of letters, or one control character. Returns how many it took. */
  private plain(text: string, at: number): number {
    const run = /^[^\x00-\x1f\x7f]+/.exec(text.slice(at))?.[0];
    if (run !== undefined) {
      this.put(run);
      return run.length;
    }
    const letter = text[at]!;
    if (letter === '\n') this.feed();
    else if (letter === '\r') this.column = 0;
    else if (letter === '\b') this.column = Math.max(0, this.column - 1);
    else if (letter === '\t') this.put(' '.repeat(TAB - (this.column % TAB)));
    return 1;
  }

  private put(run: string): void {
    const line = this.last.padEnd(this.column);
    this.last = line.slice(0, this.column) + run + line.slice(this.column + run.length);
    this.column += run.length;
  }

  private feed(): void {
    this.lines.push('');
    if (this.lines.length > MOST_LINES) this.lines.shift();
  }

  private get last(): string {
    return this.lines.at(-1)!;
  }

  private set last(line: string) {
    this.lines[this.lines.length - 1] = line;
  }

  private control(sequence: string): void {
    const count = Number(/\d+/.exec(sequence)?.[0] ?? 1);
    if (/^\x1b\[[01]?K$/.test(sequence)) this.last = this.last.slice(0, this.column);
    else if (/^\x1b\[2?J$|^\x1bc$/.test(sequence)) this.erase(sequence);
    else if (/^\x1b\[\d*C$/.test(sequence)) this.column = Math.min(this.column + count, 500);
    else if (/^\x1b\[\d*D$/.test(sequence)) this.column = Math.max(0, this.column - count);
  }

  /** What is below the cursor is nothing, as it is always in the last line; the whole screen is everything. */
  private erase(sequence: string): void {
    if (sequence === '\x1b[J') this.last = this.last.slice(0, this.column);
    else this.clear();
  }
}
