/** Small ELF kernels and bzImages, made up for tests of the loader. */

export interface MadeSegment {
  physical: number;
  data: Uint8Array;
  memoryBytes?: number;
}

export interface MadeElf {
  wide?: boolean;
  machine?: number;
  entry?: number;
  segments: MadeSegment[];
  /** The address in a PVH note; without it there is no note. */
  pvhEntry?: number;
}

const PT_LOAD = 1;
const PT_NOTE = 4;

function pvhNote(entry: number): Uint8Array {
  const note = new Uint8Array(20);
  const view = new DataView(note.buffer);
  view.setUint32(0, 4, true);
  view.setUint32(4, 4, true);
  view.setUint32(8, 18, true);
  note.set(new TextEncoder().encode('Xen\0'), 12);
  view.setUint32(16, entry, true);
  return note;
}

export function makeElf(options: MadeElf): Uint8Array {
  const wide = options.wide ?? true;
  const rows: { type: number; physical: number; data: Uint8Array; memoryBytes: number }[] = options.segments.map((segment) => ({
    type: PT_LOAD,
    physical: segment.physical,
    data: segment.data,
    memoryBytes: segment.memoryBytes ?? segment.data.length,
  }));
  if (options.pvhEntry !== undefined) {
    const data = pvhNote(options.pvhEntry);
    rows.push({ type: PT_NOTE, physical: 0, data, memoryBytes: data.length });
  }
  const headerBytes = wide ? 64 : 52;
  const rowBytes = wide ? 56 : 32;
  const start = headerBytes + rows.length * rowBytes;
  const bytes = new Uint8Array(start + rows.reduce((sum, row) => sum + row.data.length, 0));
  const view = new DataView(bytes.buffer);
  const put = (at: number, value: number): void =>
    wide ? view.setBigUint64(at, BigInt(value), true) : view.setUint32(at, value, true);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, 1, 1]);
  view.setUint16(16, 2, true);
  view.setUint16(18, options.machine ?? (wide ? 62 : 3), true);
  view.setUint32(20, 1, true);
  put(24, options.entry ?? 0x100000);
  put(wide ? 32 : 28, headerBytes);
  view.setUint16(wide ? 52 : 40, headerBytes, true);
  view.setUint16(wide ? 54 : 42, rowBytes, true);
  view.setUint16(wide ? 56 : 44, rows.length, true);
  let at = start;
  rows.forEach((row, index) => {
    const head = headerBytes + index * rowBytes;
    view.setUint32(head, row.type, true);
    put(head + (wide ? 8 : 4), at);
    put(head + (wide ? 24 : 12), row.physical);
    put(head + (wide ? 32 : 16), row.data.length);
    put(head + (wide ? 40 : 20), row.memoryBytes);
    put(head + (wide ? 48 : 28), 4);
    bytes.set(row.data, at);
    at += row.data.length;
  });
  return bytes;
}

/** A bzImage of protocol 2.15 around a payload, as the kernel's build lays it out. */
export function makeBzImage(payload: Uint8Array, options: { wide?: boolean; protocol?: number } = {}): Uint8Array {
  const setup = 1024; // boot sector and one setup sector
  const payloadAt = 0x40;
  const bytes = new Uint8Array(setup + payloadAt + payload.length);
  const view = new DataView(bytes.buffer);
  bytes[0x1f1] = 1;
  view.setUint16(0x1fe, 0xaa55, true);
  bytes.set([0xeb, 0x6a], 0x200);
  bytes.set(new TextEncoder().encode('HdrS'), 0x202);
  view.setUint16(0x206, options.protocol ?? 0x020f, true);
  bytes[0x211] = 1;
  view.setUint32(0x214, 0x100000, true);
  view.setUint32(0x22c, 0x7fffffff, true);
  view.setUint32(0x230, 0x200000, true);
  view.setUint16(0x236, (options.wide ?? true) ? 1 : 0, true);
  view.setUint32(0x238, 2047, true);
  view.setUint32(0x248, payloadAt, true);
  view.setUint32(0x24c, payload.length, true);
  view.setBigUint64(0x258, 0x1000000n, true);
  view.setUint32(0x260, 0x200000, true);
  bytes.set(payload, setup + payloadAt);
  return bytes;
}
