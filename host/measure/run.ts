/** Measures variants: machines of up to eight cards, each before a lab, with one script. The same variants give the same figures. */

import { prepareGuest, type Guest } from '../guest/index.js';
import { createLocal } from '../machine/create-local.js';
import type { LocalMachine } from '../machine/local.js';
import { codeSymbols, mergeSymbols, type SymbolLine } from '../machine/symbols.js';
import type { Attribution, DeviceOptions, MachineOptions, Region, Stop } from '../machine/types.js';
import { SymbolFilter } from './attribution/symbols.js';
import { machineCharges, tableOf } from './charge.js';
import { MeasureError } from './errors.js';
import { figuresOf, offeredOf, type Figures, type Offered } from './figures.js';
import { additionsOf, digestsOf, readModule, type OwnModule } from './modules.js';
import { pktlabDigest, runPktlab } from './pktlab.js';
import { FIRST_SLOT, guestScript, MOST_CARDS, regionName } from './script.js';
import { IOMMU_MODES, type Variant } from './variant.js';
import { watchWindows } from './windows.js';

/** The end of a machine that does not come to its own: a phase takes some 0.1 G instructions. */
const MOST_INSTRUCTIONS = 20_000_000_000;

type Manifest = Guest['manifest'];

export interface Measured {
  variant: Variant;
  /** One a phase. */
  figures: Figures[];
  /** One a phase, where it was asked for: not by the packet. */
  attributions?: Attribution[];
  /** Of received frames, one a phase. */
  offered?: Offered[];
  /** Functions of modules that were added. */
  ownFunctions?: string[];
}

export interface MeasureOptions {
  /** Times that each variant is measured, each at another offset to the guest's timers. */
  phases: number;
  /** Also whose the instructions were. */
  attribute?: boolean;
  /** Kernel modules of the reader's own, by their files. */
  add?: readonly string[];
  onProgress?: (message: string) => void;
  /** Told how far a download is, in bytes. */
  onTransfer?: (done: number, total: number) => void;
  signal?: AbortSignal;
}

/** What must be the same for figures to be comparable. */
export interface Origin {
  /** Linux's version, and the digests of the guest's files and of modules added to it. */
  guest: { name: string; version: string; kernel: string; initrd: string; modules?: Record<string, string> };
  /** Digest of pktlab's image, where some variants are its. */
  pktlab?: string;
  /** First digits of the module's SHA-256. */
  build: string;
  /** ns of virtual time that an instruction takes. */
  tickNs: number;
}

function labOf({ direction, size, rate, burst, atMost, speed, fifo }: Variant, place: number): string {
  const line = speed === undefined ? '' : `,speed=${speed}${fifo === undefined ? '' : `,fifo=${fifo}`}`;
  const traffic = direction === 'tx' ? 'mode=sink' : `mode=source,size=${size},rate=${rate},burst=${burst},start=mark${atMost === undefined ? '' : `,count=${atMost}`}`;
  return `lab,id=n${place},${traffic}${line}`;
}

/** A card; one behind the remapping unit has no legacy interface. */
function deviceOf({ card, features, placement }: Variant, place: number): DeviceOptions {
  const own = Object.keys(features).length > 0 ? { features } : {};
  return { model: card, netdev: `n${place}`, slot: FIRST_SLOT + place, ...(placement === undefined ? {} : { placement }), ...own, ...(features['iommu_platform'] ? { modernOnly: true } : {}) };
}

/** Three levels: those of QEMU 7.2's unit, whose counts experiments are held against. */
const MEASURED_BITS = 39;

function unitOf({ iotlbEntries, iotlbWays }: Variant): DeviceOptions {
  return { model: 'intel-iommu', addressBits: MEASURED_BITS, ...(iotlbEntries === undefined ? {} : { iotlbEntries }), ...(iotlbWays === undefined ? {} : { iotlbWays }) };
}

/** Variants can share a machine when they want the same one. */
const sameMachine = (a: Variant, b: Variant): boolean => a.iommu === b.iommu && JSON.stringify(a.charge) === JSON.stringify(b.charge) && a.iotlbEntries === b.iotlbEntries && a.iotlbWays === b.iotlbWays;

/** What a machine has before its cards. */
const outsideOf = (variants: readonly Variant[]): Pick<MachineOptions, 'netdevs' | 'devices'> => ({ netdevs: variants.map(labOf), devices: variants.map(deviceOf) });

function machineOptions(variants: readonly Variant[], first: number, { phases, attribute = false }: MeasureOptions, modules: readonly OwnModule[]): MachineOptions {
  const { iommu, charge } = variants[0]!, parameters = IOMMU_MODES[iommu];
  const unit: DeviceOptions[] = parameters === undefined ? [] : [unitOf(variants[0]!)];
  return {
    guest: 'amd64', append: ['cards=down', parameters ?? []].flat().join(' '), netdevs: outsideOf(variants).netdevs!, devices: [...unit, ...outsideOf(variants).devices!],
    command: ['sh', '-c', guestScript(variants, first, phases, { symbols: attribute, modules })], ...(modules.length > 0 ? { add: additionsOf(modules) } : {}), ...(attribute ? { attribute } : {}), ...(charge === undefined ? {} : { charges: machineCharges(tableOf(charge)) }), limits: { instructions: MOST_INSTRUCTIONS },
  };
}

const textOf = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);
const lastLines = (text: string): string => text.trimEnd().split('\n').slice(-5).join('\n');

/** The command has done its work, or why not, with what the guest said last. */
function checkEnd(stop: Stop, code: number | undefined, errors: string, console: string): void {
  if (code === 0) return;
  const how = code !== undefined ? `the guest's script ended with status ${code}` : stop.reason === 'limit' ? 'the guest came to no end' : `the machine stopped (${stop.reason})`;
  throw new MeasureError('the guest', `${how}. It said last:\n${lastLines(errors || console)}`);
}

/** The regions of one machine's run. */
async function runMachine(options: MachineOptions): Promise<{ regions: Region[]; symbols: readonly SymbolLine[]; build: string }> {
  let machine: LocalMachine | undefined = undefined, symbols: SymbolLine[] = [];
  const filter = new SymbolFilter({ onSymbols: (more) => machine?.takeSymbols((symbols = mergeSymbols(symbols, more))), onOutput: () => undefined });
  let errors = '';
  const onCommandOutput = (stream: 'stdout' | 'stderr', bytes: Uint8Array): unknown => (stream === 'stdout' ? filter.push(bytes) : void (errors += textOf(bytes)));
  machine = await createLocal({ ...options, ...(options.attribute === true ? { onCommandOutput } : {}) });
  let console = '';
  machine.on('console', (bytes) => void (console = (console + textOf(bytes)).slice(-2000)));
  try {
    const stop = await machine.run();
    const result = await machine.commandResult();
    checkEnd(stop, result?.code, textOf(result?.stderr) || errors, console);
    return { regions: (await machine.regions()).finished, symbols, build: machine.build };
  } finally {
    await machine.close();
  }
}

/** Each card's number among those of its model. */
function numbersOf(variants: readonly Variant[]): number[] {
  return variants.map(({ card }, i) => variants.slice(0, i).filter((other) => other.card === card).length);
}

/** Names of code that modules have. */
function functionsOf(modules: readonly OwnModule[], symbols: readonly SymbolLine[]): string[] {
  const names = new Set(modules.map(({ name }) => name));
  return codeSymbols(symbols).flatMap(({ name, module }) => (module !== undefined && names.has(module) ? [name] : []));
}

function readRegions(variants: readonly Variant[], first: number, phases: number, regions: readonly Region[], ownFunctions: readonly string[]): Measured[] {
  const numbers = numbersOf(variants);
  return variants.map((variant, place) => {
    const measured = Array.from({ length: phases }, (_, phase) => {
      const region = regions.find(({ name }) => name === regionName(first + place, phase));
      if (region === undefined) throw new MeasureError(variant.name, `the guest has not measured it (phase ${phase}).`);
      return region;
    });
    const attributions = measured.flatMap(({ attribution }) => (attribution === undefined ? [] : [attribution]));
    // A source that ends may have ended before the guest had its turn: then there is nothing to be told by the packet.
    const figures = variant.atMost !== undefined ? [] : measured.map((region) => figuresOf(region, variant, numbers[place]!, place));
    const offered = variant.direction === 'tx' ? [] : measured.map((region) => offeredOf(region, variant, numbers[place]!, place));
    return { variant, figures, ...(offered.length === 0 ? {} : { offered }), ...(attributions.length === 0 ? {} : { attributions }), ...(ownFunctions.length === 0 ? {} : { ownFunctions: [...ownFunctions] }) };
  });
}

/** Adds how long freed pages could be reached, from a machine of the variant's own. */
async function watch({ variant, figures }: Measured, options: MachineOptions, signal?: AbortSignal): Promise<void> {
  options.onProgress?.(`watching freed pages of ${variant.name}`);
  const machine = await createLocal(options);
  try {
    const windows = await watchWindows(machine, variant, signal);
    for (const one of figures) one.windows = windows;
  } finally {
    await machine.close();
  }
}

/** Those from `first` on that one machine has: no more than it has room for, and behind the same unit; of pktlab's each its own. */
function groupAt(variants: readonly Variant[], first: number): readonly Variant[] {
  const rest = variants.slice(first, first + MOST_CARDS), other = rest.findIndex((variant, i) => !sameMachine(variant, rest[0]!) || (i > 0 && (variant.pktlab ?? rest[0]!.pktlab) !== undefined));
  return other < 0 ? rest : rest.slice(0, other);
}

/** The guest that variants are measured in, where pktlab does not measure all of them. */
async function prepare(variants: readonly Variant[], { onProgress, onTransfer, signal }: MeasureOptions): Promise<Manifest | undefined> {
  if (variants.every(({ pktlab }) => pktlab !== undefined)) return undefined;
  return (await prepareGuest('amd64', { ...(onProgress === undefined ? {} : { onProgress }), ...(signal === undefined ? {} : { signal }), ...(onTransfer === undefined ? {} : { onTransfer }) })).manifest;
}

function originOf(variants: readonly Variant[], manifest: Manifest | undefined, modules: readonly OwnModule[], build: string): Origin {
  const digest = variants.some(({ pktlab }) => pktlab !== undefined) ? pktlabDigest() : undefined;
  if (manifest === undefined) return { guest: { name: 'pktlab', version: 'none', kernel: digest!, initrd: 'none' }, build, tickNs: 1 };
  const { name, version, kernel, initrd } = manifest;
  return { guest: { name, version, kernel: kernel.sha256, initrd: initrd.sha256, ...(modules.length > 0 ? { modules: digestsOf(modules) } : {}) }, ...(digest === undefined ? {} : { pktlab: digest }), build, tickNs: 1 };
}

export async function measureVariants(variants: readonly Variant[], options: MeasureOptions): Promise<{ measured: Measured[]; origin: Origin }> {
  const { phases, onProgress, signal } = options;
  const progress = { ...(onProgress === undefined ? {} : { onProgress }), ...(signal === undefined ? {} : { signal }) };
  const manifest = await prepare(variants, options);
  const release = manifest?.packages.find((row) => row.name.startsWith('linux-image-'))?.name.slice('linux-image-'.length);
  const modules = (options.add ?? []).map((path) => readModule(path, release));
  const measured: Measured[] = [];
  let build = '';
  for (let first = 0; first < variants.length; first = measured.length) {
    const group = groupAt(variants, first), isBare = group[0]!.pktlab !== undefined;
    onProgress?.(`measuring ${group.map(({ name }) => name).join(', ')}`);
    const run = isBare ? { symbols: [], ...(await runPktlab(group[0]!, first, phases, outsideOf(group), progress)) } : await runMachine({ ...machineOptions(group, first, options, modules), ...progress });
    const read = readRegions(group, first, phases, run.regions, functionsOf(modules, run.symbols));
    for (const one of read) if (one.variant.windows === true) await watch(one, { ...machineOptions([one.variant], first, { phases: 1 }, modules), ...progress }, signal);
    measured.push(...read);
    ({ build } = run);
  }
  return { measured, origin: originOf(variants, manifest, modules, build) };
}
