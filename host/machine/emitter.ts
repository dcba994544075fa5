/** Typed listeners: one list an event. */

/** Events by name, each with the arguments of its listeners. */
type Events<T> = { [E in keyof T]: (...args: never[]) => void };

export class Emitter<T extends Events<T>> {
  private readonly listeners = new Map<keyof T, Set<T[keyof T]>>();

  /** Adds a listener and returns what removes it. */
  on<E extends keyof T>(event: E, listener: T[E]): () => void {
    const set = this.listeners.get(event) ?? new Set();
    this.listeners.set(event, set);
    set.add(listener);
    return () => set.delete(listener);
  }

  emit<E extends keyof T>(event: E, ...args: Parameters<T[E]>): void {
    // A copy: a listener may remove itself.
    for (const listener of [...(this.listeners.get(event) ?? [])]) listener(...(args as never[]));
  }
}
