/** The package as npm would publish it: what is in it, that other programs' tools find their way, and that it works where nothing of the clone is. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packInto, type Packed } from '../support/pack.js';
import { readSource, root } from './sources.js';

let folder: string;
let packed: Packed;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pintail-package-'));
  packed = packInto(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const tool = (name: string, args: string[]): { status: number | null; output: string } => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'node_modules', name), ...args], { cwd: folder, encoding: 'utf8' });
  return { status, output: stdout + stderr };
};

describe('the tarball', () => {
  it('has the module and the host, and neither maps nor the guests that test the processor', () => {
    expect(packed.files).toEqual(expect.arrayContaining(['build/pintail.wasm', 'build/host/index.d.ts', ...['node', 'browser', 'element', 'streams', 'worker-node', 'worker-browser'].map((name) => `build/lib/${name}.js`), 'build/lib/LICENSES.txt', 'bin/pintail.mjs', 'LICENSE']));
    expect(packed.files.filter((path) => /\.map$|^build\/guest\/kernels\/|^assembly\/|^tests\//.test(path))).toEqual([]);
  });

  it('unpacks to less than 2 MB', () => {
    expect(packed.unpackedBytes).toBeLessThan(2e6);
  });

  it('has every file that one of its own imports', () => {
    const inside = new Set(packed.files);
    for (const path of packed.files.filter((name) => name.endsWith('.js'))) {
      for (const [, target] of readFileSync(join(root, path), 'utf8').matchAll(/(?:from|import\(|import)\s*["'](\.[^"']+\.js)["']/g)) {
        expect(inside, `${path} imports ${target}`).toContain(join(dirname(path), target!));
      }
    }
  });

  it('is found by publint and by every way in that types are resolved', () => {
    const lint = tool('publint/src/cli.js', [packed.path]);
    expect(lint, lint.output).toMatchObject({ status: 0 });
    expect(lint.output).toMatch(/All good/);
    // The module is no code that has types; programs that are CommonJS import it dynamically.
    const types = tool('@arethetypeswrong/cli/dist/index.js', [packed.path, '--profile', 'esm-only', '--exclude-entrypoints', 'pintail.wasm', 'worker']);
    expect(types, types.output).toMatchObject({ status: 0 });
  });
});

describe('in an empty folder', () => {
  let home: string;
  beforeAll(() => {
    home = join(folder, 'home');
    mkdirSync(join(home, 'node_modules'), { recursive: true });
    expect(spawnSync('tar', ['-xzf', packed.path, '-C', join(home, 'node_modules')]).status).toBe(0);
    spawnSync('mv', [join(home, 'node_modules/package'), join(home, 'node_modules/pintail')]);
    const { dependencies } = JSON.parse(readSource('package.json')) as { dependencies: Record<string, string> };
    for (const name of Object.keys(dependencies)) {
      mkdirSync(dirname(join(home, 'node_modules', name)), { recursive: true });
      symlinkSync(join(root, 'node_modules', name), join(home, 'node_modules', name));
    }
  });

  it('the command runs, with no compiler and nothing written', () => {
    const args = [join(home, 'node_modules/pintail/bin/pintail.mjs'), 'run', '--guest', 'builtin', '-m', '16M', '-nic', 'none'];
    const { status, stderr } = spawnSync(process.execPath, args, { cwd: home, input: 'exit 3\r', encoding: 'utf8' });
    expect({ status, stderr }).toMatchObject({ status: 7 });
  });

  it('a program makes a machine, on its thread and in a worker, and finds the module', () => {
    writeFileSync(join(home, 'app.mjs'), `
      import { createRequire } from 'node:module';
      import { readFileSync } from 'node:fs';
      import { createMachine } from 'pintail';
      const module = readFileSync(createRequire(import.meta.url).resolve('pintail/pintail.wasm'));
      for (const worker of [false, true]) {
        const machine = await createMachine({ memoryMiB: 16, worker, module, bare: { code: Uint8Array.from([0xb8, 6, 0, 0, 0, 0xf4]) } });
        await machine.runUntilHalt();
        console.log((await machine.getRegisters()).rax);
        await machine.close();
      }`);
    const { stdout, stderr } = spawnSync(process.execPath, ['app.mjs'], { cwd: home, encoding: 'utf8' });
    expect({ stdout, stderr }).toEqual({ stdout: '6n\n6n\n', stderr: '' });
  });
});
