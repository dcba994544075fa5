/** What drivers count on that were written against QEMU's board, asked of ours and of QEMU: the answers are QEMU's. */
import { describe, expect, it } from 'vitest';
import { hasQemu, start, type Client, type Emulator } from './client.js';
import { PciFunction, PORTS } from './pci.js';

/** COM1's interrupt while OUT2 is clear, as the PIC's request register has it. */
async function uartWithoutOut2(client: Client): Promise<number> {
  for (const [port, value] of [[0x3fb, 3], [0x3fc, 0], [0x3f9, 2], [0x20, 0x0a]] as const) await client.out(port, 1, value);
  return (await client.in(0x20, 1)) & 0x10;
}

/** The command register of a virtio card after a driver of the legacy interface has written these states. */
async function legacyMaster(client: Client, ...states: number[]): Promise<number> {
  const pci = new PciFunction(client, 4);
  await pci.set(0x10, PORTS);
  await pci.set(4, 1, 2);
  for (const state of states) await client.out(PORTS + 0x12, 1, state);
  return pci.get(4, 2);
}

/** Items of fw_cfg by key, as bytes. */
async function configuration(client: Client, ...keys: readonly (readonly [key: number, bytes: number])[]): Promise<string[]> {
  const out: string[] = [];
  for (const [key, bytes] of keys) {
    await client.out(0x510, 2, key);
    let hex = '';
    for (let i = 0; i < bytes; i++) hex += (await client.in(0x511, 1)).toString(16).padStart(2, '0');
    out.push(hex);
  }
  return out;
}

const EMULATORS: readonly Emulator[] = hasQemu ? ['pintail', 'qemu'] : ['pintail'];

describe.each(EMULATORS)('%s', (emulator) => {
  it('interrupts for a UART whose driver never sets OUT2', async () => {
    // The client gives QEMU no serial ports.
    const args = emulator === 'qemu' ? ['-chardev', 'null,id=line', '-device', 'isa-serial,chardev=line'] : [];
    expect(await uartWithoutOut2(await start(emulator, { args }))).toBe(0x10);
  });

  it('turns bus mastering on for a legacy virtio driver that says it can drive the device, and not before', async () => {
    const client = await start(emulator, { args: ['-device', 'virtio-net-pci,addr=4'] });
    expect([await legacyMaster(client, 0), await legacyMaster(client, 0, 1), await legacyMaster(client, 0, 2), await legacyMaster(client, 0, 3)]).toEqual([1, 1, 1, 5]);
  });

  it('has the items that test kernels and option ROMs read', async () => {
    const keys = [[0, 4], [3, 8], [5, 2], [0x0e, 2], [0x0f, 2], [0x8002, 4], [0x7f, 2]] as const;
    expect(await configuration(await start(emulator), ...keys)).toEqual(['51454d55', '0000000400000000', '0100', '0000', '0100', '01000000', '0000']);
  });
});
