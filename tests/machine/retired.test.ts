/** What the counter `instructions` counts beside `ticks`: a repetition once, what faults not at all, deliveries neither. */
import { afterEach, describe, expect, it } from 'vitest';
import { createMachine, type Machine } from 'pintail';
import { TextAssembler } from '../../guest/assembler/text.js';

const machines: Machine[] = [];
afterEach(async () => {
  for (const machine of machines.splice(0)) await machine.close();
});

async function countsOf(text: string, pieces: number): Promise<[ticks: bigint, instructions: bigint]> {
  const a = new TextAssembler(0x10000);
  a.bits = 64;
  a.text(text);
  const machine = await createMachine({ memoryMiB: 16, bare: { code: a.assemble() } });
  machines.push(machine);
  for (let i = 0; i < pieces; i++) await machine.step(1);
  await machine.runUntilHalt();
  const { counters } = await machine.stats();
  const value = (wanted: string): bigint => counters.find(({ name }) => name === wanted)!.value;
  return [value('ticks'), value('instructions')];
}

describe('instructions retired', () => {
  it.each([0, 4, 7])('count a repetition once, also cut after %i ticks', async (pieces) => {
    expect(await countsOf('mov ecx, 5; mov edi, 0x20000; rep stosb; mov ecx, 3; rep movsb; rep movsb; hlt', pieces)).toEqual([13n, 7n]);
  });

  it('count a repetition of a port once', async () => {
    expect(await countsOf('mov ecx, 4; mov esi, 0x20000; mov edx, 0x80; rep outsb; hlt', 0)).toEqual([8n, 5n]);
  });
});
