/** Files keep to their floors (docs/design.md, section 2): imports from the same folder or a lower floor only. */
import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesBelow, importsOf, readSource } from './sources.js';

const FLOORS: Record<string, number> = {
  surface: 0,
  base: 1,
  memory: 2, float: 2,
  device: 3,
  cpu: 4, pci: 4, chipset: 4, lab: 4,
  nic: 5, virtio: 5, misc: 5, display: 5, storage: 5, vtd: 5, decode: 5, ir: 5,
  isa: 6,
  translate: 7, profile: 7,
  run: 8,
};

/**
 * The host's. What is on the floors below the platform reaches it through the slot `#platform` alone (tests/house/platform.test.ts). Of the
 * module the host knows the surface, and the table of vendors.
 */
const HOST_FLOORS: Record<string, number> = {
  bytes: 0, words: 0, snapshot: 0,
  rings: 1,
  boot: 2, chardev: 2, disk: 2, net: 2, share: 2, screen: 2,
  guest: 3,
  platform: 4,
  machine: 5,
  qtest: 6, measure: 6, relay: 6, element: 6,
  cli: 7,
};
/** Doors for programs, and what a worker starts with: above all floors, and nobody imports them. */
const DOORS = /^host\/(index|guest\/index|element\/index|platform\/(node|browser)\/worker)\.ts$/;
const MODULE_SEEN = ['assembly/surface/', 'assembly/base/vendor-spec'];

/** The folder below assembly/ that a file belongs to. */
function roomOf(path: string): string {
  return path.split('/')[1]!;
}

function mayImport(floors: Record<string, number>, from: string, to: string): boolean {
  return from === to || floors[to]! < floors[from]!;
}

/** Lines that say which file reaches up, and to what. */
function violations(path: string, source: string): string[] {
  const from = roomOf(path);
  return importsOf(source)
    .map((target) => posix.join(posix.dirname(path), target))
    .filter((target) => !target.startsWith('assembly/') || !mayImport(FLOORS, from, roomOf(target)))
    .map((target) => `${path} (floor ${FLOORS[from]}) imports ${target}`);
}

describe('floors of assembly/', () => {
  const files = filesBelow('assembly', '.ts');

  it('every folder has a floor', () => {
    expect([...new Set(files.map(roomOf))].filter((room) => FLOORS[room] === undefined)).toEqual([]);
  });

  it('no file imports from a higher floor, or from another folder of its own', () => {
    expect(files.flatMap((path) => violations(path, readSource(path)))).toEqual([]);
  });

  it('notices a file that does', () => {
    expect(violations('assembly/memory/ram.ts', 'import { x } from "../cpu/state";\nimport { y } from "../base/layout";')).toEqual([
      'assembly/memory/ram.ts (floor 2) imports assembly/cpu/state',
    ]);
    expect(violations('assembly/cpu/a.ts', 'export {\n  x,\n} from "../chipset/pic";')).toHaveLength(1);
  });
});

/** Imports of the host that go up or across, or deeper into the module than its surface. */
function hostViolations(path: string, source: string): string[] {
  const from = roomOf(path);
  return importsOf(source)
    .filter((target) => target.startsWith('.'))
    .map((target) => posix.join(posix.dirname(path), target))
    .filter((target) => (target.startsWith('host/') ? !mayImport(HOST_FLOORS, from, roomOf(target)) : target.startsWith('assembly/') && !MODULE_SEEN.some((seen) => target.startsWith(seen))))
    .map((target) => `${path} (floor ${HOST_FLOORS[from]}) imports ${target}`);
}

describe('floors of host/', () => {
  const files = filesBelow('host', '.ts').filter((path) => !DOORS.test(path));

  it('every folder has a floor', () => {
    expect([...new Set(files.map(roomOf))].filter((room) => HOST_FLOORS[room] === undefined)).toEqual([]);
  });

  it('no file imports from a higher floor, or from another folder of its own, or past the surface of the module', () => {
    expect(files.flatMap((path) => hostViolations(path, readSource(path)))).toEqual([]);
  });

  it('notices a file that does', () => {
    expect(hostViolations('host/net/a.ts', "import { x } from '../machine/engine.js';\nimport { y } from '../disk/disk.js';\nimport { z } from '../rings/bytes.js';\nimport w from 'node:fs';")).toHaveLength(2);
    expect(hostViolations('host/rings/a.ts', "import { RingId } from '../../assembly/surface/rings.js';\nimport { x } from '../../assembly/device/ring.js';")).toEqual([
      'host/rings/a.ts (floor 1) imports assembly/device/ring.js',
    ]);
  });
});
