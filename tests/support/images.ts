/** Images of Debian's packages, as they are: which they must be, what they say, and a talk with them. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { Machine } from 'pintail';
import { readSource } from '../house/sources.js';
import { packageFiles } from './package-files.js';

const STEP = 5_000_000n;

/** A file of a package, which must be the one that the table in docs/images.md has. */
export async function image(name: string, path: string, all = [path]): Promise<string> {
  const source = (await packageFiles(name, all)).find((one) => one.endsWith(path))!;
  expect(readSource('docs/images.md')).toContain(createHash('sha256').update(readFileSync(source)).digest('hex'));
  return source;
}

/** Everything that the machine says on its screen and its first line. */
export function watch(machine: Machine): () => Promise<string> {
  let line = '';
  machine.on('console', (bytes) => void (line += new TextDecoder('latin1').decode(bytes)));
  return async () => `${line}\n${(await machine.screenText().catch(() => undefined))?.join('\n') ?? ''}`;
}

/** Waits for each text, and answers it. */
export async function converse(machine: Machine, said: () => Promise<string>, talk: readonly (readonly [wanted: RegExp, act: () => unknown])[], most = 800): Promise<string> {
  let text = '';
  for (const [wanted, act] of talk) {
    for (let step = 0; !wanted.test(text = await said()); step++) {
      const { reason } = await machine.step(STEP);
      if (step === most || reason !== 'paused') throw new Error(`${wanted} does not come (${reason}):\n${text.slice(-3000)}`);
    }
    await act();
  }
  return text;
}
