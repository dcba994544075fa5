/** One list of models: the host's rows, the module's kinds, the command line's names. */
import { describe, expect, it } from 'vitest';
import { CardKind } from '../../../assembly/surface/cards.js';
import { DEVICE_MODELS } from '../../../host/cli/device-models.js';
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
    for (const [i, { options }] of MODELS.entries()) {
      const words = Object.entries(options).flatMap(([key, word]) => (word === '' ? [] : [`${word} ${key}`]));
      expect(DEVICE_MODELS[i]!.properties.filter(({ key }) => key !== undefined && key !== 'slot').map(({ name, key }) => `${name} ${key}`)).toEqual(words);
    }
  });
  it('is the only one', () => {
    const named = (source: string): number => MODELS.filter(({ names }) => source.includes(`'${names[0]}'`)).length;
    const lists = filesBelow('host', '.ts').filter((path) => !path.endsWith('machine/models.ts') && !path.endsWith('machine/types.ts') && named(readSource(path)) > 3);
    expect(lists).toEqual([]);
  });
  it('says of every option which models have it', () => {
    const refused = (device: DeviceOptions): string => { try { planCards([device], [], [], []); return ''; } catch (error) { return (error as Error).message; } };
    expect(refused({ model: 'pcnet', mtu: 1500 })).toMatch(/devices\.mtu.*pcnet has no such option\. It has slot, netdev, mac\./);
    expect(refused({ model: 'edu', drive: 'd' })).toMatch(/devices\.drive.*edu has no such option\. It has slot, dmaMask\./);
    expect(refused({ model: 'edu', dmaMask: -1 })).toMatch(/devices\.dmaMask/);
    expect(refused({ model: 'ne2000' } as never)).toMatch(/there is no "ne2000"\. There are virtio-net-pci, /);
    expect(findModel('constructor')).toBeUndefined();
  });
});
