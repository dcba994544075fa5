/** Charges in virtual time: each event takes what it is said to, whoever runs the code, and a snapshot keeps it. */
import { afterEach, describe, expect, it } from 'vitest';
import { createMachine, type Charges, type Machine, type MachineOptions } from 'pintail';
import { TextAssembler } from '../../guest/assembler/text.js';

const machines: Machine[] = [];
afterEach(async () => {
  for (const machine of machines.splice(0)) await machine.close();
});

async function make(text: string, charges: Charges | undefined, more: MachineOptions = {}): Promise<Machine> {
  const a = new TextAssembler(0x10000);
  a.bits = 64;
  a.text(text);
  const machine = await createMachine({ memoryMiB: 16, bare: { code: a.assemble() }, ...(charges === undefined ? {} : { charges }), ...more });
  machines.push(machine);
  return machine;
}

interface Cost { virtualNs: bigint; instructions: bigint }

/** Of the program's only region. */
async function costOf(text: string, charges: Charges | undefined, more: MachineOptions = {}): Promise<Cost> {
  const machine = await make(`mov edx, 0x5e0; mov al, 1; out dx, al; ${text}; mov edx, 0x5e0; mov al, 2; out dx, al; hlt`, charges, more);
  await machine.runUntilHalt();
  const { virtualNs, instructions } = (await machine.regions()).finished[0]!;
  return { virtualNs, instructions };
}

/** A port nobody answers, and the local APIC's version. */
const ACCESSES = 'in al, 0xed; out 0xed, al; mov rsi, 0xfee00030; mov eax, [rsi]';

describe('an access', () => {
  it('to a port or a device takes its ns, and no instruction', async () => {
    const free = await costOf(ACCESSES, undefined), charged = await costOf(ACCESSES, { accessNs: 3700 });
    expect(charged.instructions).toBe(free.instructions);
    // The end of the region is one, too.
    expect(charged.virtualNs - free.virtualNs).toBe(4n * 3700n);
  });

  it('takes it in translated code', async () => {
    const loop = 'mov ecx, 100000; again: in al, 0xed; add ebx, 1; dec ecx; jne again';
    const runs = await Promise.all((['off', 'sync'] as const).map((mode) => costOf(loop, { accessNs: 70 }, { jit: mode === 'off' ? 'off' : { mode, threshold: 1000 } })));
    expect(runs[1]).toEqual(runs[0]);
    expect(runs[0]!.virtualNs - runs[0]!.instructions).toBe(100_001n * 70n);
  });

  it('lets what is due meanwhile come: the PIT fires sooner by instructions', async () => {
    // Channel 2, one-shot of 1000 counts (838 us), gated on; its output is bit 5 of port 61h.
    const wait = 'mov al, 1; out 0x61, al; mov al, 0xb0; out 0x43, al; mov al, 0xe8; out 0x42, al; mov al, 3; out 0x42, al; xor ebx, ebx; again: inc ebx; in al, 0x61; test al, 0x20; je again';
    const free = await costOf(wait, undefined), charged = await costOf(wait, { accessNs: 10_000 });
    expect(Number(free.virtualNs)).toBeGreaterThan(838_000);
    expect(Number(charged.virtualNs)).toBeGreaterThan(838_000);
    expect(Number(charged.instructions)).toBeLessThan(500);
    expect(Number(free.instructions)).toBeGreaterThan(500_000);
  });
});

describe('an instruction', () => {
  it.each([[2.5, 25_000n], [1, 10_000n], [0.4, 4_000n]])('takes %d ns', async (instructionNs, ns) => {
    const machine = await make('again: jmp again', { instructionNs });
    await machine.step(10_000);
    expect(Number((await machine.stats()).virtualNs - ns)).toBeCloseTo(0, -1);
  });
});

describe('a snapshot', () => {
  it('keeps the charges, which another table replaces', async () => {
    const text = 'again: in al, 0xed; jmp again';
    const machine = await make(text, { accessNs: 98, instructionNs: 1 });
    await machine.step(1000);
    expect((await machine.stats()).virtualNs).toBe(1000n + 500n * 98n);
    const snapshot = await machine.snapshot(), copy = await createMachine({ snapshot }), other = await createMachine({ snapshot, charges: { accessNs: 8 } });
    machines.push(copy, other);
    for (const one of [copy, other]) await one.step(1000);
    expect([(await copy.stats()).virtualNs, (await other.stats()).virtualNs]).toEqual([2n * (1000n + 500n * 98n), 2000n + 500n * 98n + 500n * 8n]);
  });
});

describe('charges', () => {
  it.each<[MachineOptions, RegExp]>([
    [{ charges: { accessNs: -1 } }, /^charges\.accessNs: -1 is not a whole number of ns/],
    [{ charges: { byteNs: 2000 } }, /^charges\.byteNs: 2000 is not a number of ns from 0 to 1000/],
    [{ charges: { accessNs: 1 }, clock: 'realtime' }, /^charges: needs clock: "icount"/],
    [{ charges: { instructionNs: 2 }, icountShift: 1 }, /^charges\.instructionNs: cannot be combined with icountShift/],
    [{ charges: { acessNs: 1 } as Charges }, /^charges\.acessNs: .*accessNs/],
  ])('that cannot be are refused: %j', async (options, problem) => {
    await expect(make('hlt', undefined, options)).rejects.toThrow(problem);
  });
});
