/** A picture as PNG (ISO/IEC 15948): eight bits of red, green and blue, each row as it is, packed by the platform's own zlib. */

import type { Picture } from './screen.js';

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const RGB = 2;

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? 0xedb8_8320 ^ (c >>> 1) : c >>> 1;
  return c;
});

function crc(bytes: Uint8Array): number {
  let c = 0xffff_ffff;
  for (const byte of bytes) c = CRC_TABLE[(c ^ byte) & 0xff]! ^ (c >>> 8);
  return (c ^ 0xffff_ffff) >>> 0;
}

function chunk(type: string, content: Uint8Array): Uint8Array {
  const out = new Uint8Array(12 + content.length), view = new DataView(out.buffer);
  view.setUint32(0, content.length);
  out.set(new TextEncoder().encode(type), 4);
  out.set(content, 8);
  view.setUint32(8 + content.length, crc(out.subarray(4, 8 + content.length)));
  return out;
}

function header(width: number, height: number): Uint8Array {
  const out = new Uint8Array(13), view = new DataView(out.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  out.set([8, RGB, 0, 0, 0], 8);
  return out;
}

/** Rows of three bytes a pixel, a zero (no filter) before each. */
function rows({ width, height, pixels }: Picture): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(height * (1 + 3 * width));
  let to = 0, from = 0;
  for (let y = 0; y < height; y++) {
    to++;
    for (let x = 0; x < width; x++, from += 4) {
      out[to++] = pixels[from]!;
      out[to++] = pixels[from + 1]!;
      out[to++] = pixels[from + 2]!;
    }
  }
  return out;
}

async function zlib(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream('deflate'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

export async function encodePng(picture: Picture): Promise<Uint8Array> {
  const parts = [SIGNATURE, chunk('IHDR', header(picture.width, picture.height)), chunk('IDAT', await zlib(rows(picture))), chunk('IEND', new Uint8Array(0))];
  const out = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** The same as PPM (P6), as QEMU's screendump writes it. */
export function encodePpm({ width, height, pixels }: Picture): Uint8Array {
  const head = new TextEncoder().encode(`P6\n${width} ${height}\n255\n`), out = new Uint8Array(head.length + width * height * 3);
  out.set(head);
  for (let i = 0, to = head.length; i < width * height * 4; i += 4) for (let part = 0; part < 3; part++) out[to++] = pixels[i + part]!;
  return out;
}
