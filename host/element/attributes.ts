/** The attributes of `<pintail-machine>`, one row each, and the options that they are. docs/element.md has this table. */

import type { ClockMode, DeviceOptions, MachineOptions } from '../machine/types.js';

export interface AttributeRow {
  readonly value: string;
  readonly about: string;
}

export const ATTRIBUTES = {
  guest: { value: 'builtin or URL', about: 'what `pintail guest build --out` wrote, by its address; or the small guest that is in the module, which is the default' },
  snapshot: { value: 'URL', about: 'goes on from a saved machine' },
  kernel: { value: 'URL', about: 'a bzImage or ELF kernel' },
  initrd: { value: 'URL', about: 'its initial file system' },
  bios: { value: 'URL', about: 'a ROM image instead of a kernel' },
  append: { value: 'text', about: 'the kernel’s command line; a guest’s own comes before it' },
  memory: { value: 'MiB', about: '128, 512M, 1G; default 16 for the small guest, else 128' },
  cards: { value: 'MODEL[=NETDEV] ...', about: 'network cards, parted by spaces, each on a network of its own, as -netdev has it without an id: `virtio-net e1000=broadcast,channel=lan`; default network: user' },
  screen: { value: '', about: 'the machine has a VGA' },
  seed: { value: 'number', about: 'for everything random' },
  clock: { value: 'icount or realtime', about: 'what virtual time follows; default icount' },
  autostart: { value: '', about: 'it is made and runs when it is in the page; otherwise its button does that' },
  bare: { value: '', about: 'neither buttons nor console of its own: for pages that draw them' },
  module: { value: 'URL', about: 'where pintail.wasm is, where it is not beside the script' },
  worker: { value: 'URL or none', about: 'where the worker’s script is; none: it runs on the page’s own thread' },
} as const satisfies Record<string, AttributeRow>;

export type AttributeName = keyof typeof ATTRIBUTES;
export type ReadAttribute = (name: AttributeName) => string | null;

/** An attribute that cannot be used, with its name and value. */
export class AttributeError extends Error {
  override readonly name = 'AttributeError';

  constructor(readonly attribute: AttributeName, value: string, problem: string) {
    super(`${attribute}="${value}": ${problem}`);
  }
}

const MIB: Readonly<Record<string, number>> = { '': 1, m: 1, g: 1024 };

function memoryOf(text: string): number {
  const match = /^(\d+)\s*([MG]?)(?:i?B)?$/i.exec(text.trim());
  if (match === null) throw new AttributeError('memory', text, 'want a number of MiB, or 512M, 1G.');
  return Number(match[1]) * MIB[match[2]!.toLowerCase()]!;
}

/** A network for each card: net0, net1... */
function cardsOf(text: string): { devices: DeviceOptions[]; netdevs: string[] } {
  const devices: DeviceOptions[] = [];
  const netdevs: string[] = [];
  for (const [i, word] of text.split(/\s+/).filter((one) => one !== '').entries()) {
    const [, model = '', network = 'user'] = /^([\w-]+)(?:=(.+))?$/.exec(word) ?? [];
    if (model === '') throw new AttributeError('cards', text, `"${word}" is no MODEL or MODEL=NETDEV.`);
    const [type = '', ...rest] = network.split(',');
    netdevs.push([type, `id=net${i}`, ...rest].join(','));
    devices.push({ model, netdev: `net${i}` } as DeviceOptions);
  }
  return { devices, netdevs };
}

function wordOf<T extends string>(name: AttributeName, text: string, known: readonly T[]): T {
  if (!known.includes(text as T)) throw new AttributeError(name, text, `want ${known.join(' or ')}.`);
  return text as T;
}

function seedOf(text: string): bigint {
  if (!/^\d+$/.test(text)) throw new AttributeError('seed', text, 'want a whole number.');
  return BigInt(text);
}

/** Addresses are relative to `base`. Throws an AttributeError. */
export function optionsOf(read: ReadAttribute, base: string): MachineOptions {
  const at = (name: AttributeName): URL | undefined => {
    const text = read(name);
    return text === null ? undefined : new URL(text, base);
  };
  const guest = read('guest');
  const boots = (['kernel', 'bios', 'snapshot'] as const).some((name) => read(name) !== null);
  const small = guest === 'builtin' || (guest === null && !boots);
  const { devices, netdevs } = cardsOf(read('cards') ?? '');
  const screen: DeviceOptions[] = read('screen') === null ? [] : [{ model: 'VGA' }];
  const worker = read('worker');
  const snapshot = at('snapshot');
  return {
    ...definite({ kernel: at('kernel'), initrd: at('initrd'), bios: at('bios'), module: at('module'), snapshot }),
    ...(small ? { guest: 'builtin' } : guest === null ? {} : { guest: new URL(guest, base) }),
    ...definite({ append: read('append') ?? undefined, seed: map(read('seed'), seedOf), clock: map(read('clock'), (text) => wordOf<ClockMode>('clock', text, ['icount', 'realtime'])) }),
    // A saved machine knows how much it has.
    ...(snapshot === undefined ? { memoryMiB: map(read('memory'), memoryOf) ?? (small ? 16 : 128) } : {}),
    ...(devices.length + screen.length === 0 ? {} : { devices: [...devices, ...screen], netdevs }),
    ...(worker === null ? {} : { worker: worker === 'none' ? false : new URL(worker, base) }),
  };
}

const map = <T>(text: string | null, read: (text: string) => T): T | undefined => (text === null ? undefined : read(text));

/** Without what is undefined. */
function definite<T extends object>(values: T): { [name in keyof T]?: Exclude<T[name], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as { [name in keyof T]?: Exclude<T[name], undefined> };
}
