/** Root ports and what is behind them, from options to plans, and what is refused in which words. */
import { describe, expect, it } from 'vitest';
import { CardOption } from '../../../../assembly/surface/cards.js';
import { planCards } from '../../../../host/machine/card-plan.js';
import type { DeviceOptions } from '../../../../host/machine/types.js';

const refusal = (...devices: DeviceOptions[]): string => { try { planCards(devices, [], [], []); return ''; } catch (error) { return (error as Error).message; } };
const port = (more: Partial<DeviceOptions> = {}): DeviceOptions => ({ model: 'pcie-root-port', id: 'rp', ...more });

describe('root ports', () => {
  it('hold a card each, which is told where', () => {
    const plans = planCards([port(), port({ id: 'other', slotNumber: 5, port: 3 }), { model: 'e1000', bus: 'other', slot: 0 }, { model: 'pcnet', bus: 'rp' }, { model: 'edu', bus: 'pcie.0', slot: 9 }], [], [], []);
    expect(plans.map(({ slot, behind }) => [slot, behind])).toEqual([[0, undefined], [0, undefined], [0, 1], [0, 0], [9, undefined]]);
    expect(plans.slice(0, 2).map(({ options }) => [options.get(CardOption.SLOT_NUMBER), options.get(CardOption.LINK_PORT)])).toEqual([[0n, 0n], [5n, 3n]]);
  });
  it('have numbers of their own where none are given', () => {
    const numbers = planCards([port(), port({ id: 'b', slotNumber: 0 }), port({ id: 'c' }), port({ id: 'd', chassis: 1 })], [], [], []).map(({ options }) => options.get(CardOption.SLOT_NUMBER));
    expect(numbers).toEqual([1n, 0n, 2n, 0n]);
  });
  it('make virtio cards modern unless these say otherwise', () => {
    const modern = (device: Partial<DeviceOptions>): boolean => planCards([port(), { model: 'virtio-rng-pci', ...device }], [], [], [])[1]!.options.get(CardOption.MODERN_ONLY) === 1n;
    expect([modern({ bus: 'rp' }), modern({ bus: 'rp', modernOnly: false }), modern({ bus: 'rp', legacyOnly: true }), modern({}), modern({ bus: 'pcie.0' })]).toEqual([true, false, false, false, false]);
    expect(refusal(port(), { model: 'virtio-rng-pci', bus: 'rp', features: { iommu_platform: true } })).toBe('');
  });
  it.each<[RegExp, DeviceOptions[]]>([
    [/^devices\.bus: no root port before it has the id "rp2"; the board's own bus is pcie\.0\.$/, [port(), { model: 'e1000', bus: 'rp2' }]],
    [/^devices\.bus: no root port before it has the id "rp"/, [{ model: 'e1000', bus: 'rp' }, port()]],
    [/^devices\.bus: "rp" has a card already\.$/, [port(), { model: 'e1000', bus: 'rp' }, { model: 'edu', bus: 'rp' }]],
    [/^devices\.slot: behind a root port there is device 0 alone, not 3\.$/, [port(), { model: 'e1000', bus: 'rp', slot: 3 }]],
    [/^devices\.bus: pcie-root-port goes on the board's own bus alone\.$/, [port(), port({ id: 'b', bus: 'rp' })]],
    [/^devices\.bus: VGA goes on the board's own bus alone\.$/, [port(), { model: 'VGA', bus: 'rp' }]],
    [/^devices\.id: "rp" is a bus already\.$/, [port(), port()]],
    [/^devices\.slotNumber: chassis 2, slot 7 is taken/, [port({ chassis: 2, slotNumber: 7 }), port({ id: 'b', chassis: 2, slotNumber: 7 })]],
    [/^devices\.chassis: 256 is not a whole number from 0 to 255\.$/, [port({ chassis: 256 })]],
    [/^devices\.slotNumber: 8192 is not/, [port({ slotNumber: 8192 })]],
    [/^devices\.bus: intel-iommu has no such option\./, [port(), { model: 'intel-iommu', bus: 'rp' }]],
  ])('%s', (words, devices) => { expect(refusal(...devices)).toMatch(words); });
});
