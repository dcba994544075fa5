/** pktlab's image on QEMU: the same words at its end, and by QEMU's own trace the accesses to a card that each driver is there for, in their order, frame after frame. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createMachine } from 'pintail';
import { pktlab } from '../../guest/pktlab/index.js';
import { noQemu } from './peers/qemu.js';

const folder = mkdtempSync(join(tmpdir(), 'pintail-pktlab-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const image = join(folder, 'pktlab.elf');
writeFileSync(image, pktlab());

const COUNT = 300;
const lineOf = (card: string, form: string): string => `card=${card} form=${form} count=${COUNT} warmup=0`;

/** A virtio card waits for a far end, which a hub of one does not have. */
const FAR_END = 'user,id=n0,restrict=on';

/** What QEMU's serial port and trace say. */
async function onQemu(device: string, line: string, netdev = 'hubport,id=n0,hubid=0'): Promise<{ said: string; trace: string }> {
  const trace = join(folder, 'trace');
  const args = ['-accel', 'tcg,thread=single', '-M', 'q35', '-m', '64', '-nodefaults', '-display', 'none', '-serial', 'stdio', '-no-reboot', '-device', 'isa-debug-exit,iobase=0x501,iosize=2', '-trace', 'memory_region_ops_read', '-trace', 'memory_region_ops_write', '-D', trace];
  let said = '';
  await new Promise((resolve, reject) => {
    const child = spawn('qemu-system-x86_64', [...args, '-kernel', image, '-append', line, '-netdev', netdev, '-device', `${device},netdev=n0,addr=4`], { stdio: ['ignore', 'pipe', 'ignore'], timeout: 60_000 });
    child.stdout.on('data', (bytes: Uint8Array) => void (said += Buffer.from(bytes).toString('latin1')));
    child.once('error', reject).once('close', resolve);
  });
  return { said, trace: readFileSync(trace, 'latin1') };
}

async function here(model: string, line: string): Promise<string> {
  const machine = await createMachine({ kernel: pktlab(), append: line, memoryMiB: 32, netdevs: ['lab,id=n0,mode=sink'], devices: [{ model, netdev: 'n0', slot: 4 } as never], limits: { instructions: 50_000_000n } });
  let said = '';
  machine.on('console', (bytes) => void (said += new TextDecoder().decode(bytes)));
  await machine.run();
  await machine.close();
  return said;
}

/** Accesses of a region of QEMU's, as `w12`: written or read, and the low bits of the address, in hexadecimal. */
function accesses(trace: string, region: string, mask: number): string[] {
  const line = /memory_region_ops_(read|write) cpu \S+ mr \S+ addr 0x([0-9a-f]+) value 0x[0-9a-f]+ size \d+ name '([^']*)'/;
  return trace.split('\n').flatMap((text) => {
    const match = line.exec(text);
    return match?.[3] === region ? [`${match[1]![0]}${(Number.parseInt(match[2]!, 16) & mask).toString(16)}`] : [];
  });
}

/** Linux 2.2: RAP is 12h, RDP 10h. */
const PCNET = ['w12', 'w10', 'r12', 'w12', 'r10', 'w12', 'w10', 'w12', 'r10', 'w12', 'w10', 'w12'];
/** TDT, ICR, IMC, STATUS, IMS, STATUS. */
const E1000 = ['w3818', 'rc0', 'wd8', 'r8', 'wd0', 'r8'];

describe.skipIf(noQemu !== undefined)('on QEMU', () => {
  it.each([['pcnet', 'replay', 'pcnet', 'pcnet-io', 0x1f, PCNET], ['e1000', 'base', 'e1000,mitigation=off', 'e1000-mmio', 0x1ffff, E1000], ['pcnet', 'ideal', 'pcnet', 'pcnet-io', 0x1f, ['w10']]])('%s %s makes its accesses, and none other', async (card, form, device, region, mask, each) => {
    const line = lineOf(card, form), { said, trace } = await onQemu(device, line);
    expect(said).toContain(await here(card, line));
    const words = accesses(trace, region, mask), sent = words.slice(-COUNT * each.length);
    expect(sent).toEqual(Array.from({ length: COUNT }, () => each).flat());
  }, 240_000);

  it.each(['split', 'chain', 'indirect'])('virtio-net %s sends all', async (form) => {
    const line = lineOf('virtio-net', form), { said } = await onQemu('virtio-net-pci', line, FAR_END);
    expect(said).toContain(await here('virtio-net', line));
  }, 240_000);

  it('virtio-net packed sends all, where it is offered', async () => expect((await onQemu('virtio-net-pci,packed=on', lineOf('virtio-net', 'packed'), FAR_END)).said).toContain(`sent ${COUNT}, `), 240_000);
});
