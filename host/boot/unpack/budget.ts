/**
 * What reading a file may cost. Archives, packed streams and kernels come from anywhere: a few kilobytes can say that they are terabytes,
 * or hold a million entries. Every reader and unpacker draws from one budget a file, and what is over it is an error that says so.
 *
 *     bytes   unpacked bytes in all, and no more than RATIO times the packed ones once they are more than FREE
 *     entries files, notes, headers: what becomes an object of ours
 *     paths   each at most PATH_MAX and NAME_MAX as Linux has them (limits.h), and all of them together, directories made for them too
 *     work    steps of a walk that cost neither bytes nor entries
 *
 * A budget also carries the caller's signal and deadline, so that a limit of time and an abort reach what runs without a pause.
 */
import { StreamError } from './stream-error.js';

const MIB = 1 << 20;

/** Unpacked bytes that are not held against the packed ones. */
const FREE = 32 * MIB;
/** Real file systems pack 2 to 10 times, with large holes some 50; gzip's own most is 1032, that of others has no end. */
const RATIO = 128;
/** Linux: a path with its final NUL, and one name. */
const PATH_MAX = 4095;
const NAME_MAX = 255;

export interface Limits {
  /** Unpacked bytes. */
  bytes: number;
  entries: number;
  /** Characters of all paths together. */
  pathCharacters: number;
  work: number;
}

const DEFAULTS: Limits = { bytes: 4096 * MIB, entries: 500_000, pathCharacters: 64 * MIB, work: 10_000_000 };

/** A file wants more than it may have. */
export class LimitError extends StreamError {
  override readonly name: string = 'LimitError';
}

export interface BudgetOptions {
  limits?: Partial<Limits>;
  signal?: AbortSignal | undefined;
  /** Reading must be over by then (performance.now(), ms); `deadlineName` is the option that said so. */
  deadline?: number;
  deadlineName?: string;
}

export class Budget {
  private readonly limits: Limits;
  private bytes = 0;
  private entries = 0;
  private pathCharacters = 0;
  private steps = 0;

  constructor(private readonly options: BudgetOptions = {}) {
    this.limits = { ...DEFAULTS, ...options.limits };
  }

  /** How many bytes `packed` bytes may still become: for unpackers that take a limit. */
  room(packed: number): number {
    return Math.max(0, Math.min(this.limits.bytes - this.bytes, Math.max(FREE, RATIO * packed)));
  }

  /** Counts `bytes` more that came out of `packed` bytes so far. */
  spendBytes(bytes: number, packed: number): void {
    this.checkTime();
    this.bytes += bytes;
    if (this.bytes > this.limits.bytes) throw new LimitError(`unpacks to more than ${this.limits.bytes} bytes`);
    if (this.bytes > Math.max(FREE, RATIO * packed)) {
      throw new LimitError(`unpacks to more than ${RATIO} times its size (${this.bytes} bytes out of ${packed}): no real file does`);
    }
  }

  /** Counts an entry with a path, which must be one that Linux could have. */
  spendEntry(path = ''): void {
    this.checkTime();
    if (++this.entries > this.limits.entries) throw new LimitError(`has more than ${this.limits.entries} entries`);
    if (path.length > PATH_MAX) throw new LimitError(`has a path of ${path.length} characters (${shorten(path)}); Linux takes ${PATH_MAX}`);
    const long = path.length > NAME_MAX ? path.split('/').find((name) => name.length > NAME_MAX) : undefined;
    if (long !== undefined) throw new LimitError(`has a name of ${long.length} characters (${shorten(long)}); Linux takes ${NAME_MAX}`);
    this.pathCharacters += path.length;
    if (this.pathCharacters > this.limits.pathCharacters) throw new LimitError(`has paths of more than ${this.limits.pathCharacters} characters in all`);
  }

  /** Counts steps that lead to nothing of their own. */
  spendWork(steps = 1): void {
    this.steps += steps;
    if (this.steps > this.limits.work) throw new LimitError(`takes more than ${this.limits.work} steps to read`);
    if ((this.steps & 0xfff) < steps) this.checkTime();
  }

  /** Throws the signal's reason, or LimitError past the deadline. */
  checkTime(): void {
    const { signal, deadline, deadlineName } = this.options;
    signal?.throwIfAborted();
    if (deadline !== undefined && performance.now() > deadline) throw new LimitError(`takes longer to read than ${deadlineName ?? 'the limit'} allows`);
  }
}

function shorten(text: string): string {
  return `${text.slice(0, 40).replace(/[^\x20-\x7e]/g, '?')}...`;
}
