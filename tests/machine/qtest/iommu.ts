/** The remapping unit over qtest, with the educational card behind it: every way its tables can lead or refuse, told as a driver sees it. */

import type { Client } from './client.js';
import { placeCard } from './pci.js';

const UNIT = 0xfed90000;
const R = { CAP: 0x08, GCMD: 0x18, GSTS: 0x1c, RTADDR: 0x20, CCMD: 0x28, FSTS: 0x34, IQH: 0x80, IQT: 0x88, IQA: 0x90, IOTLB: 0xf8, FRCD: 0x220 } as const;
const EDU = { SOURCE: 0x80, DESTINATION: 0x88, COUNT: 0x90, COMMAND: 0x98, BUFFER: 0x40000 } as const;
const CARD = 0x20;
const [TE, SRTP, QIE] = [1 << 31, 1 << 30, 1 << 26];
const AT = { ROOT: 0x10000, CONTEXTS: 0x11000, FIRST: 0x12000, SECOND: 0x13000, THIRD: 0x14000, QUEUE: 0x15000, STATUS: 0x16000, A: 0x20000, B: 0x21000 } as const;
const IOVA = 0x345000n;
const GO = 1n << 63n;

/** Started with these: an edu card in slot 4 that reaches everywhere. */
export const IOMMU_ARGS = ['-device', 'intel-iommu,intremap=off', '-device', 'edu,addr=4,dma_mask=0x1fffffffffffff'];

class Driver {
  constructor(readonly client: Client, readonly edu: number) {}
  set64(gpa: number, value: bigint): Promise<string> { return this.client.ok(`writeq 0x${gpa.toString(16)} 0x${value.toString(16)}`); }
  async get64(gpa: number): Promise<bigint> { return BigInt(await this.client.ok(`readq 0x${gpa.toString(16)}`)); }
  reg(at: number): Promise<number> { return this.client.load(UNIT + at); }
  command(bits: number): Promise<void> { return this.client.store(UNIT + R.GCMD, bits >>> 0); }

  /** Context and tables that map IOVA to A, and nothing kept. */
  async tables({ root = BigInt(AT.CONTEXTS | 1), rootHigh = 0n, low = BigInt(AT.FIRST | 1), high = 0x101n, first = BigInt(AT.SECOND | 3), second = BigInt(AT.THIRD | 3), third = BigInt(AT.A | 3) } = {}): Promise<void> {
    await this.set64(AT.ROOT, root); await this.set64(AT.ROOT + 8, rootHigh);
    await this.set64(AT.CONTEXTS + 16 * CARD, low); await this.set64(AT.CONTEXTS + 16 * CARD + 8, high);
    await this.set64(AT.FIRST, first); await this.set64(AT.SECOND + 8, second); await this.set64(AT.THIRD + 8 * 0x145, third);
    await this.set64(UNIT + R.CCMD, GO | 1n << 61n);
    await this.set64(UNIT + R.IOTLB, GO | 1n << 60n);
  }

  /** Four bytes from the card's buffer to an address, or the other way round. */
  async transfer(iova: bigint, toMemory: boolean, offset = 0): Promise<void> {
    const [source, destination] = toMemory ? [BigInt(EDU.BUFFER + offset), iova] : [iova, BigInt(EDU.BUFFER + offset)];
    for (const [at, value] of [[EDU.SOURCE, source], [EDU.DESTINATION, destination]] as const) await this.set64(this.edu + at, value);
    await this.client.store(this.edu + EDU.COUNT, 4);
    await this.client.store(this.edu + EDU.COMMAND, toMemory ? 3 : 1);
    // Our clock stands until it is stepped; QEMU's runs.
    if (this.client.emulator === 'pintail') for (let ms = 0; ms < 120; ms += 20) await this.client.ok('clock_step 20000000');
    await this.client.until(async () => ((await this.client.load(this.edu + EDU.COMMAND)) & 1) === 0, 'the transfer');
  }

  /** The fault on record, in words, and none afterwards. */
  async fault(): Promise<string> {
    const status = await this.reg(R.FSTS);
    if ((status & 2) === 0) return 'none';
    const at = UNIT + R.FRCD + 16 * (status >>> 8 & 0xff), low = await this.get64(at), high = await this.get64(at + 8);
    await this.client.store(at + 12, 0x80000000);
    return `reason ${(high >> 32n & 0xffn).toString(16)} of ${(high & 0xffffn).toString(16)} ${(high >> 62n & 1n) === 1n ? 'reading' : 'writing'} ${low.toString(16)}`;
  }
}

type Tables = NonNullable<Parameters<Driver['tables']>[0]>;
const CASES: readonly [what: string, tables: Tables, iova?: bigint][] = [
  ['a page', {}], ['a large page', { second: 0x83n }, 0x220000n], ['a larger page', { first: 0x83n }, 0x20000n], ['passed through', { low: BigInt(AT.FIRST | 9) }, 0x20000n],
  ['read only', { third: BigInt(AT.A | 1) }], ['write only', { third: BigInt(AT.A | 2) }], ['nothing', { third: 0n }], ['no table', { second: 0n }], ['a directory that only reads', { first: BigInt(AT.SECOND | 1) }],
  ['no root entry', { root: 0n }], ['no context', { low: 0n }], ['a width that it has not', { high: 0x103n }], ['a type that it has not', { low: BigInt(AT.FIRST | 13) }],
  ['reserved bits of a root entry', { rootHigh: 1n }], ['reserved bits of a context', { high: 0x101n | 1n << 30n }], ['reserved bits of a page', { third: BigInt(AT.A | 3) | 0x800n }],
  ['reserved bits of a large page', { second: 0x2083n }], ['an address beyond the width', {}, 1n << 39n], ['not to be recorded', { low: BigInt(AT.FIRST | 3), third: 0n }],
];

/** What came of everything, a line each. */
export async function driveIommu(client: Client): Promise<string[]> {
  const { bars } = await placeCard(client), d = new Driver(client, bars[0]!), seen: string[] = [];
  await d.set64(UNIT + R.RTADDR, BigInt(AT.ROOT));
  await d.command(SRTP);
  await d.command(TE);
  seen.push(`status ${(await d.reg(R.GSTS)).toString(16)}`);
  for (const [what, tables, iova = IOVA] of CASES) {
    await d.tables(tables);
    await client.store(AT.A, 0x11223344);
    await d.transfer(iova, false);
    const read = await d.fault();
    await client.store(AT.A, 0x55667788);
    await d.transfer(iova, true);
    seen.push(`${what}: ${read}, ${await d.fault()}, memory ${(await client.load(AT.A)).toString(16)}`);
  }
  seen.push(...await driveQueue(d));
  return seen;
}

// --- Scalable mode ---

/** The same board, with a unit of 48 bits in scalable mode; QEMU 7.2 has its second stage and pass-through. */
export const SCALABLE_ARGS = ['-device', 'intel-iommu,intremap=off,x-scalable-mode=on,aw-bits=48', '-device', 'edu,addr=4,dma_mask=0x1fffffffffffff'];
const SCALABLE_AT = { CONTEXTS: 0x30000, DIRECTORY: 0x32000, PASIDS: 0x33000, TOP: 0x34000 } as const;

interface ScalableTables { root?: bigint; context?: readonly bigint[]; directory?: bigint; pasid?: readonly bigint[]; third?: bigint }
const SECOND: readonly bigint[] = [BigInt(SCALABLE_AT.TOP) | 2n << 6n | 2n << 2n | 1n, 1n], CONTEXT: readonly bigint[] = [BigInt(SCALABLE_AT.DIRECTORY | 1), 0n];
const SCALABLE_CASES: readonly [what: string, tables: ScalableTables, iova?: bigint][] = [
  ['second stage', {}], ['passed through', { pasid: [4n << 6n | 2n << 2n | 1n, 1n] }, 0x20000n], ['read only', { third: BigInt(AT.A | 1) }], ['nothing', { third: 0n }],
  ['a PASID of its own', { context: [CONTEXT[0]!, 5n], pasid: SECOND }], ['no root entry', { root: 0n }], ['no context', { context: [0n, 0n] }], ['no directory entry', { directory: 0n }],
  ['no PASID entry', { pasid: [0n, 0n] }], ['a type that it has not', { pasid: [7n << 6n | 1n, 1n] }], ['an address beyond the width', {}, 1n << 48n],
];

/** Tables of scalable mode whose second stage maps IOVA to A, and nothing kept. */
async function scalableTables(d: Driver, { root = BigInt(SCALABLE_AT.CONTEXTS | 1), context = CONTEXT, directory = BigInt(SCALABLE_AT.PASIDS | 1), pasid = SECOND, third = BigInt(AT.A | 3) }: ScalableTables): Promise<void> {
  const put = async (at: number, words: readonly bigint[], count: number): Promise<void> => { for (let i = 0; i < count; i++) await d.set64(at + 8 * i, words[i] ?? 0n); };
  await put(AT.ROOT, [root], 2); await put(SCALABLE_AT.CONTEXTS + 32 * CARD, context, 4); await put(SCALABLE_AT.DIRECTORY, [directory], 1);
  await put(SCALABLE_AT.PASIDS + 64 * Number(context[1]! & 63n), pasid, 8);
  await put(SCALABLE_AT.TOP, [BigInt(AT.FIRST | 3)], 1); await put(AT.FIRST, [BigInt(AT.SECOND | 3)], 1); await d.set64(AT.SECOND + 8, BigInt(AT.THIRD | 3)); await d.set64(AT.THIRD + 8 * 0x145, third);
  await d.set64(UNIT + R.CCMD, GO | 1n << 61n);
  await d.set64(UNIT + R.IOTLB, GO | 1n << 60n);
}

/** What came of every case in scalable mode, a line each. */
export async function driveScalable(client: Client): Promise<string[]> {
  const { bars } = await placeCard(client), d = new Driver(client, bars[0]!), seen: string[] = [];
  await d.set64(UNIT + R.RTADDR, BigInt(AT.ROOT) | 0x400n);
  await d.command(SRTP);
  await d.command(TE);
  for (const [what, tables, iova = IOVA] of SCALABLE_CASES) {
    await scalableTables(d, tables);
    await client.store(AT.A, 0x11223344);
    await d.transfer(iova, false);
    const read = await d.fault();
    await client.store(AT.A, 0x55667788);
    await d.transfer(iova, true);
    seen.push(`${what}: ${read}, ${await d.fault()}, memory ${(await client.load(AT.A)).toString(16)}`);
  }
  return seen;
}

/** Kept pages, and the queue that drops them. */
async function driveQueue(d: Driver): Promise<string[]> {
  const { client } = d, seen: string[] = [];
  const write = async (what: string): Promise<void> => {
    await client.store(AT.A, 0), await client.store(AT.B, 0);
    await d.transfer(IOVA, true);
    seen.push(`${what}: ${(await client.load(AT.A)) !== 0 ? 'the old page' : ''}${(await client.load(AT.B)) !== 0 ? 'the new page' : ''}`);
  };
  await d.tables();
  await client.store(AT.A, 0x01020304);
  await d.transfer(IOVA, false);
  await d.set64(UNIT + R.IQA, BigInt(AT.QUEUE));
  await d.command(TE | QIE);
  await d.set64(AT.THIRD + 8 * 0x145, BigInt(AT.B | 3));
  await write('remapped');
  let tail = 0;
  const queue = async (low: bigint, high: bigint): Promise<void> => {
    for (const [first, second] of [[low, high], [5n | 32n | BigInt(tail + 1) << 32n, BigInt(AT.STATUS)]] as const) {
      await d.set64(AT.QUEUE + tail, first); await d.set64(AT.QUEUE + tail + 8, second);
      tail += 16;
    }
    await client.store(UNIT + R.IQT, tail);
    seen.push(`head ${await d.reg(R.IQH)}, status ${await client.load(AT.STATUS)}, errors ${(await d.reg(R.FSTS)) & 0x70}`);
  };
  await queue(2n | 3n << 4n | 1n << 16n, IOVA + 0x1000n); await write('another page invalidated');
  await queue(2n | 3n << 4n | 1n << 16n, IOVA); await write('the page invalidated');
  await d.set64(AT.THIRD + 8 * 0x145, BigInt(AT.A | 3));
  await queue(2n | 2n << 4n | 2n << 16n, 0n); await write('another domain invalidated');
  await queue(2n | 2n << 4n | 1n << 16n, 0n); await write('the domain invalidated');
  await queue(15n, 0n);
  return seen;
}
