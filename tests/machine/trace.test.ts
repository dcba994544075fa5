/** The trace: what happens to cards, stamped and named, without changing the machine; and one packet's life out of it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createMachine, type Machine, type MachineOptions } from 'pintail';
import { TextAssembler } from '../../guest/assembler/text.js';
import { eventsOfFile, readEvents, readHeader, type TraceEvent } from '../../host/measure/trace/events.js';

const machines: Machine[] = [];
afterEach(async () => {
  for (const machine of machines.splice(0)) await machine.close();
});

/** Reads and writes an edu card's registers (QEMU docs/specs/edu): identification, and the factorial; many times over. */
const text = (times: number): string => `mov edx, 0xcf8; mov eax, 0x80002010; out dx, eax; mov edx, 0xcfc; mov eax, 0xfe000000; out dx, eax
  mov edx, 0xcf8; mov eax, 0x80002004; out dx, eax; mov edx, 0xcfc; mov eax, 6; out dx, eax
  mov ebx, 0xfe000000; mov ecx, ${times}; again: mov eax, [rbx]; mov dword [rbx+4], 5; dec ecx; jne again; hlt`;

const run = (times: number, more: MachineOptions = {}): Promise<{ machine: Machine; bytes: Uint8Array }> => runText(text(times), { devices: [{ model: 'edu', slot: 4 }], ...more });

async function runText(program: string, more: MachineOptions): Promise<{ machine: Machine; bytes: Uint8Array }> {
  const a = new TextAssembler(0x10000), parts: Uint8Array[] = [];
  a.bits = 64;
  a.text(program);
  const machine = await createMachine({ memoryMiB: 16, bare: { code: a.assemble() }, onTrace: (bytes) => void parts.push(bytes), ...more });
  machines.push(machine);
  await machine.runUntilHalt();
  return { machine, bytes: Buffer.concat(parts) };
}

function eventsOf(bytes: Uint8Array): TraceEvent[] {
  const { header, end } = readHeader(bytes);
  return [...readEvents(bytes.subarray(end), header)];
}

describe('a trace', () => {
  it('has each access to a card\'s register, with tick, instruction, width and value', async () => {
    const events = eventsOf((await run(2)).bytes).filter(({ device }) => device === 'edu0');
    expect(events.map(({ kind, bytes, value }) => [kind, bytes, value])).toEqual([['read', 4, 0x010000edn], ['write', 4, 5n], ['read', 4, 0x010000edn], ['write', 4, 5n]]);
    expect(events[1]!.tick - events[0]!.tick).toBe(1n);
    expect(events[2]!.tick - events[0]!.tick).toBe(4n);
    expect(events[2]!.rip).toBe(events[0]!.rip);
    expect(events[0]!.rip).toBeGreaterThan(0x10000n);
    expect(events[0]!.rip).toBeLessThan(0x10100n);
  });

  it('has those of a pcnet that stand in no table, too: the address port, the PROM, and what is refused', async () => {
    const events = eventsOf((await runText(`mov edx, 0xcf8; mov eax, 0x80002010; out dx, eax; mov edx, 0xcfc; mov eax, 0xc000; out dx, eax
      mov edx, 0xcf8; mov eax, 0x80002004; out dx, eax; mov edx, 0xcfc; mov eax, 5; out dx, eax
      mov edx, 0xc012; mov eax, 88; out dx, ax; in ax, dx; mov edx, 0xc010; in ax, dx; mov edx, 0xc000; in al, dx; mov edx, 0xc010; in al, dx; hlt`, { devices: [{ model: 'pcnet', slot: 4 }] })).bytes);
    const own = events.filter(({ device, kind }) => device === 'pcnet0' && (kind === 'read' || kind === 'write'));
    expect(own.map(({ what, kind, bytes, value }) => [what, kind, bytes, value])).toEqual([
      ['RAP', 'write', 2, 88n], ['RAP', 'read', 2, 88n], ['CSR88', 'read', 2, 0x1003n], ['address PROM accesses', 'read', 1, 0x52n], ['accesses refused', 'read', 1, 0xffff_ffffn],
    ]);
  });

  it('is whole beyond what its ring holds', async () => {
    const events = eventsOf((await run(40_000)).bytes).filter(({ device }) => device === 'edu0');
    expect(events.length).toBe(80_000);
    expect(events.at(-1)!.tick - events[0]!.tick).toBe(4n * 40_000n - 3n);
  });

  it('in a file is read piece by piece; an event that was cut off is left out', async () => {
    const { bytes } = await run(40_000), dir = mkdtempSync(join(tmpdir(), 'pintail-trace-')), path = join(dir, 'out.trace');
    try {
      const all = eventsOf(bytes);
      writeFileSync(path, bytes.subarray(0, bytes.length - 7));
      const read = [...eventsOfFile(path)];
      expect([read.length, read.at(-1)]).toEqual([all.length - 1, all.at(-2)]);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });

  it('leaves the machine as it is', async () => {
    const of = async (more: MachineOptions): Promise<[bigint, string]> => {
      const { machine } = await run(40_000, more);
      return [(await machine.stats()).instructions, await machine.stateHash()];
    };
    expect(await of({})).toEqual(await of({ onTrace: undefined as never }));
  });

  it('is refused where it cannot be', async () => {
    await expect(run(1, { jit: 'on' })).rejects.toThrow('onTrace: is told of interpreted code only');
    await expect(run(1, { worker: true })).rejects.toThrow('onTrace');
    expect(() => readHeader(new TextEncoder().encode('{}\n'))).toThrow('is no trace');
  });
});
