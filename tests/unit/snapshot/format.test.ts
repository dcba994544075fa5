/** The file of a snapshot: what goes in comes out, equal pages lie in it once, and whatever is changed of it is told. */
import { describe, expect, it } from 'vitest';
import { memorySource, openSnapshotFile, readAbout, readSection, SnapshotError, verify, type SnapshotFile } from '../../../host/snapshot/index.js';
import { numbers, packedFile, plainFile, someParts } from './files.js';

async function openWhole(bytes: Uint8Array): Promise<SnapshotFile> {
  const file = await openSnapshotFile(memorySource(bytes));
  verify(file);
  return file;
}

describe.each([['plain', async () => plainFile()], ['packed', packedFile]] as const)('a %s file', (_, make) => {
  it('has every section as it was', async () => {
    const file = await openWhole(await make());
    for (const { name, version, content } of someParts()) {
      const section = file.sections.find((one) => one.name === name)!;
      expect(section.version).toBe(version);
      expect(Buffer.compare(readSection(file, section), content)).toBe(0);
    }
    expect(readAbout(file).memoryMiB).toBe(16);
  });

  it('may lie at an odd address', async () => {
    const bytes = await make(), moved = new Uint8Array(bytes.length + 3);
    moved.set(bytes, 3);
    await openWhole(moved.subarray(3));
  });

  it('of which a bit was turned over, or that was cut, is refused with the section and the place', async () => {
    const whole = await make(), next = numbers(_ === 'plain' ? 11 : 13);
    const sections = new Set<string>();
    for (let n = 0; n < 5000; n++) {
      const at = next(whole.length), bit = next(8);
      const changed = n % 5 === 0 ? whole.subarray(0, at) : whole.slice();
      if (n % 5 !== 0) changed[at]! ^= 1 << bit;
      const error: unknown = await openWhole(changed).then(() => undefined, (thrown: unknown) => thrown);
      expect(error, `byte ${at}, bit ${bit}`).toBeInstanceOf(SnapshotError);
      const { section, offset } = error as SnapshotError;
      expect(section).toEqual(expect.any(String));
      expect(offset).toBeGreaterThanOrEqual(0);
      expect(offset).toBeLessThanOrEqual(whole.length);
      sections.add(section!);
    }
    expect([...sections].sort()).toEqual(_ === 'plain' ? ['about', 'header', 'index', 'ram', 'words'] : ['header', 'index', 'pages']);
  });
});

it('equal pages lie in a file once, and zeros nowhere', () => {
  const page = new Uint8Array(4096).fill(5);
  const parts = [1, 2, 300].map((count) => plainFile([{ name: 'a', version: 1, content: new Uint8Array(Buffer.concat(Array.from({ length: count }, () => page))) }]));
  expect(parts[2]!.length - parts[0]!.length).toBe(299 * 4);
  expect(plainFile([{ name: 'a', version: 1, content: new Uint8Array(1 << 20) }]).length).toBeLessThan(4096 + 2048);
});

it('a packed file is smaller', async () => {
  const text = new TextEncoder().encode('what is said over and over '.repeat(40_000));
  const parts = [{ name: 'a', version: 1, content: text }];
  expect((await packedFile(parts)).length).toBeLessThan(plainFile(parts).length / 5);
});
