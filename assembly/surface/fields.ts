// Fields of the processor's state that the host reads and writes by number (inspect.ts gives their addresses).
// Shared by the module and the host: valid in both languages.

export const enum CpuField {
  Rip, Cr0, Cr2, Cr3, Cr4, Cr8, Xcr0, Efer, KernelGsBase, GdtBase, GdtLimit, IdtBase, IdtLimit, Cpl, Mxcsr,
  Dr0, Dr1, Dr2, Dr3, Dr6, Dr7, Fcw, Fsw, Ftw,
}
