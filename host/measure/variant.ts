/** What can be measured of a network card: one variant is one card, its driver's settings, and the traffic. */

import { PKTLAB_OPTIONS } from '../../guest/pktlab/index.js';
import { MODELS, type ModelName } from '../machine/models.js';

/** Network cards, by the shorter of their names. */
export type CardModel = ModelName;
export const CARD_MODELS: readonly CardModel[] = MODELS.filter(({ network }) => network).map(({ names }) => names.at(-1)!);
export const DIRECTIONS = ['tx', 'rx'] as const;
export type Direction = (typeof DIRECTIONS)[number];

/**
 * What is between the card and memory, a row a mode: the kernel's parameters where the machine has a remapping unit. A virtio card goes through it with
 * the feature iommu_platform.
 */
export const IOMMU_MODES = {
  none: undefined,
  off: 'intel_iommu=off',
  /** No remapping: what a device reads and writes is copied to and from a pool of the kernel's. */
  copy: 'intel_iommu=off swiotlb=force',
  strict: 'intel_iommu=on iommu.strict=1',
  lazy: 'intel_iommu=on iommu.strict=0',
  passthrough: 'intel_iommu=on iommu.passthrough=1',
} as const;
export type IommuMode = keyof typeof IOMMU_MODES;

/** What a variant's own charges may be of, in ns. */
export const CHARGED_IN_TIME = ['instructions', 'accesses', 'interrupts', 'doorbells', 'bytes'] as const;
export type OwnCharges = Readonly<Partial<Record<(typeof CHARGED_IN_TIME)[number], number>>>;

/** Of pktlab's words, what the variant itself says, and what a region is called by. */
const SAID = new Set(['card', 'mode', 'size', 'count', 'warmup', 'phases', 'burst', 'offset', 'port', 'variant']);
/** What an experiment may say beside. */
export const PKTLAB_SETTINGS: readonly string[] = PKTLAB_OPTIONS.filter((name) => !SAID.has(name));

export interface Variant {
  name: string;
  card: CardModel;
  /** As the guest sees it. */
  direction: Direction;
  /** Bytes of a frame without FCS. */
  size: number;
  /** Frames that are measured, and frames before them. Received ones come by time, so they may be one more. */
  count: number;
  warmUp: number;
  /** Frames at once: sent with one doorbell where the driver knows how, or received in one instant. */
  burst: number;
  /** Frames a second that are received, on average. */
  rate: number;
  /** Frames that a source gives in all; without, it goes on for as long as is measured. */
  atMost?: number;
  /** Bits a second of the line, with its FIFO in bytes; without, the device is instant. */
  speed?: string;
  fifo?: number;
  /** Sent frames are measured within a run that has no end, so that a ring stays full: for as long as `count` take on the line, or without one at `rate`. */
  steady?: boolean;
  /** Measured by pktlab in place of a prepared guest: what its command line says beside what this variant does (PKTLAB_SETTINGS). */
  pktlab?: Readonly<Record<string, string>>;
  /** Where the card's registers are served (`placement` of a device); without, in the module. */
  placement?: string;
  /** Parameters of the driver's kernel module. */
  driver: Readonly<Record<string, string>>;
  /** virtio features that are not offered. */
  features: Readonly<Record<string, boolean>>;
  iommu: IommuMode;
  /** What events take of virtual time: a table by its name or file, or ns of its own. Without, nothing. */
  charge?: string | OwnCharges;
  /** The geometry of the remapping unit's IOTLB; without, the unit's own. */
  iotlbEntries?: number;
  iotlbWays?: number;
  /** Whether it is watched how long freed pages can still be reached, in a run of its own. */
  windows?: boolean;
}

/** What is measured where nothing else is said. */
export const DEFAULTS = { size: 60, count: 5000, warmUp: 500, burst: 1, rate: 20_000, driver: {}, features: {}, iommu: 'none' } as const;

/** Frames of fewer than these are no measurement: what is there once (a timer, a first interrupt) would show. */
export const LEAST_COUNT = 1000;
