/**
 * Where drives on controllers are: `bus` as QEMU spells it. `ide.N` is port N of the board's own AHCI controller, which is there when a drive is; `ID.N` is a port of
 * the controller that has the id. Without a bus a drive gets the board's lowest free port.
 */

import { CardKind, CardOption } from '../../assembly/surface/cards.js';
import { OptionError } from './errors.js';
import { findModel, type Model } from './models.js';
import type { DeviceOptions } from './types.js';

/** What of a card's plan it takes to seat it. */
interface Seated {
  model: Model;
  slot: number;
  options: Map<CardOption, bigint>;
}

/** What a controller's buses are: how many, and drives on each. */
interface Buses {
  count: number;
  units: number;
}
const CONTROLLERS: ReadonlyMap<CardKind, Buses> = new Map([[CardKind.AHCI, { count: 6, units: 1 }], [CardKind.IDE, { count: 2, units: 2 }], [CardKind.FDC, { count: 1, units: 2 }]]);
const DRIVES: ReadonlySet<CardKind> = new Set([CardKind.IDE_DISK, CardKind.IDE_CD, CardKind.FLOPPY]);
/** The names of the board's own. */
const BOARD = 'ide';
const BOARD_FLOPPY = 'fdc';
const BOARD_KINDS: Readonly<Record<string, CardKind>> = { [BOARD]: CardKind.AHCI, [BOARD_FLOPPY]: CardKind.FDC };

/** Its place in the list is not known yet: what a drive says, read. */
interface Seat {
  controller: string;
  bus: number | undefined;
  unit: number;
}

export const isDrive = (kind: CardKind): boolean => DRIVES.has(kind);
/** Its medium can be changed. */
export const isRemovable = (kind: CardKind): boolean => kind === CardKind.IDE_CD || kind === CardKind.FLOPPY;
export const isController = (kind: CardKind): boolean => CONTROLLERS.has(kind);

/** Without a bus a diskette's drive is where its unit says. */
function readSeat({ bus, unit }: DeviceOptions, kind: CardKind): Seat {
  if (kind === CardKind.FLOPPY && bus === undefined) return { controller: BOARD_FLOPPY, bus: unit === undefined ? undefined : 0, unit: unit ?? 0 };
  if (bus === undefined) return { controller: BOARD, bus: undefined, unit: unit ?? 0 };
  const match = /^(.+)\.(\d)$/.exec(bus);
  if (match === null) throw new OptionError('devices.bus', `"${bus}" is no bus such as ide.0, or ID.0 of a controller with that id.`);
  return { controller: match[1]!, bus: Number(match[2]), unit: unit ?? 0 };
}

/** Where a seat is in its controller: bus by bus, the lowest that is free where the drive does not say. */
function takePort({ bus, unit, controller }: Seat, { count, units }: Buses, taken: Set<number>): number {
  if (bus === undefined) {
    const free = Array.from({ length: count * units }, (_, port) => port).find((port) => !taken.has(port));
    if (free === undefined) throw new OptionError('devices.bus', `all ${count * units} ports of the controller have drives; use virtio-blk for more.`);
    return free;
  }
  if (bus >= count) throw new OptionError('devices.bus', `"${controller}.${bus}" is not there: the controller has ${controller}.0 to ${controller}.${count - 1}.`);
  if (!Number.isInteger(unit) || unit < 0 || unit >= units) throw new OptionError('devices.unit', `${unit} is not there: ${units === 1 ? 'a bus of this controller has one drive, unit 0' : 'a bus has units 0 and 1'}.`);
  const port = bus * units + unit;
  if (taken.has(port)) throw new OptionError('devices.bus', `${controller}.${bus}${units > 1 ? ` unit ${unit}` : ''} has a drive already.`);
  return port;
}

/** Gives each drive its controller and port; the board's controller comes behind the other cards, where a drive is on it and none was asked for. */
export function seatDrives<T extends Seated>(devices: readonly DeviceOptions[], plans: T[], boardController: (kind: CardKind) => T): void {
  const taken = new Map<string, Set<number>>();
  const placeOf = ({ controller }: Seat): number => {
    const named = devices.findIndex((device, i) => isController(plans[i]!.model.kind) && device.id === controller);
    const kind = BOARD_KINDS[controller];
    if (named >= 0 || kind === undefined) return named;
    const own = plans.findIndex(({ model, slot }, i) => model.kind === kind && slot === 0 && (i >= devices.length || devices[i]!.id === undefined));
    return own >= 0 ? own : plans.push(boardController(kind)) - 1;
  };
  // Those that say where they are come first.
  const order = devices.map((device, i) => ({ device, i })).filter(({ i }) => isDrive(plans[i]!.model.kind));
  for (const { device, i } of [...order.filter(({ device: { bus } }) => bus !== undefined), ...order.filter(({ device: { bus } }) => bus === undefined)]) {
    const seat = readSeat(device, plans[i]!.model.kind);
    const place = placeOf(seat);
    if (place < 0) throw new OptionError('devices.bus', `no controller has the id "${seat.controller}". The board's own buses are ide.0 to ide.5.`);
    const used = taken.get(seat.controller) ?? new Set<number>();
    taken.set(seat.controller, used);
    const controller = plans[place]!.model.kind;
    if ((controller === CardKind.FDC) !== (plans[i]!.model.kind === CardKind.FLOPPY)) throw new OptionError('devices.bus', `${device.model} does not go on ${seat.controller}.`);
    const port = takePort(seat, CONTROLLERS.get(controller)!, used);
    used.add(port);
    plans[i]!.options.set(CardOption.CONTROLLER, BigInt(place));
    plans[i]!.options.set(CardOption.UNIT, BigInt(port));
  }
}

/** Prepared guests have its driver in the archive of drives: it is on a controller, or is one with a disk of its own. */
export const hasDriverOfDrives = (name: string): boolean => isDriveModel(name) || findModel(name)?.kind === CardKind.NVME;
/** Whether a model by its name is a drive's or a controller's. */
export const isDriveModel = (name: string): boolean => isDrive(findModel(name)?.kind ?? CardKind.NONE);
export const isControllerModel = (name: string): boolean => isController(findModel(name)?.kind ?? CardKind.NONE);
