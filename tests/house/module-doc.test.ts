/** docs/module.md is what the module and its sources say. After a change: npx vitest run tests/house/module-doc.test.ts --update=all */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { exportedFunctions, moduleDoc } from '../support/module-doc.js';
import { root } from './sources.js';

const module = new WebAssembly.Module(readFileSync(join(root, 'build/pintail.wasm')));

it('every export is found in the sources', () => {
  const names = WebAssembly.Module.exports(module).filter(({ kind }) => kind === 'function').map(({ name }) => name);
  expect(exportedFunctions(names).missing).toEqual([]);
  expect(exportedFunctions(['noSuchExport']).missing).toEqual(['noSuchExport']);
});

it('the page says every export, import and number', async () => {
  await expect(moduleDoc(module)).toMatchFileSnapshot('../../docs/module.md');
});
