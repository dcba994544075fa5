/** What the listeners of a command's output have yet to say: its result is not given before, as one of them may refuse what it was given. */
export class Heard {
  /** Settled when all are; undefined where none keeps anybody waiting. */
  all: Promise<void> | undefined;

  /** Takes what a listener gave back, and hands it on. It must not be rejected. */
  add(wait: Promise<unknown> | undefined): Promise<unknown> | undefined {
    if (wait !== undefined) this.all = Promise.all([this.all, wait]).then(() => undefined);
    return wait;
  }
}
