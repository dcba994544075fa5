/**
 * A picture of what packets cost, as SVG: a bar a variant, in layers by what the functions are for, and under the bars what a remapping unit did. Functions are sorted by
 * their names, so the layers are of Linux; what mapping and unmapping call belongs to them. The sum of a bar's layers is the variant's instructions a packet.
 */

import { nameOf } from '../attribution/functions.js';
import type { AttributedCall } from '../../machine/types.js';
import type { Measured } from '../run.js';

/** In the order in which they lie, lowest first: whose name is what, by the first that fits. */
const LAYERS: readonly [name: string, colour: string, names: RegExp][] = [
  ['driver', '#4e79a7', /^(e1000_|pcnet32_|virtnet_|virtqueue_|vring_|vp_|detach_buf|skb_vlan_tag|.* \[(e1000|pcnet32|virtio_\w+)\]$)/],
  ['IOVA', '#f28e2b', /iova|rcache/],
  ['flush', '#e15759', /^(qi_|.*flush_(iotlb|piotlb|dev_iotlb|queue|write_buffer)|.*iotlb_sync|intel_iommu_tlb_sync|domain_flush|fq_)/],
  ['unmap', '#b07aa1', /unmap|dma_pte_(clear|free)|swiotlb_tbl_unmap/],
  ['map', '#59a14f', /^(.*_map(_|$).*|iommu_.*|intel_iommu_.*|__domain_mapping|domain_.*|pfn_to_dma_pte|dma_pte.*|dma_map.*|swiotlb.*|is_swiotlb.*)$/],
  ['the rest of the kernel', '#bab0ac', /./],
];

export interface Bar {
  label: string;
  /** Bytes of a frame. */
  size: number;
  /** Instructions a packet, one a layer. */
  layers: number[];
  walkReads: number;
  invalidations: number;
}

export const LAYER_NAMES: readonly string[] = LAYERS.map(([name]) => name);
export const layerOf = (name: string): number => LAYERS.findIndex(([, , names]) => names.test(name));

/** Layers whose functions take those that they call with them. */
const WITH_CALLEES: readonly number[] = ['IOVA', 'flush', 'unmap', 'map'].map((name) => LAYERS.findIndex(([layer]) => layer === name));
const REST = LAYERS.length - 1;

/** Each call's layer: its own, or where it has none of its own that of the nearest caller that takes it along. */
export function layersOf(calls: readonly AttributedCall[]): number[] {
  return calls.map((call) => {
    const own = layerOf(nameOf(call));
    for (let at = call.caller; own === REST && at >= 0; at = calls[at]!.caller) {
      const above = layerOf(nameOf(calls[at]!));
      if (WITH_CALLEES.includes(above)) return above;
      if (above !== REST) return REST;
    }
    return own;
  });
}

export function barOf({ variant, figures: [first], attributions }: Measured): Bar {
  const layers = LAYERS.map(() => 0), { packets, iommu } = first!;
  const { calls } = attributions![0]!;
  layersOf(calls).forEach((layer, n) => { layers[layer]! += Number(calls[n]!.instructions) / packets; });
  const unit = (name: string): number => iommu[name] ?? 0;
  return { label: variant.iommu, size: variant.size, layers, walkReads: unit('walk reads'), invalidations: unit('IOTLB invalidations of pages') + unit('IOTLB invalidations of a domain') };
}

const [WIDTH, HEIGHT, LEFT, TOP, BAR_SHARE] = [860, 420, 60, 40, 0.62];
const FOOT = 82;

const text = (x: number, y: number, words: string, more = ''): string => `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${more}>${words.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</text>`;

/** The next of 1, 2 and 5 times a power of ten, so that there are at most six lines. */
function stepFor(most: number): number {
  const power = 10 ** Math.floor(Math.log10(most / 6));
  return power * [1, 2, 5, 10].find((factor) => (most / (factor * power)) <= 6)!;
}

function scale(most: number, bottom: number, height: number): string[] {
  const step = stepFor(most), lines = Array.from({ length: Math.floor(most / step) + 1 }, (_, n) => n * step);
  return lines.flatMap((value) => {
    const y = bottom - (value / most) * height;
    return [`<line x1="${LEFT}" x2="${WIDTH - 10}" y1="${y.toFixed(1)}" y2="${y.toFixed(1)}" stroke="#ddd"/>`, text(LEFT - 6, y + 4, String(value), 'text-anchor="end"')];
  });
}

function barSvg({ label, size, layers, walkReads, invalidations }: Bar, x: number, width: number, bottom: number, perUnit: number): string[] {
  let y = bottom;
  const parts = layers.map((value, i) => {
    y -= value * perUnit;
    return `<rect x="${x.toFixed(1)}" y="${y.toFixed(1)}" width="${width.toFixed(1)}" height="${(value * perUnit).toFixed(1)}" fill="${LAYERS[i]![1]}"><title>${LAYERS[i]![0]}: ${value.toFixed(0)}</title></rect>`;
  });
  const middle = x + width / 2, centred = 'text-anchor="middle"';
  return [
    ...parts, text(middle, y - 4, layers.reduce((sum, value) => sum + value, 0).toFixed(0), centred), text(middle, bottom + 16, label, `${centred} font-weight="bold"`), text(middle, bottom + 32, `${size} bytes`, centred),
    text(middle, bottom + 50, `${walkReads.toFixed(2)} reads`, centred), text(middle, bottom + 66, `${invalidations.toFixed(3)} inv.`, centred),
  ];
}

export function barsSvg(title: string, bars: readonly Bar[]): string {
  const most = Math.max(...bars.map(({ layers }) => layers.reduce((sum, value) => sum + value, 0))) * 1.08, bottom = HEIGHT - FOOT, height = bottom - TOP - 30;
  const room = (WIDTH - LEFT - 10) / bars.length, width = room * BAR_SHARE;
  const legend = LAYERS.flatMap(([name, colour], i) => [`<rect x="${LEFT + i * 125}" y="${TOP - 10}" width="11" height="11" fill="${colour}"/>`, text(LEFT + 16 + i * 125, TOP, name)]);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12" fill="#222">`, `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    text(LEFT, 18, title, 'font-size="14"'), ...legend, ...scale(most, bottom, height), ...bars.flatMap((bar, i) => barSvg(bar, LEFT + i * room + (room - width) / 2, width, bottom, height / most)), '</svg>', '',
  ].join('\n');
}
