/** What is wrong with a command line: every fault is kept, with the words it is about as they were typed, and all are told at once. */

export interface Fault {
  /** The option, as it was typed. */
  argument: string;
  problem: string;
}

/** A command line that cannot be used; the process ends with status 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly faults: readonly Fault[];

  constructor(argument: string, problem: string);
  constructor(faults: readonly Fault[]);
  constructor(first: string | readonly Fault[], problem = '') {
    const faults = typeof first === 'string' ? [{ argument: first, problem }] : first;
    super(faults.map((fault) => `${fault.argument}: ${fault.problem}`).join('\n'));
    this.faults = faults;
  }
}

/** Collects faults, each once. */
export class Faults {
  readonly list: Fault[] = [];

  add(argument: string, problem: string): void {
    if (!this.list.some((fault) => fault.argument === argument && fault.problem === problem)) this.list.push({ argument, problem });
  }

  /** Runs what may throw a UsageError and keeps what it says; undefined then. */
  attempt<T>(work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      for (const { argument, problem } of error.faults) this.add(argument, problem);
      return undefined;
    }
  }

  /** Throws all there are. */
  check(): void {
    if (this.list.length > 0) throw new UsageError(this.list);
  }
}
