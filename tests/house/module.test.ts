/** The built module keeps to docs/design.md: all state in linear memory, few imports, a modest size. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from './sources.js';
import { mutableGlobals } from './wasm.js';

const bytes = readFileSync(join(root, 'build/pintail.wasm'));
const module = new WebAssembly.Module(bytes);

/** (module (global (mut i32) (i32.const 5)) (global i64 (i64.const 1))) */
const WITH_A_GLOBAL = Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 6, 11, 2, 0x7f, 1, 0x41, 5, 0x0b, 0x7e, 0, 0x42, 1, 0x0b]);

describe('build/pintail.wasm', () => {
  it('has no mutable global', () => {
    expect(mutableGlobals(bytes)).toEqual([]);
  });

  it('would be caught with one', () => {
    expect(WebAssembly.validate(WITH_A_GLOBAL)).toBe(true);
    expect(mutableGlobals(WITH_A_GLOBAL)).toEqual([0]);
  });

  it('imports its memory and at most a handful of functions', () => {
    const names = WebAssembly.Module.imports(module).map(({ module: from, name }) => `${from}.${name}`);
    expect(names).toContain('env.memory');
    expect(names.length).toBeLessThanOrEqual(4);
  });

  it('is smaller than 1.5 MB', () => {
    expect(bytes.length).toBeLessThan(1_500_000);
  });
});
