/**
 * Linux's bzImage: the setup header, the compressed kernel inside, and the kernel inside that.
 * Follows Documentation/arch/x86/boot.rst of Linux (boot protocol 2.15); field names are that document's.
 */
import { ImageError } from './errors.js';
import { type Budget, detectPacking, StreamError, unpack, type Packing } from './unpack/index.js';

/** Offsets of the setup header's fields, from the start of the file and of the zero page alike. */
export const Header = {
  setup_sects: 0x1f1,
  boot_flag: 0x1fe,
  jump: 0x200,
  header: 0x202,
  version: 0x206,
  type_of_loader: 0x210,
  loadflags: 0x211,
  code32_start: 0x214,
  ramdisk_image: 0x218,
  ramdisk_size: 0x21c,
  cmd_line_ptr: 0x228,
  initrd_addr_max: 0x22c,
  kernel_alignment: 0x230,
  xloadflags: 0x236,
  cmdline_size: 0x238,
  payload_offset: 0x248,
  payload_length: 0x24c,
  pref_address: 0x258,
  init_size: 0x260,
} as const;

export const HDRS = 0x53726448; // "HdrS"
export const XLF_KERNEL_64 = 1;
const LOADED_HIGH = 1;
/** Payload fields and cmdline_size exist from 2.08, init_size from 2.10; older kernels than these are not x86-64 ones. */
const OLDEST_PROTOCOL = 0x020a;

export interface BzImage {
  /** The header as it stands in the file, for the zero page: bytes 0x1f1 to its end. */
  setupHeader: Uint8Array;
  protocol: number;
  /** The real-mode part: boot sector and setup sectors. */
  setup: Uint8Array;
  /** Everything behind the real-mode part: the kernel that unpacks itself. */
  protectedMode: Uint8Array;
  payload: Uint8Array;
  packing: Packing;
  has64BitEntry: boolean;
  code32Start: number;
  preferredAddress: number;
  /** Memory, from where it is loaded, that the kernel needs before it knows the memory map. */
  initBytes: number;
  commandLineBytes: number;
  initrdLimit: number;
}

export function isBzImage(bytes: Uint8Array): boolean {
  return (
    bytes.length > Header.header + 4 &&
    bytes[Header.boot_flag] === 0x55 &&
    bytes[Header.boot_flag + 1] === 0xaa &&
    new DataView(bytes.buffer, bytes.byteOffset).getUint32(Header.header, true) === HDRS
  );
}

/** Reads the header; `name` is the file as the user knows it. */
export function readBzImage(bytes: Uint8Array, name: string): BzImage {
  const damaged = 'Take a fresh copy of it.';
  if (bytes.length < 0x268) throw new ImageError(name, `is a Linux kernel cut off after ${bytes.length} bytes`, damaged);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const protocol = view.getUint16(Header.version, true);
  if (protocol < OLDEST_PROTOCOL) {
    throw new ImageError(
      name,
      `is a Linux kernel of boot protocol ${protocol >> 8}.${(protocol & 0xff).toString().padStart(2, '0')}`,
      'Give one of protocol 2.10 or later (Linux 2.6.31 on), or its unpacked vmlinux.',
    );
  }
  if (!(bytes[Header.loadflags]! & LOADED_HIGH)) {
    throw new ImageError(name, 'is a zImage, loaded below 1 MiB', 'Give a bzImage or the unpacked vmlinux.');
  }
  const protectedModeAt = ((bytes[Header.setup_sects]! || 4) + 1) * 512;
  const payloadAt = protectedModeAt + view.getUint32(Header.payload_offset, true);
  const payloadBytes = view.getUint32(Header.payload_length, true);
  if (payloadAt + payloadBytes > bytes.length) {
    throw new ImageError(
      name,
      `is a Linux kernel cut off: its payload needs bytes ${payloadAt} to ${payloadAt + payloadBytes}, the file has ${bytes.length}`,
      damaged,
    );
  }
  const payload = bytes.subarray(payloadAt, payloadAt + payloadBytes);
  return {
    setupHeader: bytes.subarray(Header.setup_sects, Header.header + bytes[Header.jump + 1]!),
    protocol,
    setup: bytes.subarray(0, protectedModeAt),
    protectedMode: bytes.subarray(protectedModeAt),
    payload,
    packing: detectPacking(payload),
    has64BitEntry: protocol >= 0x020c && (view.getUint16(Header.xloadflags, true) & XLF_KERNEL_64) !== 0,
    code32Start: view.getUint32(Header.code32_start, true),
    preferredAddress: Number(view.getBigUint64(Header.pref_address, true)),
    initBytes: view.getUint32(Header.init_size, true),
    commandLineBytes: view.getUint32(Header.cmdline_size, true),
    initrdLimit: view.getUint32(Header.initrd_addr_max, true),
  };
}

/** The ELF kernel inside the payload. */
export function unpackBzImage(image: BzImage, name: string, budget?: Budget): Uint8Array {
  const { payload, packing } = image;
  if (payload.length < 16) throw new ImageError(name, `has a payload of only ${payload.length} bytes`, 'Take a fresh copy of it.');
  try {
    // The build appends the unpacked size to every payload (gzip has it there by its own format).
    const sizeHint = new DataView(payload.buffer, payload.byteOffset + payload.length - 4).getUint32(0, true);
    // zstd's frames must not be followed by anything, so there it is cut off.
    return unpack(packing === 'zstd' ? payload.subarray(0, -4) : payload, packing, sizeHint, budget);
  } catch (cause) {
    if (!(cause instanceof StreamError)) throw cause;
    throw new ImageError(
      name,
      `has a payload (${packing}) that ${cause.message}`,
      packing === 'bzip2' || packing === 'lzo'
        ? 'Give the unpacked vmlinux, or let the kernel unpack itself with the linux64 entry.'
        : 'Take a fresh copy of it.',
    );
  }
}
