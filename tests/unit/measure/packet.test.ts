/** What `measure packet` asks for and prints; charge tables; command lines that are wrong. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { measure } from '../../../host/cli/measure.js';
import { UsageError } from '../../../host/cli/faults.js';
import { chargeNames, chargeOf, findChargeTable, machineCharges, readChargeTable } from '../../../host/measure/charge.js';
import { cardRow } from '../../../host/measure/cards.js';
import { figuresOf } from '../../../host/measure/figures.js';
import { packetText, packetVariants } from '../../../host/measure/packet.js';
import { functionTable } from '../../../host/measure/attribution/formats.js';
import type { FunctionCost } from '../../../host/measure/attribution/functions.js';
import { readModule } from '../../../host/measure/modules.js';
import { guestScript } from '../../../host/measure/script.js';
import { CARD_MODELS, DEFAULTS, type Variant } from '../../../host/measure/variant.js';
import type { Region } from '../../../host/machine/types.js';

const folder = mkdtempSync(join(tmpdir(), 'pintail-measure-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A relocatable file with one section beside the names of sections: what modules say of themselves. */
function makeModule(release: string): Uint8Array {
  const names = '\0.modinfo\0.shstrtab\0', info = `license=GPL\0vermagic=${release} SMP preempt mod_unload \0`, at = 64 + 3 * 64;
  const bytes = new Uint8Array(at + names.length + info.length), view = new DataView(bytes.buffer), text = new TextEncoder();
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 1, true); view.setUint16(18, 62, true); view.setUint32(20, 1, true);
  view.setBigUint64(40, 64n, true); view.setUint16(58, 64, true); view.setUint16(60, 3, true); view.setUint16(62, 2, true);
  const section = (n: number, name: number, type: number, offset: number, size: number): void => {
    view.setUint32(64 + n * 64, name, true); view.setUint32(64 + n * 64 + 4, type, true);
    view.setBigUint64(64 + n * 64 + 24, BigInt(offset), true); view.setBigUint64(64 + n * 64 + 32, BigInt(size), true);
  };
  section(1, 1, 1, at + names.length, info.length);
  section(2, 10, 3, at, names.length);
  bytes.set(text.encode(names + info), at);
  return bytes;
}

const variant: Variant = { ...DEFAULTS, name: 'e1000 60 tx', card: 'e1000', size: 60, direction: 'tx' };
const counters = (values: Record<string, number>): Region['counters'] => Object.entries(values).map(([name, value]) => ({ name, unit: 'x', value: BigInt(value) }));
const region = (more: Record<string, number> = {}): Region => ({
  name: 'v0.0', tag: 0, within: [], beginInstructions: 0n, marks: [], instructions: 20_000n, virtualNs: 30_000n, histograms: [],
  counters: counters({ instructions: 20_000, 'e1000-1 packets sent': 10, 'lab3 frames taken': 10, 'e1000-1 interrupts delivered': 5, 'e1000-1 q1 doorbells': 10, 'e1000-1 q1 descriptors read': 20, 'e1000-1 q1 bytes copied': 600, 'DMA reads': 20, 'DMA writes': 10, 'MMIO writes': 15, 'MMIO reads': 10, 'n0.reads': 3, ...more }),
  devices: { 'e1000-1 TDT': { reads: 0n, writes: 10n }, 'e1000-1 ICR': { reads: 10n, writes: 0n }, 'e1000-0 TDT': { reads: 0n, writes: 7n }, 'e1000 memory': { reads: 10n, writes: 10n } },
});

describe('figures', () => {
  it('are the counts of the one card by its packets', () => {
    expect(figuresOf(region(), variant, 1, 3)).toMatchObject({
      packets: 10, instructions: 2000, accesses: 2, registers: { 'TDT w': 1, 'ICR r': 1 }, interrupts: 0.5, doorbells: 1, descriptors: 2, bytes: 60, classes: { B0: 3, B1: 2.5, B2: 0, B3: 0, B4: 0.3 },
    });
  });
  it('are refused where the card and its peer count differently, or nothing', () => {
    expect(() => figuresOf(region({ 'lab2 frames taken': 9 }), variant, 1, 2)).not.toThrow(/undefined/);
    expect(() => figuresOf(region(), variant, 1, 2)).toThrow('the card counts 10 frames and its peer 0');
    expect(() => figuresOf(region(), variant, 0, 3)).toThrow('no frame went out');
  });
});

describe('variants', () => {
  it('may be of every network card there is', () => {
    expect(CARD_MODELS).toContain('pcnet');
    for (const card of CARD_MODELS) expect(cardRow(card).prefix(0)).toMatch(/0 $/);
  });
  it('are every card, size and direction', () => {
    const names = packetVariants({ cards: ['e1000', 'pcnet'], sizes: [60, 1514], directions: ['tx'], count: 5000, warmUp: 500, rate: 20_000, driver: {}, iommu: ["none"] }).map(({ name }) => name);
    expect(names).toEqual(['e1000 60 tx', 'e1000 1514 tx', 'pcnet 60 tx', 'pcnet 1514 tx']);
  });
  it('reload their driver with its parameters, for every card it may find', () => {
    expect(guestScript([{ ...variant, driver: { InterruptThrottleRate: '0' } }], 0, 1)).toContain('modprobe e1000 InterruptThrottleRate=0,0,0,0,0,0,0,0 || exit 1');
    expect(guestScript([{ ...variant, card: 'virtio-net', driver: { napi_tx: '0' } }], 0, 1)).toContain('modprobe virtio_net napi_tx=0 ||');
  });
  it('that are steady are measured within a run without end, for as long as their frames take on the line', () => {
    const script = guestScript([{ ...variant, speed: '100M', steady: true, count: 5000, warmUp: 500 }], 0, 2);
    expect(script).toContain('generator "count 0"');
    // 84 bytes at 100 Mbit/s are 6.72 us.
    expect(script.match(/usleep \d+\nroi sleep v0\.\d \d+ /g)).toEqual([`usleep ${125_000 + 3360}\nroi sleep v0.0 34 `, `usleep ${125_000 + 3360 + 1237}\nroi sleep v0.1 34 `]);
  });
  it('with a source that ends are measured from before it begins until it ends', () => {
    const script = guestScript([{ ...variant, direction: 'rx', rate: 100_000, atMost: 20_000 }], 0, 1);
    expect(script).toContain('roi sleep v0.0 205 &\nusleep 3000\nroi mark 1\nwait\nroi mark 1\n');
  });
  it('load modules of the reader once, before the symbols are read, and one in the place of a driver as often as the driver', () => {
    const modules = [{ name: 'tally' }, { name: 'e1000' }], pair: Variant[] = [{ ...variant, driver: { copybreak: '0' } }, { ...variant, card: 'pcnet' }];
    const script = guestScript(pair, 0, 1, { symbols: true, modules });
    expect(script.match(/(insmod|modprobe) \S+/g)).toEqual(['modprobe pktgen', 'insmod /measured/e1000.ko', 'insmod /measured/tally.ko', 'modprobe pcnet32']);
    expect(script).toContain('insmod /measured/e1000.ko copybreak=0,0,0,0,0,0,0,0 || exit 1');
    expect(script.indexOf('tally.ko')).toBeLessThan(script.indexOf('/proc/kallsyms'));
  });
});

describe('a kernel module', () => {
  it('that is none, or of another kernel, is refused in words', () => {
    const path = join(folder, 'mine.ko');
    writeFileSync(path, 'text');
    expect(() => readModule(path, '6.1.0-57-amd64')).toThrow(/mine\.ko: is no kernel module/);
    writeFileSync(path, makeModule('6.1.0-40-amd64'));
    expect(() => readModule(path, '6.1.0-57-amd64')).toThrow("mine.ko: is compiled for Linux 6.1.0-40-amd64, and the guest's is 6.1.0-57-amd64");
    writeFileSync(path, makeModule('6.1.0-57-amd64'));
    expect(readModule(path, '6.1.0-57-amd64')).toMatchObject({ name: 'mine', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string });
  });
  it('has all its functions in the table, however little they cost', () => {
    const cost = (name: string, instructions: bigint): FunctionCost => ({ name, privilege: 0, calls: 1n, inclusive: instructions, instructions, loads: 0n, stores: 0n, accesses: 0n, crossings: 0n });
    const functions = [cost('much', 100n), cost('more', 50n), cost('mine', 2n), cost('other', 1n)];
    expect(functionTable(functions, 1, 1, new Set(['mine'])).trim().split('\n').map((line) => line.trim().split(/\s+/).at(-1))).toEqual(['function', 'much', 'mine', 'others']);
  });
});

describe('a charge table', () => {
  const table = { schema: 1, name: 'KVM', source: 'somebody 2017', unit: 'cycles', charges: { accesses: 100, instructions: 2 } };
  const write = (value: unknown): string => {
    const path = join(folder, 'charge.json');
    writeFileSync(path, JSON.stringify(value));
    return path;
  };
  it('makes modelled cycles of counts, and is named in the first line', () => {
    const read = readChargeTable(write(table)), figures = figuresOf(region(), variant, 1, 3);
    expect(chargeOf(figures, read)).toBe(4200);
    const origin = { guest: { name: 'amd64', version: '6.1', kernel: '', initrd: '' }, build: '', tickNs: 1 };
    const text = packetText([{ variant, figures: [figures] }], origin, read);
    expect(text.split('\n')[0]).toBe("A packet's cost: instant device; charges \"KVM\" (somebody 2017), modelled; 1 ns an instruction; guest amd64, Linux 6.1.");
    expect(text).toMatch(/e1000 +60 +tx +2000 +2\.000 +0\.500 +2\.000 +60\.000 +4200\n/);
  });
  it('that come with the project have a source and say how it is known', () => {
    expect(chargeNames()).toContain('kvm-kernel');
    for (const name of chargeNames()) expect(findChargeTable(name)).toMatchObject({ source: expect.stringMatching(/(19|20)\d\d/) as string, tag: expect.stringMatching(/^(S|S2|D)$/) as string });
    expect(() => findChargeTable('kvm-kernl')).toThrow('Did you mean kvm-kernel?');
  });
  it('charges virtual time: in ns as it stands, in cycles by those of an instruction', () => {
    expect(machineCharges(findChargeTable('register-2013'))).toEqual({ accessNs: 1200 });
    expect(machineCharges(readChargeTable(write({ ...table, charges: { instructions: 2, accesses: 100, bytes: 1 } })))).toEqual({ accessNs: 50, byteNs: 0.5 });
    expect(machineCharges(readChargeTable(write({ ...table, unit: 'ns', charges: { instructions: 0.4, interrupts: 7 } })))).toEqual({ interruptNs: 7, instructionNs: 0.4 });
    expect(() => machineCharges(readChargeTable(write({ ...table, charges: { accesses: 100 } })))).toThrow('is in cycles and does not say how many an instruction takes');
    expect(() => machineCharges(readChargeTable(write({ ...table, unit: 'us' })))).toThrow('can be charged in "ns" or "cycles"');
    expect(() => machineCharges(readChargeTable(write({ ...table, charges: { descriptors: 1 } })))).toThrow('charges for descriptors');
    for (const name of chargeNames()) expect(() => machineCharges(findChargeTable(name))).not.toThrow();
  });
  it('that is wrong is told where', () => {
    expect(() => readChargeTable(write({ ...table, charges: { acceses: 1 } }))).toThrow(/charge\.json: charges\.acceses: expected no such field\..*accesses/);
  });
});

describe('a command line', () => {
  const complaint = (line: string): Promise<string> => measure(line.split(' ')).then(() => 'none', (error: Error) => (error instanceof UsageError ? error.message : String(error)));
  it.each([
    ['packet --card e100', '--card e100: "e100" is none of virtio-net, e1000, pcnet. Did you mean e1000?'],
    ['packet --size 20', '--size 20: want 60 to 1514.'],
    ['packet --dir up', '--dir up: "up" is none of tx, rx.'],
    ['packet --count 10', '--count 10: want 1000 to 1000000.'],
    ['packet --speed fast', '--speed fast: want bits a second, such as 1G, 100M or 9600k.'],
    ['packet --fifo 100', '--fifo 100: is for a line with a --speed.'],
    ['packet --driver a=1', '--driver a=1: is a parameter of one driver: say which by one --card.'],
    ['packet --card e1000 --driver a', '--driver a: want NAME=VALUE, as modprobe takes it.'],
    ['packet e1000', 'e1000: "measure packet" takes options only.'],
    ['compare one', 'measure compare: needs two folders that --out wrote.'],
  ])('%s', async (line, problem) => expect(await complaint(line)).toContain(problem));
  it('of a folder without a result says so', async () => {
    expect(await complaint(`compare ${folder} ${folder}`)).toContain('holds no result.json');
  });
});
