/** DMA that writes one byte over code that has run and is kept: the next call runs what is there now. */
import { expect, it } from 'vitest';
import { createMachine } from 'pintail';

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

it('one byte by DMA over cached code takes effect', async () => {
  // A transfer takes 100 ms of virtual time: 1024 ns a tick keep the wait short.
  const machine = await createMachine({ memoryMiB: 16, icountShift: 10, devices: [{ model: 'edu', slot: 4 }], bare: { code: Uint8Array.from(Buffer.from(PROGRAM, 'hex')) } });
  try {
    expect((await machine.runUntilHalt()).reason).toBe('halt');
    expect([...(await machine.readMemory(0x20000, 2))]).toEqual([0x11, 0x22]);
  } finally {
    await machine.close();
  }
});
