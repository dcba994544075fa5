/** The remapping unit in words: who maps what, from root to leaf, and what its caches have that the tables no longer say. */

import { UnitLook, UnitOn } from '../../assembly/surface/iommu.js';
import type { ModuleInstance } from '../rings/instance.js';
import type { RequesterCounts } from './types.js';
import type { GuestMemory } from './guest-memory.js';
import { lookAll, lookOne, wordReader } from './iommu-look.js';
import { readRequesters, requesterText } from './requesters.js';
import { findMapping, mappedDevices, mappingsOf, type MappedDevice, type Mapping, type ReadWord } from './iommu-tables.js';

/** Runs that are shown of a domain. */
const MOST_RUNS = 64;
const TABLE_ADDRESS = ~0xfffn;

const hex = (value: bigint | number): string => `0x${value.toString(16)}`;
const rightsText = (rights: number): string => ['-', 'r', 'w', 'rw'][rights]!;
const sizeText = (bytes: bigint): string => (bytes >= 1n << 30n ? `${bytes >> 30n} GiB` : bytes >= 1n << 20n ? `${bytes >> 20n} MiB` : `${bytes >> 10n} KiB`);

const runText = ({ iova, gpa, bytes, rights, page }: Mapping): string => `    ${hex(iova)} -> ${hex(gpa)}  ${sizeText(bytes)} ${rightsText(rights)}, pages of ${sizeText(page)}`;

function domainText(domain: number, devices: readonly MappedDevice[], read: ReadWord): { lines: string[]; mappings: Mapping[] } {
  const [{ table, levels }] = devices as [MappedDevice, ...MappedDevice[]], { mappings, whole } = mappingsOf(read, table, levels);
  const who = devices.map(({ requester }) => requesterText(requester)).join(', ');
  if (levels === 0) return { lines: [`  domain ${domain}: ${who}: passed through`], mappings };
  const shown = mappings.slice(0, MOST_RUNS).map(runText), hidden = mappings.length - shown.length;
  const more = [...(hidden > 0 ? [`    and ${hidden} runs more`] : []), ...(whole ? [] : ['    and more, which was not read'])];
  return { lines: [`  domain ${domain}: ${who}: ${levels} levels at ${hex(table)}, ${mappings.length} runs`, ...shown, ...more], mappings };
}

/** Kept pages that the tables say otherwise of. */
function staleText(instance: ModuleInstance, domains: ReadonlyMap<number, Mapping[]>): string[] {
  const kept = lookAll(instance, UnitLook.PAGE).filter(([bits]) => bits !== 0n);
  const stale = kept.flatMap(([, iova, base, meta]) => {
    const domain = Number(meta! >> 2n), rights = Number(meta! & 3n), now = findMapping(domains.get(domain) ?? [], iova!);
    if (now !== undefined && now.gpa === base && now.rights === rights) return [];
    return [`    domain ${domain} ${hex(iova!)} -> ${hex(base!)} ${rightsText(rights)}; the tables say ${now === undefined ? 'nothing' : `${hex(now.gpa)} ${rightsText(now.rights)}`}`];
  });
  return [`  IOTLB: ${kept.length} pages, of which ${stale.length} are not what the tables say`, ...stale];
}

const MODES = ['fixed', 'lowest priority', 'SMI', '?', 'NMI', 'INIT', '?', 'ExtINT'];

function entryText(index: number, low: bigint, high: bigint, wide: boolean): string {
  const destination = wide ? low >> 32n : low >> 40n & 0xffn, verify = Number(high >> 18n & 3n), source = Number(high & 0xffffn);
  const from = verify === 0 ? 'anyone' : verify === 1 ? requesterText(source) : verify === 2 ? `buses ${hex(source >> 8)} to ${hex(source & 0xff)}` : 'no one';
  return `    ${index}: vector ${hex(low >> 16n & 0xffn)} ${MODES[Number(low >> 5n & 7n)]!}${(low & 16n) !== 0n ? ', level' : ''}, to ${(low & 4n) !== 0n ? 'logical ' : ''}${hex(destination)}, from ${from}`;
}

/** Entries of the interrupt-remapping table, and those that are kept otherwise. */
function interruptsText(instance: ModuleInstance, read: ReadWord, table: bigint): string[] {
  const wide = (table & 0x800n) !== 0n, base = table & TABLE_ADDRESS, count = 2 << Number(table & 15n);
  const at = (index: number): [bigint, bigint] => [read(base + 16n * BigInt(index)) ?? 0n, read(base + 16n * BigInt(index) + 8n) ?? 0n];
  const lines = Array.from({ length: count }, (_, index) => [index, ...at(index)] as const).filter(([, low]) => (low & 1n) !== 0n).map(([index, low, high]) => entryText(index, low, high, wide));
  const stale = lookAll(instance, UnitLook.ENTRY).filter(([tag, low, high]) => {
    if (tag === 0n) return false;
    const [nowLow, nowHigh] = at(Number(tag! - 1n));
    return low !== nowLow || high !== nowHigh;
  }).map(([tag, low, high]) => `    kept, not what the table says:${entryText(Number(tag! - 1n), low!, high!, wide).trimStart().padStart(1)}`);
  return [`  interrupts: ${count} entries at ${hex(base)}${wide ? ', x2APIC ids' : ''}, ${lines.length} present`, ...lines, ...stale];
}

/** What a requester has asked for so far. */
const countsText = ({ requester, lookups, hits, walkReads, passed, refused, interrupts, blocked }: RequesterCounts): string =>
  `  ${requester}: ${lookups} look-ups, ${hits} hits, ${walkReads} entries read, ${passed} passed, ${refused} refused; ${interrupts} interrupts, ${blocked} refused`;

/** Undefined where the machine has no unit. The machine is not running. */
export function iommuText(memory: GuestMemory): string | undefined {
  const { instance } = memory, tables = lookOne(instance, UnitLook.TABLES);
  if (tables === undefined) return undefined;
  const [root, interrupts, status, bits] = tables as [bigint, bigint, bigint, bigint], read = wordReader(memory);
  const isOn = (bit: UnitOn): boolean => (status >> BigInt(bit) & 1n) === 1n;
  const lines = [`remapping unit of ${bits} bits: translation ${isOn(UnitOn.TRANSLATION) ? `on, root table at ${hex(root)}` : 'off'}, interrupts ${isOn(UnitOn.INTERRUPTS) ? 'remapped' : 'as they are'}`];
  lines.push(...readRequesters(instance).map(countsText));
  if (isOn(UnitOn.TRANSLATION)) {
    const devices = mappedDevices(read, root & TABLE_ADDRESS), domains = new Map<number, Mapping[]>();
    for (const domain of [...new Set(devices.map((device) => device.domain))].sort((a, b) => a - b)) {
      const part = domainText(domain, devices.filter((device) => device.domain === domain), read);
      lines.push(...part.lines);
      domains.set(domain, part.mappings);
    }
    lines.push(...staleText(instance, domains));
  }
  if (isOn(UnitOn.INTERRUPTS)) lines.push(...interruptsText(instance, read, interrupts));
  return `${lines.join('\n')}\n`;
}
