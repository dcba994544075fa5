// Addresses and counts in the task file: cylinders, heads and sectors, 28 bits, 48 bits. ATA/ATAPI-7, 6.2.

import { Unit } from "../unit/state";
import { Device } from "./spec";

/** Sectors that a command asks for; 0 stands for all that the register can say. */
export function countOf(u: Unit, wide: bool): u32 {
  if (!wide) return u.count ? <u32>u.count : 256;
  const n = <u32>u.countWas << 8 | u.count;
  return n ? n : 65536;
}

/** The first sector; all ones for a cylinder, head and sector that no geometry has. */
export function sectorOf(u: Unit, wide: bool): u64 {
  if (wide) return <u64>u.highWas << 40 | <u64>u.midWas << 32 | <u64>u.lowWas << 24 | <u64>u.high << 16 | <u64>u.mid << 8 | u.low;
  if (u.device & <u8>Device.LBA) return <u64>(u.device & <u8>Device.HEAD) << 24 | <u64>u.high << 16 | <u64>u.mid << 8 | u.low;
  const head = <u32>u.device & Device.HEAD, cylinder = <u32>u.high << 8 | u.mid, sector = <u32>u.low;
  if (!sector || sector > u.track || head >= u.heads) return ~<u64>0;
  return (<u64>cylinder * u.heads + head) * u.track + sector - 1;
}

/** Says in the task file where a sector is. */
export function putSector(u: Unit, sector: u64, wide: bool): void {
  if (wide) {
    u.lowWas = <u8>(sector >> 24); u.midWas = <u8>(sector >> 32); u.highWas = <u8>(sector >> 40);
    u.low = <u8>sector; u.mid = <u8>(sector >> 8); u.high = <u8>(sector >> 16);
  } else if (u.device & <u8>Device.LBA) {
    u.device = u.device & ~(<u8>Device.HEAD) | <u8>(sector >> 24 & Device.HEAD);
    u.low = <u8>sector; u.mid = <u8>(sector >> 8); u.high = <u8>(sector >> 16);
  } else putCylinder(u, sector);
}

function putCylinder(u: Unit, sector: u64): void {
  const track = max(u.track, <u32>1), heads = max(u.heads, <u32>1), line = sector / track, cylinder = line / heads;
  u.low = <u8>(sector % track + 1);
  u.device = u.device & ~(<u8>Device.HEAD) | <u8>(line % heads);
  u.mid = <u8>cylinder; u.high = <u8>(cylinder >> 8);
}
