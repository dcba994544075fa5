/** A bare machine through the public API: bytes in, steps, registers and memory out. */
import { afterEach, describe, expect, it } from 'vitest';
import { createMachine, MachineError, MemoryError, OptionError, type Machine, type MachineOptions } from 'pintail';

const machines: Machine[] = [];

async function make(options: MachineOptions): Promise<Machine> {
  const machine = await createMachine({ memoryMiB: 16, ...options });
  machines.push(machine);
  return machine;
}

afterEach(async () => {
  for (const machine of machines.splice(0)) await machine.close();
});

/** mov eax, 5; add eax, 3; hlt */
const ADD = Uint8Array.from([0xb8, 5, 0, 0, 0, 0x83, 0xc0, 3, 0xf4]);
/** jmp to itself */
const SPIN = Uint8Array.from([0xeb, 0xfe]);

for (const worker of [false, true]) {
  describe(worker ? 'in a worker' : 'on this thread', () => {
    it('runs until HLT and counts every instruction', async () => {
      const machine = await make({ worker, bare: { code: ADD } });
      expect(await machine.runUntilHalt()).toEqual({ reason: 'halt', code: 0, instructions: 3n });
      const registers = await machine.getRegisters();
      expect(registers.rax).toBe(8n);
      expect(registers.rip).toBe(0x10009n);
    });

    it('steps, one instruction or many', async () => {
      const machine = await make({ worker, bare: { code: ADD } });
      expect(await machine.step()).toEqual({ reason: 'paused', code: 0, instructions: 1n });
      expect((await machine.getRegisters()).rax).toBe(5n);
      await machine.step(1);
      expect((await machine.getRegisters()).rax).toBe(8n);
    });

    it('pauses a guest that never stops, and goes on from there', async () => {
      const machine = await make({ worker, bare: { code: SPIN } });
      const run = machine.run();
      await machine.pause();
      expect((await run).reason).toBe('paused');
      expect((await machine.getRegisters()).rip).toBe(0x10000n);
      const before = (await machine.stats()).instructions;
      expect((await machine.step(1000)).instructions).toBe(before + 1000n);
    });

    it('stops exactly at the limit of instructions', async () => {
      const machine = await make({ worker, bare: { code: SPIN }, limits: { instructions: 123_457 } });
      expect(await machine.run()).toEqual({ reason: 'limit', code: 0, limit: 'instructions', instructions: 123_457n });
    });

    it('stops at the limit of wall time', async () => {
      const machine = await make({ worker, bare: { code: SPIN }, limits: { wallMs: 20 } });
      expect(await machine.run()).toMatchObject({ reason: 'limit', limit: 'wallMs' });
    });

    it('rejects run() when the signal is aborted, and is closed then', async () => {
      const controller = new AbortController();
      const machine = await make({ worker, bare: { code: SPIN }, signal: controller.signal });
      const run = machine.run();
      controller.abort(new Error('enough'));
      await expect(run).rejects.toThrow('enough');
      expect(machine.closed).toBe(true);
      await expect(machine.run()).rejects.toThrow();
    });

    it('refuses to look at a running machine', async () => {
      const machine = await make({ worker, bare: { code: SPIN } });
      const run = machine.run();
      await expect(machine.getRegisters()).rejects.toThrow(MachineError);
      await expect(machine.run()).rejects.toThrow(/is running/);
      await machine.pause();
      await run;
    });

    it('starts again as it was made', async () => {
      const machine = await make({ worker, bare: { code: ADD } });
      await machine.runUntilHalt();
      await machine.writeMemory(0x10000, Uint8Array.from([0xf4]));
      await machine.reset();
      expect((await machine.runUntilHalt()).instructions).toBe(3n);
      expect((await machine.getRegisters()).rax).toBe(8n);
    });

    it('names the option that is wrong', async () => {
      await expect(make({ worker, memoryMiB: 5000 })).rejects.toThrow(OptionError);
      await expect(make({ worker, kernel: '/nowhere' })).rejects.toThrow(/^kernel: cannot read \/nowhere: there is no such file/);
      await expect(make({ worker, guest: 'builtin', bare: { code: ADD } })).rejects.toThrow(/cannot be combined/);
    });
  });
}

describe('registers', () => {
  it('are written and read back, each in its place', async () => {
    const machine = await make({ bare: { code: ADD } });
    const xmm = Array.from({ length: 16 }, (_, i) => (BigInt(i) << 100n) | 7n);
    const changes = { rax: 1n, rcx: 2n, rdx: 3n, rbx: 4n, rsp: 5n, rbp: 6n, rsi: 7n, rdi: 8n, r8: 9n, r15: 0xffff_ffff_ffff_ffffn, mxcsr: 0x1fa0, xmm };
    await machine.setRegisters(changes);
    expect(await machine.getRegisters()).toMatchObject(changes);
  });

  it('hold every combination of status flags', async () => {
    // pushfq; hlt
    const machine = await make({ bare: { code: Uint8Array.from([0x9c, 0xf4]) } });
    const start = await machine.getRegisters();
    for (let bits = 0; bits < 64; bits++) {
      const flags = [0, 2, 4, 6, 7, 11].reduce((sum, place, i) => sum | (bits & (1 << i) ? 1 << place : 0), 2);
      await machine.setRegisters({ rflags: BigInt(flags), rip: start.rip, rsp: start.rsp });
      expect((await machine.getRegisters()).rflags).toBe(BigInt(flags));
      await machine.runUntilHalt();
      const pushed = new DataView((await machine.readMemory(start.rsp - 8n, 8)).buffer).getBigUint64(0, true);
      expect(pushed).toBe(BigInt(flags));
    }
  });
});

describe('the pace of time', () => {
  it.each([[undefined, 1n], [0, 1n], [7, 128n], [10, 1024n]])('is 2^N ns an instruction: N = %s', async (icountShift, ns) => {
    // 1: jmp 1b
    const machine = await make({ bare: { code: Uint8Array.from([0xeb, 0xfe]) }, ...(icountShift === undefined ? {} : { icountShift }) });
    await machine.step(1000);
    expect((await machine.stats()).virtualNs).toBe(1000n * ns);
    const saved = await machine.snapshot();
    const copy = await createMachine({ snapshot: saved });
    await copy.step(1000);
    expect((await copy.stats()).virtualNs).toBe(2000n * ns);
    await copy.close();
  });

  it('is refused where it cannot be', async () => {
    for (const icountShift of [-1, 11, 1.5]) await expect(make({ bare: { code: ADD }, icountShift })).rejects.toThrow(/^icountShift: /);
    await expect(make({ bare: { code: ADD }, icountShift: 1, clock: 'realtime' })).rejects.toThrow(/needs clock: "icount"/);
  });
});

describe('the count', () => {
  it('is right where code runs off its segment', async () => {
    // nop; mov al, 1, whose second byte lies beyond the limit: #GP, and no table to deliver it or the double fault by.
    const machine = await make({ bare: { mode: 'real16', code: Uint8Array.from([0x90, 0xb0, 1]) } });
    const { segments } = await machine.getRegisters();
    await machine.setRegisters({ idtr: { base: 0n, limit: 0 }, segments: { cs: { ...segments.cs, limit: 0x7c01 } } });
    const { reason, instructions } = await machine.run();
    expect(reason).toBe('triple-fault');
    expect(instructions).toBeLessThan(10n);
  });
});

describe('whose processor it is', () => {
  /** xor eax, eax; cpuid; prefetch with a register, which one vendor's processors do not have; hlt */
  const ASK = Uint8Array.from([0x31, 0xc0, 0x0f, 0xa2, 0x0f, 0x0d, 0xc0, 0xf4]);

  it.each([[undefined, 0x6874_7541n, 'triple-fault'], ['amd', 0x6874_7541n, 'triple-fault'], ['intel', 0x756e_6547n, 'halt']] as const)(
    'is an option: %s', async (vendor, ebx, end) => {
      const machine = await make({ bare: { code: ASK }, ...(vendor === undefined ? {} : { cpu: { vendor } }) });
      expect((await machine.runUntilHalt()).reason).toBe(end);
      expect((await machine.getRegisters()).rbx).toBe(ebx);
      // A snapshot has it in it.
      const again = await make({ snapshot: await machine.snapshot() });
      await again.setRegisters({ rip: 0x10000n, rax: 0n, rbx: 0n });
      await again.step(2);
      expect((await again.getRegisters()).rbx).toBe(ebx);
    });

  it('refuses another name', async () => {
    await expect(make({ bare: { code: ASK }, cpu: { vendor: 'via' as 'amd' } })).rejects.toThrow(OptionError);
  });
});

describe('setRegisters', () => {
  it('enters CPL 3 by the stack segment\'s DPL, and leaves it again', async () => {
    // mov eax, cr0 is not for programs
    const machine = await make({ bare: { mode: 'protected32', code: Uint8Array.from([0x0f, 0x20, 0xc0, 0xf4]) } });
    const { segments: { cs, ss } } = await machine.getRegisters();
    const user = (segment: typeof cs): typeof cs => ({ ...segment, selector: segment.selector | 3, attributes: segment.attributes | 0x6000 });
    await machine.setRegisters({ segments: { cs: user(cs), ss: user(ss) } });
    expect((await machine.getRegisters()).cpl).toBe(3);
    expect((await machine.run()).reason).toBe('triple-fault');
    await machine.reset();
    await machine.setRegisters({ segments: { cs: user(cs), ss: user(ss) } });
    await machine.setRegisters({ segments: { cs, ss } });
    expect((await machine.getRegisters()).cpl).toBe(0);
    expect((await machine.runUntilHalt()).reason).toBe('halt');
  });
});

describe('memory', () => {
  it('is read and written by physical address', async () => {
    const machine = await make({ bare: { code: ADD } });
    await machine.writeMemory(0x20_0000, Uint8Array.from([1, 2, 3]));
    expect([...(await machine.readMemory(0x1f_ffff, 5))]).toEqual([0, 1, 2, 3, 0]);
  });

  it('ends where RAM ends', async () => {
    const machine = await make({ bare: { code: ADD } });
    expect((await machine.readMemory(16 * 2 ** 20 - 1, 1)).length).toBe(1);
    await expect(machine.readMemory(16 * 2 ** 20 - 1, 2)).rejects.toThrow(MemoryError);
    await expect(machine.writeMemory(-1, Uint8Array.from([1]))).rejects.toThrow(MemoryError);
    await expect(machine.readMemory(0, -1)).rejects.toThrow(MemoryError);
  });

  it('is reached through the page tables by linear address', async () => {
    const machine = await make({ bare: { code: ADD } });
    // The bare machine maps one to one by 2 MiB pages from the directory at 0x3000: swap the second and the third.
    const entry = (page: number): Uint8Array => new Uint8Array(new BigUint64Array([BigInt(page * 0x20_0000 + 0x83)]).buffer);
    await machine.writeMemory(0x3008, entry(2));
    await machine.writeMemory(0x3010, entry(1));
    await machine.writeMemory(0x20_0000, Uint8Array.from([0xaa]));
    expect([...(await machine.readMemory(0x40_0000, 1, 'linear'))]).toEqual([0xaa]);
    await machine.writeMemory(0x5f_ffff, Uint8Array.from([1, 2]), 'linear');
    expect([...(await machine.readMemory(0x3f_ffff, 1))]).toEqual([1]);
    expect([...(await machine.readMemory(0x60_0000, 1))]).toEqual([2]);
    await expect(machine.readMemory(1n << 40n, 1, 'linear')).rejects.toThrow(/not mapped/);
  });

  it('drops code that the host overwrites', async () => {
    const machine = await make({ bare: { code: ADD } });
    await machine.runUntilHalt();
    await machine.writeMemory(0x10007, Uint8Array.from([4]));
    await machine.setRegisters({ rip: 0x10000n });
    await machine.runUntilHalt();
    expect((await machine.getRegisters()).rax).toBe(9n);
  });
});

describe('modes', () => {
  it('starts in real mode at 0x7c00', async () => {
    // mov ax, 0x1234; mov bx, cs; hlt
    const machine = await make({ bare: { mode: 'real16', code: Uint8Array.from([0xb8, 0x34, 0x12, 0x8c, 0xcb, 0xf4]) } });
    await machine.runUntilHalt();
    expect(await machine.getRegisters()).toMatchObject({ rip: 0x7c06n, rbx: 0n });
    expect((await machine.getRegisters()).rax & 0xffffn).toBe(0x1234n);
  });

  it('starts in 32-bit protected mode', async () => {
    // inc eax (a REX prefix in 64-bit mode); hlt
    const machine = await make({ bare: { mode: 'protected32', code: Uint8Array.from([0x40, 0xf4]) } });
    expect((await machine.runUntilHalt()).instructions).toBe(2n);
    expect((await machine.getRegisters()).rax).toBe(1n);
  });
});
