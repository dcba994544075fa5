/**
 * SMBIOS: what the machine is called and made of, in the structures that the standard requires.
 * Follows DSP0134, System Management BIOS Reference Specification 2.8: 5.2.1 (entry point), 6.1.2 (structures), chapter 7 (types).
 */
import { ascii, concat, little, setChecksum } from './bytes.js';
import type { Segment } from './plan.js';
import { HIGH_RAM_BASE, ramLayout } from './ram-layout.js';

const NAME = 'Pintail';
const BOARD = 'Q35-like';
const ENTRY_BYTES = 0x1f;
const INTERMEDIATE_AT = 0x10;
const KIB = 1024;
const MIB = 1024 * KIB;

const enum Type { FIRMWARE = 0, SYSTEM = 1, CHASSIS = 3, PROCESSOR = 4, MEMORY_ARRAY = 16, MEMORY_DEVICE = 17, MAPPED_ADDRESS = 19, BOOT = 32, END = 127 }
/** Handles that others name. */
const enum Handle { CHASSIS = 0x300, ARRAY = 0x1000 }
const [OTHER, UNKNOWN, SAFE, NONE] = [1, 2, 3, 3];
const NO_HANDLE = 0xffff;
const NO_ERROR_INFORMATION = 0xfffe;

type Field = [width: number, value: number];

/** A structure: its head, its fields, its strings with a NUL each and another NUL at the end. */
function structure(type: Type, handle: number, fields: readonly Field[], ...strings: string[]): Uint8Array {
  const body = concat(...fields.map(([width, value]) => little(width, value)));
  const texts = strings.length === 0 ? [little(2, 0)] : [...strings.map((text) => ascii(`${text}\0`)), little(1, 0)];
  return concat(little(1, type), little(1, 4 + body.length), little(2, handle), body, ...texts);
}

/** 7.1: not described (bit 3), a virtual machine (extension byte 2, bit 4). */
function firmware(): Uint8Array {
  return structure(Type.FIRMWARE, 0, [[1, 1], [1, 2], [2, 0xf000], [1, 3], [1, 0], [8, 8], [1, 0], [1, 0x10], [1, 0], [1, 0], [1, 0xff], [1, 0xff]], NAME, '1', '01/01/2026');
}

function system(): Uint8Array {
  const POWER_SWITCH = 6;
  return structure(Type.SYSTEM, 0x100, [[1, 1], [1, 2], [1, 0], [1, 0], [8, 0], [8, 0], [1, POWER_SWITCH], [1, 0], [1, 0]], NAME, BOARD);
}

function chassis(): Uint8Array {
  return structure(Type.CHASSIS, Handle.CHASSIS, [[1, 1], [1, OTHER], [1, 0], [1, 0], [1, 0], [1, SAFE], [1, SAFE], [1, SAFE], [1, UNKNOWN], [4, 0], [1, 0], [1, 0], [1, 0], [1, 0], [1, 0]], NAME);
}

function processor(index: number): Uint8Array {
  const [CENTRAL, ENABLED_IN_SOCKET, WIDE] = [3, 0x41, 4];
  return structure(Type.PROCESSOR, 0x400 + index, [
    [1, 1], [1, CENTRAL], [1, OTHER], [1, 2], [8, 0], [1, 0], [1, 0], [2, 0], [2, 0], [2, 0], [1, ENABLED_IN_SOCKET], [1, OTHER],
    [2, NO_HANDLE], [2, NO_HANDLE], [2, NO_HANDLE], [1, 0], [1, 0], [1, 0], [1, 1], [1, 1], [1, 1], [2, WIDE], [2, OTHER],
  ], `CPU ${index}`, NAME);
}

function memory(bytes: number): Uint8Array[] {
  const [SYSTEM_MEMORY, DIMM, RAM, DETAIL_OTHER, TOP] = [3, 9, 7, 2, 0x7fff];
  const { lowBytes, highBytes } = ramLayout(bytes);
  const size = Math.ceil(bytes / MIB);
  const mapped = (index: number, base: number, length: number): Uint8Array =>
    structure(Type.MAPPED_ADDRESS, 0x1300 + index, [[4, base / KIB], [4, (base + length) / KIB - 1], [2, Handle.ARRAY], [1, 1], [8, 0], [8, 0]]);
  return [
    structure(Type.MEMORY_ARRAY, Handle.ARRAY, [[1, OTHER], [1, SYSTEM_MEMORY], [1, NONE], [4, bytes / KIB], [2, NO_ERROR_INFORMATION], [2, 1], [8, 0]]),
    structure(Type.MEMORY_DEVICE, 0x1100, [
      [2, Handle.ARRAY], [2, NO_ERROR_INFORMATION], [2, 0xffff], [2, 0xffff], [2, Math.min(size, TOP)], [1, DIMM], [1, 0], [1, 1], [1, 0], [1, RAM], [2, DETAIL_OTHER],
      [2, 0], [1, 0], [1, 0], [1, 0], [1, 0], [1, 0], [4, size >= TOP ? size : 0], [2, 0], [2, 0], [2, 0], [2, 0],
    ], 'DIMM 0'),
    mapped(0, 0, lowBytes),
    ...(highBytes > 0 ? [mapped(1, HIGH_RAM_BASE, highBytes)] : []),
  ];
}

export interface Smbios {
  /** The entry point, whose table address is right for where the structures are placed. */
  entry: Uint8Array;
  structures: Uint8Array;
}

/** The entry point, and the structures, which will lie at `structuresAt`. */
export function smbios(structuresAt: number, memoryBytes: number, processors: number): Smbios {
  const all = [
    firmware(), system(), chassis(), ...Array.from({ length: processors }, (_, index) => processor(index)), ...memory(memoryBytes),
    structure(Type.BOOT, 0x2000, [[4, 0], [2, 0], [1, 0]]),
    structure(Type.END, 0x7f00, []),
  ];
  const structures = concat(...all);
  const entry = concat(
    ascii('_SM_'), little(1, 0), little(1, ENTRY_BYTES), little(1, 2), little(1, 8), little(2, Math.max(...all.map(({ length }) => length))), little(6, 0),
    ascii('_DMI_'), little(1, 0), little(2, structures.length), little(4, structuresAt), little(2, all.length), little(1, 0x28),
  );
  setChecksum(entry.subarray(INTERMEDIATE_AT), 5);
  return { entry: setChecksum(entry, 4), structures };
}

/** Both in memory: the entry point at `at`, a multiple of 16 from F0000 to FFFF0, where it is looked for. */
export function smbiosAt(at: number, memoryBytes: number, processors: number): Segment {
  const { entry, structures } = smbios(at + ENTRY_BYTES + 1, memoryBytes, processors);
  return { gpa: at, bytes: concat(entry, little(1, 0), structures) };
}
