// Where the other emulators do not do what the manuals say (or what our processor announces differs from theirs): which kernel, which lines,
// and why. compare.mjs leaves these lines out of its verdict.

/** @type {{ emulator: "qemu" | "bochs", kernel: string, line: RegExp, reason: string }[]} */
export const DIFFERENCES = [
  { emulator: "qemu", kernel: "modes", line: /^limit of 64 KiB/, reason: "TCG checks no segment limits" },
];

/** Kernels that an emulator is not compared on. */
export const LEFT_OUT = {
  qemu: {
    "control-registers": "TCG takes any value for CR0, CR4 and EFER, and what follows depends on it",
  },
  bochs: {},
};

/** What an emulator leaves out of every line. */
export const NORMALISE = {
  // QEMU 7.2 TCG never sets RF in the flags that a fault pushes (SDM vol. 3, 17.3.1.1).
  qemu: (line) => line.replace(/( \+[0-9a-f]{4} [0-9a-f]{4} )([0-9a-f]+)/, (all, before, flags) => {
    const clear = (BigInt(`0x${flags}`) & ~0x10000n).toString(16);
    return before + clear.padStart(flags.length, "0");
  }),
  bochs: (line) => line,
};
