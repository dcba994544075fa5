/** PNG, read back by its definition; and PPM. */
import { inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { encodePng, encodePpm } from '../../../host/screen/png.js';

const picture = { width: 2, height: 2, pixels: Uint8ClampedArray.of(1, 2, 3, 255, 4, 5, 6, 255, 7, 8, 9, 255, 10, 11, 12, 255) };

describe('a picture', () => {
  it('as PNG has its chunks, each with its length, and the rows in them', async () => {
    const bytes = await encodePng(picture), view = new DataView(bytes.buffer);
    expect([...bytes.subarray(0, 8)]).toEqual([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]);
    const chunks = new Map<string, Uint8Array>();
    for (let at = 8; at < bytes.length; at += 12 + view.getUint32(at)) chunks.set(String.fromCharCode(...bytes.subarray(at + 4, at + 8)), bytes.subarray(at + 8, at + 8 + view.getUint32(at)));
    expect([...chunks.keys()]).toEqual(['IHDR', 'IDAT', 'IEND']);
    expect([...chunks.get('IHDR')!]).toEqual([0, 0, 0, 2, 0, 0, 0, 2, 8, 2, 0, 0, 0]);
    expect([...inflateSync(chunks.get('IDAT')!)]).toEqual([0, 1, 2, 3, 4, 5, 6, 0, 7, 8, 9, 10, 11, 12]);
    // The check of an empty IEND is a number that everyone knows.
    expect(view.getUint32(bytes.length - 4)).toBe(0xae426082);
  });
  it('as PPM has a head and three bytes a pixel', () => {
    const bytes = encodePpm(picture);
    expect(new TextDecoder().decode(bytes.subarray(0, 11))).toBe('P6\n2 2\n255\n');
    expect([...bytes.subarray(11)]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  });
});
