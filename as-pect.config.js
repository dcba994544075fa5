// as-pect: unit tests of the module's own parts, written in AssemblyScript beside it. "npx asp" runs them.
export default {
  entries: ["tests/aspect/**/*.spec.ts"],
  include: [],
  disclude: [/node_modules/],
  /** A memory of ours: the runner's has ten pages, and the module's regions (assembly/base/layout.ts) lie higher. */
  async instantiate(_memory, createImports, instantiate, binary) {
    const memory = new WebAssembly.Memory({ initial: 2048 });
    return instantiate(binary, createImports({ env: { memory } }));
  },
  outputBinary: false,
};
