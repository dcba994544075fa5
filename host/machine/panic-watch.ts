/**
 * What the guest's kernel last said of a panic on its console. A kernel without pvpanic's driver, or that has not loaded it yet, tells of its
 * panic there alone, and restarts.
 */

/** As Linux prints it, with or without the time before it, which may stand in the midst of a line of somebody else's. */
const PANIC = /(?:^|\n|\[ *\d+\.\d+\] )(Kernel panic - not syncing: [^\r\n]*)/g;
const KEPT = 8192;
const LONGEST_LINE = 200;

export class PanicWatch {
  private readonly decoder = new TextDecoder();
  private text = '';

  /** What came on the console. */
  receive(bytes: Uint8Array): void {
    this.text = (this.text + this.decoder.decode(bytes, { stream: true })).slice(-KEPT);
  }

  /** The last panic's line, and forgets it: the next start of the machine is another kernel's. */
  take(): string | undefined {
    const line = [...this.text.matchAll(PANIC)].at(-1)?.[1];
    this.text = '';
    return line;
  }

  /** What the console had to say last: the panic, else the last line with anything on it, without escapes and for people. Forgets it. */
  takeLast(): string | undefined {
    const lines = this.text.split(/[\r\n]+/).map((line) => line.replace(/\x1b\[[\d;?]*[a-zA-Z]|[^ -~]/g, '').trim()).filter((line) => line !== '');
    return this.take() ?? lines.at(-1)?.slice(0, LONGEST_LINE);
  }
}
