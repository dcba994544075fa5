/** No import goes round in a circle, in the module or in the host: state, parts and door are files of their own (docs/design.md, section 2). */
import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesBelow, importsOf, readSource } from './sources.js';

type Graph = ReadonlyMap<string, readonly string[]>;

/** What each file imports of the same tree; types count, too. */
function graphOf(files: readonly string[], read: (path: string) => string): Graph {
  const known = new Set(files);
  const resolve = (from: string, target: string): string => `${posix.join(posix.dirname(from), target).replace(/\.js$/, '')}.ts`;
  return new Map(files.map((path) => [path, importsOf(read(path)).map((target) => resolve(path, target)).filter((to) => known.has(to))]));
}

/** A circle, as the files on the way round; empty when there is none. */
function circleIn(graph: Graph): string[] {
  const done = new Set<string>();
  const visit = (file: string, way: readonly string[]): string[] => {
    if (way.includes(file)) return [...way.slice(way.indexOf(file)), file];
    if (done.has(file)) return [];
    for (const next of graph.get(file) ?? []) {
      const found = visit(next, [...way, file]);
      if (found.length > 0) return found;
    }
    done.add(file);
    return [];
  };
  for (const file of graph.keys()) {
    const found = visit(file, []);
    if (found.length > 0) return found;
  }
  return [];
}

describe('imports', () => {
  it.each(['assembly', 'host'])('of %s/ have no circle', (tree) => {
    const graph = graphOf(filesBelow(tree, '.ts'), readSource);
    expect(graph.size).toBeGreaterThan(100);
    expect([...graph.values()].flat().length).toBeGreaterThan(300);
    expect(circleIn(graph)).toEqual([]);
  });

  it('are noticed when they have one', () => {
    const text: Record<string, string> = { 'a/x.ts': "import { y } from './y.js';", 'a/y.ts': 'import type { z } from "../b/z";', 'b/z.ts': "export { x } from '../a/x.js';" };
    expect(circleIn(graphOf(Object.keys(text), (path) => text[path]!))).toEqual(['a/x.ts', 'a/y.ts', 'b/z.ts', 'a/x.ts']);
  });
});
