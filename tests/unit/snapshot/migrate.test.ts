/** Sections of other versions: read by steps, one a version, or refused by name. */
import { describe, expect, it } from 'vitest';
import { migrate, type Migrations } from '../../../host/snapshot/migrate.js';

/** Version 2 has a byte in front, version 3 each byte twice. */
const STEPS: Migrations = { words: { 1: (old) => Uint8Array.from([7, ...old]), 2: (old) => Uint8Array.from([...old].flatMap((byte) => [byte, byte])) } };
const known = { version: 3, bytes: 8 };

describe('a section', () => {
  it.each([[3, [1, 2]], [2, [1, 1, 2, 2]], [1, [7, 7, 1, 1, 2, 2]]])('of version %i is read', (version, wanted) => {
    expect([...migrate('words', version, Uint8Array.of(1, 2), known, STEPS)]).toEqual(wanted);
  });

  it('of a version that is not known is refused with both', () => {
    expect(() => migrate('words', 4, Uint8Array.of(1), known, STEPS)).toThrow(/version 4 of the section "words"; this build reads versions 1 to 3/);
    expect(() => migrate('words', 0, Uint8Array.of(1), known, STEPS)).toThrow(/version 0/);
    expect(() => migrate('other', 2, Uint8Array.of(1), known, STEPS)).toThrow(/this build reads version 3\./);
  });

  it('that is larger than what this build has for it is refused', () => {
    expect(() => migrate('words', 3, new Uint8Array(9), known, STEPS)).toThrow(/9 bytes; this build has room for 8/);
  });
});
