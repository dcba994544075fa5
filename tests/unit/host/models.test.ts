/** One list of models: the host's rows, the module's kinds, the command line's names. */
import { describe, expect, it } from 'vitest';
import { CardKind } from '../../../assembly/surface/cards.js';
import { DEVICE_MODELS } from '../../../host/cli/device-models.js';
import { Faults } from '../../../host/cli/faults.js';
import { readProperties, splitWords } from '../../../host/cli/words.js';
import { planCards } from '../../../host/machine/card-plan.js';
import { findModel, MODELS } from '../../../host/machine/models.js';
import type { DeviceOptions } from '../../../host/machine/types.js';
import { filesBelow, readSource } from '../../house/sources.js';

describe('the list of models', () => {
  it('has a row for every kind of the module, one each', () => {
    expect(MODELS.map(({ kind }) => kind).sort((a, b) => a - b)).toEqual(Array.from({ length: CardKind.COUNT - 1 }, (_, i) => i + 1));
  });
  it('is what -device takes, by the same names and words', () => {
    expect(DEVICE_MODELS.map(({ names }) => names)).toEqual(MODELS.map(({ names, aliases = [] }) => [...names, ...aliases]));
    for (const [i, { options, synonyms = {} }] of MODELS.entries()) {
      const words = Object.entries(options).flatMap(([key, word]) => (word === '' ? [] : [word, ...(synonyms[key as keyof typeof synonyms] ?? [])].map((one) => `${one} ${key}`)));
      expect(DEVICE_MODELS[i]!.properties.filter(({ key }) => key !== undefined && key !== 'slot' && key !== 'placement' && (key !== 'bus' || Object.hasOwn(options, 'bus'))).map(({ name, key }) => `${name} ${key}`)).toEqual(words);
    }
  });
  it('is the only one', () => {
    const named = (source: string): number => MODELS.filter(({ names }) => source.includes(`'${names[0]}'`)).length;
    const lists = filesBelow('host', '.ts').filter((path) => !path.endsWith('machine/models.ts') && !path.endsWith('machine/types/cards.ts') && named(readSource(path)) > 3);
    expect(lists).toEqual([]);
  });
  it('says of every option which models have it', () => {
    const refused = (device: DeviceOptions): string => { try { planCards([device], [], [], []); return ''; } catch (error) { return (error as Error).message; } };
    expect(refused({ model: 'pcnet', mtu: 1500 })).toMatch(/devices\.mtu.*pcnet has no such option\. It has slot, placement, bus, netdev, mac\./);
    expect(refused({ model: 'edu', drive: 'd' })).toMatch(/devices\.drive.*edu has no such option\. It has slot, placement, bus, dmaMask\./);
    expect(refused({ model: 'edu', dmaMask: -1 })).toMatch(/devices\.dmaMask/);
    expect(refused({ model: 'ne2000' } as never)).toMatch(/there is no "ne2000"\. There are virtio-net-pci, /);
    expect(findModel('constructor')).toBeUndefined();
  });
  it('refuses what a remapping unit cannot be, and what it has not', () => {
    const refused = (device: Omit<DeviceOptions, 'model'>): string => { try { planCards([{ model: 'intel-iommu', ...device }], [], [], []); return ''; } catch (error) { return (error as Error).message; } };
    expect(refused({})).toBe('');
    expect(refused({ addressBits: 40 })).toMatch(/devices\.addressBits.*40 is none of 39, 48, 57\./);
    expect(refused({ intremap: false, eim: true })).toMatch(/devices\.eim.*need interrupt remapping/);
    expect(refused({ scalableMode: true, addressBits: 39, firstStage: true })).toMatch(/devices\.firstStage.*at least 48 bits/);
    expect(refused({ firstStage: true })).toMatch(/devices\.firstStage.*needs scalable mode/);
    expect(refused({ scalableMode: true, addressBits: 39 })).toBe('');
    expect(refused({ slot: 3 })).toMatch(/devices\.slot.*in no slot/);
    expect(refused({ iotlbEntries: 48 })).toMatch(/devices\.iotlbEntries.*48 is not a power of two from 1 to 1024\./);
    expect(refused({ iotlbEntries: 2, iotlbWays: 4 })).toMatch(/devices\.iotlbWays.*4 is not a power of two from 1 to 2\./);
    expect(refused({ tableEntries: 33 })).toMatch(/devices\.tableEntries.*from 0 to 32/);
    expect(refused({ mac: '52:54:00:12:34:56' })).toMatch(/devices\.mac/);
    const { properties } = DEVICE_MODELS.find(({ names }) => names[0] === 'intel-iommu')!;
    const faults = new Faults();
    readProperties(splitWords({ argument: '-device', value: 'intel-iommu,device-iotlb=on,x-scalable-mode=off' } as never), 'intel-iommu', properties, faults);
    expect(faults.list.map(({ problem }) => problem)).toEqual(['there is no device-iotlb; cards have no TLB of their own; leave it out.']);
    const card = (features: Record<string, boolean>, modernOnly: boolean): string => { try { planCards([{ model: 'virtio-net-pci', features, modernOnly }], [], [], []); return ''; } catch (error) { return (error as Error).message; } };
    expect([card({ iommu_platform: true }, true), card({ iommu_platform: true }, false)]).toEqual(['', expect.stringMatching(/iommu_platform needs a card without the legacy interface/)]);
  });
});
