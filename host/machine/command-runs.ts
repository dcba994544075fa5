/** A machine that stands runs while commands are under way in its guest, and no longer. */

import type { Stop } from './types.js';

export interface Runner {
  isRunning(): boolean;
  isClosed(): boolean;
  /** Starts it; settled when the run ends. */
  start(): Promise<Stop>;
  pause(): Promise<void>;
}

export class CommandRuns {
  /** Commands under way, and the run that was started for them. */
  private commands = 0;
  private run: Promise<Stop> | undefined;

  constructor(private readonly machine: Runner) {}

  /** Runs the machine until no command is under way, unless it runs anyway. `result`: that of one of them. */
  async during<T>(result: Promise<T>): Promise<T> {
    this.commands++;
    try {
      // Whatever ends the run before the command rejects `result`; what a listener throws does not.
      const failed = this.ensure();
      return await Promise.race([result, failed]);
    } finally {
      this.commands--;
      if (this.commands === 0 && this.run !== undefined) await this.pause();
    }
  }

  /** A promise that is settled only if the run under way for commands fails. */
  private ensure(): Promise<never> {
    if (!this.machine.isRunning()) {
      const run = this.machine.start();
      this.run = run;
      const over = (): void => void (this.run === run && (this.run = undefined));
      run.then(over, over);
    }
    return new Promise((_, reject) => this.run?.catch(reject));
  }

  private async pause(): Promise<void> {
    await this.machine.pause();
    // One that came while it was stopping has found it running.
    if (this.commands > 0 && !this.machine.isRunning() && !this.machine.isClosed()) this.ensure().catch(() => undefined);
  }
}
