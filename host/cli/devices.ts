/** `-device MODEL,netdev=...` and `-drive file=...`, in QEMU's words. */

import type { DeviceOptions, DriveOptions } from '../machine/types.js';
import { parseCount, UsageError } from './arguments.js';

export interface Words {
  /** As typed. */
  argument: string;
  head: string;
  pairs: [string, string][];
}

/** `head,name=value,...`; a comma in a value is written twice. */
export function split(option: string, value: string): Words {
  const parts = value.split(/(?<!,),(?!,)/).map((part) => part.replaceAll(',,', ','));
  const argument = `${option} ${value}`;
  const pairs = parts.slice(1).map((part): [string, string] => {
    const at = part.indexOf('=');
    return at < 0 ? [part, 'on'] : [part.slice(0, at), part.slice(at + 1)];
  });
  return { argument, head: parts[0]!, pairs };
}

function parseSwitch(argument: string, name: string, value: string): boolean {
  if (['on', 'true', 'yes', 'y'].includes(value)) return true;
  if (['off', 'false', 'no', 'n'].includes(value)) return false;
  throw new UsageError(argument, `${name} is on or off, not "${value}".`);
}

/** A value that must be one of a few words. */
function oneOf<const T extends string>(argument: string, name: string, value: string, words: readonly T[]): T {
  const found = words.find((word) => word === value);
  if (found === undefined) throw new UsageError(argument, `${name} is ${words.join(', ')}, not "${value}".`);
  return found;
}

/** A slot: `5`, `0x5` or `05.0`. */
function parseSlot(argument: string, value: string): number {
  const match = /^(?:0x)?([0-9a-f]{1,2})(?:\.0)?$/i.exec(value);
  if (match === null) throw new UsageError(argument, `addr "${value}" is not a PCI device number such as 5 or 05.0.`);
  return parseInt(match[1]!, 16);
}

export const MODELS: readonly DeviceOptions['model'][] = ['virtio-net', 'virtio-net-pci', 'virtio-rng', 'virtio-rng-pci', 'virtio-blk', 'virtio-blk-pci', 'virtio-serial', 'virtio-serial-pci', 'e1000', 'pcnet'];

/** Where the debug console and the debug exit are, when the command line moves them. */
export interface DebugPorts {
  debugConsolePort?: number;
  debugExit?: { port: number; bytes: number };
}

const DEBUG_MODELS = ['isa-debug-exit', 'isa-debugcon'];

export function isDebugDevice(value: string): boolean {
  return DEBUG_MODELS.includes(value.split(',', 1)[0]!);
}

/** `-device isa-debug-exit,iobase=0x501,iosize=4` and `-device isa-debugcon,iobase=0xe9`, with QEMU's defaults. */
export function parseDebugDevice(value: string): DebugPorts {
  const { argument, head, pairs } = split('-device', value);
  const given = new Map(pairs);
  const isExit = head === 'isa-debug-exit';
  for (const name of given.keys()) {
    if (name !== 'iobase' && !(isExit && name === 'iosize')) throw new UsageError(argument, `there is no "${name}". There is iobase${isExit ? ' and iosize' : ''}.`);
  }
  const read = (name: string, fallback: bigint, last: number): number => {
    const text = given.get(name);
    const number = Number(text === undefined ? fallback : parseCount(argument, text));
    if (number < 1 || number > last) throw new UsageError(argument, `${name} is a number from 1 to 0x${last.toString(16)}.`);
    return number;
  };
  if (!isExit) return { debugConsolePort: read('iobase', 0xe9n, 0xffff) };
  return { debugExit: { port: read('iobase', 0x501n, 0xfff8), bytes: read('iosize', 4n, 8) } };
}

export function parseDevice(value: string): DeviceOptions {
  const { argument, head, pairs } = split('-device', value);
  const model = MODELS.find((name) => name === head);
  if (model === undefined) throw new UsageError(argument, `there is no "${head}". There are ${MODELS.join(', ')}.`);
  const out: DeviceOptions = { model };
  const features: Record<string, boolean> = {};
  for (const [name, text] of pairs) {
    switch (name) {
      // Nothing here refers to a device by its id.
      case 'id': break;
      case 'netdev': out.netdev = text; break;
      case 'drive': out.drive = text; break;
      case 'serial': out.serial = text; break;
      case 'mac': out.mac = text; break;
      case 'addr': out.slot = parseSlot(argument, text); break;
      case 'host_mtu': out.mtu = Number(parseCount(argument, text)); break;
      case 'num-queues': out.queues = Number(parseCount(argument, text)); break;
      case 'write-cache': if (text !== 'auto') out.writeCache = parseSwitch(argument, name, text); break;
      case 'logical_block_size': out.logicalBlockBytes = Number(parseCount(argument, text)); break;
      case 'physical_block_size': out.physicalBlockBytes = Number(parseCount(argument, text)); break;
      case 'max_ports': out.maxPorts = Number(parseCount(argument, text)); break;
      case 'max-bytes': out.maxBytes = Number(parseCount(argument, text)); break;
      case 'period': out.periodMs = Number(parseCount(argument, text)); break;
      case 'vectors': out.vectors = Number(parseCount(argument, text)); break;
      case 'queues': out.queues = Number(parseCount(argument, text)); break;
      case 'speed': out.speed = Number(parseCount(argument, text)); break;
      case 'duplex':
        if (text !== 'half' && text !== 'full') throw new UsageError(argument, `duplex is half or full, not "${text}".`);
        out.duplex = text;
        break;
      case 'disable-modern': out.legacyOnly = parseSwitch(argument, name, text); break;
      case 'disable-legacy': out.modernOnly = parseSwitch(argument, name, text); break;
      default: features[name] = parseSwitch(argument, name, text);
    }
  }
  if (Object.keys(features).length > 0) out.features = features;
  return out;
}

/** A drive, and the card that `if=virtio` asks for. */
export function parseDrive(value: string, number: number): { drive: DriveOptions; device: DeviceOptions | undefined } {
  const { argument, pairs } = split('-drive', `,${value}`);
  const drive: DriveOptions = { id: `drive${number}`, source: '' };
  let wanted = 'virtio';
  let serial: string | undefined;
  for (const [name, text] of pairs) {
    switch (name) {
      case 'file': drive.source = text; break;
      case 'id': drive.id = text; break;
      case 'if': wanted = text; break;
      case 'readonly': drive.readOnly = parseSwitch(argument, name, text); break;
      case 'snapshot': drive.snapshot = parseSwitch(argument, name, text); break;
      case 'overlay': drive.overlay = text; break;
      case 'cache': drive.cache = oneOf(argument, name, text, ['writeback', 'writethrough', 'none', 'directsync', 'unsafe']); break;
      case 'discard': drive.discard = oneOf(argument, name, { on: 'unmap', off: 'ignore' }[text] ?? text, ['ignore', 'unmap']); break;
      case 'file.locking': case 'locking': if (text !== 'auto') drive.locking = parseSwitch(argument, name, text); break;
      case 'media': oneOf(argument, name, text, ['disk']); break;
      case 'serial': serial = text; break;
      case 'format': if (text !== 'raw') throw new UsageError(argument, 'only format=raw is there.'); break;
      default: throw new UsageError(argument, `there is no option "${name}".`);
    }
  }
  if (drive.source === '') throw new UsageError(argument, 'needs file=PATH.');
  if (wanted !== 'virtio' && wanted !== 'none') throw new UsageError(argument, `if is virtio or none, not "${wanted}".`);
  return { drive, device: wanted === 'virtio' ? { model: 'virtio-blk', drive: drive.id, ...(serial === undefined ? {} : { serial }) } : undefined };
}

/** A card and what it is connected to, as `-nic` gives them in one. */
export interface Nic {
  netdev: string;
  device: DeviceOptions;
}

/** `-nic TYPE,model=...,mac=...` and what the type's `-netdev` takes; nothing for `none`. */
export function parseNic(value: string, number: number): Nic | undefined {
  const { argument, head, pairs } = split('-nic', value);
  if (head === 'none') return undefined;
  if (head === '') throw new UsageError(argument, 'needs a type: none, user, stream, dgram, hubport, lab or null.');
  const find = (wanted: string): string | undefined => pairs.find(([name]) => name === wanted)?.[1];
  const id = find('id') ?? `nic${number}`;
  const rest = pairs.filter(([name]) => !['id', 'model', 'mac'].includes(name)).map(([name, text]) => `,${name}=${text.replaceAll(',', ',,')}`);
  const mac = find('mac');
  const device = parseDevice(`${find('model') ?? 'virtio-net-pci'},netdev=${id}${mac === undefined ? '' : `,mac=${mac}`}`);
  return { netdev: `${head},id=${id}${rest.join('')}`, device };
}
