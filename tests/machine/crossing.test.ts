/** Instructions that cross a page, which are kept decoded: what runs is what both pages hold at that moment. */
import { afterEach, describe, expect, it } from 'vitest';
import { createMachine, type Machine } from 'pintail';
import { TextAssembler } from '../../guest/assembler/text.js';

const CODE = 0x10000, RESULTS = 0x21000;
/** `mov eax, 44332211h; ret`: three bytes in one page, the rest in the next. */
const AT = 0x11ffd;
const FUNCTION = [0xb8, 0x11, 0x22, 0x33, 0x44, 0xc3];

let machine: Machine | undefined;
afterEach(() => machine?.close());

/** What the program has stored at RESULTS, dwords. */
async function run(text: string, count: number, prepare: (machine: Machine) => Promise<void> = async () => undefined): Promise<string[]> {
  const assembler = new TextAssembler(CODE);
  assembler.bits = 64;
  assembler.text(`mov esp, 0x20000; mov edi, ${RESULTS}; mov edx, ${AT}; ${text}; cli; hlt`);
  machine = await createMachine({ memoryMiB: 16, bare: { code: assembler.assemble(), at: CODE } });
  await machine.writeMemory(AT, Uint8Array.from(FUNCTION));
  await prepare(machine);
  expect((await machine.runUntilHalt()).reason).toBe('halt');
  const bytes = await machine.readMemory(RESULTS, 4 * count), view = new DataView(bytes.buffer, bytes.byteOffset);
  return Array.from({ length: count }, (_, k) => view.getUint32(4 * k, true).toString(16));
}

/** Twice, so that it is kept. */
const CALL = 'call rdx; call rdx; mov [rdi], eax; add edi, 4;';

describe('an instruction that crosses its page', () => {
  it('changes with either page, and may become one that does not', async () => {
    const seen = await run(`
      ${CALL}
      mov byte [0x12000], 0x99; ${CALL}
      mov byte [0x11ffe], 0x77; ${CALL}
      mov word [0x11ffd], 0xc390; xor eax, eax; ${CALL}
      mov word [0x11ffd], 0x12b8; ${CALL}`, 5);
    expect(seen).toEqual(['44332211', '44992211', '44992277', '0', '44992212']);
  });

  it('is another one where its second page is', async () => {
    const [ROOTS, SECOND] = [[0x30000, 0x40000], [0x12000, 0x13000]];
    const seen = await run(`
      mov ebx, 100; xor r8d, r8d; xor r9d, r9d
      again:
      mov eax, ${ROOTS[0]}; mov cr3, rax; call rdx; add r8d, eax
      mov eax, ${ROOTS[1]}; mov cr3, rax; call rdx; add r9d, eax
      dec ebx; jnz again
      mov [rdi], r8d; mov [rdi + 4], r9d`, 2, async (to) => {
      await to.writeMemory(0x13000, Uint8Array.of(0x55, 0x66, 0xc3));
      for (const [k, root] of ROOTS.entries()) {
        const tables = new BigUint64Array(4 * 512);
        for (let level = 0; level < 3; level++) tables[512 * level] = BigInt(root + 0x1000 * (level + 1)) | 3n;
        for (let page = 0; page < 512; page++) tables[3 * 512 + page] = BigInt(page * 0x1000) | 3n;
        tables[3 * 512 + 0x12] = BigInt(SECOND[k]!) | 3n;
        await to.writeMemory(root, new Uint8Array(tables.buffer));
      }
    });
    expect(seen).toEqual([((100 * 0x44332211) >>> 0).toString(16), Number(BigInt.asUintN(32, 100n * 0x66552211n)).toString(16)]);
  });

  it('faults where its second page is no more', async () => {
    const tables = new BigUint64Array(4 * 512), root = 0x30000;
    for (let level = 0; level < 3; level++) tables[512 * level] = BigInt(root + 0x1000 * (level + 1)) | 3n;
    for (let page = 0; page < 512; page++) tables[3 * 512 + page] = BigInt(page * 0x1000) | 3n;
    const handler = 0x15000, gate = new Uint8Array(16), view = new DataView(gate.buffer);
    view.setUint16(0, handler & 0xffff, true);
    view.setUint16(2, 8, true);
    view.setUint16(4, 0x8e00, true);
    view.setUint16(6, handler >>> 16, true);
    const seen = await run(`
      mov eax, ${root}; mov cr3, rax; call rdx; call rdx
      mov word [0x23000], 0xfff; mov qword [0x23002], 0x24000; lidt [0x23000]
      mov word [0x23010], 0xf; mov qword [0x23012], 0x25000; lgdt [0x23010]
      mov qword [${root + 0x3000 + 8 * 0x12}], 0; invlpg [0x12000]; call rdx`, 3, async (to) => {
      await to.writeMemory(root, new Uint8Array(tables.buffer));
      await to.writeMemory(0x25008, new Uint8Array(BigUint64Array.of(0x00af9a000000ffffn).buffer));
      await to.writeMemory(0x24000 + 16 * 14, gate);
      const assembler = new TextAssembler(handler);
      assembler.bits = 64;
      // CR2, the error code, rip
      assembler.text('mov rax, cr2; mov [rdi], eax; pop rax; mov [rdi + 4], eax; pop rax; mov [rdi + 8], eax; cli; hlt');
      await to.writeMemory(handler, assembler.assemble());
    });
    // Without EFER.NXE the code does not say that it was a fetch.
    expect(seen).toEqual(['12000', '0', '11ffd']);
  });
});
