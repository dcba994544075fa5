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
/** Older kernels have no header of this kind (before Linux 1.3.73). */
const OLDEST_PROTOCOL = 0x0200;
/** The protocols that brought fields, and what holds before: initrd_addr_max, cmdline_size, the payload, pref_address and init_size, xloadflags. */
const Since = { INITRD_LIMIT: 0x0203, COMMAND_LINE_SIZE: 0x0206, PAYLOAD: 0x0208, PLACE: 0x020a, XLOADFLAGS: 0x020c } as const;
const OLD_INITRD_LIMIT = 0x37ff_ffff;
const OLD_COMMAND_LINE = 255;
/** The first protocol whose kernels start by the 32-bit entry without their setup code having run: theirs says what memory they need. */
export const DIRECT_PROTOCOL = Since.PLACE;

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
  /** Its protected-mode part goes to 1 MiB; a zImage's goes to 0x10000, and its setup code moves it. */
  loadedHigh: boolean;
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
  const sectors = bytes[Header.setup_sects]! || 4;
  const protectedModeAt = (sectors + 1) * 512;
  if (bytes.length < protectedModeAt) throw new ImageError(name, `is a Linux kernel cut off after ${bytes.length} bytes`, damaged);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const protocol = view.getUint16(Header.version, true);
  if (protocol < OLDEST_PROTOCOL) {
    throw new ImageError(
      name,
      `is a Linux kernel of boot protocol ${protocol >> 8}.${(protocol & 0xff).toString().padStart(2, '0')}`,
      'Give one of protocol 2.00 or later, or its unpacked vmlinux.',
    );
  }
  const hasPayload = protocol >= Since.PAYLOAD;
  const payloadAt = protectedModeAt + (hasPayload ? view.getUint32(Header.payload_offset, true) : 0);
  const payloadBytes = hasPayload ? view.getUint32(Header.payload_length, true) : 0;
  if (payloadAt + payloadBytes > bytes.length) {
    throw new ImageError(
      name,
      `is a Linux kernel cut off: its payload needs bytes ${payloadAt} to ${payloadAt + payloadBytes}, the file has ${bytes.length}`,
      damaged,
    );
  }
  const payload = bytes.subarray(payloadAt, payloadAt + payloadBytes);
  const protectedMode = bytes.subarray(protectedModeAt);
  const code32Start = view.getUint32(Header.code32_start, true);
  return {
    setupHeader: bytes.subarray(Header.setup_sects, Header.header + bytes[Header.jump + 1]!),
    protocol,
    setup: bytes.subarray(0, protectedModeAt),
    protectedMode,
    payload,
    packing: detectPacking(payload),
    has64BitEntry: protocol >= Since.XLOADFLAGS && (view.getUint16(Header.xloadflags, true) & XLF_KERNEL_64) !== 0,
    loadedHigh: (bytes[Header.loadflags]! & LOADED_HIGH) !== 0,
    code32Start,
    preferredAddress: protocol >= Since.PLACE ? Number(view.getBigUint64(Header.pref_address, true)) : code32Start,
    initBytes: protocol >= Since.PLACE ? view.getUint32(Header.init_size, true) : protectedMode.length,
    commandLineBytes: protocol >= Since.COMMAND_LINE_SIZE ? view.getUint32(Header.cmdline_size, true) : OLD_COMMAND_LINE,
    initrdLimit: protocol >= Since.INITRD_LIMIT ? view.getUint32(Header.initrd_addr_max, true) : OLD_INITRD_LIMIT,
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
