// The two words that hold six status flags (assembly/cpu/flags.ts): every combination can be written and read back.

import { control } from "../../assembly/base/control";
import { readFlags, setStatusFlags } from "../../assembly/cpu/flags";
import { cpu } from "../../assembly/cpu/state";
import { holds, Run } from "../../assembly/ir/words";
import { setCf, setZf } from "../../assembly/ir/words-flags";

const STATUS: u64[] = [1, 4, 16, 64, 128, 2048];

function combination(n: u32): u64 {
  let flags: u64 = 0;
  for (let k: u32 = 0; k < 6; k++) if (n >> k & 1) flags |= STATUS[k];
  return flags;
}
function has(flags: u64, bit: u64): bool { return (flags & bit) != 0; }

describe("status flags", () => {
  beforeEach(() => { control.events = 0; cpu.flags = 2; });

  test("all 64 combinations read back", () => {
    for (let n: u32 = 0; n < 64; n++) {
      setStatusFlags(combination(n));
      expect(readFlags()).toBe(combination(n) | 2);
    }
  });
  test("conditions follow the manual's formulas", () => {
    for (let n: u32 = 0; n < 64; n++) {
      const f = combination(n);
      setStatusFlags(f);
      const cf = has(f, 1), pf = has(f, 4), zf = has(f, 64), sf = has(f, 128), ov = has(f, 2048);
      expect(holds(0)).toBe(ov);
      expect(holds(2)).toBe(cf);
      expect(holds(4)).toBe(zf);
      expect(holds(6)).toBe(cf || zf);
      expect(holds(8)).toBe(sf);
      expect(holds(10)).toBe(pf);
      expect(holds(12)).toBe(sf != ov);
      expect(holds(14)).toBe(zf || sf != ov);
      for (let code: u32 = 0; code < 16; code += 2) expect(holds(code + 1)).toBe(!holds(code));
    }
  });
  test("CF and ZF change alone", () => {
    for (let n: u32 = 0; n < 64; n++) {
      setStatusFlags(combination(n));
      setCf<Run>(1);
      expect(readFlags()).toBe(combination(n) | 3);
      setStatusFlags(combination(n));
      setZf<Run>(1);
      expect(readFlags()).toBe(combination(n) | 66);
      setZf<Run>(0);
      expect(readFlags()).toBe((combination(n) & ~64) | 2);
    }
  });
});
