/** Console cards and chardevs: from MachineOptions to the module's streams and what is behind them. */

import { platform } from '#platform';
import { Most } from '../../assembly/surface/rings.js';
import { CardOption } from '../../assembly/surface/cards.js';
import { ChardevError, linkOfStream, nullLink, type Link } from '../chardev/link.js';
import { parseChardev, type ChardevSpec } from '../chardev/parse.js';
import { StreamPort } from '../chardev/port.js';
import { OptionError } from './errors.js';
import type { ModuleInstance } from '../rings/instance.js';
import type { ChardevOptions, DeviceOptions, TerminalStream } from './types.js';

const MULTIPORT = 1n << 1n;

/** A console card's ports, each at its number. */
export interface ConsolePlan {
  options: [CardOption, number][];
  masked: bigint;
  ports: { number: number; name: string; chardev: string | undefined }[];
}

function checkNumber(name: string, value: number, first: number, last: number): number {
  if (Number.isInteger(value) && value >= first && value <= last) return value;
  throw new OptionError(`devices.${name}`, `${value} is not a whole number from ${first} to ${last}.`);
}

/** Port 0 is for a console, which a driver without control queues finds there; ports that are no consoles are numbered from 1. */
export function planConsole({ ports: wanted = [], maxPorts }: DeviceOptions): ConsolePlan {
  const taken = new Set<number>();
  const ports = wanted.map(({ chardev, name = '', console = false, number }) => {
    let at = number ?? (console ? 0 : 1);
    while (number === undefined && taken.has(at)) at++;
    checkNumber('ports.number', at, console ? 0 : 1, Most.STREAMS - 1);
    if (taken.has(at)) throw new OptionError('devices.ports', `there are two ports of number ${at}.`);
    if (new TextEncoder().encode(name).length > 63) throw new OptionError('devices.ports', `the name "${name}" is longer than 63 bytes.`);
    taken.add(at);
    return { number: at, name, chardev, console };
  });
  const highest = Math.max(0, ...taken);
  const most = maxPorts === undefined ? Math.max(highest + 1, 2) : checkNumber('maxPorts', maxPorts, highest + 1, Most.STREAMS);
  const there = ports.reduce((bits, port) => bits | (1 << port.number), 0);
  const consoles = ports.reduce((bits, port) => bits | (port.console ? 1 << port.number : 0), 0);
  return { options: [[CardOption.PORTS, most], [CardOption.PORTS_THERE, there], [CardOption.PORTS_CONSOLES, consoles]], masked: most === 1 ? MULTIPORT : 0n, ports };
}

/** A chardev option, read. */
export type Chardev = { id: string; spec: ChardevSpec } | { id: string; stream: TerminalStream };

export function readChardevs(options: readonly ChardevOptions[]): Chardev[] {
  const chardevs = options.map((option): Chardev => {
    if (typeof option !== 'string') return option;
    try {
      const spec = parseChardev(option);
      return { id: spec.id, spec };
    } catch (error) {
      throw error instanceof ChardevError ? new OptionError('chardevs', error.message) : error;
    }
  });
  const twice = chardevs.find(({ id }, i) => chardevs.findIndex((other) => other.id === id) !== i);
  if (twice !== undefined) throw new OptionError('chardevs', `the id "${twice.id}" is given twice.`);
  return chardevs;
}

export async function openChardevs(chardevs: readonly Chardev[]): Promise<Map<string, Link>> {
  const links = new Map<string, Link>();
  if (chardevs.length === 0) return links;
  try {
    for (const chardev of chardevs) links.set(chardev.id, 'spec' in chardev ? await platform.openChardev(chardev.spec) : linkOfStream(chardev.stream));
  } catch (error) {
    for (const link of links.values()) await link.close();
    throw error instanceof ChardevError ? new OptionError('chardevs', error.message) : error;
  }
  return links;
}

/** Connects the ports of console cards; a port without a chardev has nobody at its other end. */
export function connectConsoles(instance: ModuleInstance, plans: readonly { console: ConsolePlan | undefined }[], links: ReadonlyMap<string, Link>, wake: () => void): StreamPort[] {
  return plans.flatMap((plan, card) =>
    (plan.console?.ports ?? []).flatMap(({ number, chardev }) => {
      const link = links.get(chardev ?? '') ?? { ...nullLink(), connected: false };
      return [new StreamPort(instance, instance.exports.streamOfCard(card) + number, link, wake)];
    }),
  );
}

/** A port's name where the module finds it: a length, then its bytes. */
export function writeName(instance: ModuleInstance, at: number, name: string): void {
  const bytes = new TextEncoder().encode(name);
  instance.view.setUint8(at, bytes.length);
  instance.bytes.set(bytes, at + 1);
}
