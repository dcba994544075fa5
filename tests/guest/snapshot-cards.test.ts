/** Snapshots of a machine with all virtio cards at work: what goes on from one is the same run, instruction by instruction. */
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createMachine, SnapshotError, type Machine, type MachineOptions } from 'pintail';
import { prepareGuest } from '../../host/guest/index.js';

const machines: Machine[] = [];
beforeAll(async () => void (await prepareGuest('amd64')), 600_000);
afterEach(async () => {
  for (const machine of machines.splice(0)) await machine.close();
});

async function make(options: MachineOptions): Promise<Machine> {
  const machine = await createMachine({ limits: { wallMs: 200_000 }, ...options });
  machines.push(machine);
  return machine;
}

/** Reads and writes of the disk, random numbers, console output and frames, all at once and unfinished most of the time. */
const WORK = `
ifconfig eth0 10.0.2.15 up; arp -s 10.0.2.2 52:55:0a:00:02:02
ping -c 3 -W 1 10.0.2.2 >/dev/null 2>&1 &
dd if=/dev/hwrng of=/tmp/random bs=512 count=64 2>/dev/null &
seq 1 5000 >/dev/hvc0 &
dd if=/dev/zero of=/dev/vda bs=256k count=24 conv=fsync 2>/dev/null &
for i in 1 2 3 4 5 6 7 8; do dd if=/dev/vda of=/tmp/out bs=64k skip=$i count=8 iflag=direct 2>/dev/null; sync; done
wait; sha256sum /tmp/random`;

const DISK_BYTES = 8 << 20;

function cards(content: Uint8Array): MachineOptions {
  return {
    devices: [
      { model: 'virtio-net', netdev: 'n' }, { model: 'virtio-blk', drive: 'd', queues: 2 }, { model: 'virtio-rng', maxBytes: 4096, periodMs: 20 },
      { model: 'virtio-serial', ports: [{ console: true, chardev: 'c' }] },
    ],
    netdevs: ['null,id=n'], drives: [{ id: 'd', source: content }], chardevs: ['null,id=c'],
  };
}

describe('a machine with cards at work', () => {
  it('goes on from a snapshot exactly as it would have, from two points', async () => {
    const content = new Uint8Array(DISK_BYTES).map((_, i) => i >> 9);
    const machine = await make({ guest: 'amd64', memoryMiB: 96, command: ['sh', '-c', WORK], ...cards(content) });
    const count = async (name: string): Promise<number> => Number((await machine.stats()).counters.find((counter) => counter.name === name)?.value ?? 0);
    while ((await count('virtio-blk0 writes')) === 0) expect(await machine.step(1_000_000)).toMatchObject({ reason: 'paused' });
    const fork = async (): Promise<{ copy: Machine; own: Uint8Array }> => {
      const own = content.slice();
      return { copy: await make({ snapshot: await machine.snapshot(), ...cards(own) }), own };
    };
    await machine.step(456_789);
    const first = await fork();
    for (const one of [machine, first.copy]) expect(await one.step(4_321_987)).toMatchObject({ reason: 'paused' });
    expect(Buffer.compare(await machine.snapshot(), await first.copy.snapshot())).toBe(0);
    expect(Buffer.compare(first.own, content)).toBe(0);
    await first.copy.close();
    // Taking a snapshot drops caches, which the state shows: so the one that goes on beside the machine is the last.
    const { copy, own } = await fork();
    const names = ['virtio-net0 packets sent', 'virtio-blk0 reads', 'virtio-blk0 writes', 'virtio-rng0 bytes given', 'virtio-rng0 waits for the next period', 'virtio-console0 bytes sent'];
    const midway = await Promise.all(names.map(count));
    // When the command has ended, the host says so to the guest that it runs in; a copy, which was given no command, goes its own way from there.
    let stop = await machine.step(20_000_000);
    for (let steps = 0; stop.reason === 'paused'; steps++, stop = await machine.step(20_000_000)) {
      expect(await copy.step(20_000_000)).toEqual(stop);
      expect(`${steps}: ${await copy.stateHash()}`).toBe(`${steps}: ${await machine.stateHash()}`);
    }
    expect(stop.reason).toBe('poweroff');
    expect((await machine.commandResult())?.code).toBe(0);
    const end = await Promise.all(names.map(count));
    // All of them were at work, and most had begun and not finished at the snapshot.
    expect(end.every((value) => value > 2)).toBe(true);
    expect(midway.filter((value, i) => value > 0 && value < end[i]!).length).toBeGreaterThan(2);
    expect((await copy.run()).reason).toBe('poweroff');
    expect(Buffer.compare(own, content)).toBe(0);
  }, 300_000);

  it('reaches its network again', async () => {
    const net: MachineOptions = { devices: [{ model: 'virtio-net', netdev: 'n' }], netdevs: ['user,id=n'] };
    const machine = await make({ guest: 'amd64', memoryMiB: 96, agent: true, ...net });
    const ping = async (at: Machine): Promise<string> => Buffer.from((await at.exec(['sh', '-c', 'ping -c 2 -q 10.0.2.2 | grep -o "[0-9]* packets received"'])).stdout).toString();
    expect(await ping(machine)).toBe('2 packets received\n');
    await machine.exec(['sh', '-c', '(ping 10.0.2.2 >/dev/null 2>&1 &)']);
    expect(await ping(await make({ snapshot: await machine.snapshot(), ...net }))).toBe('2 packets received\n');
  }, 300_000);

  it('is refused with other cards, or a disk of another size, than it was taken with', async () => {
    const code = Uint8Array.from([0xf4]);
    const machine = await make({ memoryMiB: 4, bare: { code }, ...cards(new Uint8Array(DISK_BYTES)) });
    const snapshot = await machine.snapshot();
    await expect(make({ snapshot })).rejects.toThrow(SnapshotError);
    await expect(make({ snapshot, ...cards(new Uint8Array(DISK_BYTES * 2)) })).rejects.toThrow(/virtio-blk/);
    await expect(make({ snapshot, ...cards(new Uint8Array(DISK_BYTES)), devices: [{ model: 'virtio-rng' }] })).rejects.toThrow(/cards/);
    await make({ snapshot, ...cards(new Uint8Array(DISK_BYTES)) });
  });
});
