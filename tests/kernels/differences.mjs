// Where the other emulators do not do what the manuals say (or what our processor announces differs from theirs): which kernel, which lines,
// and why. compare.mjs leaves these lines out of its verdict.

/** @type {{ emulator: "qemu" | "bochs", kernel: string, line: RegExp, reason: string }[]} */
export const DIFFERENCES = [
  ...["paging-2-level", "paging-pae", "paging-4-level"].flatMap((kernel) => [
    { emulator: "qemu", kernel, line: /: AD=/, reason: "sets A in the levels above an entry that refuses the access, which the manual allows" },
    { emulator: "qemu", kernel, line: /(reserved bit|bit 51|NXE0|1 GiB page, bit|PML4E with PS).*#PF/, reason: "leaves P out of the error code for reserved bits" },
  ]),
  { emulator: "qemu", kernel: "segments", line: /^type of code/, reason: "sets no accessed bit for a far jump" },
  { emulator: "qemu", kernel: "segments", line: /^CALL far beyond the limit/, reason: "gives the selector in the error code" },
  { emulator: "qemu", kernel: "segments", line: /^RETF with absent SS/, reason: "raises #NP instead of #SS" },
  { emulator: "qemu", kernel: "segments", line: /^DS from the LDT, beyond/, reason: "TCG checks no segment limits" },
  { emulator: "qemu", kernel: "segments", line: /^LTR of null/, reason: "takes a null task register" },
  { emulator: "qemu", kernel: "stack-wraps", line: /over the wrap/, reason: "TCG checks no segment limits" },
  { emulator: "qemu", kernel: "stack-wraps", line: /16-bit stack, 32: ENTER.*: (EBP|stored)/, reason: "lets the wrap of SP borrow from the upper half of the frame pointer" },
  { emulator: "qemu", kernel: "stack-wraps", line: /32-bit stack, 16: ENTER, level 2: EBP/, reason: "does not move EBP down the frames, whose upper half stays" },
  { emulator: "qemu", kernel: "gates", line: /^UD2, |^NP while BR/, reason: "never sets EXT in error codes" },
  { emulator: "qemu", kernel: "gates", line: /^INT1 at 3/, reason: "knows no INT1 at CPL 3" },
  { emulator: "qemu", kernel: "gates", line: /^SS1 absent/, reason: "raises #TS for an absent stack" },
  { emulator: "qemu", kernel: "gates", line: /^SS1 too small|beyond the limit/, reason: "TCG checks no segment limits" },
  { emulator: "qemu", kernel: "gates", line: /^conforming code from 3/, reason: "sets the RPL of CS to 0" },
  { emulator: "qemu", kernel: "gates", line: /^handler at 1 from v86/, reason: "lets a handler of ring 1 take over from virtual-8086 mode" },
  { emulator: "bochs", kernel: "long-gates", line: /^(IST 3|RSP0) not canonical/, reason: "gives the old SS in the error code; the new one is null" },
  { emulator: "qemu", kernel: "long-gates", line: /^(INT|UD2)/, reason: "counts 16 bytes a gate in error codes, where the manual counts 8; never sets EXT" },
  { emulator: "qemu", kernel: "long-gates", line: /^not canonical|^IRETQ not|^RETFQ not/, reason: "faults at a target that is not canonical" },
  { emulator: "qemu", kernel: "long-gates", line: /^conforming, at 3/, reason: "sets the RPL of CS to 0" },
  { emulator: "qemu", kernel: "long-gates", line: /^L and D|^SS null with RPL 1|^(IST 3|RSP0) not canonical/, reason: "takes what the manual refuses, or refuses it otherwise" },
  { emulator: "qemu", kernel: "tasks", line: /^T flag/, reason: "knows no debug trap flag" },
  { emulator: "qemu", kernel: "tasks", line: /saved EFLAGS=0001/, reason: "saves no RF" },
  { emulator: "qemu", kernel: "tasks", line: /^gate into the LDT/, reason: "raises #TS instead of #GP" },
  { emulator: "qemu", kernel: "tasks", line: /^IRET with NT, link to itself/, reason: "loads the state before it is saved" },
  { emulator: "qemu", kernel: "tasks", line: /^(CS|SS|DS|ES|GS|LDT|EIP|DS from its LDT)\b/, reason: "reports faults after the switch with the old task's EIP and stack" },
  ...["debug", "debug-long"].flatMap((kernel) => [
    { emulator: "qemu", kernel, line: /behind MOV SS|MOV SS from memory/, reason: "MOV SS holds no debug exception back" },
    { emulator: "qemu", kernel, line: /W4 not aligned/, reason: "does not align breakpoints to their length" },
    { emulator: "qemu", kernel, line: /both ends|two data|write and TF/, reason: "reports one of several conditions" },
    { emulator: "qemu", kernel, line: /of ones/, reason: "keeps reserved bits of DR6 and DR7" },
    { emulator: "qemu", kernel, line: /GD, /, reason: "knows no DR7.GD" },
    { emulator: "qemu", kernel, line: /^OUT, without DE/, reason: "takes port breakpoints without CR4.DE" },
    { emulator: "qemu", kernel, line: /REP (OUTSB|MOVSB)/, reason: "runs a repetition to its end first" },
    { emulator: "bochs", kernel, line: /REP (OUTSB|MOVSB)/, reason: "pushes no RF between the iterations of a repetition" },
  ]),
  { emulator: "bochs", kernel: "fast-calls", line: /^SYSCALL with TF masked/, reason: "traps after a SYSCALL that has cleared TF" },
  { emulator: "qemu", kernel: "fast-calls", line: /^SYSCALL (at 3|with a mask) I31/, reason: "loses the status flags" },
  { emulator: "qemu", kernel: "fast-calls", line: /^SYSRETQ, (all flags|RF and VM)/, reason: "loads VM and RF" },
  { emulator: "bochs", kernel: "apic", line: /^the same class waits/, reason: "takes a spurious interrupt" },
  { emulator: "qemu", kernel: "apic", line: /^a write of TPR|^PPR of service/, reason: "looks for interrupts at the end of a block only" },
  { emulator: "qemu", kernel: "apic", line: /^LVT timer with the switch/, reason: "leaves the LVT as it is" },
  { emulator: "bochs", kernel: "x2apic", line: /^(off, then x2APIC|xAPIC again|x2APIC again|SVR after)/, reason: "an APIC once off stays off until a reset, as on the P6 family" },
  { emulator: "bochs", kernel: "x2apic", line: /^x2APIC LDR/, reason: "does not derive LDR from the ID" },
  { emulator: "bochs", kernel: "x2apic", line: /^WRMSR of (SELF|LVT|divide)/, reason: "takes reserved bits" },
  { emulator: "bochs", kernel: "x2apic", line: /^deadline after it/, reason: "keeps the deadline that has passed" },
  { emulator: "bochs", kernel: "x2apic", line: /^end/, reason: "does not come back from an APIC that is off" },
  { emulator: "qemu", kernel: "absent-structures", line: /not accessed, page read-only/, reason: "writes the accessed bit with its whole dword, which CR2 shows" },
  { emulator: "qemu", kernel: "segments-long", line: /^(compatibility: |end)/, reason: "TCG checks neither limits nor the types of segments in use, and runs off the end of one" },
  { emulator: "qemu", kernel: "task-paging", line: /^JMP (to a TSS in an|to a TSS whose|from a TSS)/, reason: "touches the two TSSs in another order, which the manual leaves open" },
  { emulator: "qemu", kernel: "supervisor", line: /^LDT in a user page at 0 with AC/, reason: "lets AC excuse the processor's own accesses" },
  { emulator: "bochs", kernel: "supervisor", line: /^LDT in a user page at . with AC/, reason: "lets AC excuse the processor's own accesses" },
  { emulator: "qemu", kernel: "paging-pae", line: /^PDPTE with bit/, reason: "looks at the PDPTEs when they are used" },
  { emulator: "qemu", kernel: "paging-pae", line: /^PDPTE absent since/, reason: "reads the PDPTEs from memory at each walk" },
  { emulator: "qemu", kernel: "modes", line: /^limit of 64 KiB/, reason: "TCG checks no segment limits" },
  { emulator: "qemu", kernel: "faults", line: /(load|stack) at FFFF|stack beyond FFF|push at 0 of/, reason: "TCG checks no segment limits" },
  { emulator: "qemu", kernel: "faults", line: / INT1 #DB/, reason: "pushes the address of INT1, not of the instruction behind" },
  { emulator: "qemu", kernel: "faults", line: /MMX with (TS|EM)/, reason: "EMMS looks at neither TS nor EM" },
  { emulator: "qemu", kernel: "faults", line: /x87 error at the next instruction/, reason: "only FWAIT reports a pending x87 error" },
  { emulator: "qemu", kernel: "faults", line: /SSE error|MXCSR reserved/, reason: "raises no #XM and takes any MXCSR" },
  { emulator: "qemu", kernel: "faults", line: /with AC #AC/, reason: "checks no alignment" },
  { emulator: "qemu", kernel: "faults", line: /load by R|load over the edge/, reason: "knows #GP alone for addresses that are not canonical, and not across the edge" },
  { emulator: "qemu", kernel: "faults", line: /64\/. (jump|return)/, reason: "faults at the target of a jump that is not canonical" },
  { emulator: "qemu", kernel: "privilege", line: /^RDPMC at .*0 #GP/, reason: "raises #UD for a counter that does not exist" },
  { emulator: "qemu", kernel: "privilege", line: /^XSETBV/, reason: "looks at the privilege before CR4.OSXSAVE" },
  { emulator: "qemu", kernel: "privilege", line: /^SYSEXIT at 64/, reason: "plays an AMD processor, which has no SYSEXIT in long mode" },
  { emulator: "qemu", kernel: "privilege", line: /^WRGSBASE/, reason: "takes a base that is not canonical" },
];

/** Kernels that an emulator is not compared on. */
export const LEFT_OUT = {
  qemu: {
    "control-registers": "TCG takes any value for CR0, CR4 and EFER, and what follows depends on it",
    limits: "TCG checks no segment limits",
    "virtual-interrupts": "TCG has neither VME nor PVI",
    x2apic: "TCG has neither x2APIC nor TSC deadline",
    pcid: "TCG has no PCIDs",
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
