/**
 * The processor's system side by small programs on the bare machine: traps and breakpoints, the interrupt shadow, the TLB,
 * system calls. Each program is given as bytes under its listing.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { createMachine, type Machine } from 'pintail';

const [GDT, IDT, TSS, HANDLER] = [0x6000, 0x5000, 0x7000, 0x1_1000];
const RING0_STACK = 0x7_0000;
const DEBUG = 1;

let machine: Machine | undefined;
afterEach(async () => {
  await machine?.close();
  machine = undefined;
});

function words(...values: bigint[]): Uint8Array {
  return new Uint8Array(BigUint64Array.from(values).buffer);
}

/** A 64-bit interrupt gate to HANDLER. */
const gate = words(BigInt(HANDLER & 0xffff) | 8n << 16n | 0x8e00n << 32n | BigInt(HANDLER >>> 16) << 48n, 0n);

/** A machine with a program, `handler` behind the vector, a GDT for both privileges and a stack for ring 0. */
async function make(program: string, handler: string, vector: number): Promise<Machine> {
  machine = await createMachine({ memoryMiB: 16, bare: { code: Buffer.from(program, 'hex') } });
  await machine.writeMemory(HANDLER, Buffer.from(handler, 'hex'));
  await machine.writeMemory(IDT + 16 * vector, gate);
  // Ring 0 code and data, ring 3 data and code, in the order that SYSCALL and SYSRET count on.
  await machine.writeMemory(GDT, words(0n, 0x00af_9b00_0000_ffffn, 0x00cf_9300_0000_ffffn, 0x00cf_f300_0000_ffffn, 0x00af_fb00_0000_ffffn));
  await machine.writeMemory(TSS + 4, words(BigInt(RING0_STACK)));
  await machine.setRegisters({
    gdtr: { base: BigInt(GDT), limit: 39 },
    idtr: { base: BigInt(IDT), limit: 0xfff },
    segments: { tr: { selector: 0x28, base: BigInt(TSS), limit: 0x67, attributes: 0x8b00 } },
  });
  return machine;
}

/** inc ebx; iretq */
const COUNT = 'ffc348cf';

describe('debug exceptions', () => {
  it('TF traps after each instruction, the one that clears it included', async () => {
    // xor ebx, ebx; pushfq; or dword [rsp], 0x100; popfq; nop; nop; nop; pushfq; and dword [rsp], ~0x100; popfq; hlt
    const m = await make('31db9c810c24000100009d9090909c812424fffeffff9df4', COUNT, DEBUG);
    await m.runUntilHalt();
    expect((await m.getRegisters()).rbx).toBe(6n);
  });

  it('a breakpoint stops before its instruction, each time, and lets it pass when the handler sets RF', async () => {
    // The handler: inc ebx; or dword [rsp + 16], 0x10000; iretq.
    // xor ebx, ebx; lea rax, [1f]; mov dr0, rax; mov eax, 0x402; mov dr7, rax; mov ecx, 3; 1: inc edx; loop 1b; hlt
    const m = await make('31db488d05100000000f23c0b8020400000f23f8b903000000ffc2e2fcf4', 'ffc3814c24100000010048cf', DEBUG);
    await m.setRegisters({ rdx: 0n });
    await m.runUntilHalt();
    const { rbx, rdx } = await m.getRegisters();
    expect([rbx, rdx]).toEqual([3n, 3n]);
  });
});

describe('breakpoints on data', () => {
  // The handler: inc ebx; iretq. DR0 = 200000, DR7 = `dr7`; xor ebx, ebx; a store to 200000, a load from it, a store of four bytes to 1ffffd,
  // a store to 200004; hlt.
  const program = (dr7: string): string => '31dbb8000020000f23c0b8' + dr7 + '0f23f8c7042500002000010000008b0c2500002000c70425fdff1f000200000089042504002000f4';
  it.each([
    ['on writes', '02040d00', 2n],
    ['on reads and writes', '02040f00', 3n],
    ['off', '00040f00', 0n],
  ])('%s', async (_, dr7, count) => {
    const m = await make(program(dr7), COUNT, DEBUG);
    await m.runUntilHalt();
    expect((await m.getRegisters()).rbx).toBe(count);
  });
});

describe('interrupts', () => {
  it('wait for one instruction after STI', async () => {
    // x2APIC on (MSR 1b), enabled (80f), an interrupt to itself (83f); xor ebx, ebx; nop; nop; sti; inc ebx; inc ebx; hlt
    const program = 'b91b0000000f320d000c00000f30b90f080000b8ff01000031d20f30b93f080000b8400000000f3031db9090fbffc3ffc3f4';
    // mov esi, ebx; hlt
    const m = await make(program, '89def4', 0x40);
    await m.runUntilHalt();
    expect((await m.getRegisters()).rsi).toBe(1n);
  });
});

describe('the TLB', () => {
  it('forgets a page at INVLPG, and all at a write of CR3', async () => {
    // Writes 1 at 600000 and 2 at 800000 and reads 600000 (eax). Maps it to 800000, INVLPG, reads (ebx). Maps it to a00000,
    // writes CR3, reads (ecx). The entry is the fourth of the first page directory, at 3018.
    const m = await make('c704250000600001000000c7042500008000020000008b04250000600048c7042518300000830080000f013c25000060008b1c250000600048c70425183000008300a000' +
      '0f20d90f22d98b0c2500006000f4', COUNT, DEBUG);
    await m.writeMemory(0xa0_0000, words(3n));
    await m.runUntilHalt();
    const { rax, rbx, rcx } = await m.getRegisters();
    expect([rax, rbx, rcx]).toEqual([1n, 2n, 3n]);
  });
});

describe('system calls', () => {
  it('SYSRET with TF traps before the first instruction of the program and after it; SYSCALL masks TF and is not trapped', async () => {
    // STAR = 10:8, LSTAR = kernel, SFMASK = TF and IF, SCE; rcx = user, r11 = TF; xor ebx, ebx; sysretq;
    // user: nop; syscall; kernel: hlt
    const m = await make('b9810000c031c0ba080010000f30b9820000c0488d053100000031d20f30b9840000c0b8000300000f30b9800000c00f3283c8010f30488d0d0b00000041bb02010000' +
      '31db480f07900f05f4', COUNT, DEBUG);
    // Lets ring 3 in everywhere: the U bit in the three levels of the bare machine's tables.
    for (const [at, bytes] of [[0x1000, 1], [0x2000, 4], [0x3000, 8]] as const) {
      for (let n = 0; n < bytes; n++) {
        const [low] = await m.readMemory(at + 8 * n, 1);
        await m.writeMemory(at + 8 * n, Uint8Array.of((low ?? 0) | 4));
      }
    }
    await m.runUntilHalt();
    const r = await m.getRegisters();
    expect([r.rbx, r.cpl, r.rcx, r.r11 & 0x100n, r.rflags & 0x100n]).toEqual([2n, 0, r.rip - 1n, 0x100n, 0n]);
  });
});
