/** An NVMe controller driven over qtest, ours and QEMU's own, with the same answers: queues, admin commands, data through pages and lists of pages, what is refused and how. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { hasQemu, start, type Client, type Emulator } from './client.js';
import { placeCard, type PciFunction } from './pci.js';

const BYTES = 1 << 20;
const AT = { SQ: 0x100000, CQ: 0x110000, LIST: 0x120000, DATA: 0x200000 } as const;
const R = { CAP: 0, VS: 8, INTMS: 0xc, INTMC: 0x10, CC: 0x14, CSTS: 0x1c, AQA: 0x24, ASQ: 0x28, ACQ: 0x30, DOORBELLS: 0x1000 } as const;
const ENTRIES = 8;
let folder = '';
beforeAll(() => { folder = mkdtempSync(join(tmpdir(), 'pintail-qtest-nvme-')); });
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Command { opcode: number; nsid?: number; flags?: number; prp1?: number; prp2?: number; dw10?: number; dw11?: number; dw12?: number }

class Driver {
  private readonly queues = new Map<number, { tail: number; head: number; phase: number }>();
  private id = 0;
  constructor(readonly client: Client, readonly emulator: Emulator, readonly base: number) {}
  get = (at: number): Promise<number> => this.client.load(this.base + at);
  set = (at: number, value: number): Promise<void> => this.client.store(this.base + at, value >>> 0);
  async put(at: number, bytes: Uint8Array): Promise<void> { await this.client.ok(`write ${at} ${bytes.length} 0x${Buffer.from(bytes).toString('hex')}`); }
  async bytes(at: number, size: number): Promise<string> { return (await this.client.ok(`read ${at} ${size}`)).replace(/^OK 0x/, ''); }

  async enable(): Promise<void> {
    for (const [at, value] of [[R.CC, 0], [R.AQA, (ENTRIES - 1) << 16 | (ENTRIES - 1)], [R.ASQ, AT.SQ], [R.ASQ + 4, 0], [R.ACQ, AT.CQ], [R.ACQ + 4, 0]] as const) await this.set(at, value);
    await this.fresh(0);
    await this.set(R.CC, 0x460001);
  }
  async fresh(queue: number): Promise<void> {
    await this.put(AT.CQ + 0x1000 * queue, new Uint8Array(16 * ENTRIES));
    this.queues.set(queue, { tail: 0, head: 0, phase: 1 });
  }
  /** Dwords 0, 2 and 3 of the completion: result, queue's head and number, status without its phase. */
  async run(queue: number, { opcode, nsid = 0, flags = 0, prp1 = 0, prp2 = 0, dw10 = 0, dw11 = 0, dw12 = 0 }: Command): Promise<number[]> {
    const q = this.queues.get(queue)!, entry = Buffer.alloc(64), id = this.id++;
    [opcode | flags << 8 | id << 16, nsid].forEach((word, i) => entry.writeUInt32LE(word >>> 0, 4 * i));
    entry.writeUInt32LE(prp1 >>> 0, 24); entry.writeUInt32LE(prp2 >>> 0, 32);
    [dw10, dw11, dw12].forEach((word, i) => entry.writeUInt32LE(word >>> 0, 40 + 4 * i));
    await this.put(AT.SQ + 0x1000 * queue + 64 * q.tail, entry);
    q.tail = (q.tail + 1) % ENTRIES;
    await this.set(R.DOORBELLS + 8 * queue, q.tail);
    const at = AT.CQ + 0x1000 * queue + 16 * q.head;
    let word = 0;
    await this.client.until(async () => {
      // Ours has to have its clock moved.
      if (this.emulator === 'pintail') await this.client.ok('clock_step 200000');
      word = await this.client.load(at + 12);
      return (word >>> 16 & 1) === q.phase && (word & 0xffff) === (id & 0xffff);
    }, `command ${opcode} of queue ${queue}`);
    q.head = (q.head + 1) % ENTRIES;
    if (q.head === 0) q.phase ^= 1;
    const out = [await this.client.load(at), await this.client.load(at + 8), word >>> 17];
    await this.set(R.DOORBELLS + 8 * queue + 4, q.head);
    return out;
  }
}

async function drive(emulator: Emulator): Promise<unknown[]> {
  const disk = join(folder, `${emulator}.img`), image = Buffer.alloc(BYTES), seen: unknown[] = [];
  for (let at = 0; at < BYTES; at += 4) image.writeUInt32LE(at, at);
  writeFileSync(disk, image);
  const client = await start(emulator, { args: ['-drive', `if=none,id=n,format=raw,file=${disk}`, '-device', 'nvme,drive=n,serial=S-1,addr=4'] });
  const { pci, bars } = await placeCard(client);
  const d = new Driver(client, emulator, bars[0]!), see = async (queue: number, command: Command): Promise<void> => void seen.push([queue, command, await d.run(queue, command)]);
  await identity(pci, d, seen);
  await d.enable();
  seen.push(await d.get(R.CSTS));
  await admin(see, d, seen);
  await queues(see, d);
  await io(see, d, seen);
  seen.push(readFileSync(disk).subarray(0, 64 * 512).toString('hex'));
  for (const cc of [0x464001, 0x460001, 0x460000]) {
    await d.set(R.CC, cc);
    seen.push(await d.get(R.CSTS));
  }
  return seen;
}

async function identity(pci: PciFunction, d: Driver, seen: unknown[]): Promise<void> {
  seen.push(await pci.get(0), await pci.get(8), await pci.get(0x2c), await pci.get(0x3c, 2) >> 8, (await pci.get(0x10)) & 15, await pci.barBytes(0));
  // QEMU's knows further command sets (bit 6 of CSS).
  seen.push(await d.get(R.CAP), (await d.get(R.CAP + 4)) & ~(1 << 11), await d.get(R.VS), await d.get(R.CSTS), await d.get(R.CC));
  await d.set(R.CC, 0x460001);
  seen.push(await d.get(R.CSTS));
  await d.set(R.INTMS, 5);
  seen.push(await d.get(R.INTMS), await d.get(R.INTMC));
  await d.set(R.INTMC, 1);
  seen.push(await d.get(R.INTMS), await d.get(R.INTMC));
  await d.set(R.INTMC, 4);
}

type See = (queue: number, command: Command) => Promise<void>;

async function admin(see: See, d: Driver, seen: unknown[]): Promise<void> {
  await see(0, { opcode: 6, dw10: 1, prp1: AT.DATA });
  const at = async (offset: number, size: number): Promise<string> => d.bytes(AT.DATA + offset, size);
  // Serial number; version, abort and temperature limits; queue entries; namespaces; the write cache.
  for (const [offset, size] of [[0, 24], [78, 6], [258, 2], [266, 4], [512, 2], [516, 4], [525, 1]] as const) seen.push(await at(offset, size));
  await see(0, { opcode: 6, nsid: 1, prp1: AT.DATA });
  // Ours also deallocates by WRITE ZEROES (bit 3 of DLFEAT).
  seen.push(await at(0, 24), await at(26, 1), parseInt((await at(33, 1)).slice(-2), 16) & 7, await at(128, 4));
  await see(0, { opcode: 6, dw10: 2, prp1: AT.DATA });
  seen.push(await at(0, 16));
  await see(0, { opcode: 6, nsid: 1, dw10: 2, prp1: AT.DATA });
  seen.push(await at(0, 16));
  for (const nsid of [0, 2, 257, 0xffffffff]) await see(0, { opcode: 6, nsid, prp1: AT.DATA });
  for (const nsid of [0xfffffffe, 0xffffffff]) await see(0, { opcode: 6, dw10: 2, nsid, prp1: AT.DATA });
  for (const nsid of [1, 2, 300]) await see(0, { opcode: 6, dw10: 3, nsid, prp1: AT.DATA });
  await see(0, { opcode: 6, dw10: 0x99, prp1: AT.DATA });
  for (const feature of [0, 1, 2, 3, 4, 6, 8, 10, 11, 0x7f]) await see(0, { opcode: 10, dw10: feature });
  for (const [dw10, dw11, nsid] of [[4, 1 << 20, 0], [4, 1 << 16, 0], [9, 0, 0], [9, 200, 0], [5, 0, 0], [5, 0, 1], [5, 0, 2], [5, 0, 0xffffffff], [6 | 1 << 8, 0, 0], [6 | 3 << 8, 0, 0], [5 | 3 << 8, 0, 1], [1 | 3 << 8, 0, 0]] as const) await see(0, { opcode: 10, dw10, dw11, nsid });
  for (const [dw10, dw11, nsid] of [[4, 300, 0], [4, 1 << 20 | 7, 0], [4, 2 << 20, 0], [5, 9, 1], [5, 9, 0], [6, 0, 0], [6, 1, 1], [6, 1, 300], [6, 1, 0xffffffff], [11, 0x1f, 0], [1, 1, 0], [8, 1, 0], [6 | 1 << 31, 0, 0], [0x7f, 0, 0], [7, 0xffff, 0]] as const) await see(0, { opcode: 9, dw10, dw11, nsid });
  for (const feature of [4, 6, 11]) await see(0, { opcode: 10, dw10: feature });
  await see(0, { opcode: 10, dw10: 5, nsid: 1 });
  for (const [dw10, dw12] of [[15 << 16 | 1, 0], [15 << 16 | 3, 2], [15 << 16 | 3, 512], [0x55, 0]] as const) await see(0, { opcode: 2, dw10, dw12, prp1: AT.DATA, nsid: 0xffffffff });
  await see(0, { opcode: 2, nsid: 0xffffffff, dw10: 127 << 16 | 2, prp1: AT.DATA });
  seen.push(await at(1, 2));
  for (const command of [{ opcode: 8, dw10: 0 }, { opcode: 8, dw10: 3 }, { opcode: 0x7f }, { opcode: 3 }, { opcode: 6, flags: 0x40, dw10: 1, prp1: AT.DATA }]) await see(0, command);
}

async function queues(see: See, d: Driver): Promise<void> {
  const size = (ENTRIES - 1) << 16, cq = AT.CQ + 0x1000, sq = AT.SQ + 0x1000;
  await see(0, { opcode: 1, prp1: sq, dw10: size | 1, dw11: 1 << 16 | 1 });
  for (const [dw10, dw11, prp1] of [[size, 1, cq], [size | 0xffff, 1, cq], [1, 1, cq], [0x800 << 16 | 1, 1, cq], [size | 1, 1, cq + 16], [size | 1, 1 << 16 | 3, cq], [size | 1, 0, cq], [size | 1, 3, cq], [size | 1, 3, cq]] as const) await see(0, { opcode: 5, dw10, dw11, prp1 });
  for (const [dw10, dw11, prp1] of [[size, 1 << 16 | 1, sq], [1, 1 << 16 | 1, sq], [0x800 << 16 | 1, 1 << 16 | 1, sq], [size | 1, 1 << 16, sq], [size | 1, 1 << 16 | 1, sq + 64], [size | 1, 2 << 16 | 1, sq], [size | 1, 1, sq], [size | 1, 1 << 16 | 1, sq], [size | 1, 1 << 16 | 1, sq]] as const) await see(0, { opcode: 1, dw10, dw11, prp1 });
  await d.fresh(1);
  // A pair that is taken away again.
  await see(0, { opcode: 5, prp1: cq + 0x1000, dw10: size | 2, dw11: 1 });
  await see(0, { opcode: 1, prp1: sq + 0x1000, dw10: size | 2, dw11: 2 << 16 | 1 });
  for (const [opcode, dw10] of [[4, 2], [4, 0], [0, 0], [0, 3], [0, 2], [0, 2], [4, 2], [4, 2], [9, 7]] as const) await see(0, { opcode, dw10 });
}

async function io(see: See, d: Driver, seen: unknown[]): Promise<void> {
  const read = async (command: Partial<Command>, ...pieces: (readonly [number, number])[]): Promise<void> => {
    await see(1, { opcode: 2, nsid: 1, prp1: AT.DATA, ...command });
    for (const [at, size] of pieces) seen.push(await d.bytes(at, size));
  };
  await read({ dw10: 3 }, [AT.DATA, 512]);
  await read({ dw10: 5, dw12: 1, prp1: AT.DATA + 0xe00, prp2: AT.DATA + 0x5000 }, [AT.DATA + 0xe00, 512], [AT.DATA + 0x5000, 512]);
  const list = Buffer.alloc(4096);
  for (let i = 0; i < 6; i++) list.writeUInt32LE(AT.DATA + 0x1000 * (9 - i), 8 * i);
  await d.put(AT.LIST, list);
  await read({ dw10: 8, dw12: 39, prp2: AT.LIST }, [AT.DATA, 4096], [AT.DATA + 0x6000, 0x4000]);
  list.writeUInt32LE(AT.DATA + 8, 8);
  await d.put(AT.LIST, list);
  await read({ dw10: 8, dw12: 39, prp2: AT.LIST });
  await d.put(AT.DATA, Buffer.alloc(4096, 0x5a));
  for (const command of [
    { opcode: 1, nsid: 1, prp1: AT.DATA, dw10: 30, dw12: 1 }, { opcode: 0, nsid: 1 }, { opcode: 0, nsid: 0xffffffff }, { opcode: 1, nsid: 1, prp1: AT.DATA, dw10: 33, dw12: 0x40000000 }, { opcode: 5, nsid: 1, prp1: AT.DATA, dw10: 30 },
    { opcode: 8, nsid: 1, dw10: 40, dw12: 1 }, { opcode: 9, nsid: 1, prp1: AT.DATA },
  ]) await see(1, command);
  await read({ dw10: 30, dw12: 11, prp2: AT.DATA + 0x1000 }, [AT.DATA, 4096], [AT.DATA + 0x1000, 2048]);
  for (const command of [
    { opcode: 2, nsid: 1, dw10: 2048 }, { opcode: 2, nsid: 1, dw10: 2047, dw12: 1 }, { opcode: 2, nsid: 1, dw11: 1 }, { opcode: 1, nsid: 1, dw10: 2048 }, { opcode: 8, nsid: 1, dw10: 2047, dw12: 1 }, { opcode: 2, nsid: 1, dw12: 1024 },
    { opcode: 2, nsid: 0 }, { opcode: 2, nsid: 2 }, { opcode: 2, nsid: 257 }, { opcode: 2, nsid: 0xffffffff }, { opcode: 0, nsid: 0 }, { opcode: 0, nsid: 300 }, { opcode: 0x42, nsid: 1 }, { opcode: 2, nsid: 1, prp1: AT.DATA + 0xe00, prp2: AT.DATA + 4, dw12: 1 },
  ]) await see(1, { prp1: AT.DATA, ...command });
}

it.skipIf(!hasQemu)("an NVMe controller: ours and QEMU's answer the same", async () => {
  const ours = await drive('pintail');
  expect(ours.length).toBeGreaterThan(120);
  expect(ours).toEqual(await drive('qemu'));
}, 120_000);
