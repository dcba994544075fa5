/** Every register of two cards as a guest finds it: after reset, after ones were written, and after zeros. */

import { PciId, Reg } from '../../../assembly/nic/e1000/spec.js';
import { readSource } from '../../house/sources.js';
import type { Client } from './client.js';
import { placeCard, type PciFunction } from './pci.js';

/** By name: what was read, in hex. */
export type Dump = Record<string, string>;

const CTRL_RST = 0x04000000;
/** Control of the capability for advanced features (PCI ECN of 2006). */
const AF_CONTROL = 4;
const hex = (value: number, digits: number): string => (value >>> 0).toString(16).padStart(digits, '0');

/** Configuration space without BARs, and which of its bits can be written. */
async function dumpConfig(pci: PciFunction, out: Dump): Promise<void> {
  for (let at = 0; at < 256; at += 4) {
    // The power state, which sends the card to sleep, and the e1000's reset of its function.
    if ((at >= 0x10 && at < 0x28) || at === 0xe0 || at === PciId.RESET_AT + AF_CONTROL) continue;
    const old = await pci.get(at);
    await pci.set(at, 0xffffffff);
    const ones = await pci.get(at);
    await pci.set(at, 0);
    out[`config ${hex(at, 2)}`] = `${hex(old, 8)} ${hex(ones, 8)} ${hex(await pci.get(at), 8)}`;
    await pci.set(at, old);
  }
  await pci.set(4, 7, 2);
}

/** Names and offsets of an enumeration of the module's, which leaves nothing behind when it is compiled. */
function offsetsOf(name: string): [string, number][] {
  const body = new RegExp(`enum ${name} \\{([^}]*)\\}`).exec(readSource('assembly/nic/e1000/spec.ts'))![1]!;
  return [...body.matchAll(/(\w+) = (0x[0-9a-f]+)/g)].map((match) => [match[1]!, Number(match[2])]);
}

/** Writing these starts something, or they are read by another rule. */
const E1000_LEFT_OUT = new Set(['BYTES', 'CTRL', 'CTRL_DUP', 'MDIC', 'EERD', 'EECD', 'STATUS']);

async function readPhy(client: Client, base: number, n: number): Promise<string> {
  await client.store(base + Reg.MDIC, (0x08000000 | (n << 16) | (1 << 21)) >>> 0);
  return hex(await client.load(base + Reg.MDIC), 8).slice(4);
}

export async function dumpE1000(client: Client): Promise<Dump> {
  const out: Dump = {};
  const { pci, bars } = await placeCard(client);
  const base = bars[0]!;
  await dumpConfig(pci, out);
  const reset = (): Promise<void> => client.store(base + Reg.CTRL, CTRL_RST);
  for (const [name, at] of [...offsetsOf('Reg'), ...offsetsOf('Stat')]) {
    if (E1000_LEFT_OUT.has(name)) continue;
    await reset();
    const after = hex(await client.load(base + at), 8);
    await client.store(base + at, 0xffffffff);
    const ones = hex(await client.load(base + at), 8);
    await client.store(base + at, 0);
    out[name] = `${after} ${ones} ${hex(await client.load(base + at), 8)}`;
  }
  await reset();
  for (let n = 0; n < 64; n++) {
    await client.store(base + Reg.EERD, (n << 8) | 1);
    out[`EEPROM ${n}`] = hex(await client.load(base + Reg.EERD), 8);
  }
  for (let n = 1; n < 32; n++) {
    const after = await readPhy(client, base, n);
    await client.store(base + Reg.MDIC, (0x0400ffff | (n << 16) | (1 << 21)) >>> 0);
    out[`PHY ${n}`] = `${after} ${await readPhy(client, base, n)}`;
  }
  return out;
}

export async function dumpPcnet(client: Client): Promise<Dump> {
  const out: Dump = {};
  const { pci, bars } = await placeCard(client);
  const io = bars[0]!;
  await dumpConfig(pci, out);
  const get = async (data: number, n: number): Promise<string> => {
    await client.out(io + 0x12, 2, n);
    return hex(await client.in(io + data, 2), 4);
  };
  for (let i = 0; i < 16; i++) out[`APROM ${i}`] = hex(await client.in(io + i, 1), 2);
  const resets: string[] = [];
  for (let n = 0; n < 128; n++) resets.push(await get(0x10, n));
  // CSR0 starts the card; it has tests of its own.
  for (let n = 1; n < 128; n++) {
    await client.out(io + 0x12, 2, n);
    await client.out(io + 0x10, 2, 0xffff);
    const ones = hex(await client.in(io + 0x10, 2), 4);
    await client.out(io + 0x10, 2, 0);
    out[`CSR${n}`] = `${resets[n]} ${ones} ${hex(await client.in(io + 0x10, 2), 4)}`;
    await client.in(io + 0x14, 2);
  }
  for (let n = 0; n < 32; n++) {
    const after = await get(0x16, n);
    await client.out(io + 0x16, 2, 0xffff);
    const ones = await get(0x16, n);
    await client.out(io + 0x16, 2, 0);
    out[`BCR${n}`] = `${after} ${ones} ${await get(0x16, n)}`;
    await client.out(io + 0x16, 2, parseInt(after, 16));
  }
  return out;
}
