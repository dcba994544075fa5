/**
 * Debug exceptions to the letter: where they come, what DR6 and the pushed RF say, and what the shadows of MOV SS and STI hold
 * back. Intel SDM vol. 3, 6.8.3, 17.2, 17.3; AMD APM vol. 2, 13.1. Programs are given as bytes under their listings.
 */
import { describe, expect, it } from 'vitest';
import { Vendor } from '../../assembly/base/vendor-spec.js';
import { CpuField } from '../../assembly/surface/fields.js';
import { LOG_DEBUG, makeSystem, PROGRAM, Selector, type SmallSystem } from './small-system.js';

const DEBUG = 1, [B0, BD, BS, BT] = [1, 0x2000, 0x4000, 0x8000];

describe.each([['Run', false], ['the IR', true]])('in %s', (_, ir) => {
  function run(program: string, handlers: Record<number, string> = {}, vendor = Vendor.AMD): SmallSystem {
    const system = makeSystem({ program, ir, vendor, handlers: { [DEBUG]: LOG_DEBUG, ...handlers } });
    system.runToHalt();
    return system;
  }
  const at = (dr6: number, ...places: number[]) => places.map((place) => ({ dr6, at: place, rf: false }));

  describe('MOV SS', () => {
    it('holds back the single step between it and the next instruction', () => {
      // mov ecx, 0x18; pushfq; or dword [rsp], 0x100; popfq; e: nop; f: mov ss, ecx; 11: nop; 12: nop; 13: pushfq; and dword [rsp], ~0x100; popfq; hlt
      const { log } = run('b9180000009c810c24000100009d908ed190909c812424fffeffff9df4');
      expect(log()).toEqual(at(BS, 0xf, 0x12, 0x13, 0x14, 0x1b, 0x1c));
    });
    it('holds back the breakpoint on its own data; one on the next instruction, which Intel\'s hides, brings it along on AMD\'s', () => {
      // ecx = 18, stored at 200000; DR0 = 200000 on 4 bytes, DR1 = the instruction at 29; mov ss, [200000]; 29: nop; 2a: hlt
      const program = 'b918000000b8000020000f23c0668908488d05120000000f23c8b80a040f000f23f88e14250000200090f4';
      expect(run(program, {}, Vendor.INTEL).log()).toEqual(at(B0, 0x2a));
      expect(run(program).log()).toEqual(at(B0 | 2, 0x29));
    });
    it('lets what waits come at the first instruction of a handler, when the next is INT n', () => {
      // ecx = 18, stored at 200000; DR0 on it; mov ss, [200000]; int 0x30; hlt. The handler of 30: hlt.
      const { log } = run('b918000000b8000020006689080f23c0b802040f000f23f88e142500002000cd30f4', { 0x30: 'f4' });
      expect(log()).toEqual(at(B0, 0x1_1000 + 0x30 * 0x100 - PROGRAM));
    });
    it('loses what waits with a fault of the next', () => {
      // As above, but with ud2 in the place of int 0x30. The handler of #UD: nop; hlt.
      const { log, register } = run('b918000000b8000020006689080f23c0b802040f000f23f88e1425000020000f0bf4', { 6: '90b907000000f4' });
      expect([log(), register(1)]).toEqual([[], 7n]);
    });
    it('holds back an interrupt that STI has let wait', () => {
      // x2APIC on, an interrupt 40 to itself, waiting; ebx = 0; sti; mov ss, r8d; inc ebx; inc ebx; hlt. The handler: mov esi, ebx; hlt.
      const { register } = run(
        'b91b0000000f320d000c00000f30b90f080000b8ff01000031d20f3031dbb93f080000b84000000041b8180000000f30fb418ed0ffc3ffc3f4', { 0x40: '89def4' });
      expect(register(6)).toBe(1n);
    });
  });

  it('STI holds back no breakpoint', () => {
    // DR0 = the instruction at 14; cli; sti; 14: nop; cli; hlt
    const { log } = run('488d050d0000000f23c0b8020400000f23f8fafb90faf4');
    expect(log()).toEqual(at(B0, 0x14));
  });

  describe('a repetition', () => {
    it('stops once at a breakpoint on it, not before each iteration', () => {
      // DR0 = 1e; edi = 200000; ecx = 3; xor eax, eax; 1e: rep stosb; hlt
      const { log, register } = run('488d05170000000f23c0b8020400000f23f8bf00002000b90300000031c0f3aaf4');
      expect(log()).toEqual(at(B0, 0x1e));
      expect(register(1)).toBe(0n);
    });
    it('is trapped after the iteration that touches the data, with RF set in the image unless it was the last', () => {
      // DR0 = 200001 on a byte written; edi = 200000; ecx = 3; xor eax, eax; 1c: rep stosb; 1e: hlt
      const program = (count: string): string => `b8010020000f23c0b8020401000f23f8bf00002000b9${count}00000031c0f3aaf4`;
      expect(run(program('03')).log()).toEqual([{ dr6: B0, at: 0x1c, rf: true }]);
      expect(run(program('02')).log()).toEqual([{ dr6: B0, at: 0x1e, rf: false }]);
    });
    it('is single-stepped by iterations', () => {
      // edi = 200000; ecx = 3; xor eax, eax; pushfq; or dword [rsp], 0x100; popfq; 15: rep stosb; 17: pushfq; 18: and dword [rsp], ~0x100; 1f: popfq; 20: hlt
      const { log } = run('bf00002000b90300000031c09c810c24000100009df3aa9c812424fffeffff9df4');
      expect(log().map((l) => l.at)).toEqual([0x15, 0x15, 0x17, 0x18, 0x1f, 0x20]);
    });
  });

  it('general detect faults before MOV DRn and is off in the handler', () => {
    // mov eax, 0x2400; mov dr7, rax; 8: mov rax, dr0; mov rdx, dr7; hlt
    const { log, register } = run('b8002400000f23f80f21c00f21faf4');
    expect(log()).toEqual(at(BD, 8));
    expect(register(2)).toBe(0x400n);
  });

  describe('breakpoints on ports', () => {
    it('trap after IN, OUT, INS and OUTS that touch them', () => {
      // CR4.DE; DR0 = 80 (I/O, 1 byte); al = 0; out 80, al; 20: in al, 80; 22: out 81, al; in ax, 7f; 27: dx = 80, esi and edi = 200000, ecx = 2;
      // 3b: rep outsb; 3d: insb; 3e: in eax, 84; hlt
      const { log } = run('0f20e083c8080f22e0b8800000000f23c0b8020402000f23f8b800000000e680e480e68166e57fba80000000be00002000bf00002000b902000000f36e6ce584f4');
      expect(log()).toEqual([...at(B0, 0x20, 0x22, 0x27), { dr6: B0, at: 0x3b, rf: true }, ...at(B0, 0x3d, 0x3e)]);
    });
    it('are nothing without CR4.DE', () => {
      // DR0 = 80 (I/O); out 80, al; hlt
      expect(run('b8800000000f23c0b8020402000f23f8b800000000e680f4').log()).toEqual([]);
    });
  });

  it('DR6 holds the breakpoints of the last exception; BS, BD and BT stay until they are cleared', () => {
    // mov eax, 0xffff6ffe; mov dr6, rax; DR0 = 1b; DR7 = 0x402; 1a: nop; 1b: nop. The handler: hlt.
    const system = makeSystem({ ir, program: 'b8fe6fffff0f23f0488d050c0000000f23c0b8020400000f23f89090f4', handlers: { [DEBUG]: 'f4' } });
    system.runToHalt();
    expect(system.field(CpuField.Dr6) & 0xffffn).toBe(0x6ff1n);
  });

  it('DR7 keeps only the bits it has', () => {
    // mov eax, 0xffffdfff; mov dr7, rax; mov rdx, dr7; hlt
    expect(run('b8ffdfffff0f23f80f21faf4').register(2)).toBe(0xffff_07ffn);
  });

  it('a task with its T bit set is trapped before its first instruction, without the old task\'s local breakpoints', () => {
    // mov eax, 0x703; mov dr7, eax; jmp 50:0. The handler: mov eax, dr6; mov ecx, [esp]; mov edx, dr7; hlt
    const system = makeSystem({ bits: 32, ir, program: 'b8030700000f23f8ea000000005000', handlers: { [DEBUG]: '0f21f08b0c240f21faf4' } });
    const [task, entry] = [0x8000, PROGRAM + 0x200];
    system.write(0x6000 + 0x50, 8, 0x0000_8900_0000_0067n | BigInt(task) << 16n);
    for (const [offset, value] of [[0x20, entry], [0x24, 2], [0x38, 0x6_8000], [0x64, 1]] as const) system.write(task + offset, 4, BigInt(value));
    for (let s = 0; s < 6; s++) system.write(task + 0x48 + 4 * s, 4, BigInt(s === 1 ? Selector.CODE32 : Selector.DATA));
    system.runToHalt();
    expect([Number(system.register(0)) & 0xe00f, system.register(1), system.register(2)]).toEqual([BT, BigInt(entry), 0x602n]);
  });
});
