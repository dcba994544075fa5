/**
 * The public types, as API Extractor reads them out of what is built: tests/golden/pintail.api.md. Whoever changes what programs see changes that page in the same
 * commit (npx vitest run tests/house/api --update=all), where it is read.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Extractor, ExtractorConfig, ExtractorLogLevel, type IConfigFile } from '@microsoft/api-extractor';
import { expect, it } from 'vitest';
import { root } from './sources.js';

const quiet = { default: { logLevel: 'none' as ExtractorLogLevel } };

/** `folder` takes what the extractor writes. */
const configuration = (folder: string): IConfigFile => ({
  projectFolder: root,
  mainEntryPointFilePath: join(root, 'build/host/index.d.ts'),
  compiler: {
    overrideTsconfig: {
      compilerOptions: { target: 'ES2022', lib: ['ES2022', 'DOM', 'DOM.Iterable', 'ESNext.Disposable'], module: 'NodeNext', moduleResolution: 'NodeNext', types: [], strict: true },
      files: [join(root, 'build/host/index.d.ts')],
    },
  },
  apiReport: { enabled: true, reportFolder: folder, reportTempFolder: folder, reportFileName: 'pintail.api.md' },
  docModel: { enabled: false },
  dtsRollup: { enabled: false },
  tsdocMetadata: { enabled: false },
  messages: { compilerMessageReporting: { default: { logLevel: 'error' as ExtractorLogLevel } }, extractorMessageReporting: quiet, tsdocMessageReporting: quiet },
});

it('what programs see is what was read when it was last changed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pintail-api-'));
  try {
    const config = ExtractorConfig.prepare({ configObject: configuration(folder), configObjectFullPath: undefined, packageJsonFullPath: join(root, 'package.json') });
    const { errorCount } = Extractor.invoke(config, { localBuild: true, messageCallback: (message) => { message.handled = message.logLevel !== ExtractorLogLevel.Error; } });
    expect(errorCount).toBe(0);
    await expect(readFileSync(join(folder, 'pintail.api.md'), 'utf8')).toMatchFileSnapshot('../golden/pintail.api.md');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 120_000);
