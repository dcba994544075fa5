/** Bars of what packets cost: whose instructions are in which layer, and that a bar's layers are all of them. */
import { expect, it } from 'vitest';
import type { Figures } from '../../../host/measure/figures.js';
import { barOf, barsSvg, LAYER_NAMES, layersOf } from '../../../host/measure/report/bars.js';
import { packetVariants } from '../../../host/measure/packet.js';
import type { AttributedCall } from '../../../host/machine/types.js';

const call = (name: string, caller: number, instructions: number): AttributedCall => ({ name, caller, address: 0n, privilege: 0, space: 0n, calls: 1n, instructions: BigInt(instructions), loads: 0n, stores: 0n, accesses: 0n, crossings: 0n });
const CALLS = [
  call('pktgen_xmit', -1, 100), call('e1000_xmit_frame', 0, 50), call('iommu_dma_map_page', 1, 40), call('alloc_iova_fast', 2, 30), call('__iommu_map', 2, 20), call('xa_find', 4, 10),
  call('e1000_clean', 0, 5), call('iommu_dma_unmap_page', 6, 4), call('qi_submit_sync', 7, 3), call('_raw_spin_lock', 8, 2), call('consume_skb', 6, 1),
];

it('a function is in the layer of its name, or of the mapping or unmapping that it is called for', () => {
  expect(layersOf(CALLS).map((layer) => LAYER_NAMES[layer])).toEqual([
    'the rest of the kernel', 'driver', 'map', 'IOVA', 'map', 'map', 'driver', 'unmap', 'flush', 'flush', 'the rest of the kernel',
  ]);
});

it('a bar is all of a packet\'s instructions', () => {
  const [variant] = packetVariants({ cards: ['virtio-net'], sizes: [60], directions: ['tx'], count: 5000, warmUp: 500, rate: 1, driver: {}, iommu: ['strict'] });
  expect(variant).toMatchObject({ name: 'virtio-net 60 tx strict', iommu: 'strict', features: { iommu_platform: true } });
  const figures = { packets: 5, iommu: { 'walk reads': 1.25, 'IOTLB invalidations of pages': 1 } } as unknown as Figures;
  const bar = barOf({ variant: variant!, figures: [figures], attributions: [{ calls: CALLS } as never] });
  expect([bar.label, bar.size, bar.layers.reduce((sum, value) => sum + value, 0), bar.walkReads, bar.invalidations]).toEqual(['strict', 60, 53, 1.25, 1]);
  const svg = barsSvg('A & B', [bar, { ...bar, label: 'twice', layers: bar.layers.map((value) => 2 * value) }]);
  expect(svg).toContain('A &amp; B');
  const heights = [...svg.matchAll(/<rect x="[\d.]+" y="[\d.]+" width="[\d.]+" height="([\d.]+)" fill="#\w+"><title>/g)].map(([, height]) => Number(height));
  expect(heights).toHaveLength(2 * LAYER_NAMES.length);
  expect(heights.slice(LAYER_NAMES.length).reduce((sum, value) => sum + value, 0)).toBeCloseTo(2 * heights.slice(0, LAYER_NAMES.length).reduce((sum, value) => sum + value, 0), 0);
});
