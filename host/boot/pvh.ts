/**
 * The PVH start info: what a kernel entered by PVH finds at EBX.
 * Follows Xen's public headers, arch-x86/hvm/start_info.h (version 1): the structure, its module list, its memory map.
 */
import type { Segment } from './plan.js';
import { e820Map } from './ram-layout.js';

const MAGIC = 0x336ec578;
const VERSION = 1;
const INFO_BYTES = 56;
const MODULE_BYTES = 32;
const MAP_ENTRY_BYTES = 24;

export interface StartInfoOptions {
  /** Guest-physical address it will lie at. */
  at: number;
  memory: number;
  initrd: Segment | undefined;
  /** Guest-physical address of the NUL-terminated command line. */
  commandLine: number;
  /** Guest-physical address of the ACPI root pointer, or 0. */
  rsdp: number;
}

export function startInfo(options: StartInfoOptions): Segment {
  const map = e820Map(options.memory);
  const modulesAt = INFO_BYTES + 8; // 64: all three parts 8-byte aligned
  const mapAt = modulesAt + MODULE_BYTES;
  const bytes = new Uint8Array(mapAt + map.length * MAP_ENTRY_BYTES);
  const view = new DataView(bytes.buffer);
  const put64 = (at: number, value: number): void => view.setBigUint64(at, BigInt(value), true);

  view.setUint32(0, MAGIC, true);
  view.setUint32(4, VERSION, true);
  view.setUint32(12, options.initrd ? 1 : 0, true);
  put64(16, options.initrd ? options.at + modulesAt : 0);
  put64(24, options.commandLine);
  put64(32, options.rsdp);
  put64(40, options.at + mapAt);
  view.setUint32(48, map.length, true);
  if (options.initrd) {
    put64(modulesAt, options.initrd.gpa);
    put64(modulesAt + 8, options.initrd.bytes.length);
  }
  map.forEach((entry, index) => {
    const at = mapAt + index * MAP_ENTRY_BYTES;
    put64(at, entry.base);
    put64(at + 8, entry.bytes);
    view.setUint32(at + 16, entry.type, true);
  });
  return { gpa: options.at, bytes };
}
