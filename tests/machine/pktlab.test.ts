/** pktlab: each form of each driver makes the accesses, doorbells and interrupts that it is there for, sends and receives all, and says what is wrong with its command line. */
import { describe, expect, it } from 'vitest';
import { createMachine, type Machine, type MachineOptions, type Region, type Stop } from 'pintail';
import { pktlab } from '../../guest/pktlab/index.js';

const COUNT = 400;
const SOURCE = 'mode=source,size=60,rate=20000,start=mark';

interface Ran { stop: Stop; said: string; regions: Region[]; hash: string }

async function run(append: string, devices: MachineOptions['devices'], labs: readonly string[] = ['mode=sink'], more: MachineOptions = {}): Promise<Ran> {
  const machine: Machine = await createMachine({ kernel: pktlab(), append, memoryMiB: 32, limits: { instructions: 50_000_000n }, netdevs: labs.map((lab, i) => `lab,id=n${i},${lab}`), devices: devices!, ...more });
  let said = '';
  machine.on('console', (bytes) => void (said += new TextDecoder().decode(bytes)));
  try {
    const stop = await machine.run();
    return { stop, said, regions: (await machine.regions()).finished, hash: await machine.stateHash() };
  } finally {
    await machine.close();
  }
}

type Device = NonNullable<MachineOptions['devices']>[number];
const card = (model: string, features?: Record<string, boolean>, place = 0): Device => ({ model, netdev: `n${place}`, slot: 4 + place, ...(features === undefined ? {} : { features }) }) as Device;
const valueOf = (region: Region, name: string): number => Number(region.counters.find((one) => one.name === name)?.value ?? 0n);
/** `NAME r` or `w` of each of the card's registers, by the frame. */
function registersOf(region: Region, prefix: string): Record<string, number> {
  const rows = Object.entries(region.devices).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(rows.flatMap(([name, { reads, writes }]) => [[`${name.slice(prefix.length)} r`, Number(reads) / COUNT], [`${name.slice(prefix.length)} w`, Number(writes) / COUNT]] as const).filter(([, n]) => n > 0));
}

interface Form {
  form: string;
  model: string;
  more?: string;
  registers: Record<string, number>;
  interrupts: number;
  doorbells: number;
}
const LINUX_2_2 = { 'RAP r': 1, 'RAP w': 6, 'CSR0 r': 2, 'CSR0 w': 3 };
const LINUX = { 'ICR r': 1, 'IMC w': 1, 'STATUS r': 2, 'IMS w': 1, 'TDT w': 1 };
const SENDING: readonly Form[] = [
  { form: 'replay', model: 'pcnet', registers: LINUX_2_2, interrupts: 1, doorbells: 1 },
  { form: 'replay', model: 'pcnet', more: 'interrupts=500', registers: { 'RAP r': 0.5, 'RAP w': 3.5, 'CSR0 r': 1, 'CSR0 w': 2 }, interrupts: 0.5, doorbells: 1 },
  { form: 'ideal', model: 'pcnet', registers: { 'CSR0 w': 1 }, interrupts: 0, doorbells: 1 },
  { form: 'base', model: 'e1000', registers: LINUX, interrupts: 1, doorbells: 1 },
  { form: 'batch', model: 'e1000', registers: LINUX, interrupts: 1, doorbells: 1 },
  { form: 'split', model: 'virtio-net', registers: {}, interrupts: 1, doorbells: 1 },
  { form: 'split', model: 'virtio-net', more: 'burst=8 suppress=flags', registers: {}, interrupts: 0, doorbells: 1 / 8 },
  { form: 'split', model: 'virtio-net', more: 'suppress=event', registers: {}, interrupts: 0, doorbells: 1 },
  { form: 'chain', model: 'virtio-net', registers: {}, interrupts: 1, doorbells: 1 },
  { form: 'indirect', model: 'virtio-net', registers: {}, interrupts: 1, doorbells: 1 },
  { form: 'inorder', model: 'virtio-net', registers: {}, interrupts: 1, doorbells: 1 },
  { form: 'packed', model: 'virtio-net', registers: {}, interrupts: 1, doorbells: 1 },
  { form: 'packed', model: 'virtio-net', more: 'suppress=flags', registers: {}, interrupts: 0, doorbells: 1 },
];
const FEATURES: Record<string, Record<string, boolean>> = { packed: { packed: true }, inorder: { in_order: true } };
const PREFIX: Record<string, string> = { pcnet: 'pcnet0 ', e1000: 'e1000-0 ', 'virtio-net': 'virtio-net0 ' };

describe('sending', () => {
  it.each(SENDING)('$model $form $more', async ({ form, model, more = '', registers, interrupts, doorbells }) => {
    const { stop, said, regions: [region] } = await run(`card=${model} form=${form} count=${COUNT} warmup=64 ${more}`, [card(model, FEATURES[form])]);
    expect(said).toBe(`pktlab: sent ${COUNT + 64}, received 0, dropped 0\n`);
    expect(stop).toMatchObject({ reason: 'debug-exit', code: 1 });
    const prefix = PREFIX[model]!;
    expect(registersOf(region!, prefix)).toEqual(registers);
    const sum = (names: readonly string[]): number => names.reduce((total, name) => total + valueOf(region!, prefix + name), 0) / COUNT;
    expect(sum(['interrupts delivered', 'q1 interrupts delivered'])).toBe(interrupts);
    expect(sum(['doorbells', 'q1 doorbells'])).toBe(doorbells);
    expect(valueOf(region!, 'lab0 frames taken')).toBe(COUNT);
  });

  it('with moderation is batched: a write of TDT an interrupt, and far fewer than frames', async () => {
    const { regions: [region] } = await run(`card=e1000 form=batch itr=976 count=${COUNT * 4} warmup=64`, [card('e1000')]);
    const tails = Number(region!.devices['e1000-0 TDT']!.writes);
    expect(tails).toBeLessThan(COUNT / 20);
    expect(Math.abs(tails - valueOf(region!, 'e1000-0 interrupts delivered'))).toBeLessThanOrEqual(1);
  });

  it('through a line that is slower than the program waits for room', async () => {
    for (const [model, form] of [['pcnet', 'replay'], ['pcnet', 'ideal'], ['e1000', 'base'], ['virtio-net', 'split'], ['virtio-net', 'indirect']] as const) {
      const { said, regions: [region] } = await run(`card=${model} form=${form} count=${COUNT}`, [card(model)], ['mode=sink,speed=100M']);
      expect(said, model).toContain(`sent ${COUNT + 100}, `);
      // 84 bytes with preamble and gap at 100 Mbit/s, but for what fits into the line's FIFO.
      expect(Number(region!.virtualNs), model).toBeGreaterThan(((COUNT - 330) * 84 * 8 * 1000) / 100);
    }
  });
});

describe('receiving', () => {
  it.each([['pcnet', 'replay'], ['pcnet', 'ideal'], ['e1000', 'base'], ['virtio-net', 'split'], ['virtio-net', 'packed'], ['virtio-net', 'inorder']])('%s %s: an interrupt a frame, and buffers are given back', async (model, form) => {
    const { said, regions } = await run(`card=${model} form=${form} mode=rx count=${COUNT} phases=2`, [card(model, FEATURES[form])], [SOURCE]);
    expect(said).toMatch(/received \d+, dropped 0/);
    for (const region of regions) {
      expect(valueOf(region, `${PREFIX[model]}packets received`)).toBe(COUNT);
      expect(valueOf(region, `${PREFIX[model]}interrupts delivered`) + valueOf(region, `${PREFIX[model]}q0 interrupts delivered`)).toBe(COUNT);
      expect(valueOf(region, 'lab0 frames missed')).toBe(0);
    }
  });

  it('by an event index notifies the device when it asks for buffers, and not before', async () => {
    const { regions: [region] } = await run(`card=virtio-net suppress=event mode=rx count=${COUNT * 2}`, [card('virtio-net')], [SOURCE]);
    expect(valueOf(region!, 'virtio-net0 packets received')).toBe(COUNT * 2);
  });
});

describe('frames that come', () => {
  it('are given back by echo', async () => {
    const { regions: [region] } = await run(`card=e1000 mode=echo count=${COUNT}`, [card('e1000')], [SOURCE]);
    expect(valueOf(region!, 'e1000-0 packets sent')).toBe(COUNT);
    expect(valueOf(region!, 'e1000-0 packets received')).toBe(COUNT);
  });

  it.each([['pcnet', 'pcnet'], ['e1000', 'virtio-net'], ['virtio-net', 'e1000']])('go from %s to %s', async (from, to) => {
    const { said, regions: [region] } = await run(`card=${from} second=${to} mode=forward count=${COUNT}`, [card(from), card(to, undefined, 1)], [SOURCE, 'mode=sink']);
    expect(said).toContain('dropped 0');
    expect(valueOf(region!, 'lab1 frames taken')).toBe(COUNT);
    expect(valueOf(region!, 'lab1 bytes taken')).toBe(60 * COUNT);
  });
});

describe('the command line', () => {
  it.each([['cards=pcnet', 3, 'no such word'], ['card=pcnet form=split', 5, 'no such card, or no such form'], ['card=e1000', 5, 'no such card'], ['card=pcnet mode=sideways', 3, 'no such word']])('%s: %i', async (line, code, words) => {
    const { stop, said } = await run(line, [card('pcnet')]);
    expect(stop).toMatchObject({ reason: 'debug-exit', code });
    expect(said).toContain(words);
  });
});

it('is the same run with the translator and without', async () => {
  const runs = await Promise.all((['off', { mode: 'sync', threshold: 1000 }] as const).map((jit) => run(`card=e1000 count=${COUNT} phases=2`, [card('e1000')], ['mode=sink'], { jit })));
  expect(runs[0]!.hash).toBe(runs[1]!.hash);
  expect(runs[0]!.regions.map(({ instructions }) => instructions)).toEqual(runs[1]!.regions.map(({ instructions }) => instructions));
});
