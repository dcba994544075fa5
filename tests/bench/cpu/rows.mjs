// The rows of `npm run bench -- cpu`, in classes. The name is the program's (programs/*.c); `work` says what one unit of it is.

const row = (kind) => ([name, work]) => ({ name, kind, work });

export const ROWS = [
  ...[
    ["sieve1M", "primes below 2^20"],
    ["crc32_64k", "64 KiB, a table of bytes"],
    ["sha256_64k", "64 KiB"],
    ["qsort16k", "16,384 random numbers, libc's qsort"],
    ["imatmul64", "64 x 64 matrices of 32-bit numbers"],
    ["interp", "12 instructions of a byte code, threaded by computed jumps"],
    ["fib22", "fib(22) by recursion"],
    ["collatz", "one number to 1"],
    ["div32x2", "two divisions of 32 bits"],
    ["div64", "one division of 64 bits"],
    ["xorshift64", "one 64-bit random number"],
    ["memcpy64k", "64 KiB, libc's"],
    ["repmovs64k", "64 KiB, REP MOVSB"],
    ["strlen4k", "4 KiB, libc's"],
    ["chase8_l1", "eight steps along a chain of 16 KiB"],
    ["chase8_4M", "eight steps along a chain of 4 MiB"],
    ["hash1k", "a thousand inserts and a thousand look-ups"],
    ["gzip1M", "busybox gzip of 1 MiB of text, with its fork and exec"],
  ].map(row("integer")),
  ...[
    ["nbody", "a step of five bodies"],
    ["mandel32", "32 x 32 points, at most 50 steps each"],
    ["fmatmul64", "64 x 64 matrices of doubles"],
    ["fdivsqrt", "a division and a square root, each of the one before"],
    ["sin", "libm's sin"],
  ].map(row("floating point")),
  ...[
    ["x87_nbody", "as nbody, by x87 instructions"],
    ["x87_mandel32", "as mandel32"],
    ["x87_fmatmul64", "as fmatmul64"],
    ["x87_fdivsqrt", "as fdivsqrt"],
    ["x87_sin", "FSIN"],
  ].map(row("x87")),
  ...[
    ["getppid", "a system call that does nothing"],
    ["clockget", "clock_gettime, in the vDSO where it can be"],
    ["pgfault", "the first touch of a page"],
    ["readzero4k", "4 KiB from /dev/zero"],
    ["signal", "a signal to itself, handled"],
    ["pingpong", "a byte to another process and back by pipes"],
    ["fork", "fork, _exit, waitpid"],
    ["forkexec", "fork, exec of this program, waitpid"],
  ].map(row("system")),
];

export const KINDS = [...new Set(ROWS.map(({ kind }) => kind))];

/** Rows by their names, parted by commas; all without. Throws for a name that is none. */
export function chooseRows(names) {
  if (names === undefined) return ROWS;
  return names.split(",").map((name) => {
    const found = ROWS.find((r) => r.name === name);
    if (found === undefined) throw new Error(`"${name}" is not one of the rows: ${ROWS.map((r) => r.name).join(", ")}.`);
    return found;
  });
}
