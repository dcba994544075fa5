/** `-device virtio-serial-pci`, and the ports that `virtconsole` and `virtserialport` put on it, in QEMU's words. */

import { Duplex } from 'node:stream';
import type { DeviceOptions, MachineOptions, PortOptions } from '../machine/types.js';
import { parseCount, UsageError } from './arguments.js';
import { parseDevice, split } from './devices.js';

const PORT_MODELS = ['virtconsole', 'virtserialport'];

interface Bus {
  id: string;
  ports: PortOptions[];
}

/** Devices in their order; a port goes to the card before it, or to the one that its `bus` names. */
export function parseDevices(values: readonly string[]): DeviceOptions[] {
  const buses: Bus[] = [];
  return values.flatMap((value) => {
    const { argument, head, pairs } = split('-device', value);
    if (PORT_MODELS.includes(head)) {
      addPort(argument, head, pairs, buses);
      return [];
    }
    if (!head.startsWith('virtio-serial')) return [parseDevice(value)];
    const id = pairs.find(([name]) => name === 'id')?.[1] ?? '';
    const device = parseDevice([head, ...pairs.filter(([name]) => name !== 'id').map(([name, text]) => `${name}=${text.replaceAll(',', ',,')}`)].join(','));
    const ports: PortOptions[] = [];
    buses.push({ id, ports });
    return [{ ...device, ports }];
  });
}

function addPort(argument: string, head: string, pairs: [string, string][], buses: Bus[]): void {
  const port: PortOptions = head === 'virtconsole' ? { console: true } : {};
  let bus: Bus | undefined = buses.at(-1);
  for (const [name, text] of pairs) {
    switch (name) {
      case 'chardev': port.chardev = text; break;
      case 'name': port.name = text; break;
      case 'nr': port.number = Number(parseCount(argument, text)); break;
      case 'id': break;
      case 'bus': bus = buses.find(({ id }) => id !== '' && text === `${id}.0`); break;
      default: throw new UsageError(argument, `${head} has no "${name}". It has chardev, name, nr, id and bus.`);
    }
  }
  if (bus === undefined) throw new UsageError(argument, 'needs a -device virtio-serial-pci before it.');
  bus.ports.push(port);
}

const isStdio = (option: unknown): option is string => typeof option === 'string' && /^stdio(,|$)/.test(option);

/** A chardev is the terminal: COM1 is not, then. */
export function hasStdio(chardevs: readonly string[]): boolean {
  return chardevs.some(isStdio);
}

/** This process's terminal as one end of a chardev: what is typed is pushed. */
export interface TerminalStream {
  push(bytes: Uint8Array | null): void;
}

/** Puts the terminal's stream where a chardev is `stdio`; nothing where none is. */
export function connectStdio(machine: MachineOptions): TerminalStream | undefined {
  const option = machine.chardevs?.find(isStdio);
  if (option === undefined) return undefined;
  const id = /(?:^|,)id=([^,]+)/.exec(option)?.[1];
  if (id === undefined) throw new UsageError(`-chardev ${option}`, 'needs id=ID.');
  const stream = new Duplex({ read: () => undefined, write: (bytes: Uint8Array, _encoding, done) => void process.stdout.write(bytes, () => done()) });
  const { columns, rows } = process.stdout;
  Object.assign(stream, { columns, rows });
  process.stdout.on('resize', () => {
    Object.assign(stream, { columns: process.stdout.columns, rows: process.stdout.rows });
    stream.emit('resize');
  });
  machine.chardevs = machine.chardevs!.map((other) => (other === option ? { id, stream } : other));
  return stream;
}
