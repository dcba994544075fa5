// Numbers of the clock that the module and the host share. No import, no overlay: the host compiles this file too.

/** A rate is ns of virtual time a tick, in units of 2^-RATE_SHIFT ns. */
export const enum RateUnit { SHIFT = 20 }

/** What a machine does not show its guests (`-cpu max,kvm=off`). */
export const enum Hidden {
  /** KVM's CPUID leaves, with its clock and hypercalls. */
  KVM = 1,
  /** The clock among them. */
  KVMCLOCK = 2,
  X2APIC = 4,
}

/** What it shows only when asked (`-cpu max,adx=on`): kernels choose their code by what they see. In the same word, ExtraAt.SHIFT bits up. */
export const enum Extra {
  /** ADCX and ADOX. */
  ADX = 1,
}
/** Where the extras begin in the word. */
export const enum ExtraAt { SHIFT = 8 }
