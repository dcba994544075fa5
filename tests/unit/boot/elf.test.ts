/** ELF kernels: notes, segments, and files that are damaged. */
import { expect, it } from 'vitest';
import { readElf, readNotes, slimElf } from '../../../host/boot/elf.js';
import { makeElf } from '../../support/elf.js';

it.each([true, false])('a slimmed kernel (64 bits: %s) loads to the same memory', (wide) => {
  const data = new Uint8Array(9000);
  data.set([1, 2, 3], 0);
  data.set([9], 5000);
  const before = makeElf({ wide, entry: 0x100004, segments: [{ physical: 0x100000, data, memoryBytes: 12000 }], pvhEntry: 0x100004 });
  const after = slimElf(before, 'vmlinux');
  expect(after.length).toBeLessThan(before.length + 3 * 4096);
  const [a, b] = [readElf(before, 'a'), readElf(after, 'b')];
  expect([b.entry, b.machine, b.class64]).toEqual([a.entry, a.machine, a.class64]);
  expect(readNotes(after, b, 'after')).toEqual(readNotes(before, a, 'before'));
  const memory = (bytes: Uint8Array, image: typeof a): Uint8Array => {
    const segment = image.segments[0]!;
    const out = new Uint8Array(segment.memoryBytes);
    out.set(bytes.subarray(segment.offset, segment.offset + segment.fileBytes));
    return out;
  };
  expect(b.segments[0]!.fileBytes).toBe(5001);
  expect(memory(after, b)).toEqual(memory(before, a));
});
