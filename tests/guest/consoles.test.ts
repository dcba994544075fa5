/** virtio-console with Debian's driver: hvc0 as a console, ports with names, a terminal's size, a slow reader, a snapshot in between. */
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Duplex } from 'node:stream';
import { createMachine, type DeviceOptions, type Machine, type MachineOptions } from 'pintail';
import { fromDuplex } from 'pintail/node';
import { prepareGuest } from '../../host/guest/index.js';
import { duplexPair } from '../unit/chardev/pair.js';

const machines: Machine[] = [];
beforeAll(async () => void (await prepareGuest('amd64')), 600_000);
afterEach(async () => {
  for (const machine of machines.splice(0)) await machine.close();
});

async function make(options: MachineOptions): Promise<Machine> {
  const machine = await createMachine({ limits: { wallMs: 280_000 }, ...options });
  machines.push(machine);
  return machine;
}
const PORTS: DeviceOptions = { model: 'virtio-serial', ports: [{ console: true, chardev: 'c' }, { name: 'org.example.data', chardev: 'd' }, { name: 'org.example.lonely' }] };

/** Collects what a stream gives; resolves when it ends with the text. */
function reader(stream: Duplex): { text: () => string; until: (end: string) => Promise<void> } {
  let text = '';
  let look = (): void => undefined;
  stream.on('data', (data: Buffer) => { text += data.toString('latin1'); look(); });
  return { text: () => text, until: (end) => new Promise((resolve) => { look = () => { if (text.includes(end)) resolve(); }; look(); }) };
}

async function script(machine: Machine, text: string): Promise<string> {
  const { stdout, stderr, code } = await machine.exec(['sh', '-c', text]);
  if (code !== 0) throw new Error(`status ${code}: ${Buffer.from(stdout).toString()}${Buffer.from(stderr).toString()}`);
  return Buffer.from(stdout).toString();
}

describe('hvc0', () => {
  it('is the console of a shell that answers, with the size of its terminal', async () => {
    const [host, guest] = duplexPair();
    Object.assign(guest, { columns: 91, rows: 33 });
    const machine = await make({
      guest: 'amd64', memoryMiB: 128, append: 'console=hvc0', devices: [{ model: 'virtio-serial', ports: [{ console: true, chardev: 'c' }] }],
      chardevs: [{ id: 'c', stream: fromDuplex(guest) }],
    });
    const { until } = reader(host);
    const run = machine.run();
    await until('/ # ');
    host.write('stty size; tty; echo $((6*7))\n');
    await until('\r\n33 91\r\n');
    await until('/dev/hvc0');
    await until('\r\n42\r\n');
    host.write('poweroff -f\n');
    expect((await run).reason).toBe('poweroff');
  }, 300_000);
});

describe('ports', () => {
  it('have names, carry what the host sends and takes, and go on from a snapshot', async () => {
    const [console, forConsole] = duplexPair(), [data, forData] = duplexPair();
    const base = { devices: [PORTS], chardevs: [{ id: 'c', stream: fromDuplex(forConsole) }, { id: 'd', stream: fromDuplex(forData) }] };
    const machine = await make({ guest: 'amd64', memoryMiB: 128, agent: true, ...base });
    const said = reader(data), shown = reader(console);
    expect(await script(machine, 'for port in /sys/class/virtio-ports/vport0p*; do echo $(basename $port) $(cat $port/name); done; ls /dev/hvc0'))
      .toBe('vport0p0\nvport0p1 org.example.data\nvport0p2 org.example.lonely\n/dev/hvc0\n');
    const port = '/dev/vport0p1';
    expect(await script(machine, `echo on the console >/dev/hvc0; exec 3<>${port}; echo hello >&3; sleep 1; echo done`)).toBe('done\n');
    await said.until('hello\n');
    await shown.until('on the console');
    data.write('a line from the host\n');
    expect(await script(machine, `head -n 1 <${port}`)).toBe('a line from the host\n');
    const snapshot = await machine.snapshot();
    await machine.close();
    const [later, forLater] = duplexPair();
    const copy = await make({ snapshot, devices: [PORTS], chardevs: [{ id: 'c', stream: fromDuplex(duplexPair()[0]) }, { id: 'd', stream: fromDuplex(forLater) }] });
    const after = reader(later);
    expect(await script(copy, `seq 1 20000 >${port}; echo written`)).toBe('written\n');
    await after.until('\n20000\n');
    expect(after.text()).toBe(`${Array.from({ length: 20_000 }, (_, i) => `${i + 1}\n`).join('')}`);
    later.write('and another\n');
    expect(await script(copy, `head -n 1 <${port}`)).toBe('and another\n');
  }, 300_000);
});
