/** A command of a machine in a worker, as the worker sees it: its standard input and its signals come from the handle by message. */

import type { SignalName } from './types.js';

/** What the handle is asked for at once. */
const CHUNK_BYTES = 64 << 10;

export class WorkerCommand {
  readonly aborter = new AbortController();
  kill: (name: SignalName) => void = () => undefined;
  private answer: { resolve: (bytes: Uint8Array) => void; reject: (error: Error) => void } | undefined;

  /** `ask`: sends for the next bytes of standard input. */
  constructor(private readonly ask: (most: number) => void) {}

  /** The handle's answer; no bytes at the end. */
  take(bytes: Uint8Array, error: Error | undefined): void {
    const { answer } = this;
    this.answer = undefined;
    if (error === undefined) answer?.resolve(bytes);
    else answer?.reject(error);
  }

  async *input(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const bytes = await new Promise<Uint8Array>((resolve, reject) => {
        this.answer = { resolve, reject };
        this.ask(CHUNK_BYTES);
      });
      if (bytes.length === 0) return;
      yield bytes;
    }
  }
}
