/** Cards and what is behind them: from plans to calls of the module, and the backends. */

import { CardKind, CardOption, CardPlace } from '../../assembly/surface/cards.js';
import { Video } from '../../assembly/surface/screen.js';
import type { Link } from '../chardev/link.js';
import { DiskError } from '../disk/errors.js';
import type { Drive } from '../disk/open.js';
import { DiskPort } from '../disk/port.js';
import type { Clock } from '../net/clock.js';
import { FramePort } from '../net/frames.js';
import { withSoftwareOffload } from '../net/gate.js';
import { createNull } from '../net/null.js';
import type { OpenBackend, Together } from '../net/open.js';
import { SharePort } from '../share/port.js';
import type { NetdevSpec } from '../net/netdev.js';
import { openLabs, writeLab, type OpenLab } from './labs.js';
import { connectConsoles, openChardevs, writeName, type Chardev } from './consoles.js';
import { isDrive, isRemovable } from './drive-buses.js';
import { driveOptions, type CardPlan, type Netdev } from './card-plan.js';
import type { HostPort } from '../rings/port.js';
import { modelOf } from './models.js';
import { OptionError } from './errors.js';
import { openShares, type Shares } from './shares.js';
import type { MachineClock } from './machine-clock.js';
import { high, join, low, type ModuleInstance } from '../rings/instance.js';
import type { Windows } from './shared-clock.js';
import { emptyDrive, Trays } from './trays.js';
import type { DriveOptions, ShareOptions } from './types.js';

/** Backends that bring nothing from outside the machine. */
const INWARD: ReadonlySet<NetdevSpec['type']> = new Set(['null', 'lab']);

/** A hub of machines that share a clock brings what they send, at times of that clock. */
function isInward(netdev: Netdev, shared: Windows | undefined): boolean {
  return 'spec' in netdev && (INWARD.has(netdev.spec.type) || (shared !== undefined && netdev.spec.type === 'hubport'));
}

/** Tells a fresh module of its cards; before `create`. */
export function addCards(instance: ModuleInstance, plans: readonly CardPlan[], { drives, labs }: Outside): void {
  for (const plan of plans) {
    const { model, slot, behind } = plan;
    const drive = drives.get(plan.drive ?? '');
    const number = instance.exports.addCard(model.kind, behind === undefined ? slot : CardPlace.BEHIND + behind);
    if (number < 0) throw new OptionError('devices', model.kind === CardKind.IOMMU ? 'a machine has one remapping unit.' : slot === 0 ? 'there are more cards than this machine has room for.' : `slot ${slot} is taken.`);
    for (const [option, value] of [...plan.options, ...(drive === undefined ? [] : driveOptions(plan, drive))]) {
      const wide = BigInt(value);
      if (instance.exports.setCardOption(number, option, low(wide), high(wide)) === 0) throw new OptionError('devices.maxPorts', 'the console cards have more ports than a machine has room for.');
    }
    if (model.kind === CardKind.VIRTIO_9P) writeName(instance, instance.exports.folderTag(number) >>> 0, plan.tag);
    if (isDrive(model.kind) || model.kind === CardKind.NVME) writeName(instance, instance.exports.serialOfDrive(number) >>> 0, plan.serial);
    for (const port of plan.console?.ports ?? []) writeName(instance, instance.exports.portName(number, port.number) >>> 0, port.name);
  }
  networkCards(plans).forEach(({ netdev, model }, port) => {
    const lab = labs.get(netdev ?? '')?.options;
    // A pcnet asks the line for room before it knows how long its frame is.
    if (lab?.kbits && lab.fifo === 0 && model.kind === CardKind.PCNET) throw new OptionError('netdevs', `"${netdev}" has no FIFO (fifo=0), and a pcnet needs one: it begins a frame before it knows its length.`);
    if (lab) writeLab(instance, port, lab);
  });
}

/** Memory of the screen, if there is one. */
export const videoBytesOf = (plans: readonly CardPlan[]): number => (plans.some(({ model }) => model.kind === CardKind.VGA) ? Video.BYTES : 0);

const networkCards = (plans: readonly CardPlan[]): CardPlan[] => plans.filter(({ model }) => model.network);

/** Options that the host's side depends on, in words. */
const SHOWN: readonly [CardOption, string][] = [
  [CardOption.SECTORS, 'sectors'], [CardOption.READ_ONLY, 'read-only'], [CardOption.PORTS, 'ports'], [CardOption.PORTS_THERE, 'ports there'], [CardOption.PORTS_CONSOLES, 'consoles'],
  [CardOption.CONTROLLER, 'on card'], [CardOption.UNIT, 'port'], [CardOption.WRITETHROUGH, 'writethrough'], [CardOption.LOGICAL_EXP, 'logical blocks'], [CardOption.PHYSICAL_EXP, 'physical blocks'],
  [CardOption.PLATFORM, 'behind the iommu'], [CardOption.IOMMU, 'switches'], [CardOption.IOMMU_CACHES, 'caches'], [CardOption.SLOT_NUMBER, 'slot number'], [CardOption.LINK_PORT, 'link'],
];

/** What the module has for cards, in words: a snapshot goes on with the cards it was taken with. */
export function describeCards(instance: ModuleInstance): string[] {
  const { listedCards, kindOfCard, portOfCard, slotOfCard, cardOptionLo, cardOptionHi } = instance.exports;
  return Array.from({ length: listedCards() }, (_, i) => {
    const shown = SHOWN.map(([option, name]) => [name, join(cardOptionLo(i, option), cardOptionHi(i, option))] as const).filter(([, value]) => value !== 0n);
    const detail = shown.length === 0 ? '' : ` (${shown.map(([name, value]) => `${name} ${value}`).join(', ')})`;
    const place = portOfCard(i) > 0 ? ` behind card ${portOfCard(i) - 1}` : slotOfCard(i) === 0 ? '' : ` in slot ${slotOfCard(i)}`;
    return `${modelOf(kindOfCard(i))?.names[0] ?? '?'}${place}${detail}`;
  });
}

/** After `create`: refuses cards whose counters found no room, since what they count would be wrong. */
export function mustBeCounted(instance: ModuleInstance): void {
  const missing = instance.exports.countersMissing();
  if (missing > 0) throw new OptionError('devices', `the cards need ${missing} counters more than there is room for. Use fewer cards or fewer queues.`);
}

/** What a machine's cards are connected to. */
export interface Outside {
  /** By netdev id. */
  backends: Map<string, OpenBackend>;
  /** Peers inside the module, by netdev id. */
  labs: ReadonlyMap<string, OpenLab>;
  /** By drive id. */
  drives: Map<string, Drive>;
  /** By share id. */
  shares: Shares;
  /** By chardev id. */
  links: Map<string, Link>;
  /** Frames or bytes may come from outside the machine at any time. */
  live: boolean;
  /** What its networks' timers live by; undefined: the wall. */
  time: MachineClock | undefined;
  close(): Promise<void>;
}

async function openDrives(options: readonly DriveOptions[]): Promise<Map<string, Drive>> {
  const drives = new Map<string, Drive>();
  if (options.length === 0) return drives;
  const { openDrive } = await import('../disk/open.js');
  try {
    for (const option of options) {
      if (drives.has(option.id)) throw new DiskError(`the id "${option.id}" is given twice.`);
      drives.set(option.id, await openDrive(option));
    }
  } catch (error) {
    await closeDrives(drives);
    throw new OptionError('drives', error instanceof DiskError ? error.message : `cannot be opened: ${String(error)}.`);
  }
  return drives;
}

async function closeDrives(drives: Map<string, Drive>): Promise<void> {
  const all = [...drives.values()];
  drives.clear();
  for (const { disk } of all) await disk.close();
}

async function openNetdevs(netdevs: readonly Netdev[], time?: Clock, together?: Together): Promise<Map<string, OpenBackend>> {
  const backends = new Map<string, OpenBackend>();
  if (netdevs.length === 0) return backends;
  const { createNetContext, openBackends } = await import('../net/open.js');
  const specs = netdevs.flatMap((netdev) => ('spec' in netdev && netdev.spec.type !== 'lab' ? [netdev.spec] : []));
  for (const [id, backend] of await openBackends(specs, createNetContext(time, together))) backends.set(id, backend);
  for (const netdev of netdevs) if ('backend' in netdev) backends.set(netdev.id, { backend: withSoftwareOffload(netdev.backend), nat: undefined });
  return backends;
}

function togetherBy(shared: Windows | undefined, time: MachineClock | undefined): Together | undefined {
  if (shared === undefined || time === undefined) return undefined;
  return { clock: shared, hold: (backend) => shared.hold(backend, () => time.exactly()) };
}

/**
 * Opens backends, disks and chardevs. What needs Node is loaded only when it is asked for: a page has no sockets. Networks live by `time`,
 * or by the wall.
 */
export async function openOutside({ netdevs, chardevs, shared }: Outward, { drives: driveOptions = [], shares: shareOptions = [] }: Storage, time?: MachineClock): Promise<Outside> {
  const drives = await openDrives(driveOptions);
  const shares: Shares = new Map();
  const backends = new Map<string, OpenBackend>();
  const links = new Map<string, Link>();
  let labs: ReadonlyMap<string, OpenLab> = new Map();
  const close = async (): Promise<void> => {
    await closeDrives(drives);
    for (const session of shares.values()) await session.close();
    await Promise.all([...backends.values()].map(({ backend }) => backend.close()));
    await Promise.all([...links.values()].map((link) => link.close()));
    await Promise.all([...labs.values()].map(({ capture }) => capture?.file.writer.close()));
  };
  try {
    await openShares(shareOptions, shares);
    for (const [id, backend] of await openNetdevs(netdevs, time, togetherBy(shared, time))) backends.set(id, backend);
    for (const [id, link] of await openChardevs(chardevs)) links.set(id, link);
    labs = await openLabs(netdevs.flatMap((netdev) => ('spec' in netdev && netdev.spec.type === 'lab' ? [netdev.spec] : [])), time);
  } catch (error) {
    await close();
    throw error;
  }
  const live = netdevs.some((netdev) => !isInward(netdev, shared)) || chardevs.some((chardev) => !('spec' in chardev) || !['null', 'file'].includes(chardev.spec.type));
  return { backends, labs, drives, shares, links, live, time, close };
}

/** The lab behind each frame port. */
export const labPorts = (plans: readonly CardPlan[], { labs }: Outside): (OpenLab | undefined)[] => networkCards(plans).map(({ netdev }) => labs.get(netdev ?? ''));

/** The frame port of the card on a netdev: they are counted over all network cards. */
export function framePortOf(plans: readonly CardPlan[], netdev: string): number {
  const port = networkCards(plans).findIndex((plan) => plan.netdev === netdev);
  if (port < 0) throw new OptionError('netdev', `no card is connected to "${netdev}".`);
  return port;
}

/** What the machine keeps things in. */
interface Storage {
  drives?: readonly DriveOptions[] | undefined;
  shares?: readonly ShareOptions[] | undefined;
}

/** What the options connect to the world, read. */
export interface Outward {
  netdevs: readonly Netdev[];
  chardevs: readonly Chardev[];
  shared?: Windows | undefined;
}

/** Cards with a table of requests, which are numbered over all of them. */
const TABLES: readonly CardKind[] = [CardKind.VIRTIO_BLK, CardKind.VIRTIO_9P, CardKind.IDE_DISK, CardKind.IDE_CD, CardKind.FLOPPY, CardKind.NVME, CardKind.PFLASH];

function tablePort(instance: ModuleInstance, table: number, plan: CardPlan, { drives, shares }: Outside): HostPort | undefined {
  const [drive, session] = [drives.get(plan.drive ?? ''), shares.get(plan.share ?? '')];
  if (session !== undefined) return new SharePort(instance, table, session, `share ${plan.share}`);
  if (drive === undefined && !isRemovable(plan.model.kind)) return undefined;
  return new DiskPort(instance, table, drive ?? emptyDrive(), plan.serial, `drive ${plan.drive ?? '-'}`);
}

/**
 * What is to be served between slices: frame ports, each with its backend (a card without a netdev is connected to nothing; one with
 * a lab has its peer in the module), disks, and shared folders.
 */
export function connectCards(instance: ModuleInstance, plans: readonly CardPlan[], outside: Outside, wake: () => void): { ports: HostPort[]; framePorts: Map<string, FramePort>; trays: Trays } {
  const framePorts = new Map<string, FramePort>();
  const ports = networkCards(plans).flatMap(({ netdev }, port) => {
    if (outside.labs.has(netdev ?? '')) return [];
    const made = new FramePort(instance, port, outside.backends.get(netdev ?? '')?.backend ?? createNull(`port${port}`), wake);
    if (netdev !== undefined) framePorts.set(netdev, made);
    return [made];
  });
  const tables = plans
    .filter(({ model }) => TABLES.includes(model.kind))
    .map((plan, number) => ({ plan, port: tablePort(instance, instance.exports.diskTable(number) >>> 0, plan, outside) }));
  const diskOf = (card: number): DiskPort | undefined => {
    const port = tables.find(({ plan }) => plan === plans[card])?.port;
    return port instanceof DiskPort ? port : undefined;
  };
  return {
    ports: [...ports, ...tables.flatMap(({ port }) => port ?? []), ...connectConsoles(instance, plans, outside.links, wake)],
    framePorts,
    trays: new Trays(instance, plans, outside.drives, diskOf, wake),
  };
}
