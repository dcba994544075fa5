/** What was counted, of the whole run and of regions of it. */

import type { Counter } from '../../rings/counter.js';

/** Accesses to a device's registers. */
export interface Accesses {
  reads: bigint;
  writes: bigint;
}

/** How often a thing came in which number: `times` for numbers from `from` up to the next bucket's. */
export interface Histogram {
  name: string;
  unit: string;
  buckets: { from: number; times: bigint }[];
}

/** What a remapping unit counted of one requester: look-ups of its transfers' pages, those that the IOTLB had, entries that walks read, requests passed through, refused; interrupts remapped and refused. */
export interface RequesterCounts {
  /** `00:04.0`, by the bus numbers that it had; `others` where there were more than the unit tells apart. */
  requester: string;
  lookups: bigint;
  hits: bigint;
  walkReads: bigint;
  passed: bigint;
  refused: bigint;
  interrupts: bigint;
  blocked: bigint;
}

/** What has been translated since the machine was made or reset. */
export interface TranslationStats {
  /** Regions (a loop nest or the like, one Wasm function each) translated; refused by the translator or the engine; dropped because their code changed, or for room. */
  regions: number;
  refused: number;
  stale: number;
  dropped: number;
  /** Bytes of Wasm, and the guest's instructions that it stands for. */
  bytes: number;
  guestInstructions: number;
  /** Times that a region was entered, and that what was left until the next event was too little to enter one. */
  entered: number;
  notEntered: number;
  /** Instructions retired in translated code. */
  ticks: number;
  /** Why regions were left: the guest's fault, an event, something that must be looked at (a device, a store to code), the budget, code outside. */
  exits: Record<'raised' | 'event' | 'look' | 'budget' | 'outside', number>;
  /** Modules handed to the engine, those that it compiles now, those in use, those that it or the process had no room for. */
  modules: number;
  underWay: number;
  liveModules: number;
  refusedModules: number;
  /** Wall ms from handing a module over to having it, summed: under `on` beside the run, and several at a time. */
  compileMs: number;
}

export interface Stats {
  /** Instructions retired since the machine was created. */
  instructions: bigint;
  /** Virtual time in ns. */
  virtualNs: bigint;
  /** Times that the host served the machine, at boundaries and while it idled. */
  boundaries: number;
  /** Times that the host had its turn between two instructions, unknown to the guest. */
  yields: number;
  /** Host wall time in ms spent inside the module. */
  moduleMs: number;
  /** The module's own counters, in its order. */
  counters: Counter[];
  /** Accesses of the guest to each device that counts them. */
  devices: Record<string, Accesses>;
  /** Histograms of the network cards' queues and others, those that have seen something: packets per doorbell, per interrupt, per poll. */
  histograms: Histogram[];
  /** By who asked a remapping unit, in the order in which they came; empty without one. */
  requesters: RequesterCounts[];
  /** What has been translated; undefined with `jit: 'off'`. */
  translation: TranslationStats | undefined;
}

/** A mark inside a region: its number and name, and how many instructions after the region's begin it came. */
export interface RegionMark {
  tag: number;
  name: string;
  instructions: bigint;
}

/**
 * A region of interest (docs/measuring.md): what was counted between its begin and its end. What has not changed is left out, and so are
 * counters of how the emulator went about its work, which no guest decides.
 */
export interface Region extends Pick<Stats, 'instructions' | 'virtualNs' | 'counters' | 'devices' | 'histograms'> {
  name: string;
  /** The number that its begin came with; 0 without one. */
  tag: number;
  /** Names of the regions around it, outermost first. */
  within: string[];
  /** Instructions that the machine had retired when it began. */
  beginInstructions: bigint;
  marks: RegionMark[];
  /** Whose instructions they were, of a machine made with `attribute`. */
  attribution?: Attribution;
}

/** What a function has cost by itself, as called from `caller`: without what it has called. */
export interface AttributedCall {
  /** Place in the list of who called it, before it; -1: nobody that is known. */
  caller: number;
  /** Where the function begins; where no symbol says, where it was called or first seen. With `file`: the file's own address, as objdump and addr2line have it. */
  address: bigint;
  name?: string;
  /** The program or library that it is of, as the guest has it, where that is known. */
  file?: string;
  /** 0 is the kernel, 3 are programs. */
  privilege: number;
  /** The address space: CR3 without its low bits. */
  space: bigint;
  calls: bigint;
  instructions: bigint;
  /** Accesses to memory that its instructions make, whatever their width. */
  loads: bigint;
  stores: bigint;
  /** Reads and writes of ports and of devices' registers. */
  accesses: bigint;
  /** Boundaries at which the host was asked or served. */
  crossings: bigint;
}

/** All of a region's instructions, each once. */
export interface Attribution {
  calls: AttributedCall[];
  /** Callers, and stacks left for others, for which there was no room: what was counted is not lost, only who called. */
  lost: number;
}

export interface Regions {
  /** In the order of their ends, at most 1000. */
  finished: Region[];
  /** Regions and marks that were not kept: too many or too deep, an end without a begin, a reset before the end. */
  missed: number;
}
