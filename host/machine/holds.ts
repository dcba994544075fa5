/**
 * Who cannot take more of the machine's output just now. A listener that returns a promise holds its port until the promise is settled:
 * under `icount` the machine waits at the boundary, while virtual time stands, so that a run is the same whatever the reader's speed; under
 * `realtime` the port's ring is left as it is, and the guest finds the port not ready.
 */

export class Holds {
  private readonly counts: number[] = [];

  constructor(private readonly onRelease: () => void) {}

  /** Holds `port` until `wait` is settled, either way. */
  add(port: number, wait: Promise<unknown>): void {
    this.counts[port] = (this.counts[port] ?? 0) + 1;
    const release = (): void => {
      this.counts[port]!--;
      this.onRelease();
    };
    wait.then(release, release);
  }

  has(port: number): boolean {
    return (this.counts[port] ?? 0) > 0;
  }

  get any(): boolean {
    return this.counts.some((count) => count > 0);
  }
}
