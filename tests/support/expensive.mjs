// Programs that make the emulator work much for few instructions, and what each turn of the module takes of them: the test
// of the units (tests/machine/turns.test.ts) and `npm run bench -- slice` share them. 64-bit code at 10000h, identity pages, no gates.

import { TextAssembler } from "../../build/guest/assembler/text.js";

const AT = 0x10000;

/** Pushes a loop around `body`. */
const forever = (body, before = "") => `${before}\nagain:\n${body}\njmp again`;
const times = (n, text) => Array.from({ length: n }, () => text).join("\n");

/** Name, text, options of the machine. */
const PROGRAMS = {
  "jumps of two bytes": forever("jmp next\nnext:"),
  "REP MOVSB of pages": forever("mov esi, 0x200000; mov edi, 0x300000; mov ecx, 0x100000; rep movsb"),
  "REP STOSB to the local APIC": forever("mov edi, 0xfee00000; mov ecx, 0x1000; rep stosb"),
  "loads that miss the TLB": forever("mov eax, [rbx]; add ebx, 0x1001000; and ebx, 0x3ffffff"),
  "INVLPG beside large pages": forever("mov eax, [0x200000]; db 0x0f, 0x01, 0x38", "mov eax, 0x200000"),
  "CR4.PGE toggled": forever("mov rcx, cr4; xor ecx, 0x80; mov cr4, rcx"),
  "CR3 written": forever("mov rcx, cr3; mov cr3, rcx; mov eax, [0x200000]"),
  "CR3 over many PCIDs": forever("mov rdx, cr3; inc edx; and edx, 0x100f; mov cr3, rdx", "mov rcx, cr4; or ecx, 0x20000; mov cr4, rcx"),
  "a BAR moved": forever(
    "mov dx, 0xcf8; mov eax, 0x80002010; out dx, eax; mov dx, 0xcfc; mov eax, ebx; out dx, eax; add ebx, 0x100000; or ebx, 0xc0000000",
    "mov dx, 0xcf8; mov eax, 0x80002004; out dx, eax; mov dx, 0xcfc; mov eax, 7; out dx, eax; mov ebx, 0xc0000000",
  ),
  "PAM toggled": forever(
    "mov dx, 0xcf8; mov eax, 0x80000090; out dx, eax; mov dx, 0xcfc; xor ebx, 0x33333333; mov eax, ebx; out dx, eax",
  ),
  "FSIN": forever(times(16, "db 0xd9, 0xfe"), "db 0xdb, 0xe3, 0xd9, 0xeb"),
  "FPATAN and FYL2X": forever(times(8, "db 0xd9, 0xe8, 0xd9, 0xeb, 0xd9, 0xf3, 0xd9, 0xeb, 0xd9, 0xf1, 0xdd, 0xd8"), "db 0xdb, 0xe3"),
  "FPREM": forever(times(8, "db 0xd9, 0xf8"), "db 0xdb, 0xe3, 0xd9, 0xeb; db 0xd9, 0xe8; db 0xd9, 0xfd"),
  "FBSTP": forever(times(8, "db 0xd9, 0xeb; db 0xdf, 0x34, 0x25, 0, 0, 0x20, 0"), "db 0xdb, 0xe3"),
  "FXSAVE and FXRSTOR": forever(times(8, "db 0x0f, 0xae, 0x04, 0x25, 0, 0, 0x20, 0, 0x0f, 0xae, 0x0c, 0x25, 0, 0, 0x20, 0")),
  "ENTER of 31 levels": forever("mov ebp, 0x280000; mov esp, 0x280000; db 0xc8, 0, 0, 31"),
  "DIV of 128 bits": forever(times(8, "mov edx, 1; mov rax, rbx; div rbx"), "mov rbx, -3"),
  "CPUID": forever("mov eax, 1; cpuid"),
  "RDTSC and a port": forever("rdtsc; in al, 0x61; in al, 0x40"),
  "code that writes itself": forever("inc dword [target+2]\ntarget:\nmov eax, 0"),
  "stores beside many blocks": forever(
    "mov byte [0x2007f0], 0x90; inc dword [0x200ff8]",
    // 480 blocks of a jump each in the page at 200000h.
    "mov edi, 0x200000; mov ecx, 480\nfill:\nmov dword [rdi], 0x909002eb; add edi, 4; dec ecx; jnz fill; mov dword [rdi], 0xc3; mov esp, 0x300000; mov eax, 0x200000; call rax",
  ),
  "a doorbell over a ring of nothing (e1000)": forever(
    "dec eax; jns ok; mov eax, 0xfff7\nok:\nmov [rbx+0x3818], eax; mov [rbx+0x3818], eax",
    `mov dx, 0xcf8; mov eax, 0x80002010; out dx, eax; mov dx, 0xcfc; mov eax, 0xc0000000; out dx, eax
     mov dx, 0xcf8; mov eax, 0x80002004; out dx, eax; mov dx, 0xcfc; mov eax, 7; out dx, eax
     mov edi, 0x400000; mov ecx, 65536
     fill:
     mov dword [rdi], 0; mov dword [rdi+4], 0; mov dword [rdi+8], 0x40000000; mov dword [rdi+12], 0; add edi, 16; dec ecx; jnz fill
     mov ebx, 0xc0000000; mov dword [rbx], 0x40; mov dword [rbx+0x3800], 0x400000; mov dword [rbx+0x3804], 0
     mov dword [rbx+0x3808], 0xfff80; mov dword [rbx+0x3810], 0; mov dword [rbx+0x3818], 0; mov dword [rbx+0x400], 2; mov eax, 0`,
  ),
};

export const EXPENSIVE = Object.keys(PROGRAMS);

/** Options of createMachine for a program. */
export function expensiveMachine(name) {
  const assembler = new TextAssembler(AT);
  assembler.bits = 64;
  assembler.text(PROGRAMS[name]);
  const code = assembler.assemble();
  return { memoryMiB: 64, bare: { code, at: AT }, netdevs: ["null,id=n0"], devices: [{ model: "e1000", netdev: "n0", slot: 4 }] };
}

/** Notes, of every return of a machine's module from now on, the units of work and the ms it took. */
export function watchTurns(machine) {
  const { instance } = machine;
  const { run, turnUnits } = instance.exports;
  const seen = { turns: 0, yields: 0, worstUnits: 0, worstMs: 0, ms: 0, units: 0 };
  instance.exports = {
    ...instance.exports,
    run(low, high) {
      const before = performance.now();
      const why = run(low, high);
      const ms = performance.now() - before, units = turnUnits() >>> 0;
      seen.turns++;
      seen.ms += ms;
      seen.units += units;
      seen.worstUnits = Math.max(seen.worstUnits, units);
      seen.worstMs = Math.max(seen.worstMs, ms);
      return why;
    },
  };
  return seen;
}
