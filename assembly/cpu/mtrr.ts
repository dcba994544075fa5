// Memory type range registers. Intel SDM vol. 3, 11.11. They are kept and checked; memory types change nothing here.

import { MSRS } from "./state";
import { Msr, VARIABLE_MTRRS } from "./msr-spec";
import { PHYSICAL_BITS } from "./paging";

@inline const VARIABLE: usize = MSRS;
@inline const FIXED: usize = MSRS + 8 * <usize>VARIABLE_MTRRS;
@inline const DEF_TYPE: usize = FIXED + 8 * 11;
@inline const BEYOND: u64 = ~(<u64>0) << PHYSICAL_BITS;

/** Uncached, write-combining, write-through, write-protected, write-back. */
function isType(v: u64): bool { return v < 7 && (0x73 >> <u32>v & 1) != 0; }

function areTypes(v: u64): bool {
  for (let k: u64 = 0; k < 64; k += 8) if (!isType((v >> k) & 0xff)) return false;
  return true;
}

/** Where the register is kept, or 0 if it is none of these. */
export function mtrrAt(index: u32): usize {
  if (index >= <u32>Msr.IA32_MTRR_PHYSBASE0 && index < <u32>Msr.IA32_MTRR_PHYSBASE0 + VARIABLE_MTRRS) {
    return VARIABLE + (<usize>(index - Msr.IA32_MTRR_PHYSBASE0) << 3);
  }
  if (index == Msr.IA32_MTRR_FIX64K) return FIXED;
  if (index == Msr.IA32_MTRR_FIX16K_80000) return FIXED + 8;
  if (index == Msr.IA32_MTRR_FIX16K_A0000) return FIXED + 16;
  if (index >= <u32>Msr.IA32_MTRR_FIX4K && index < <u32>Msr.IA32_MTRR_FIX4K + 8) return FIXED + 24 + (<usize>(index - Msr.IA32_MTRR_FIX4K) << 3);
  return index == Msr.IA32_MTRR_DEF_TYPE ? DEF_TYPE : 0;
}

/** True if the value may be written. */
export function mayWriteMtrr(index: u32, v: u64): bool {
  if (index == Msr.IA32_MTRR_DEF_TYPE) return isType(v & 0xff) && !(v & ~0xcff);
  if (index >= <u32>Msr.IA32_MTRR_FIX64K) return areTypes(v);
  if (v & BEYOND) return false;
  return index & 1 ? !(v & 0x7ff) : isType(v & 0xff) && !(v & 0xf00);
}

/**
 * As firmware leaves them: memory is write-back, the hole for devices below 4 GiB and the VGA window are not cached, the
 * ROM window is write-protected.
 */
export function presetMtrrs(): void {
  store<u64>(DEF_TYPE, 0xc06);
  setVariable(0, 0xb000_0000, 0x1000_0000);
  setVariable(1, 0xc000_0000, 0x4000_0000);
  memory.fill(FIXED, 6, 16);
  memory.fill(FIXED + 16, 0, 8);
  memory.fill(FIXED + 24, 5, 64);
}

function setVariable(n: usize, base: u64, bytes: u64): void {
  store<u64>(VARIABLE + (n << 4), base);
  store<u64>(VARIABLE + (n << 4) + 8, (~(bytes - 1) & ~BEYOND) | 0x800);
}
