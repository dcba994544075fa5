/** CRC-32 as zlib and .xz compute it, eight bytes a step (Node has its own only from 20.15 on). */

const TABLES = makeTables();

function makeTables(): Uint32Array[] {
  const tables = [new Uint32Array(256)];
  for (let n = 0; n < 256; n++) {
    let value = n;
    for (let i = 0; i < 8; i++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
    tables[0]![n] = value;
  }
  for (let t = 1; t < 8; t++) {
    const table = new Uint32Array(256);
    const before = tables[t - 1]!;
    for (let n = 0; n < 256; n++) table[n] = (before[n]! >>> 8) ^ tables[0]![before[n]! & 0xff]!;
    tables.push(table);
  }
  return tables;
}

export function crc32(bytes: Uint8Array): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = TABLES as [
    Uint32Array, Uint32Array, Uint32Array, Uint32Array, Uint32Array, Uint32Array, Uint32Array, Uint32Array,
  ];
  let crc = 0xffffffff;
  let at = 0;
  for (const end = bytes.length - 7; at < end; at += 8) {
    crc ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    crc =
      t7[crc & 0xff]! ^ t6[(crc >>> 8) & 0xff]! ^ t5[(crc >>> 16) & 0xff]! ^ t4[crc >>> 24]! ^
      t3[bytes[at + 4]!]! ^ t2[bytes[at + 5]!]! ^ t1[bytes[at + 6]!]! ^ t0[bytes[at + 7]!]!;
  }
  for (; at < bytes.length; at++) crc = (crc >>> 8) ^ t0[(crc ^ bytes[at]!) & 0xff]!;
  return ~crc >>> 0;
}
