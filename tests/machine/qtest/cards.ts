/**
 * Drivers of three cards over qtest: from enumeration to a frame sent and a frame received, each told by its interrupt line. They
 * run against our command and against QEMU, and give what a driver sees.
 */

import type { Client } from './client.js';
import { placeCard } from './pci.js';

export const MAC = [0x52, 0x54, 0x00, 0xab, 0xcd, 0xef];
export const MAC_TEXT = '52:54:00:ab:cd:ef';
const PEER = [0x02, 0, 0, 0, 0, 0x09];
const RING = 0x10000;
const RECEIVE_RING = 0x20000;
const DATA = 0x40000;
const BUFFER = 0x80000;

/** What came of it. */
export interface Outcome {
  mac: number[];
  sent: string;
  /** Status bits of the transmit descriptor once done. */
  sentStatus: number;
  /** Causes read, by name of the register. */
  causes: Record<string, number>;
  received: string;
  receivedStatus: number;
  /** What happened to the interrupt line: raise and lower, in order. */
  line: string;
}

const text = (data: Uint8Array | number[]): string => Buffer.from(data).toString('hex');
export const frameOf = (to: number[], from: number[], bytes: number): number[] => [...to, ...from, 0x08, 0x06, ...Array.from({ length: bytes - 14 }, (_, i) => (i * 7) & 0xff)];
const outgoing = frameOf(PEER, MAC, 64);
const incoming = frameOf(MAC, PEER, 90);

const le32 = (...values: number[]): number[] => values.flatMap((value) => [value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24]);
const le16 = (...values: number[]): number[] => values.flatMap((value) => [value & 255, (value >>> 8) & 255]);

/** Changes of the PCI interrupt lines, as "raise lower ..." where it was one. QEMU's timer ticks on line 0 meanwhile. */
function lineOf({ edges }: Client): string {
  const changes = edges.map((edge) => edge.split(' ')).filter(([, pin]) => Number(pin) >= 16);
  const pins = new Set(changes.map(([, pin]) => pin));
  return changes.map(([what, pin]) => (pins.size === 1 ? what : `${what} ${pin}`)).join(' ');
}

// --- e1000 ---

export async function driveE1000(client: Client, slot = 4): Promise<Outcome> {
  await client.ok('irq_intercept_in ioapic');
  const { bars } = await placeCard(client, slot);
  const base = bars[0]!;
  const get = (at: number): Promise<number> => client.load(base + at);
  const set = (at: number, value: number): Promise<void> => client.store(base + at, value);
  await set(0x00, 0x04000000);
  await set(0x00, 0x41);
  await client.until(async () => ((await get(0x08)) & 2) !== 0, 'the link');
  await set(0xd8, 0xffffffff);
  await get(0xc0);
  const mac = [...le32(await get(0x5400)), ...le16(await get(0x5404))];

  await client.write(DATA, outgoing);
  await client.write(RING, [...le32(DATA, 0, outgoing.length | 0x0b000000, 0)]);
  await set(0x3800, RING), await set(0x3804, 0), await set(0x3808, 128), await set(0x3810, 0), await set(0x3818, 0);
  await set(0xd0, 0x1 | 0x80);
  await set(0x400, 0x0a);
  await set(0x3818, 1);
  const sent = text(await client.frame());
  await client.until(async () => ((await client.load(RING + 12)) & 1) !== 0, 'the descriptor');
  const sentStatus = await client.load(RING + 12);
  const causes: Record<string, number> = { sent: (await get(0xc0)) & 1 };

  for (let i = 0; i < 8; i++) await client.write(RECEIVE_RING + 16 * i, le32(BUFFER + 0x1000 * i, 0, 0, 0));
  await set(0x2800, RECEIVE_RING), await set(0x2804, 0), await set(0x2808, 128), await set(0x2810, 0), await set(0x2818, 7);
  await set(0x100, 0x04008002);
  client.give(incoming);
  await client.until(async () => ((await client.load(RECEIVE_RING + 12)) & 1) !== 0, 'the frame');
  const receivedStatus = (await client.load(RECEIVE_RING + 12)) & 0xff;
  const length = (await client.load(RECEIVE_RING + 8)) & 0xffff;
  const received = text(await client.read(BUFFER, length));
  causes.received = (await get(0xc0)) & 0x80;
  return { mac, sent, sentStatus, causes, received, receivedStatus, line: lineOf(client) };
}

// --- pcnet ---

export async function drivePcnet(client: Client, slot = 4): Promise<Outcome> {
  await client.ok('irq_intercept_in ioapic');
  const { bars } = await placeCard(client, slot);
  const io = bars[0]!;
  const csr = async (n: number, value?: number): Promise<number> => {
    await client.out(io + 0x12, 2, n);
    if (value === undefined) return client.in(io + 0x10, 2);
    await client.out(io + 0x10, 2, value);
    return 0;
  };
  await client.in(io + 0x14, 2);
  const mac: number[] = [];
  for (let i = 0; i < 6; i++) mac.push(await client.in(io + i, 1));
  await client.out(io + 0x12, 2, 20);
  await client.out(io + 0x16, 2, 2);
  // Mode, lengths of four; address, filter, rings.
  await client.write(0x8000, [...le32(2 << 28 | 2 << 20), ...MAC, 0, 0, ...le32(0, 0, RECEIVE_RING, RING)]);
  for (let i = 0; i < 4; i++) {
    await client.write(RECEIVE_RING + 16 * i, [...le32(BUFFER + 0x1000 * i), ...le16(-2048 & 0xffff, 0x8000), ...le32(0, 0)]);
    await client.write(RING + 16 * i, le32(0, 0, 0, 0));
  }
  await csr(1, 0x8000), await csr(2, 0), await csr(4, 0x0915), await csr(3, 0);
  await csr(0, 0x0001);
  await client.until(async () => ((await csr(0)) & 0x100) !== 0, 'IDON');
  await csr(0, 0x0142);

  await client.write(DATA, outgoing);
  await client.write(RING, [...le32(DATA), ...le16(-outgoing.length & 0xffff, 0x8300), ...le32(0, 0)]);
  await csr(0, 0x0048);
  const sent = text(await client.frame());
  await client.until(async () => ((await client.load(RING + 4)) & 0x80000000) === 0, 'the descriptor');
  const sentStatus = (await client.load(RING + 4)) >>> 16;
  const causes: Record<string, number> = { sent: (await csr(0)) & 0x0200 };
  await csr(0, 0x0240);

  client.give(incoming);
  await client.until(async () => ((await client.load(RECEIVE_RING + 4)) & 0x80000000) === 0, 'the frame');
  const receivedStatus = (await client.load(RECEIVE_RING + 4)) >>> 16;
  const length = (await client.load(RECEIVE_RING + 8)) & 0xfff;
  // The message count has the FCS in it.
  const received = text((await client.read(BUFFER, length)).subarray(0, length - 4));
  causes.received = (await csr(0)) & 0x0400;
  await csr(0, 0x0440);
  return { mac, sent, sentStatus, causes, received, receivedStatus, line: lineOf(client) };
}

// --- virtio-net, by its legacy interface ---

const HEADER = 10;

/** A split ring of the device's size at a page: descriptors, available, used. */
interface Queue {
  at: number;
  available: number;
  used: number;
}

export async function driveVirtioNet(client: Client, slot = 4): Promise<Outcome> {
  await client.ok('irq_intercept_in ioapic');
  const { bars } = await placeCard(client, slot);
  const io = bars[0]!;
  await client.out(io + 18, 1, 0);
  await client.out(io + 18, 1, 1);
  await client.out(io + 18, 1, 3);
  // VIRTIO_NET_F_MAC alone.
  await client.out(io + 4, 4, 1 << 5);
  const mac: number[] = [];
  for (let i = 0; i < 6; i++) mac.push(await client.in(io + 20 + i, 1));
  const open = async (n: number, at: number): Promise<Queue> => {
    await client.out(io + 14, 2, n);
    const size = await client.in(io + 12, 2);
    await client.out(io + 8, 4, at >>> 12);
    return { at, available: at + 16 * size, used: at + ((18 * size + 6 + 4095) & ~4095) };
  };
  const receive = await open(0, 0x10000);
  const transmit = await open(1, 0x20000);
  await client.out(io + 18, 1, 7);

  // The header and the frame in two descriptors.
  await client.write(DATA, [...Array.from({ length: HEADER }, () => 0), ...outgoing]);
  await client.write(transmit.at, [...le32(DATA, 0, HEADER), ...le16(1, 1), ...le32(DATA + HEADER, 0, outgoing.length), ...le16(0, 0)]);
  await client.write(transmit.available, le16(0, 1, 0));
  await client.out(io + 16, 2, 1);
  const sent = text(await client.frame());
  await client.until(async () => (await client.load(transmit.used + 2, 2)) === 1, 'the used entry');
  const causes: Record<string, number> = { sent: (await client.in(io + 19, 1)) & 1 };

  await client.write(receive.at, [...le32(BUFFER, 0, HEADER), ...le16(3, 1), ...le32(BUFFER + 0x100, 0, 2048), ...le16(2, 0)]);
  await client.write(receive.available, le16(0, 1, 0));
  await client.out(io + 16, 2, 0);
  client.give(incoming);
  await client.until(async () => (await client.load(receive.used + 2, 2)) === 1, 'the frame');
  const length = await client.load(receive.used + 8);
  const received = text(await client.read(BUFFER + 0x100, length - HEADER));
  causes.received = (await client.in(io + 19, 1)) & 1;
  return { mac, sent, sentStatus: 0, causes, received, receivedStatus: 0, line: lineOf(client) };
}

export const EXPECTED = { mac: MAC, sent: text(outgoing), received: text(incoming) };
