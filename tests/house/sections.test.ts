/**
 * The sections of a snapshot (assembly/run/sections.ts): what the layouts hand out in regions of state is in one, and what lies in them does not change unnoticed.
 * Where the page of fields differs, say in which section the change is. What was saved before must still be read right: a field at the end of what there was, which is
 * zero in older machines, needs nothing; else the section's version goes up, a step in host/snapshot/migrate.ts reads the version before, and a fixture of the new
 * version joins the others (tests/machine/snapshot-fixtures.ts). Then: npx vitest run tests/house/sections.test.ts --update=all
 */
import { expect, it } from 'vitest';
import { constantsOf, LAYOUTS, partsOf } from './layouts.js';
import { filesBelow, readSource } from './sources.js';

/** Made at attach, or no machine's: why they are in no section. */
const NO_STATE: Readonly<Record<string, string>> = { FCS_TABLE: 'a table made at attach' };
/** Regions with parts, which are listed themselves; and the processor's words, whose parts that are state the list has by name. */
const CONTAINERS = /^(?:CPU|CLOCK|INTERRUPT|CHIPSET|PCI|COUNTERS|DEVICES|RINGS|VIRTIO_DATA|NIC_DATA|VTD_DATA|DISPLAY_DATA|VCPU|LOOP|UPPERS)$/;
const STATE = /^(?:CLOCK|INTERRUPT|CHIPSET|PCI|PLACES|DEVICES|RINGS|TLB|TLB_LOGS|PAGE_ATTR|FIRMWARE)$/;
/** Rooms with overlays of state. */
const ROOMS = ['base', 'memory', 'device', 'cpu', 'pci', 'chipset', 'nic', 'virtio', 'misc', 'display', 'storage', 'vtd', 'lab'];
/** Overlays of caches and of what one call uses. */
const CACHES = /^(?:Row|CounterRow|Owned|Links|Spans?|Handler|Bus \{ *handlers|Slots|Registers?|Block|Table \{ *rows|Ids|Chain|Piece|Walk|Found|Trace\w*|Pen)$/;

const source = readSource('assembly/run/sections.ts');
const rows = [...source.matchAll(/\brow\("([^"]+)", (\w+)/g)].map(([, name, base]) => ({ name: name!, base: base! }));

it('every section has a name of its own, that fits in an index', () => {
  expect(rows.length).toBeGreaterThan(60);
  expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length);
  expect(rows.filter(({ name }) => name.length > 32)).toEqual([]);
});

it('what layouts hand out in regions of state is in a section', () => {
  const parts = partsOf(constantsOf(LAYOUTS.map(readSource))), regions = parts.filter(({ name }) => STATE.test(name));
  expect(regions.length).toBe(11);
  const inState = parts.filter(({ name, at }) => !CONTAINERS.test(name) && regions.some((region) => at >= region.at && at < region.at + region.bytes));
  expect(inState.length).toBeGreaterThan(50);
  const listed = new Set(rows.map(({ base }) => base));
  expect(inState.map(({ name }) => name).filter((name) => !listed.has(name) && NO_STATE[name] === undefined)).toEqual([]);
});

/** `Name: field type, ..` of each overlay. */
function overlaysOf(path: string): string[] {
  const text = readSource(path).replace(/\/\*[^]*?\*\/|\/\/.*/g, '');
  return [...text.matchAll(/@unmanaged (?:export )?class (\w+) \{([^}]*)\}/g)].filter(([, name]) => !CACHES.test(name!)).map(([, name, body]) => `${name}: ${[...body!.matchAll(/(\w+): (\w+);/g)].map(([, field, type]) => `${field} ${type}`).join(', ')}`);
}

it('the fields of what is saved are what they were, or a version says so', async () => {
  const versions = [...source.matchAll(/\brow\("([^"]+)", [^;]*?, (\d+)(?:, \d+, [\dxa-f]+(?:, \d+)?)?\);/g)].map(([, name, version]) => `${name} ${version}`);
  const rooms = ROOMS.flatMap((room) => filesBelow(`assembly/${room}`, '.ts')).flatMap((path) => overlaysOf(path).map((line) => `${path}  ${line}`));
  expect(rooms.length).toBeGreaterThan(60);
  await expect(`Sections of a version above 1: ${versions.join(', ')}.\n\n${rooms.join('\n')}\n`).toMatchFileSnapshot('../golden/state-fields.txt');
});
