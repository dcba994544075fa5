/**
 * What drivers do to cards, told by others: the same guest with the same script on QEMU makes the same accesses to the same registers in the same order, a
 * packet after the other, by QEMU's own trace; and the guest's counts of interrupts and packets are the counters here.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { prepareGuest, writeCpio } from '../../host/guest/index.js';
import { createLocal } from '../../host/machine/create-local.js';
import { readEvents, readHeader } from '../../host/measure/trace/events.js';
import { noQemu } from '../guest/peers/qemu.js';

const folder = mkdtempSync(join(tmpdir(), 'pintail-sequence-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const FRAMES = 300;
/** In the middle, where nothing else is going on. */
const FROM = 100, TO = 200;

const initOf = (module: string): string => `#!/bin/sh
PATH=/bin:/sbin
mount -t proc p /proc; mount -t sysfs s /sys; mount -t devtmpfs d /dev
echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6 2>/dev/null
modprobe pktgen; modprobe ${module}
ifconfig eth0 10.0.2.15 up
until read -r carrier </sys/class/net/eth0/carrier && [ "$carrier" = 1 ]; do usleep 10000; done
usleep 100000
echo "add_device eth0" >/proc/net/pktgen/kpktgend_0
for line in "count ${FRAMES}" "pkt_size 60" "dst 10.0.2.2" "dst_mac 52:55:0a:00:02:02"; do echo "$line" >/proc/net/pktgen/eth0; done
echo start >/proc/net/pktgen/pgctrl
echo "sent $(cat /sys/class/net/eth0/statistics/tx_packets)"
echo "interrupts $(grep eth0 /proc/interrupts | awk '{print $2}')"
poweroff -f
`;

interface Card {
  model: 'e1000' | 'pcnet';
  module: string;
  /** As our trace calls the doorbell. */
  doorbell: string;
  /** What QEMU calls the card's registers. */
  region: string;
  /** QEMU's accesses, in our trace's words. */
  translate: (accesses: readonly Access[]) => string[];
}
interface Access { write: boolean; address: number; value: number }

const E1000: Readonly<Record<number, string>> = { 0x8: 'STATUS', 0xc0: 'ICR', 0xd0: 'IMS', 0xd8: 'IMC', 0x3818: 'TDT' };
/** Transmit demand: which of the writes of CSR0 is the doorbell. */
const TDMD = 8;
const wordOf = (register: string, write: boolean, value: number): string => `${register} ${write ? 'w' : 'r'}${register === 'CSR0' && write && (value & TDMD) !== 0 ? ' TDMD' : ''}`;

/** The address register, at 12h for accesses of 16 bits and at 14h for those of 32, says which the data register is, at 10h. */
function pcnetWords(accesses: readonly Access[]): string[] {
  let selected = 0;
  return accesses.flatMap(({ address, write, value }) => {
    if ((address & 0x1f) === 0x10) return [wordOf(`CSR${selected}`, write, value)];
    if (!write || ![0x12, 0x14].includes(address & 0x1f)) return [];
    selected = value;
    return ['RAP w'];
  });
}

const CARDS: readonly Card[] = [
  {
    model: 'e1000', module: 'e1000 InterruptThrottleRate=0 TxIntDelay=0 TxAbsIntDelay=0', doorbell: 'TDT w', region: 'e1000-mmio',
    translate: (accesses) => accesses.map(({ address, write, value }) => wordOf(E1000[address & 0x1ffff] ?? address.toString(16), write, value)),
  },
  { model: 'pcnet', module: 'pcnet32', doorbell: 'CSR0 w TDMD', region: 'pcnet-io', translate: pcnetWords },
];

async function initrdOf({ model, module }: Card): Promise<{ kernel: string; initrd: string }> {
  const guest = await prepareGuest('amd64'), initrd = join(folder, `${model}.initrd`);
  writeFileSync(initrd, Buffer.concat([readFileSync(guest.initrd), writeCpio([{ path: 'sequence', kind: 'file', mode: 0o755, data: Buffer.from(initOf(module)) }])]));
  return { kernel: join(guest.dir, 'vmlinuz'), initrd };
}
/** On a busy host the kernel finds that QEMU's timer does not work, and panics: it is not to look. */
const APPEND = 'console=ttyS0 quiet cryptomgr.notests rodata=off panic=-1 no_timer_check rdinit=/sequence';

async function qemuWords(card: Card): Promise<string[]> {
  const { kernel, initrd } = await initrdOf(card), trace = join(folder, `${card.model}.trace`);
  const args = ['-accel', 'tcg,thread=single', '-cpu', 'qemu64', '-M', 'q35', '-m', '256', '-nodefaults', '-display', 'none', '-serial', 'stdio', '-no-reboot'];
  const traced = ['-trace', 'memory_region_ops_read', '-trace', 'memory_region_ops_write', '-D', trace];
  let said = '';
  await new Promise((resolve, reject) => {
    const child = spawn('qemu-system-x86_64', [...args, ...traced, '-kernel', kernel, '-initrd', initrd, '-append', APPEND, '-netdev', 'hubport,id=n0,hubid=0', '-device', `${card.model},netdev=n0,addr=4${card.model === 'e1000' ? ',mitigation=off' : ''}`], { stdio: ['ignore', 'pipe', 'ignore'] });
    child.stdout.on('data', (bytes: Uint8Array) => void (said += Buffer.from(bytes).toString('latin1')));
    child.once('error', reject).once('close', resolve);
  });
  expect(said).toContain('sent ');
  const line = /memory_region_ops_(read|write) cpu \S+ mr \S+ addr 0x([0-9a-f]+) value 0x([0-9a-f]+) size \d+ name '([^']*)'/;
  const accesses = readFileSync(trace, 'latin1').split('\n').flatMap((text) => {
    const match = line.exec(text);
    return match?.[4] === card.region ? [{ write: match[1] === 'write', address: Number.parseInt(match[2]!, 16), value: Number.parseInt(match[3]!, 16) }] : [];
  });
  return card.translate(accesses);
}

async function ourWords(card: Card): Promise<{ words: string[]; console: string; delivered: number; taken: number }> {
  const { kernel, initrd } = await initrdOf(card), words: string[] = [], name = `${card.model}${card.model === 'e1000' ? '-0' : '0'}`;
  let header: ReturnType<typeof readHeader>['header'] | undefined, console = '';
  const machine = await createLocal({
    kernel, initrd, append: APPEND, netdevs: ['lab,id=n0,mode=sink'], devices: [{ model: card.model, netdev: 'n0', slot: 4 }], limits: { instructions: 5_000_000_000n },
    onTrace: (bytes) => {
      if (header === undefined) return void ({ header } = readHeader(bytes));
      for (const { device, what, kind, value } of readEvents(bytes, header)) if (device === name && (kind === 'read' || kind === 'write')) words.push(wordOf(what, kind === 'write', Number(value)));
    },
  });
  try {
    machine.on('console', (bytes) => void (console += new TextDecoder().decode(bytes)));
    expect((await machine.run()).reason).toBe('poweroff');
    const { counters } = await machine.stats(), count = (counter: string): number => Number(counters.find((one) => one.name === counter)?.value ?? 0n);
    return { words, console, delivered: count(`${name} interrupts delivered`), taken: count('lab0 frames taken') };
  } finally {
    await machine.close();
  }
}

/** From one doorbell of pktgen's to another, counted from the end, as what comes before the first frame differs. */
function middleOf(words: readonly string[], doorbell: string): string[] {
  const bells = words.flatMap((word, at) => (word === doorbell ? [at] : []));
  return words.slice(bells.at(FROM - TO - 50), bells.at(-50));
}

describe.skipIf(noQemu !== undefined)('the accesses of a driver', () => {
  it.each(CARDS)('to a $model are those that it makes on QEMU, in their order; its interrupts and packets are what the guest says', async (card) => {
    const ours = await ourWords(card), theirs = await qemuWords(card);
    const middle = middleOf(ours.words, card.doorbell);
    expect(middle.length).toBeGreaterThan(TO - FROM);
    expect(middle).toEqual(middleOf(theirs, card.doorbell));
    expect(ours.taken).toBe(Number(/^sent (\d+)/m.exec(ours.console)![1]));
    expect(ours.delivered).toBe(Number(/^interrupts (\d+)/m.exec(ours.console)![1]));
  }, 1_200_000);
});
