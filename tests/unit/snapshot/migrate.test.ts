/** Sections of other versions: read by steps, one a version, or refused by name. */
import { describe, expect, it } from 'vitest';
import { migrate } from '../../../host/snapshot/migrate.js';
import type { Migrations, Saved } from '../../../host/snapshot/migration.js';

/** Version 2 has a byte in front, version 3 each byte twice. */
const STEPS: Migrations = { words: { 1: (old) => Uint8Array.from([7, ...old]), 2: (old) => Uint8Array.from([...old].flatMap((byte) => [byte, byte])) } };
const known = { version: 3, bytes: 8 };
const saved: Saved = { place: () => 0, content: () => new Uint8Array(), bytes: () => 0 };

describe('a section', () => {
  it.each([[3, [1, 2]], [2, [1, 1, 2, 2]], [1, [7, 7, 1, 1, 2, 2]]])('of version %i is read', (version, wanted) => {
    expect([...migrate('words', version, Uint8Array.of(1, 2), known, saved, STEPS)]).toEqual(wanted);
  });

  it('of a version that is not known is refused with both', () => {
    expect(() => migrate('words', 4, Uint8Array.of(1), known, saved, STEPS)).toThrow(/version 4 of the section "words"; this build reads versions 1 to 3/);
    expect(() => migrate('words', 0, Uint8Array.of(1), known, saved, STEPS)).toThrow(/version 0/);
    expect(() => migrate('other', 2, Uint8Array.of(1), known, saved, STEPS)).toThrow(/this build reads version 3\./);
  });

  it('that is larger than what this build has for it is refused', () => {
    expect(() => migrate('words', 3, new Uint8Array(9), known, saved, STEPS)).toThrow(/9 bytes; this build has room for 8/);
  });
});

describe('the remapping unit before scalable mode', () => {
  it('keeps its tables, and contexts what they had', () => {
    const old = new Uint8Array(256), view = new DataView(old.buffer);
    view.setBigUint64(56, 0x1234_5000n, true);
    view.setUint32(84, 6, true);
    const unit = new DataView(migrate('iommu', 1, old, { version: 2, bytes: 256 }, saved).buffer);
    expect([unit.getBigUint64(64, true), unit.getUint32(92, true), unit.getUint32(56, true)]).toEqual([0x1234_5000n, 6, 0]);
    const contexts = migrate('iommu contexts', 1, Uint8Array.from({ length: 64 }, (_, i) => i), { version: 2, bytes: 128 }, saved);
    expect([contexts[0], contexts[31], contexts[32], contexts[64], contexts[95], contexts[96]]).toEqual([0, 31, 0, 32, 63, 0]);
  });
});
