/** QEMU's cards for tests over qtest: pci-testdev on both emulators, and iommu-testdev behind the remapping unit in every mode that it translates by. */

import type { Client } from './client.js';
import { PciFunction, placeCard } from './pci.js';

const UNIT = 0xfed90000;
const R = { ECAP: 0x10, GCMD: 0x18, GSTS: 0x1c, RTADDR: 0x20, FSTS: 0x34, FECTL: 0x38, IQT: 0x88, IQA: 0x90, FRCD: 0x220 } as const;
const [TE, SRTP, QIE] = [1 << 31, 1 << 30, 1 << 26];
const AT = { ROOT: 0x10000, CONTEXTS: 0x12000, DIRECTORY: 0x14000, PASIDS: 0x15000, QUEUE: 0x16000, STATUS: 0x17000, TABLES: 0x20000, OUTER: 0x30000, A: 0x40000, B: 0x41000 } as const;
const IOVA = 0x10200567n;
const DOMAIN = 5n;
const CARD = 0x20;

export const PCI_TESTDEV_ARGS = ['-device', 'pci-testdev,addr=4,membar=4096'];
export const TRANSLATION_MODES = ['legacy, passed through', 'legacy', 'passed through', 'second stage', 'first stage', 'nested'] as const;
export type TranslationMode = (typeof TRANSLATION_MODES)[number];
const isLegacy = (mode: TranslationMode): boolean => mode.startsWith('legacy');
const isPassed = (mode: TranslationMode): boolean => mode.endsWith('passed through');

/** Of a PASID's entry: translation type, second stage's and first stage's tables. */
const PASID_ENTRIES = { 'passed through': [4, 0, 0], 'second stage': [2, AT.TABLES, 0], 'first stage': [1, 0, AT.TABLES], nested: [3, AT.OUTER, AT.TABLES] } as const;

/** QEMU 11's words for the modes, as its own tests have them. */
export function unitArgs(mode: TranslationMode): string[] {
  const words = isLegacy(mode) ? '' : mode === 'first stage' || mode === 'nested' ? ',scalable-mode=on,fsts=on' : ',scalable-mode=on';
  return ['-device', `intel-iommu${words}`, '-device', 'iommu-testdev,addr=4'];
}

/** Everything pci-testdev says, a line each. */
export async function drivePciTestDev(client: Client): Promise<string[]> {
  const pci = new PciFunction(client, 4), seen: string[] = [];
  for (const at of [0, 8, 0x2c, 0x3c]) seen.push(`config ${at.toString(16)}: ${(await pci.get(at)).toString(16)}`);
  const bars: string[] = [];
  for (let i = 0; i < 6; i++) { await pci.set(0x10 + 4 * i, 0xffffffff); bars.push((await pci.get(0x10 + 4 * i)).toString(16)); }
  seen.push(`BARs ${bars.join(' ')}`);
  const [memory, ports, room] = [0xe0000000, 0xc000, 0xe0010000];
  for (const [i, value] of [memory, ports, room, 0].entries()) await pci.set(0x10 + 4 * i, value);
  await pci.set(4, 7, 2);
  const kinds = {
    memory: { get: (at: number, letter: string) => client.ok(`read${letter} ${memory + at}`), put: (at: number, letter: string, value: number) => client.ok(`write${letter} ${memory + at} ${value}`), half: 0x800, first: 0 },
    ports: { get: (at: number, letter: string) => client.ok(`in${letter} ${ports + at}`), put: (at: number, letter: string, value: number) => client.ok(`out${letter} ${ports + at} ${value}`), half: 0x80, first: 3 },
  } as const;
  for (const [what, { get, put, half, first }] of Object.entries(kinds)) {
    const number = async (at: number, letter: string): Promise<number> => Number(await get(at, letter));
    for (const test of [0, 1, 2, 3]) {
      await put(0, 'b', test);
      const header = await Promise.all([0, 4, 8, 12, 16, 20].map((at) => number(at, 'l'))), place = half + first + test, data = test === 1 ? 0xce : 0xfa, counts: number[] = [];
      for (const [at, letter, value] of [[0, 'b', data], [0, 'b', data ^ 1], [0, 'w', data], [0, 'l', data], [1, 'b', data]] as const) { await put(place + at, letter, value); counts.push(await number(12, 'l')); }
      seen.push(`${what} ${test}: ${header.map((word) => word.toString(16)).join(' ')}, counted ${counts.join(' ')}`);
    }
  }
  await client.ok(`writel ${room} 5`);
  seen.push(`room ${await client.load(room)}`);
  return seen;
}

class Bench {
  private tail = 0;
  constructor(readonly client: Client, readonly card: number, readonly mode: TranslationMode) {}
  async set(at: number, ...words: (bigint | number)[]): Promise<void> { for (const [i, word] of words.entries()) await this.client.ok(`writeq 0x${(at + 8 * i).toString(16)} 0x${BigInt(word).toString(16)}`); }
  async get(at: number): Promise<bigint> { return BigInt(await this.client.ok(`readq 0x${at.toString(16)}`)); }

  private get isFirst(): boolean { return this.mode === 'first stage' || this.mode === 'nested'; }
  private leafEntry(page: number): number { return page | (this.isFirst ? 0x67 : 3); }
  /** The page of IOVA, or the one after it. */
  leaf(page: number, next = 0): Promise<void> { return this.set(AT.TABLES + 0x3000 + 8 * (Number(IOVA >> 12n & 511n) + next), this.leafEntry(page)); }

  /** Tables of four levels for IOVA; nested, a second stage that leads everything of the first 2 MiB to itself. */
  async tables(): Promise<void> {
    const bits = this.isFirst ? 0x27 : 3;
    for (let level = 4; level > 1; level--) await this.set(AT.TABLES + 0x1000 * (4 - level) + 8 * Number(IOVA >> BigInt(12 + 9 * (level - 1)) & 511n), AT.TABLES + 0x1000 * (5 - level) | bits);
    await this.leaf(AT.A);
    await this.set(AT.OUTER, AT.OUTER + 0x1003); await this.set(AT.OUTER + 0x1000, AT.OUTER + 0x2003); await this.set(AT.OUTER + 0x2000, 0x83);
  }
  async contexts(): Promise<void> {
    await this.set(AT.ROOT, AT.CONTEXTS | 1, 0);
    if (isLegacy(this.mode)) { await this.set(AT.CONTEXTS + 16 * CARD, isPassed(this.mode) ? 9 : AT.TABLES | 1, DOMAIN << 8n | 2n); return; }
    await this.set(AT.CONTEXTS + 32 * CARD, AT.DIRECTORY | 1, 0, 0, 0);
    await this.set(AT.DIRECTORY, AT.PASIDS | 1);
    const [type, second, first] = PASID_ENTRIES[this.mode as keyof typeof PASID_ENTRIES];
    await this.set(AT.PASIDS, second | type << 6 | 2 << 2 | 1, DOMAIN, first, 0, 0, 0, 0, 0);
  }
  /** As a driver turns the unit on. */
  async start(): Promise<string> {
    await this.set(UNIT + R.RTADDR, AT.ROOT | (isLegacy(this.mode) ? 0 : 0x400));
    for (const [command, then] of [[SRTP, async () => { await this.set(UNIT + R.IQA, AT.QUEUE); await this.set(UNIT + R.IQT, 0); }], [SRTP | QIE, async () => { await this.client.store(UNIT + R.FECTL, 0); }], [SRTP | QIE | TE, async () => undefined]] as const) {
      await this.client.store(UNIT + R.GCMD, command >>> 0);
      await then();
    }
    return `status ${(await this.client.load(UNIT + R.GSTS)).toString(16)}`;
  }
  async queue(low: bigint, high: bigint): Promise<void> {
    await this.set(AT.STATUS, 0);
    for (const [a, b] of [[low, high], [5n | 32n | 0x77n << 32n, BigInt(AT.STATUS)]] as const) { await this.set(AT.QUEUE + this.tail, a, b); this.tail += 16; await this.set(UNIT + R.IQT, this.tail); }
    await this.client.until(async () => (await this.client.load(AT.STATUS)) === 0x77, 'the wait descriptor');
  }
  /** What the card says of a transfer to where there was nothing before. */
  async transfer(iova: bigint, gpa: bigint): Promise<string> {
    await this.client.store(Number(gpa), 0);
    for (const [at, value] of [[4, iova], [8, iova >> 32n], [0x1c, gpa], [0x20, gpa >> 32n], [0xc, 4n], [0x18, 0n], [0x14, 1n]] as const) await this.client.store(this.card + at, Number(value & 0xffffffffn));
    await this.client.load(this.card);
    return (await this.client.load(this.card + 0x10)).toString(16);
  }
}

/** What came of a mode, a line each: turned on, a transfer, pages that are kept, and what each granularity of the queue drops. */
export async function driveMode(client: Client, mode: TranslationMode): Promise<string[]> {
  const { bars } = await placeCard(client), b = new Bench(client, bars[0]!, mode), seen: string[] = [], offset = IOVA & 0xfffn;
  await b.tables(); await b.contexts();
  seen.push(await b.start());
  if (isPassed(mode)) return [...seen, `transfer ${await b.transfer(BigInt(AT.A), BigInt(AT.A))}, faults ${await client.load(UNIT + R.FSTS)}`];
  const [a, other] = [BigInt(AT.A) + offset, BigInt(AT.B) + offset];
  seen.push(`to A: ${await b.transfer(IOVA, a)}`);
  const PAGE = 2n | DOMAIN << 16n;
  for (const [name, low, high] of [['all', 2n | 1n << 4n, 0n], ['the domain', PAGE | 2n << 4n, 0n], ['the page', PAGE | 3n << 4n, IOVA & ~0xfffn]] as const) {
    await b.leaf(AT.B);
    seen.push(`remapped, not told: ${await b.transfer(IOVA, other)}`);
    await b.queue(low, high);
    seen.push(`${name} invalidated: ${await b.transfer(IOVA, other)}`);
    await b.leaf(AT.A); await b.queue(2n | 1n << 4n, 0n);
    await b.transfer(IOVA, a);
  }
  // Another page of the domain, by a descriptor for this one.
  await b.leaf(AT.A, 1); await b.transfer(IOVA + 0x1000n, a); await b.leaf(AT.B, 1);
  await b.queue(PAGE | 3n << 4n, IOVA & ~0xfffn);
  seen.push(`the page next to it: ${await b.transfer(IOVA + 0x1000n, a)}`);
  seen.push(`faults ${await client.load(UNIT + R.FSTS)}`);
  return seen;
}
