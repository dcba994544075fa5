/** AHCI, IDE and their drives driven over qtest, ours and QEMU's own, with the same answers: what a driver does, step by step. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasQemu, start, type Client, type Emulator } from './client.js';
import { MEMORY, PciFunction, PORTS } from './pci.js';

const BYTES = 1 << 20;
let folder = '';
beforeAll(() => { folder = mkdtempSync(join(tmpdir(), 'pintail-qtest-drives-')); });
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A disk and a CD, each sector of which says where it is. */
function images(emulator: Emulator): { disk: string; cd: string } {
  const bytes = Buffer.alloc(BYTES);
  for (let at = 0; at < BYTES; at += 4) bytes.writeUInt32LE(at, at);
  const [disk, cd] = [join(folder, `${emulator}.img`), join(folder, `${emulator}.iso`)];
  writeFileSync(disk, bytes);
  writeFileSync(cd, bytes);
  return { disk, cd };
}

/** Words of IDENTIFY that say what a drive can do; names and numbers are the makers'. */
const SAME_WORDS = [0, 1, 3, 6, 47, 49, 53, 54, 55, 56, 57, 58, 60, 61, 63, 64, 75, 76, 100, 101, 102, 103];
/** Ours has to have its clock moved. */
const pause = async (client: Client, emulator: Emulator): Promise<void> => {
  for (let i = 0; emulator === 'pintail' && i < 4; i++) await client.ok('clock_step 100000');
};
const bytesOf = async (client: Client, at: number, size: number): Promise<string> => (await client.ok(`read ${at} ${size}`)).replace(/^OK /, '');
const put = async (client: Client, at: number, bytes: readonly number[] | Uint8Array): Promise<void> => void (await client.ok(`write ${at} ${bytes.length} 0x${Buffer.from(bytes).toString('hex')}`));

// --- AHCI ---

const P = { CLB: 0, FB: 8, IS: 0x10, IE: 0x14, CMD: 0x18, TFD: 0x20, SIG: 0x24, SSTS: 0x28, SACT: 0x34, CI: 0x38 } as const;
const AT = { LIST: 0x100000, FIS: 0x101000, TABLE: 0x102000, DATA: 0x110000 } as const;

async function driveAhci(emulator: Emulator): Promise<unknown[]> {
  const { disk, cd } = images(emulator), seen: unknown[] = [];
  const client = await start(emulator, { args: ['-drive', `if=ide,index=1,format=raw,file=${disk}`, '-drive', `if=ide,index=2,media=cdrom,format=raw,file=${cd}`] });
  const pci = new PciFunction(client, 31, 2);
  seen.push(await pci.get(0), await pci.get(8), await pci.capabilities(), await pci.get(0xa8), await pci.get(0xac), await pci.barBytes(5), await pci.barBytes(4));
  await pci.set(0x24, MEMORY);
  await pci.set(0x20, PORTS);
  await pci.set(4, 7, 2);
  const get = (at: number): Promise<number> => client.load(MEMORY + at), set = (at: number, value: number): Promise<void> => client.store(MEMORY + at, value);
  for (const at of [0, 4, 8, 0xc, 0x10]) seen.push(await get(at));
  for (const port of [1, 2, 0]) {
    const px = (at: number): number => 0x100 + 0x80 * port + at;
    seen.push(await get(px(P.SSTS)), await get(px(P.CMD)) & ~0x1000000);
    if (port === 0) continue;
    await set(px(P.CLB), AT.LIST);
    await set(px(P.FB), AT.FIS);
    await set(px(P.CMD), 0x16);
    // The status in it is not the same: QEMU's is that of a fault.
    seen.push(await get(px(P.SIG)), (await get(px(P.TFD))) & 0xff00, await get(px(P.IS)));
    await set(px(P.IS), 0xffffffff);
    await set(px(P.CMD), 0x17);
    seen.push((await get(px(P.CMD))) & 0xc01f);
    const run = async (fis: number[], size: number, packet: number[] = [], write = false, queued = false): Promise<void> => {
      const head = Buffer.alloc(32), table = Buffer.alloc(0x90);
      head.writeUInt32LE(5 | (write ? 0x40 : 0) | (packet.length > 0 ? 0x20 : 0) | 1 << 16);
      head.writeUInt32LE(AT.TABLE, 8);
      Buffer.from([0x27, 0x80, ...fis]).copy(table);
      Buffer.from(packet).copy(table, 0x40);
      table.writeUInt32LE(AT.DATA, 0x80);
      table.writeUInt32LE(size - 1, 0x8c);
      await put(client, AT.LIST, head);
      await put(client, AT.TABLE, table);
      if (queued) await set(px(P.SACT), 1);
      await set(px(P.CI), 1);
      // A flush is the host's to do: its answer may come after the clock was moved.
      await client.until(async () => (await pause(client, emulator), ((await get(px(P.CI))) === 0 && (await get(px(P.SACT))) === 0) || ((await get(px(P.TFD))) & 1) === 1), 'the command');
      seen.push(await get(px(P.TFD)), await get(px(P.IS)));
      await set(px(P.IS), 0xffffffff);
    };
    const data = (size: number): Promise<string> => bytesOf(client, AT.DATA, size);
    if (port === 1) {
      await run([0xec], 512);
      const words = Buffer.from((await data(512)).slice(2), 'hex');
      seen.push(SAME_WORDS.map((word) => [word, words.readUInt16LE(2 * word)]));
      await run([0x25, 0, 8, 0, 0, 0x40, 0, 0, 0, 0, 3], 1536);
      seen.push(await data(1536), await bytesOf(client, AT.FIS + 0x40, 20), await client.load(AT.LIST + 4));
      await put(client, AT.DATA, new Uint8Array(512).fill(0x5a));
      await run([0x35, 0, 20, 0, 0, 0x40, 0, 0, 0, 0, 1], 512, [], true);
      await run([0x60, 2, 19, 0, 0, 0x40, 0, 0, 0, 0, 0], 1024, [], false, true);
      seen.push(await data(1024), await bytesOf(client, AT.FIS + 0x58, 8));
      await run([0xea, 0, 0, 0, 0, 0x40], 512);
      seen.push(readFileSync(disk).readUInt32LE(20 * 512));
      await run([0xff], 512);
    } else {
      for (const [packet, size] of [[[0x25], 8], [[0x43, 0, 0, 0, 0, 0, 0, 0, 20], 20], [[0x28, 0, 0, 0, 0, 5, 0, 0, 2], 4096], [[0x46, 0, 0, 0, 0, 0, 0, 0, 8], 8]] as const) {
        await run([0xa0, 1, 0, 0, 0, 0xa0], size, [...packet, ...new Array<number>(16 - packet.length).fill(0)]);
        // The lead-out may be copied in QEMU's table of contents.
        seen.push((await data(size)).replace('0016aa', '0014aa').slice(0, packet[0] === 0x46 ? 0 : undefined));
      }
    }
  }
  return seen;
}

// --- IDE ---

async function driveIde(emulator: Emulator): Promise<unknown[]> {
  const { disk, cd } = images(emulator), seen: unknown[] = [];
  const client = await start(emulator, {
    args: ['-device', 'piix3-ide,id=p,addr=4', '-drive', `if=none,id=d,format=raw,file=${disk}`, '-device', 'ide-hd,drive=d,bus=p.0', '-drive', `if=none,id=c,media=cdrom,format=raw,file=${cd}`, '-device', 'ide-cd,drive=c,bus=p.1'],
  });
  await client.ok('irq_intercept_in ioapic');
  const pci = new PciFunction(client, 4), inb = (port: number): Promise<number> => client.in(port, 1), out = (port: number, value: number): Promise<void> => client.out(port, 1, value);
  seen.push(await pci.get(0), await pci.get(8), await pci.barBytes(4));
  await pci.set(0x20, PORTS);
  await pci.set(4, 5, 2);
  const edges = (pin: number): string => client.edges.map((edge) => edge.split(' ')).filter(([, at]) => Number(at) === pin).map(([what]) => what).join(' ');
  const ready = async (base: number): Promise<void> => { await client.until(async () => (await pause(client, emulator), ((await inb(base + 0x206)) & 0x80) === 0), 'the drive'); };
  const task = async (base: number, command: number, lba: number, count: number, device = 0xe0, high = 0): Promise<void> => {
    for (const [at, value] of [[1, 0], [2, count], [3, lba & 0xff], [4, high === 0 ? lba >> 8 & 0xff : high & 0xff], [5, high === 0 ? lba >> 16 & 0xff : high >> 8], [6, device], [7, command]] as const) await out(base + at, value);
    await ready(base);
  };
  const words = async (base: number, n: number): Promise<number[]> => { const got: number[] = []; for (let i = 0; i < n; i++) got.push(await client.in(base, 2)); return got; };
  const registers = async (base: number): Promise<number[]> => { const got: number[] = []; for (const at of [1, 2, 3, 4, 5, 6, 7]) got.push(await inb(base + at)); return got; };
  for (const [base, device] of [[0x1f0, 0xa0], [0x170, 0xa0]] as const) {
    await out(base + 0x206, 4);
    await out(base + 0x206, 0);
    await out(base + 6, device);
    seen.push((await registers(base)).slice(0, 5));
  }
  // QEMU tells of a reset by an interrupt, which a drive does not.
  client.edges.length = 0;
  await inb(0x1f7);
  await inb(0x177);
  await out(0x1f6, 0xe0);
  await task(0x1f0, 0xec, 0, 0);
  const identity = await words(0x1f0, 256);
  seen.push(SAME_WORDS.filter((word) => word !== 75 && word !== 76).map((word) => [word, identity[word]]));
  await task(0x1f0, 0x20, 7, 2);
  seen.push(await inb(0x1f7), await words(0x1f0, 256));
  await ready(0x1f0);
  seen.push(await inb(0x1f7), await words(0x1f0, 256), await inb(0x1f7));
  await task(0x1f0, 0x30, 9, 1);
  seen.push(await inb(0x1f7));
  for (let i = 0; i < 256; i++) await client.out(0x1f0, 2, i * 3);
  await ready(0x1f0);
  seen.push(await registers(0x1f0));
  // By the bus master.
  await put(client, AT.TABLE, [...Buffer.from(Uint32Array.from([AT.DATA, 1024 | 0x80000000]).buffer)]);
  await client.out(PORTS + 4, 4, AT.TABLE);
  await out(PORTS + 2, 6);
  await task(0x1f0, 0xc8, 8, 2);
  await out(PORTS, 9);
  await ready(0x1f0);
  await client.until(async () => ((await inb(PORTS + 2)) & 4) !== 0, 'the transfer');
  seen.push(await inb(PORTS + 2) & 7, await inb(0x1f7), await bytesOf(client, AT.DATA, 1024));
  await out(PORTS, 0);
  await task(0x1f0, 0xfe, 0, 0);
  seen.push(await inb(0x1f7), await inb(0x1f1));
  // A packet by PIO, in pieces.
  await task(0x170, 0xa0, 0, 0, 0xa0, 1024);
  seen.push(await inb(0x177), await inb(0x172) & 3);
  for (const word of [0x28, 0, 0x0500, 0, 1, 0]) await client.out(0x170, 2, word);
  for (let piece = 0; piece < 2; piece++) {
    await ready(0x170);
    seen.push(await inb(0x177), await inb(0x172) & 3, await inb(0x174), await inb(0x175), await words(0x170, 512));
  }
  await ready(0x170);
  seen.push(await inb(0x177), await inb(0x172) & 3);
  await client.until(async () => edges(15).split(' ').length >= 6, 'the last interrupt');
  seen.push(edges(14), edges(15));
  return seen;
}

describe('drives over qtest', () => {
  for (const [name, script] of [['AHCI', driveAhci], ['IDE', driveIde]] as const) {
    it.skipIf(!hasQemu)(`${name}: ours and QEMU's answer the same`, async () => {
      const ours = await script('pintail');
      expect(ours.length).toBeGreaterThan(20);
      expect(ours).toEqual(await script('qemu'));
    }, 120_000);
  }
});
