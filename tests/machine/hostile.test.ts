/**
 * Guests that do their worst: random code, every port, every hole of the memory map, jumps into nowhere, exceptions without
 * end. The module must not trap, and each slice must end: run() comes back by its limits.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { createMachine, type BareMode, type Machine, type MachineOptions, type Stop } from 'pintail';

const machines: Machine[] = [];
afterEach(async () => {
  for (const machine of machines.splice(0)) await machine.close();
});

async function make(options: MachineOptions): Promise<Machine> {
  const machine = await createMachine({ memoryMiB: 4, ...options });
  machines.push(machine);
  return machine;
}

/** xorshift32: the same bytes on every machine. */
function randomBytes(seed: number, count: number): Uint8Array {
  let x = seed * 2654435761 || 1;
  return Uint8Array.from({ length: count }, () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x & 0xff;
  });
}

const PLAUSIBLE: Stop['reason'][] = ['limit', 'halt', 'triple-fault', 'reset', 'poweroff', 'debug-exit'];
const MODES: BareMode[] = ['real16', 'protected32', 'long64'];

describe('random code', () => {
  for (const mode of MODES) {
    it(`in ${mode}`, async () => {
      for (let seed = 1; seed <= 40; seed++) {
        const machine = await make({ bare: { mode, at: 0x10000 - (mode === 'real16' ? 0x8400 : 0), code: randomBytes(seed, 4096) }, limits: { instructions: 100_000, wallMs: 10_000 } });
        expect(PLAUSIBLE).toContain((await machine.run()).reason);
        await machine.close();
      }
    });
  }
});

/** A loop in 32-bit code: `body` with EDX counting from 0 to `count` - 1, then HLT. */
function loop32(body: number[], count: number): Uint8Array {
  const limit = [count & 0xff, (count >> 8) & 0xff, (count >> 16) & 0xff, count >>> 24];
  const back = -(body.length + 1 + 6 + 2) & 0xff;
  // xor edx, edx; body; inc edx; cmp edx, count; jne; hlt
  return Uint8Array.from([0x31, 0xd2, ...body, 0x42, 0x81, 0xfa, ...limit, 0x75, back, 0xf4]);
}

/** Runs to HLT; what a port or an address does to the machine on the way (off, reset) is passed by, with the next one. */
async function runThrough(machine: Machine): Promise<number> {
  let stops = 0;
  for (;;) {
    const { reason } = await machine.runUntilHalt();
    if (reason === 'halt') return stops;
    expect(['poweroff', 'reset', 'debug-exit', 'panic']).toContain(reason);
    if (++stops > 100_000) throw new Error('the loop does not get on');
  }
}

describe('every port', () => {
  const bodies: Record<string, number[]> = {
    'is read by byte, word and doubleword': [0xec, 0x66, 0xed, 0xed],
    'is written by byte, word and doubleword': [0xb8, 0xff, 0xff, 0xff, 0xff, 0xee, 0x66, 0xef, 0xef],
    'is written with zeros': [0x31, 0xc0, 0xee, 0x66, 0xef, 0xef],
  };
  for (const [name, body] of Object.entries(bodies)) {
    it(name, async () => {
      const machine = await make({ bare: { mode: 'protected32', code: loop32(body, 0x10000) }, limits: { wallMs: 60_000 } });
      await runThrough(machine);
      expect((await machine.getRegisters()).rdx).toBe(0x10000n);
    });
  }
});

describe('every page above RAM', () => {
  // mov edi, edx; shl edi, 12; then the access at [edi + 0xffc], and at the page's start.
  const at = (...access: number[]): number[] => [0x89, 0xd7, 0xc1, 0xe7, 12, ...access];
  const bodies: Record<string, number[]> = {
    'is read': at(0x8b, 0x87, 0xfc, 0x0f, 0, 0, 0x8a, 0x07),
    'is written': at(0xc7, 0x87, 0xfc, 0x0f, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x88, 0x07),
    'is read and written across its end': at(0x83, 0x87, 0xfe, 0x0f, 0, 0, 1),
  };
  for (const [name, body] of Object.entries(bodies)) {
    it(name, async () => {
      // From 16 MiB on, so that the program itself is left alone: mov edx, 0x1000 in place of xor edx, edx.
      const program = Uint8Array.from([0xba, 0x00, 0x10, 0, 0, ...loop32(body, 0x10_0000).subarray(2)]);
      const machine = await make({ bare: { mode: 'protected32', code: program }, limits: { wallMs: 60_000 } });
      await runThrough(machine);
      expect((await machine.getRegisters()).rdx).toBe(0x10_0000n);
    });
  }
});

describe('nowhere', () => {
  it('is jumped to: outside RAM, not canonical, into a device', async () => {
    for (const target of [0x8000_0000n, 0xfee0_0000n, 0xffff_ffff_ffff_f000n, 0x8000_0000_0000n, 0xffff_fff0n]) {
      const machine = await make({ bare: { code: Uint8Array.from([0xff, 0xe0]) }, limits: { instructions: 10_000, wallMs: 10_000 } });
      await machine.setRegisters({ rax: target });
      expect(PLAUSIBLE).toContain((await machine.run()).reason);
    }
  });

  it('is where the registers of the host lead', async () => {
    const machine = await make({ bare: { code: Uint8Array.from([0x90]) }, limits: { instructions: 10_000, wallMs: 10_000 } });
    const all = 0xffff_ffff_ffff_ffffn;
    await machine.setRegisters({ rip: all, rsp: all, cr0: all, cr3: all, cr4: all, efer: all, rflags: all, gdtr: { base: all, limit: 0xffff }, idtr: { base: all, limit: 0xffff } });
    expect(PLAUSIBLE).toContain((await machine.run()).reason);
  });
});

describe('exceptions without end', () => {
  it('leave the host its turn, and the limits their effect', async () => {
    // Vector 6 leads to UD2 itself; SS is far from the vector table, and SP wraps around within it.
    const machine = await make({ bare: { mode: 'real16', code: Uint8Array.from([0x0f, 0x0b]) }, limits: { wallMs: 500 } });
    await machine.writeMemory(6 * 4, Uint8Array.from([0x00, 0x7c, 0, 0]));
    const { segments } = await machine.getRegisters();
    await machine.setRegisters({ segments: { ss: { ...segments.ss, selector: 0x2000, base: 0x20000n } } });
    expect(await machine.run()).toMatchObject({ reason: 'limit', limit: 'wallMs' });
  });

  it('of interrupts at every instruction do so too', async () => {
    // sti; jmp $ with TF on, and a handler for vector 1 that returns.
    const machine = await make({ bare: { mode: 'real16', code: Uint8Array.from([0xfb, 0xeb, 0xfe, 0xcf]) }, limits: { wallMs: 500 } });
    await machine.writeMemory(4, Uint8Array.from([0x03, 0x7c, 0, 0]));
    await machine.setRegisters({ rflags: 0x102n });
    expect(await machine.run()).toMatchObject({ reason: 'limit', limit: 'wallMs' });
  });
});
