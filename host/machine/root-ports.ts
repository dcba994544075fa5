/** PCI Express root ports (`-device pcie-root-port`) and the cards behind them, as the options ask for them, checked. A port is given before its card, as in QEMU. */

import { CardKind, CardOption } from '../../assembly/surface/cards.js';
import { OptionError } from './errors.js';
import { findModel, type Model } from './models.js';
import { inRange } from './ranges.js';
import type { DeviceOptions } from './types.js';

export const ROOT_PORT_MODEL = 'pcie-root-port';
/** Names of the board's own bus. */
const BOARD_BUS: readonly string[] = ['pcie.0', 'pci.0'];
const NOT_CARDS: ReadonlySet<CardKind> = new Set([CardKind.IDE_DISK, CardKind.IDE_CD, CardKind.FLOPPY, CardKind.FDC, CardKind.PFLASH]);
const MOST = { slotNumber: 8191, chassis: 255, port: 255 } as const;

const isPort = ({ model }: DeviceOptions): boolean => findModel(model)?.kind === CardKind.ROOT_PORT;
const onBoardBus = (bus: string | undefined): boolean => bus === undefined || BOARD_BUS.includes(bus);

/** A model has a place on the PCI bus, and so may be told which bus. */
export const onBus = ({ board, kind }: Model): boolean => !board && !NOT_CARDS.has(kind);

/** The words of the module's list; numberSlots has given the slot its number. */
export function rootPortOptions({ slotNumber = 0, chassis = 0, port = 0 }: DeviceOptions): [CardOption, number][] {
  inRange('chassis', chassis, 0, MOST.chassis);
  return [[CardOption.SLOT_NUMBER, inRange('slotNumber', slotNumber, 0, MOST.slotNumber)], [CardOption.LINK_PORT, inRange('port', port, 0, MOST.port)]];
}

/** Ports in their order, each with an id and a slot of its chassis that no other has; where none is given, the lowest that is free. */
export function numberSlots(devices: readonly DeviceOptions[]): DeviceOptions[] {
  const ids = new Set<string>(), taken = new Set<string>();
  const key = ({ chassis = 0 }: DeviceOptions, slot: number): string => `chassis ${chassis}, slot ${slot}`;
  for (const port of devices.filter(isPort)) {
    if (port.id !== undefined && (ids.has(port.id) || BOARD_BUS.includes(port.id))) throw new OptionError('devices.id', `"${port.id}" is a bus already.`);
    if (port.id !== undefined) ids.add(port.id);
    if (port.slotNumber !== undefined && taken.has(key(port, port.slotNumber))) throw new OptionError('devices.slotNumber', `${key(port, port.slotNumber)} is taken: each root port has its own.`);
    if (port.slotNumber !== undefined) taken.add(key(port, port.slotNumber));
  }
  return devices.map((device) => {
    if (!isPort(device) || device.slotNumber !== undefined) return device;
    const slotNumber = Array.from({ length: devices.length + 1 }, (_, n) => n).find((n) => !taken.has(key(device, n)))!;
    taken.add(key(device, slotNumber));
    return { ...device, slotNumber };
  });
}

/** Behind a port a virtio card has the modern interface alone, as QEMU's, unless it says otherwise. */
export function onPort(device: DeviceOptions): DeviceOptions {
  const model = findModel(device.model), plain = model?.features === undefined || !onBus(model) || onBoardBus(device.bus);
  return plain || device.modernOnly !== undefined || device.legacyOnly ? device : { ...device, modernOnly: true };
}

/** Where card `i` is: its slot on the board's bus, 0 for any, or the place in the list of the port it is behind. */
export function planPlace(devices: readonly DeviceOptions[], i: number): { slot: number; behind: number | undefined } {
  const device = devices[i]!, { slot, bus, model: name } = device, model = findModel(name)!;
  if (!onBus(model) || onBoardBus(bus)) return { slot: slot === undefined ? 0 : inRange('slot', slot, 1, 30), behind: undefined };
  const behind = devices.findIndex((one, n) => n < i && isPort(one) && one.id === bus);
  if (behind < 0) throw new OptionError('devices.bus', `no root port before it has the id "${bus}"; the board's own bus is pcie.0.`);
  if (isPort(device) || model.kind === CardKind.VGA) throw new OptionError('devices.bus', `${name} goes on the board's own bus alone.`);
  if (slot !== undefined && slot !== 0) throw new OptionError('devices.slot', `behind a root port there is device 0 alone, not ${slot}.`);
  if (devices.some((one, n) => n < i && onBus(findModel(one.model)!) && one.bus === bus)) throw new OptionError('devices.bus', `"${bus}" has a card already.`);
  return { slot: 0, behind };
}
