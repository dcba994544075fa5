/** Typed listeners: one list an event. */

/** Events by name, each with the arguments of its listeners. */
type Events<T> = { [E in keyof T]: (...args: never[]) => unknown };

export function isPromise(value: unknown): value is Promise<unknown> {
  return typeof (value as Promise<unknown> | undefined)?.then === 'function';
}

/** One promise for all that are there; nothing where there are none. */
export function allOf(waits: readonly (Promise<unknown> | undefined)[]): Promise<unknown> | undefined {
  const there = waits.filter((wait) => wait !== undefined);
  return there.length < 2 ? there[0] : Promise.all(there);
}

/** Calls a function of the program's own: a promise of its where it gives one, which is never rejected; errors go to `onError`. */
export function guarded(call: () => unknown, onError: (error: unknown) => void): Promise<unknown> | undefined {
  try {
    const wait = call();
    return isPromise(wait) ? wait.then(undefined, onError) : undefined;
  } catch (error) {
    onError(error);
    return undefined;
  }
}

export class Emitter<T extends Events<T>> {
  private readonly listeners = new Map<keyof T, Set<T[keyof T]>>();

  /** `onError`: told of what a listener throws, or its promise is rejected with; the other listeners are called all the same. */
  constructor(private readonly onError: (error: unknown) => void) {}

  /** Adds a listener and returns what removes it. */
  on<E extends keyof T>(event: E, listener: T[E]): () => void {
    const set = this.listeners.get(event) ?? new Set();
    this.listeners.set(event, set);
    set.add(listener);
    return () => set.delete(listener);
  }

  /** Calls every listener; where some return promises, a promise of all of these. */
  emit<E extends keyof T>(event: E, ...args: Parameters<T[E]>): Promise<unknown> | undefined {
    // A copy: a listener may remove itself.
    return allOf([...(this.listeners.get(event) ?? [])].map((listener) => guarded(() => listener(...(args as never[])), this.onError)));
  }
}
