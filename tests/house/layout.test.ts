/**
 * The layout: every file that hands out addresses is a chain (`X` and `X_SIZE`), no two parts overlap unless one lies in the other, and
 * what is inside the device floor's, PCI's, the chipset's and the cards' regions is handed out by layout files alone.
 */
import { describe, expect, it } from 'vitest';
import { constantsOf, LAYOUTS, partsOf, type Part } from './layouts.js';
import { filesBelow, readSource } from './sources.js';

/** Rooms in which no file but a layout adds a number to a region. The processor's and the decoder's have maps of their own in state.ts and tlb.ts. */
const ROOMS = ['device', 'pci', 'chipset', 'lab', 'nic', 'virtio', 'misc', 'vtd', 'display', 'run'];
const REGIONS = ['MACHINE', 'LINKS', 'VCPU', 'FLOAT_ENV', 'CLOCK', 'INTERRUPT', 'CHIPSET', 'PCI', 'PCI_TABLES', 'BUS', 'PLACES', 'SLOTS', 'REGISTERS', 'COUNTERS', 'DEVICES', 'RINGS', 'TLB'];

/** Pairs that overlap and are not one inside the other. */
function overlaps(parts: readonly Part[]): string[] {
  const inside = (a: Part, b: Part): boolean => a.at >= b.at && a.at + a.bytes <= b.at + b.bytes;
  return parts.flatMap((a, i) => parts.slice(i + 1).filter((b) => a.at < b.at + b.bytes && b.at < a.at + a.bytes && !inside(a, b) && !inside(b, a)).map((b) => `${a.name} and ${b.name}`));
}

/** Parts that lie inside another which is no region with parts. */
function nested(parts: readonly Part[], containers: ReadonlySet<string>): string[] {
  return parts.flatMap((a) => parts.filter((b) => a !== b && !containers.has(a.name) && !containers.has(b.name) && a.at >= b.at && a.at < b.at + b.bytes).map((b) => `${a.name} in ${b.name}`));
}

const violations = (path: string, source: string): string[] =>
  [...source.matchAll(new RegExp(`\\b(${REGIONS.join('|')}) \\+ `, 'g'))].map((match) => `${path}: ${match[0]}`);

describe('the layout', () => {
  const known = constantsOf(LAYOUTS.map(readSource)), parts = partsOf(known);
  // Regions whose inside is handed out, and those parts of DEVICES that rooms hand out further.
  const containers = new Set(['CPU', 'CLOCK', 'INTERRUPT', 'SLOTS', 'RINGS', 'REGISTERS', 'DEVICES', 'CHIPSET', 'PCI', 'PCI_TABLES', 'TLB', 'FIRMWARE', 'VIRTIO_DATA', 'NIC_DATA', 'CARD_DATA', 'VTD_DATA', 'DISPLAY_DATA']);

  it('has no two parts that overlap', () => {
    expect(parts.length).toBeGreaterThan(70);
    expect([...overlaps(parts), ...nested(parts, containers)]).toEqual([]);
  });
  it('keeps every part inside memory below RAM', () => {
    expect(parts.filter(({ name, at, bytes }) => name !== 'FIRMWARE' && at + bytes > known.get('FIRMWARE')!)).toEqual([]);
  });
  it('is reached into by layout files alone', () => {
    const files = ROOMS.flatMap((room) => filesBelow(`assembly/${room}`, '.ts')).filter((path) => !path.endsWith('/layout.ts'));
    expect(files.flatMap((path) => violations(path, readSource(path)))).toEqual([]);
  });
  it('notices what it is for', () => {
    const text = 'export const A: usize = 100;\nexport const A_SIZE: usize = 16;\nexport const B: usize = A + 8;\nexport const B_SIZE: usize = 4 * 8;';
    expect(overlaps(partsOf(constantsOf([text])))).toEqual(['A and B']);
    expect(nested(partsOf(constantsOf([text.replace('4 * 8', '4')])), new Set())).toEqual(['B in A']);
    expect(violations('x', 'const at = RINGS + 1024 * n;')).toHaveLength(1);
  });
});
