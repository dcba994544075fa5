// What a diskette of so many sectors is: its tracks, sides and sectors, and the type of drive that a PC's CMOS has for it. The formats that PCs have had,
// and the denser ones that tools write.

/** Sectors, cylinders, sides, sectors of a track, type of drive: 1 is 360 KB, 2 1.2 MB, 3 720 KB, 4 1.44 MB, 5 2.88 MB. */
const ROWS = memory.data<u16>([
  320, 40, 1, 8, 1, 360, 40, 1, 9, 1, 640, 40, 2, 8, 1, 720, 40, 2, 9, 1, 1440, 80, 2, 9, 3, 1600, 80, 2, 10, 3,
  2400, 80, 2, 15, 2, 2880, 80, 2, 18, 4, 2988, 83, 2, 18, 4, 3200, 80, 2, 20, 4, 3360, 80, 2, 21, 4, 3444, 82, 2, 21, 4,
  3840, 80, 2, 24, 4, 5760, 80, 2, 36, 5, 6240, 80, 2, 39, 5, 7040, 80, 2, 44, 5,
], 8);
@inline const COUNT: u32 = 16;
@inline const ROW_BYTES: usize = 10;
/** 1.44 MB: what an odd size is taken for. */
@inline const USUAL: u32 = 7;

function rowOf(sectors: u64): usize {
  for (let i: u32 = 0; i < COUNT; i++) if (<u64>load<u16>(ROWS + i * ROW_BYTES) == sectors) return ROWS + i * ROW_BYTES;
  return ROWS + USUAL * ROW_BYTES;
}
export function cylindersOf(sectors: u64): u32 { return load<u16>(rowOf(sectors), 2); }
export function sidesOf(sectors: u64): u32 { return load<u16>(rowOf(sectors), 4); }
export function trackOf(sectors: u64): u32 { return load<u16>(rowOf(sectors), 6); }
/** An empty drive is one for 1.44 MB. */
export function driveTypeOf(sectors: u64): u32 { return load<u16>(rowOf(sectors), 8); }
