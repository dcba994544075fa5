/** The screen through the public API: what a bare machine draws, in snapshots and in a worker, its keys, and what is refused. */
import { afterEach, describe, expect, it } from 'vitest';
import { createMachine, MachineError, OptionError, type Machine, type MachineOptions } from 'pintail';

const machines: Machine[] = [];
afterEach(async () => {
  for (const machine of machines.splice(0)) await machine.close();
});
async function make(options: MachineOptions): Promise<Machine> {
  const machine = await createMachine({ memoryMiB: 16, ...options });
  machines.push(machine);
  return machine;
}

/** Without a video BIOS nothing is fetched; text has no letters then. */
const VGA: MachineOptions['devices'] = [{ model: 'VGA', romfile: '' }];
/** mov eax, 0xb8000; mov word [rax], "A" on blue; mov eax, 0xc0000000 (where BAR 0 lies); mov dword [rax + 0x100000], 0x12345678; hlt */
const DRAW = Uint8Array.of(0xb8, 0, 0x80, 0x0b, 0, 0x66, 0xc7, 0, 0x41, 0x1f, 0xb8, 0, 0, 0, 0xc0, 0xc7, 0x80, 0, 0, 0x10, 0, 0x78, 0x56, 0x34, 0x12, 0xf4);
/** wait: in al, 0x64; test al, 1; jz wait; in al, 0x60; out 0xe9, al; jmp wait */
const ECHO = Uint8Array.of(0xe4, 0x64, 0xa8, 1, 0x74, 0xfa, 0xe4, 0x60, 0xe6, 0xe9, 0xeb, 0xf4);

describe.each([false, true])('a screen, worker: %s', (worker) => {
  it('shows text mode as firmware leaves it, and what the guest writes there', async () => {
    const machine = await make({ worker, bare: { code: DRAW }, devices: VGA });
    expect((await machine.screenText())!.join('')).toBe('');
    await machine.runUntilHalt();
    const text = (await machine.screenText())!;
    expect([text.length, text[0], text[1]]).toEqual([25, 'A', '']);
    const frame = (await machine.screenFrame(true))!;
    expect([frame.width, frame.height, frame.first, frame.lines, frame.pixels.length]).toEqual([720, 400, 0, 400, 4 * 720 * 400]);
    // The cell's background, blue; the next cell's, black.
    expect([[...frame.pixels.subarray(0, 4)], [...frame.pixels.subarray(4 * 9, 4 * 9 + 4)]]).toEqual([[0, 0, 168, 255], [0, 0, 0, 255]]);
    expect([...(await machine.screenshot()).subarray(1, 4)]).toEqual([0x50, 0x4e, 0x47]);
  });

  it('has a keyboard, which every machine has', async () => {
    const machine = await make({ worker, bare: { code: ECHO } });
    const codes: number[] = [];
    machine.on('serial', (port, bytes) => void (port === 4 && codes.push(...bytes)));
    expect(await machine.type('aé')).toBe('é');
    await machine.key('ArrowUp', true);
    await machine.key('up', false);
    await machine.step(5_000_000);
    expect(codes).toEqual([0x1e, 0x9e, 0xe0, 0x48, 0xe0, 0xc8]);
    await expect(machine.key('Entre', true)).rejects.toThrow(/no "Entre".*Enter|no "Entre"/i);
    await expect(machine.sendKey('ctrl-nothing')).rejects.toThrow(OptionError);
  });
});

describe('a screen', () => {
  it('is in a snapshot, registers and memory, and in the hash', async () => {
    const machine = await make({ bare: { code: DRAW }, devices: VGA });
    const before = await machine.stateHash();
    await machine.runUntilHalt();
    const [hash, shot, snapshot] = [await machine.stateHash(), await machine.screenshot(), await machine.snapshot()];
    expect(hash).not.toBe(before);
    const copy = await make({ snapshot, devices: VGA });
    expect([await copy.stateHash(), await copy.screenText()]).toEqual([hash, await machine.screenText()]);
    expect(await copy.screenshot()).toEqual(shot);
    await expect(make({ snapshot })).rejects.toThrow(/VGA in slot 1/);
  });
  it('is one, with a video BIOS that is one, and asked for where it is not there', async () => {
    const machine = await make({ bare: { code: DRAW } });
    for (const call of [machine.screenshot(), machine.screenText(), machine.screenFrame()]) await expect(call).rejects.toThrow(MachineError);
    await expect(make({ bare: { code: DRAW }, devices: [...VGA!, ...VGA!] })).rejects.toThrow(/one screen/);
    await expect(make({ bare: { code: DRAW }, devices: [{ model: 'VGA', romfile: new Uint8Array(1024) }] })).rejects.toThrow(/no option ROM/);
    await expect(make({ bare: { code: DRAW }, devices: [{ model: 'e1000', romfile: '' } as never] })).rejects.toThrow(/no such option/);
    await expect(machine.mouse({ dz: 1 } as never)).rejects.toThrow(/dz/);
  });
});

/** To the end of a talk with the built-in guest, which looks for no screen. */
async function talk(options: MachineOptions): Promise<Machine> {
  const machine = await make({ guest: 'builtin', ...options });
  machine.write('help\rmem\rticks\rpoweroff\r');
  expect((await machine.run()).reason).toBe('poweroff');
  return machine;
}

describe('a machine without a screen', () => {
  it('pays nothing for what it does not have: no counter, no timer, no port, not a byte of its memory', async () => {
    const machine = await talk({});
    expect((await machine.stats()).counters.filter(({ name, owner }) => /vga/i.test(`${name} ${owner}`))).toEqual([]);
    // mov dx, 3CCh; in al, dx; mov ecx, 0xa0000; mov byte [rcx], 5Ah; mov ah, [rcx]; hlt: a port that nobody has is FFh, and A0000 is RAM.
    const bare = await make({ bare: { code: Uint8Array.of(0x66, 0xba, 0xcc, 0x03, 0xec, 0xb9, 0, 0, 0x0a, 0, 0xc6, 0x01, 0x5a, 0x8a, 0x21, 0xf4) } });
    await bare.runUntilHalt();
    expect(Number((await bare.getRegisters()).rax) & 0xffff).toBe(0x5aff);
  });

  it('boots in as many instructions, and at the same virtual time, as one whose screen nobody looks at', async () => {
    const [without, withScreen] = [await talk({}), await talk({ devices: VGA })];
    const figures = async (machine: Machine): Promise<unknown> => {
      const { instructions, virtualNs } = await machine.stats();
      return { instructions, virtualNs };
    };
    expect(await figures(withScreen)).toEqual(await figures(without));
  });
});
