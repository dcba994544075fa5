/** package.json says what is true: files that exist, versions of Node that the sources can run on, one licence. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesBelow, importsOf, readSource, root } from './sources.js';

const manifest = JSON.parse(readSource('package.json')) as {
  bin: Record<string, string>;
  exports: Record<string, { types: string; default: string }>;
  engines: { node: string };
  dependencies?: Record<string, string>;
};

describe('package.json', () => {
  it('names a command that is there and executable', () => {
    const path = join(root, manifest.bin.pintail!);
    expect(existsSync(path)).toBe(true);
    expect(statSync(path).mode & 0o111).not.toBe(0);
  });

  it('names an entry and its types that the build makes', () => {
    const entry = manifest.exports['.']!;
    expect(existsSync(join(root, entry.default))).toBe(true);
    expect(existsSync(join(root, entry.types))).toBe(true);
  });

  it('declares the Node that the tests run on', () => {
    const least = Number(/^>=(\d+)/.exec(manifest.engines.node)?.[1]);
    expect(least).toBe(20);
    expect(Number(process.versions.node.split('.')[0])).toBeGreaterThanOrEqual(least);
  });

  it('lists every package that the host imports', () => {
    const declared = Object.keys(manifest.dependencies ?? {});
    const foreign = filesBelow('host', '.ts')
      .flatMap((path) => importsOf(readSource(path)).map((target) => ({ path, target })))
      .filter(({ target }) => !target.startsWith('.') && target !== '#platform' && !target.startsWith('node:') && !declared.includes(target));
    expect(foreign).toEqual([]);
  });
});
