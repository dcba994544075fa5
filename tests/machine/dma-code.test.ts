/** DMA that writes one byte over code that has run and is kept: the next call runs what is there now. */
import { expect, it } from 'vitest';
import { createMachine, type Machine, type MachineOptions } from 'pintail';
import { assemble } from '../support/translated-loops.js';

/** At 10000h, driven by an edu card in slot 4. */
const PROGRAM = [
  'bc00f0010066baf80cb810200080ef66bafc0cb8000000c0ef66baf80cb804200080ef66bafc0cb806000000ef', // a stack; configuration of slot 4: BAR 0 at C0000000, memory and bus mastering on
  'bb000000c0', // ebx = the card
  'b940000000e87e000000ffc975f788042500000200', // call f 64 times, so that its code is kept; [20000] = what it says
  'c604250010020022c7838000000000100200c7838800000000000400c7839000000001000000c7839800000001000000e831000000', // [21000] = 22h, and from there one byte into the card's buffer
  'c7838000000000000400c78388000000bb000100c7839800000003000000e80e000000', // from the buffer over the operand of f
  'e81600000088042501000200faf4', // [20001] = what f says now; stop
  'f783980000000100000075f4c3', // done: until COMMAND.RUN is clear
  'b011c3', // f: mov al, 11h; ret
].join('');

/** The same card, started once more by a loop over its own code: one byte of that changes while it runs, and that ends it. */
const RUNNING = assemble(
  'bc 00 f0 01 00 66 ba f8 0c b8 10 20 00 80 ef 66 ba fc 0c b8 00 00 00 c0 ef', // a stack; BAR 0 at C0000000
  '66 ba f8 0c b8 04 20 00 80 ef 66 ba fc 0c b8 06 00 00 00 ef bb 00 00 00 c0', // memory and bus mastering on; ebx = the card
  'c6 04 25 00 10 02 00 22', // [21000] = 22h, and from there one byte into the card's buffer
  'c7 83 80 00 00 00 00 10 02 00 c7 83 88 00 00 00 00 00 04 00 c7 83 90 00 00 00 01 00 00 00 c7 83 98 00 00 00 01 00 00 00',
  'done: f7 83 98 00 00 00 01 00 00 00 75 >done', // until COMMAND.RUN is clear
  'e8 00 00 00 00 5d 8d b5 >>operand 83 c6 07', // esi = the operand below: call next; next: pop rbp; lea esi, [rbp + (operand - next)]
  'c7 83 80 00 00 00 00 00 04 00 89 b3 88 00 00 00 c7 83 90 00 00 00 01 00 00 00 c7 83 98 00 00 00 03 00 00 00', // from the buffer over it
  '31 c9', // xor ecx, ecx
  'again: ff c1 b0 operand: 11 3c 22 75 >again fa f4', // again: inc ecx; mov al, 11h; cmp al, 22h; jne again; stop
);

/** A transfer takes 100 ms of virtual time: 1024 ns a tick keep the wait short. */
const boot = (code: Uint8Array, jit: MachineOptions['jit']): Promise<Machine> =>
  createMachine({ memoryMiB: 16, icountShift: 10, devices: [{ model: 'edu', slot: 4 }], bare: { code }, jit: jit ?? 'off' });
const EXECUTIONS = [['interpreted', 'off'], ['translated', { mode: 'sync', threshold: 1 }]] as const;

it.each(EXECUTIONS)('one byte by DMA over cached code takes effect, %s', async (_, jit) => {
  const machine = await boot(Uint8Array.from(Buffer.from(PROGRAM, 'hex')), jit);
  try {
    expect((await machine.runUntilHalt()).reason).toBe('halt');
    expect([...(await machine.readMemory(0x20000, 2))]).toEqual([0x11, 0x22]);
  } finally {
    await machine.close();
  }
});

it('one byte by DMA over the loop that runs ends it at the same tick, interpreted and translated', async () => {
  const ends: unknown[] = [];
  for (const [, jit] of EXECUTIONS) {
    const machine = await boot(RUNNING, jit);
    try {
      expect((await machine.runUntilHalt()).reason).toBe('halt');
      const { rcx } = await machine.getRegisters(), { instructions, translation } = await machine.stats();
      ends.push({ rcx, instructions, hash: await machine.stateHash() });
      expect(rcx).toBeGreaterThan(1000n);
      if (jit !== 'off') expect(Number(translation!.ticks)).toBeGreaterThan(1000);
    } finally {
      await machine.close();
    }
  }
  expect(ends[1]).toEqual(ends[0]);
});
