/** `pintail measure packet`: what one packet costs, by card, size and direction, as a table and as JSON. */

import type { Attribution } from '../machine/types.js';
import { functionTable } from './attribution/formats.js';
import { functionCosts } from './attribution/functions.js';
import { FIFO_BYTES } from '../net/lab.js';
import { chargeOf, tableOf, type ChargeTable } from './charge.js';
import type { Figures } from './figures.js';
import type { Measured, Origin } from './run.js';
import { barOf, barsSvg } from './report/bars.js';
import { DEFAULTS, IOMMU_MODES, type CardModel, type Direction, type IommuMode, type Variant } from './variant.js';

export interface PacketQuestion {
  cards: readonly CardModel[];
  sizes: readonly number[];
  directions: readonly Direction[];
  count: number;
  warmUp: number;
  rate: number;
  speed?: string;
  fifo?: number;
  driver: Readonly<Record<string, string>>;
  iommu: readonly IommuMode[];
}

/** A virtio card is behind the unit where it says that it goes by it. */
const behind = (mode: IommuMode, card: CardModel): Pick<Variant, 'iommu' | 'features'> => ({ iommu: mode, features: IOMMU_MODES[mode] !== undefined && card.startsWith('virtio') ? { iommu_platform: true } : {} });

export function packetVariants({ cards, sizes, directions, count, warmUp, rate, speed, fifo, driver, iommu }: PacketQuestion): Variant[] {
  const line = { ...(speed === undefined ? {} : { speed }), ...(fifo === undefined ? {} : { fifo }) };
  // A machine has one way of using a unit, so those of one way stand together.
  return iommu.flatMap((mode) => cards.flatMap((card) => sizes.flatMap((size) => directions.map((direction) => (
    { ...DEFAULTS, name: `${card} ${size} ${direction}${mode === 'none' ? '' : ` ${mode}`}`, card, size, direction, count, warmUp, rate, driver, ...line, ...behind(mode, card) }
  )))));
}

/** What a report's first line says of the devices and of time. */
export function conditions(variants: readonly Pick<Variant, 'speed' | 'fifo' | 'charge'>[], { tickNs, guest, pktlab }: Origin, charge?: ChargeTable): string {
  const lines = [...new Set(variants.map(({ speed, fifo }) => (speed === undefined ? 'instant device' : `line of ${speed} bit/s${fifo === undefined ? `, FIFO of ${FIFO_BYTES} bytes` : fifo === 0 ? ', frames done at their last bit' : `, FIFO of ${fifo} bytes`}`)))];
  const named = ({ name, source, tag }: ChargeTable): string => `charges "${name}" (${source}${tag === undefined ? '' : `; known by ${tag}`})`;
  const inTime = [...new Set(variants.flatMap((variant) => (variant.charge === undefined ? [] : `${named(tableOf(variant.charge))} in virtual time, modelled`)))];
  if (inTime.length > 0 && variants.some((variant) => variant.charge === undefined)) inTime.unshift('nothing charged');
  const table = charge !== undefined ? `${named(charge)}, modelled` : inTime.length > 0 ? inTime.join(' or ') : 'nothing charged';
  return `${lines.join(' or ')}; ${table}; ${tickNs} ns an instruction; guest ${guest.name}${guest.name === 'pktlab' ? '' : `, Linux ${guest.version}`}${pktlab === undefined ? '' : ', and pktlab'}${guest.modules === undefined ? '' : ` with ${Object.keys(guest.modules).join(', ')}`}`;
}

/** Three decimals where they say something. */
export function figureText(value: number): string {
  if (value === 0) return '0';
  if (value >= 1000) return value.toFixed(0);
  return value >= 100 ? value.toFixed(1) : value.toFixed(3);
}

const COLUMNS: readonly [head: string, of: (figures: Figures) => number][] = [
  ['instructions', ({ instructions }) => instructions], ['accesses', ({ accesses }) => accesses], ['interrupts', ({ interrupts }) => interrupts],
  ['descriptors', ({ descriptors }) => descriptors], ['bytes', ({ bytes }) => bytes],
];

function registerLine({ registers }: Figures): string {
  const often = Object.entries(registers).sort(([, a], [, b]) => b - a).filter(([, n]) => n >= 0.0005);
  return often.length === 0 ? 'no access to a register' : often.map(([name, n]) => `${name} ${figureText(n)}`).join(', ');
}

function classLine({ classes }: Figures): string {
  return Object.entries(classes).map(([name, n]) => `${name} ${figureText(n)}`).join(', ');
}

/** Functions that a row names. */
const MOST_FUNCTIONS = 12;

/** Instructions by function: those that retired most, and all of the reader's own modules. */
function functionLines({ attributions, figures: [first], ownFunctions }: Measured): string[] {
  const [attribution] = attributions ?? [];
  if (attribution === undefined) return [];
  return functionTable(functionCosts(attribution), MOST_FUNCTIONS, first!.packets, new Set(ownFunctions)).trimEnd().split('\n').map((line) => `    ${line}`);
}

/** All by the packet. */
export function packetText(measured: readonly Measured[], origin: Origin, charge?: ChargeTable): string {
  const columns = charge === undefined ? COLUMNS : [...COLUMNS, [charge.unit, (figures: Figures) => chargeOf(figures, charge)] as const];
  const head = `${'card'.padEnd(12)}${'size'.padStart(5)}${'dir'.padStart(5)}${columns.map(([name]) => name.padStart(14)).join('')}`;
  const lines = measured.flatMap((each) => {
    const { variant: { card, size, direction, iommu }, figures: [first] } = each;
    return [
    `${card.padEnd(12)}${String(size).padStart(5)}${direction.padStart(5)}${columns.map(([, of]) => figureText(of(first!)).padStart(14)).join('')}`,
    ...(iommu === 'none' ? [] : [`    iommu ${iommu}`]),
    `    ${registerLine(first!)}`,
    `    ${classLine(first!)}`,
    ...functionLines(each),
  ];
  });
  const { count, warmUp } = measured[0]!.variant;
  return [`A packet's cost: ${conditions(measured.map(({ variant }) => variant), origin, charge)}.`, `By the packet, over ${count} after ${warmUp}.`, '', head, ...lines, ''].join('\n');
}

/** Of each function what it cost by the packet. */
function functionsJson(attribution: Attribution, packets: number): object[] {
  const each = (n: bigint): number => Number(n) / packets;
  return functionCosts(attribution).map(({ name, privilege, calls, inclusive, instructions, loads, stores, accesses, crossings }) => ({
    name, privilege, instructions: each(instructions), inclusive: each(inclusive), calls: each(calls), loads: each(loads), stores: each(stores), accesses: each(accesses), crossings: each(crossings),
  }));
}

/** The rows as bars. */
export function packetFigure(measured: readonly Measured[], origin: Origin): string {
  const cards = [...new Set(measured.map(({ variant: { card, direction } }) => `${card}, ${direction === 'tx' ? 'sending' : 'receiving'}`))].join('; ');
  return barsSvg(`Instructions a packet by function: ${cards}; Linux ${origin.guest.version}`, measured.map(barOf));
}

export const PACKET_SCHEMA = 'pintail-packet/1';

export function packetJson(measured: readonly Measured[], origin: Origin, charge?: ChargeTable): string {
  const rows = measured.map(({ variant, figures: [first], attributions: [attribution] = [] }) => ({ ...variant, ...first!, ...(attribution === undefined ? {} : { functions: functionsJson(attribution, first!.packets) }), ...(charge === undefined ? {} : { charged: chargeOf(first!, charge) }) }));
  return `${JSON.stringify({ schema: PACKET_SCHEMA, conditions: conditions(measured.map(({ variant }) => variant), origin, charge), origin, rows }, null, 2)}\n`;
}
