/** The edges of the API, on this thread and in a worker alike: names that do not exist, registers as numbers, listeners that throw, calls after the end. */
import { describe, expect, it } from 'vitest';
import { createMachine, OptionError, type Machine, type MachineOptions, type RegisterChanges } from 'pintail';

/** mov dx, 3f8h; mov al, 41h; out dx, al; jmp to the out */
const PRINTS = Uint8Array.from([0x66, 0xba, 0xf8, 0x03, 0xb0, 0x41, 0xee, 0xeb, 0xfd]);
const bare = { code: PRINTS };

async function using<T>(options: MachineOptions, work: (machine: Machine) => Promise<T>): Promise<T> {
  const machine = await createMachine({ memoryMiB: 16, limits: { wallMs: 60_000 }, ...options });
  try {
    return await work(machine);
  } finally {
    await machine.close();
  }
}

describe('a line without a FIFO', () => {
  it('is refused before a pcnet, which needs one, and no other card', async () => {
    const make = (model: 'pcnet' | 'e1000'): Promise<Machine> => createMachine({ memoryMiB: 16, bare: { code: new Uint8Array([0xf4]) }, netdevs: ['lab,id=n0,mode=sink,speed=1G,fifo=0'], devices: [{ model, netdev: 'n0' }] });
    await expect(make('pcnet')).rejects.toThrow('netdevs: "n0" has no FIFO (fifo=0), and a pcnet needs one');
    await (await make('e1000')).close();
  });
});

describe('names that there are not', () => {
  it.each<[string, unknown, RegExp]>([
    ['memory_size', { memory_size: 5 }, /^memory_size: there is no such option\./],
    ['memoryMib', { memoryMib: 5 }, /Did you mean memoryMiB\?/],
    ['memory_mib', { memory_mib: 5 }, /Did you mean memoryMiB\?/],
    ['limits.wallms', { limits: { wallms: 5 } }, /Did you mean wallMs\?/],
    ['bare.mod', { bare: { ...bare, mod: 'real16' } }, /Did you mean mode\?/],
    ['devices.macAddress', { devices: [{ model: 'e1000', macAddress: 'x' }] }, /Did you mean mac\?/],
    ['devices.ports.nmae', { devices: [{ model: 'virtio-serial', ports: [{ nmae: 'x' }] }] }, /Did you mean name\?/],
    ['drives.readonly', { drives: [{ id: 'd', source: new Uint8Array(512), readonly: true }] }, /Did you mean readOnly\?/],
    ['netdevs.backnd', { netdevs: [{ id: 'n', backnd: 1 }] }, /Did you mean backend\?/],
    ['debugExit.byte', { debugExit: { port: 1, byte: 1 } }, /Did you mean bytes\?/],
    ['limits', { limits: 5 }, /is no object/],
    ['devices', { devices: {} }, /is no array/],
  ])('%s', async (option, options, said) => {
    for (const worker of [false, true]) {
      const error = await createMachine({ ...(options as MachineOptions), worker }).then(() => undefined, (cause: unknown) => cause);
      expect(error).toBeInstanceOf(OptionError);
      expect(error).toMatchObject({ option, message: expect.stringMatching(said) as string });
    }
  });

  it('undefined is as if it were not there', async () => {
    await using({ bare, ...({ nothing: undefined } as object) }, async () => undefined);
  });
});

describe.each([['on this thread', false], ['in a worker', true]])('%s', (_, worker) => {
  it('registers are numbers or bigints, and come back', () => using({ bare, worker }, async (machine) => {
    await machine.setRegisters({ rax: 5, rbx: -1, rip: 0x10002, fsBase: 0x1234 });
    expect(await machine.getRegisters()).toMatchObject({ rax: 5n, rbx: 0xffff_ffff_ffff_ffffn, rip: 0x10002n, fsBase: 0x1234n });
    const all = await machine.getRegisters();
    await machine.setRegisters(all);
    expect(await machine.getRegisters()).toEqual(all);
    await machine.setRegisters({ xmm: [1, 2n] });
    expect((await machine.getRegisters()).xmm.slice(0, 3)).toEqual([1n, 2n, all.xmm[2]]);
  }));

  it.each<[string, unknown]>([
    ['rxa', { rxa: 5n }], ['rax', { rax: 1.5 }], ['rax', { rax: 'x' }], ['segments.sc', { segments: { sc: {} } }], ['segments.cs.bas', { segments: { cs: { bas: 1 } } }], ['cpl', { cpl: 3 }], ['xmm', { xmm: Array.from({ length: 17 }, () => 0) }],
  ])('setRegisters refuses %s', (option, changes) => using({ bare, worker }, async (machine) => {
    await expect(machine.setRegisters(changes as RegisterChanges)).rejects.toMatchObject({ name: 'OptionError', option });
  }));

  it('a listener that throws, or whose promise is rejected, ends the run with its error; the others are called', () => using({ bare, worker }, async (machine) => {
    for (const fails of [(error: Error) => { throw error; }, (error: Error) => Promise.reject(error)]) {
      const error = new Error('a listener of the program');
      let heard = 0;
      const off = machine.on('console', () => fails(error));
      const offOther = machine.on('console', () => void heard++);
      await expect(machine.run()).rejects.toBe(error);
      off();
      offOther();
      expect(heard).toBeGreaterThan(0);
      expect(machine.running).toBe(false);
      expect((await machine.step(1000)).reason).toBe('paused');
    }
  }));

  it('pause() is settled whatever the machine does', async () => {
    const machine = await createMachine({ memoryMiB: 16, bare, worker });
    await machine.pause();
    const run = machine.run().catch((error: unknown) => error);
    await Promise.all([machine.close(), machine.pause()]);
    await machine.pause();
    await run;
  });

  it('a machine from a snapshot refuses what says how one starts', () => using({ bare, worker }, async (machine) => {
    const snapshot = await machine.snapshot();
    for (const late of [{ rtc: new Date() }, { cpu: { kvm: false } }, { debugConsolePort: 0x402 }]) {
      await expect(createMachine({ snapshot, worker, ...late })).rejects.toMatchObject({ name: 'OptionError', option: Object.keys(late)[0] });
    }
    await (await createMachine({ snapshot, bare, seed: 5, worker })).close();
  }));

  it('stats tell reads from writes, by device', () => using({ bare, worker }, async (machine) => {
    await machine.step(1000);
    const { devices, counters } = await machine.stats();
    const written = Object.values(devices).filter(({ writes }) => writes > 100n);
    expect(written).toHaveLength(1);
    expect(written[0]!.reads).toBe(0n);
    expect(counters.some(({ unit }) => unit === 'reads' || unit === 'writes')).toBe(false);
  }));
});
