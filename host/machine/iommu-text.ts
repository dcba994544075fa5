/** The remapping unit in words: who maps what, from root to leaf, and what its caches have that the tables no longer say. */

import { UnitLook, UnitOn } from '../../assembly/surface/iommu.js';
import type { ModuleInstance } from '../rings/instance.js';
import type { RequesterCounts } from './types.js';
import type { GuestMemory } from './guest-memory.js';
import { lookAll, lookOne, wordReader } from './iommu-look.js';
import { readRequesters, requesterText } from './requesters.js';
import { keptPages, ownerOf, placeNow, standsAs } from './iommu-kept.js';
import { mappedDevices, mappingsOf, type MappedDevice, type Mapping, type ReadWord, type Stage } from './iommu-tables.js';

/** Runs that are shown of a domain. */
const MOST_RUNS = 64;
const TABLE_ADDRESS = ~0xfffn;

const hex = (value: bigint | number): string => `0x${value.toString(16)}`;
const rightsText = (rights: number): string => ['-', 'r', 'w', 'rw'][rights]!;
const sizeText = (bytes: bigint): string => (bytes >= 1n << 30n ? `${bytes >> 30n} GiB` : bytes >= 1n << 20n ? `${bytes >> 20n} MiB` : `${bytes >> 10n} KiB`);

const runText = ({ iova, gpa, bytes, rights, page }: Mapping): string => `    ${hex(iova)} -> ${hex(gpa)}  ${sizeText(bytes)} ${rightsText(rights)}, pages of ${sizeText(page)}`;

/** A stage's tables, and the runs that they map; nested, a first stage's lie where the second says, and their runs are not in memory. */
function stageText({ stages }: MappedDevice, stage: Stage, read: ReadWord): string[] {
  const name = stages.length > 1 || stage.kind === 'first' ? `${stage.kind} stage, ` : '', where = `    ${name}${stage.levels} levels at ${hex(stage.table)}`;
  if (stages.length > 1 && stage.kind === 'first') return [`${where} of the second stage's addresses`];
  const { mappings, whole } = mappingsOf(read, stage), shown = mappings.slice(0, MOST_RUNS).map(runText), hidden = mappings.length - shown.length;
  return [`${where}, ${mappings.length} runs`, ...shown, ...(hidden > 0 ? [`    and ${hidden} runs more`] : []), ...(whole ? [] : ['    and more, which was not read'])];
}

const sameStages = (a: MappedDevice, b: MappedDevice): boolean => a.domain === b.domain && a.pasid === b.pasid && a.stages.length === b.stages.length && a.stages.every(({ kind, table }, i) => b.stages[i]!.kind === kind && b.stages[i]!.table === table);

function domainText(devices: readonly MappedDevice[], read: ReadWord): string[] {
  const [first] = devices as [MappedDevice, ...MappedDevice[]], who = devices.map(({ requester }) => requesterText(requester)).join(', ');
  const title = `  domain ${first.domain}${first.pasid === undefined ? '' : `, PASID ${first.pasid}`}: ${who}:`;
  if (first.stages.length === 0) return [`${title} passed through`];
  const [top, ...rest] = first.stages.flatMap((stage) => stageText(first, stage, read)) as [string, ...string[]];
  return [`${title} ${top.trimStart()}`, ...rest];
}

/** Devices that share tables, together. */
function groupsOf(devices: readonly MappedDevice[]): MappedDevice[][] {
  const groups: MappedDevice[][] = [];
  for (const device of [...devices].sort((a, b) => a.domain - b.domain || a.requester - b.requester)) {
    const own = groups.find(([one]) => sameStages(one!, device));
    if (own === undefined) groups.push([device]);
    else own.push(device);
  }
  return groups;
}

/** Kept pages that the tables say otherwise of: those of a first stage carry their PASID. */
function staleText(instance: ModuleInstance, devices: readonly MappedDevice[], read: ReadWord): string[] {
  const kept = keptPages(instance);
  const stale = kept.flatMap((page) => {
    const now = placeNow(read, ownerOf(devices, page), page), { domain, pasid, iova, base, rights } = page;
    if (standsAs(now, page)) return [];
    return [`    domain ${domain}${pasid === undefined ? '' : `, PASID ${pasid}`} ${hex(iova)} -> ${hex(base)} ${rightsText(rights)}; the tables say ${now === undefined ? 'nothing' : `${hex(now.gpa)} ${rightsText(now.rights)}`}`];
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
  const lines = [`remapping unit of ${bits} bits: translation ${isOn(UnitOn.TRANSLATION) ? `on, root table at ${hex(root & TABLE_ADDRESS)}${(root >> 10n & 3n) === 1n ? ', scalable mode' : ''}` : 'off'}, interrupts ${isOn(UnitOn.INTERRUPTS) ? 'remapped' : 'as they are'}`];
  lines.push(...readRequesters(instance).map(countsText));
  if (isOn(UnitOn.TRANSLATION)) {
    const devices = mappedDevices(read, root);
    for (const group of groupsOf(devices)) lines.push(...domainText(group, read));
    lines.push(...staleText(instance, devices, read));
  }
  if (isOn(UnitOn.INTERRUPTS)) lines.push(...interruptsText(instance, read, interrupts));
  return `${lines.join('\n')}\n`;
}
