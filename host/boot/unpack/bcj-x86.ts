/**
 * The x86 branch filter of .xz: before packing, the 32-bit operands of CALL and JMP (E8, E9) were turned from relative
 * into absolute; this turns them back, in place. Follows the x86 BCJ filter of the .xz format (filter 04).
 *
 * `mask` remembers which of the last bytes also looked like opcodes: bit n set means the byte n+1 back was E8 or E9 and was
 * not converted, bit 4 that the operand after it ended in a byte that could be a sign extension. Overlapping
 * candidates are resolved exactly as the packer resolved them.
 */

const OPERAND = 4;
const INSTRUCTION = 1 + OPERAND;

/** For the three nearest bits of the mask: may a conversion start here? */
const MAY_CONVERT = [true, true, true, false, true, false, false, false];
/** For the same bits: which byte of the operand an earlier candidate overlaps. */
const OVERLAPS_BYTE = [0, 1, 2, 2, 3, 3, 3, 3];

function isSignExtension(byte: number): boolean {
  return byte === 0 || byte === 0xff;
}

/** The relative operand of the instruction that ends at `next`, undoing overlapping conversions as the packer did. */
function toRelative(absolute: number, next: number, mask: number): number {
  let source = absolute;
  for (;;) {
    const relative = (source - next) >>> 0;
    if (mask === 0) return relative;
    const shift = 8 * OVERLAPS_BYTE[mask >> 1]!;
    if (!isSignExtension((relative >>> (24 - shift)) & 0xff)) return relative;
    source = (relative ^ (2 ** (32 - shift) - 1)) >>> 0;
  }
}

export function undoBcjX86(bytes: Uint8Array): void {
  let mask = 0;
  let last = -INSTRUCTION;
  const end = bytes.length - INSTRUCTION;
  for (let at = 0; at <= end; ) {
    const opcode = bytes[at]!;
    if (opcode !== 0xe8 && opcode !== 0xe9) {
      at++;
      continue;
    }
    const gap = at - last;
    last = at;
    if (gap > INSTRUCTION) mask = 0;
    else for (let i = 0; i < gap; i++) mask = (mask & 0x77) << 1;

    const top = bytes[at + OPERAND]!;
    if (isSignExtension(top) && MAY_CONVERT[(mask >> 1) & 7] && mask >> 1 < 0x10) {
      const absolute =
        (bytes[at + 1]! | (bytes[at + 2]! << 8) | (bytes[at + 3]! << 16) | (top << 24)) >>> 0;
      const relative = toRelative(absolute, at + INSTRUCTION, mask);
      bytes[at + 1] = relative;
      bytes[at + 2] = relative >>> 8;
      bytes[at + 3] = relative >>> 16;
      bytes[at + 4] = (relative >>> 24) & 1 ? 0xff : 0; // 25 bits, sign-extended
      at += INSTRUCTION;
      mask = 0;
    } else {
      at++;
      mask |= 1;
      if (isSignExtension(top)) mask |= 0x10;
    }
  }
}
