/** Files keep to their floors (docs/design.md, section 2): imports from the same folder or a lower floor only. */
import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesBelow, importsOf, readSource } from './sources.js';

const FLOORS: Record<string, number> = {
  base: 0,
  memory: 1, float: 1,
  device: 2,
  cpu: 3, pci: 3, chipset: 3, lab: 3,
  nic: 4, virtio: 4, misc: 4, storage: 4, vtd: 4, decode: 4, ir: 4,
  isa: 5,
  translate: 6,
  run: 7,
};

/** The folder below assembly/ that a file belongs to. */
function roomOf(path: string): string {
  return path.split('/')[1]!;
}

function mayImport(from: string, to: string): boolean {
  return from === to || FLOORS[to]! < FLOORS[from]!;
}

/** Lines that say which file reaches up, and to what. */
function violations(path: string, source: string): string[] {
  const from = roomOf(path);
  return importsOf(source)
    .map((target) => posix.join(posix.dirname(path), target))
    .filter((target) => !target.startsWith('assembly/') || !mayImport(from, roomOf(target)))
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
      'assembly/memory/ram.ts (floor 1) imports assembly/cpu/state',
    ]);
    expect(violations('assembly/cpu/a.ts', 'export {\n  x,\n} from "../chipset/pic";')).toHaveLength(1);
  });
});
