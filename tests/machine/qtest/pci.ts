/** PCI over the configuration ports, as firmware and QEMU's test library drive it. */

import type { Client } from './client.js';

export interface Found {
  slot: number;
  vendor: number;
  device: number;
}

export class PciFunction {
  constructor(readonly client: Client, readonly slot: number, readonly fn = 0) {}

  private async select(offset: number): Promise<void> {
    await this.client.out(0xcf8, 4, (0x80000000 | (this.slot << 11) | (this.fn << 8) | (offset & ~3)) >>> 0);
  }
  async get(offset: number, bytes: 1 | 2 | 4 = 4): Promise<number> {
    await this.select(offset);
    return this.client.in(0xcfc + (offset & 3), bytes);
  }
  async set(offset: number, value: number, bytes: 1 | 2 | 4 = 4): Promise<void> {
    await this.select(offset);
    await this.client.out(0xcfc + (offset & 3), bytes, value >>> 0);
  }

  /** Bytes that a BAR decodes, 0 for none; the BAR is left as it was. */
  async barBytes(index: number): Promise<number> {
    const at = 0x10 + 4 * index;
    const old = await this.get(at);
    await this.set(at, 0xffffffff);
    const mask = await this.get(at);
    await this.set(at, old);
    if (mask === 0) return 0;
    return (mask & 1 ? ~(mask & ~3) + 1 & 0xffff : ~(mask & ~15) + 1) >>> 0;
  }

  async capabilities(): Promise<number[]> {
    const out: number[] = [];
    if (!((await this.get(6, 2)) & 0x10)) return out;
    for (let at = await this.get(0x34, 1); at !== 0 && out.length < 48; at = await this.get(at + 1, 1)) out.push(await this.get(at, 1));
    return out;
  }
}

/** Functions 0 of the slots of bus 0 in which something is. */
export async function enumerate(client: Client): Promise<Found[]> {
  const out: Found[] = [];
  for (let slot = 0; slot < 32; slot++) {
    const id = await new PciFunction(client, slot).get(0);
    if (id !== 0xffffffff) out.push({ slot, vendor: id & 0xffff, device: id >>> 16 });
  }
  return out;
}

/** Where the tests put memory and port BARs. */
export const MEMORY = 0xe0000000;
export const PORTS = 0xc000;

/** The card at slot 4, its BARs placed one after another and everything on. */
export async function placeCard(client: Client, slot = 4): Promise<{ pci: PciFunction; bars: number[] }> {
  const pci = new PciFunction(client, slot);
  const bars: number[] = [];
  let [memory, port] = [MEMORY, PORTS];
  for (let index = 0; index < 6; index++) {
    const bytes = await pci.barBytes(index);
    if (bytes === 0) continue;
    const kind = await pci.get(0x10 + 4 * index), isPort = (kind & 1) === 1;
    const at = isPort ? port : memory;
    await pci.set(0x10 + 4 * index, at);
    bars[index] = at;
    // The upper half of a 64-bit one is no BAR of its own.
    const isWide = !isPort && (kind & 6) === 4;
    if (isPort) port += Math.max(bytes, 256);
    else memory += Math.max(bytes, 0x100000);
    if (isWide) index++;
  }
  await pci.set(4, 7, 2);
  return { pci, bars };
}
