/** Bytes on their way to another thread: what was sent there and has not been taken yet. Past WINDOW, whoever sends waits. */

const WINDOW = 256 << 10;

export class Window {
  private onItsWay = 0;
  private release: (() => void) | undefined;
  private wait: Promise<void> | undefined;

  /** So many bytes were sent; a promise until there is room for more, nothing where there is. */
  sent(bytes: number): Promise<void> | undefined {
    this.onItsWay += bytes;
    if (this.onItsWay < WINDOW) return undefined;
    return (this.wait ??= new Promise((resolve) => (this.release = resolve)));
  }

  /** So many were taken. */
  taken(bytes: number): void {
    this.onItsWay -= bytes;
    if (this.onItsWay >= WINDOW) return;
    this.release?.();
    this.release = this.wait = undefined;
  }
}
