/** Sleeping until a time or until somebody rings. */

/** A bell: ring() ends the sleep under way, or the next one at once. */
export class Bell {
  private wake: (() => void) | undefined;
  private rung = false;

  ring(): void {
    this.rung = true;
    this.wake?.();
  }

  /** Sleeps until rung, or for `ms` if that is sooner; forever means until rung. */
  sleep(ms: number): Promise<void> {
    if (this.rung) {
      this.rung = false;
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      // setTimeout takes 31 bits of ms; a longer sleep is cut short and asked for again.
      const timer = setTimeout(() => this.wake?.(), Math.min(ms, 0x7fff_ffff));
      this.wake = () => {
        clearTimeout(timer);
        this.wake = undefined;
        this.rung = false;
        resolve();
      };
    });
  }
}
