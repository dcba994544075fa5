/**
 * What is outside stays outside: `node:` and Node's globals are for host/platform/node and the programs that run on Node alone; from the
 * package's door, on the browser's platform, no way leads to them.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesBelow, readSource, root } from './sources.js';

/** Node's platform, and programs for Node; guest/index.ts is their door to the building of guests. */
const FOR_NODE = /^host\/(platform\/node|cli|qtest|measure|relay)\/|^host\/guest\/index\.ts$/;

/** What a file imports when it runs, dynamically too; types are gone by then. */
function importsAtRun(source: string): string[] {
  const fixed = [...source.matchAll(/^\s*(?:import|export)\b(?!\s+type\b)[^;'"]*?from\s+'([^']+)'|^\s*import\s+'([^']+)'/gm)].map((m) => m[1] ?? m[2]!);
  const later = [...source.matchAll(/\bimport\('([^']+)'\)|new URL\('(\.[^']+\.js)', import\.meta\.url\)/g)].map((m) => m[1] ?? m[2]!);
  return [...fixed, ...later];
}

const BROWSER = 'host/platform/browser/index.ts';

function targetOf(path: string, name: string): string {
  if (name === '#platform') return BROWSER;
  return name.startsWith('.') ? posix.join(posix.dirname(path), name).replace(/\.js$/, '.ts') : name;
}

/** Everything that is reached from a file. */
function reachedFrom(start: string): Map<string, string> {
  const from = new Map([[start, '']]);
  for (const [path] of from) {
    if (!/^(host|guest|assembly)\//.test(path)) continue;
    for (const name of importsAtRun(readSource(path))) {
      const target = targetOf(path, name);
      if (!from.has(target)) from.set(target, path);
    }
  }
  return from;
}

const GLOBALS = /\b(Buffer|process|setImmediate|__dirname|require)\b(?=[.([])/;

/** Comments and strings out of the way. */
const codeOf = (source: string): string => source.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '').replace(/'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`/g, "''");

describe('the platform floor', () => {
  const files = filesBelow('host', '.ts').filter((path) => !FOR_NODE.test(path));

  it('nothing above it imports node: or the platform of one place', () => {
    const wrong = files.flatMap((path) => [...readSource(path).matchAll(/(?:from|import\()\s*'(node:[^']+|[^']*platform\/(?:node|browser)\/[^']+)'/g)].map((m) => `${path}: ${m[1]}`));
    expect(wrong).toEqual([]);
  });

  it('nothing above it uses what only Node has', () => {
    expect(files.filter((path) => GLOBALS.test(codeOf(readSource(path))))).toEqual([]);
  });

  it('from the door, on the browser’s platform, nothing of Node is reached', () => {
    const reached = reachedFrom('host/index.ts');
    expect(reached.size).toBeGreaterThan(100);
    expect([...reached].filter(([path]) => path.startsWith('node:') || FOR_NODE.test(path))).toEqual([]);
    expect([...reached.keys()].filter((path) => !/^(host|guest|assembly)\//.test(path)).sort()).toEqual(['fzstd', 'ipaddr.js']);
  });
});

describe('the public types', () => {
  it('need no types of Node’s', () => {
    const folder = mkdtempSync(join(tmpdir(), 'pintail-types-'));
    try {
      writeFileSync(join(folder, 'program.ts'), `
        import { createMachine, type Machine } from ${JSON.stringify(join(root, 'build/host/index.js'))};
        export async function hello(): Promise<string> {
          await using machine: Machine = await createMachine({ guest: new URL('https://example.org/guest/'), onTransfer: ({ done, total }) => void (done / total) });
          const { readable, writable } = await machine.connect(80);
          await writable.getWriter().write('GET / HTTP/1.0');
          return new TextDecoder().decode((await readable.getReader().read()).value);
        }`);
      const options = ['--noEmit', '--strict', '--types', '', '--target', 'es2022', '--lib', 'es2022,dom,esnext.disposable', '--module', 'nodenext', '--moduleResolution', 'nodenext'];
      const { status, stdout } = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), ...options, join(folder, 'program.ts')], { cwd: folder, encoding: 'utf8' });
      expect(stdout).toBe('');
      expect(status).toBe(0);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
