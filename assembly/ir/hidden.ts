// RUN as the IR's interpreter does it: what the operation says it does not read is hidden from it behind other values, and what it says it
// does not write must be as it was. So a wrong row in isa/effects.ts shows as a wrong result, in every vector and kernel.

import { control } from "../base/control";
import { links } from "../base/machine";
import { cpu, gpr, xmm } from "../cpu/state";
import { Effect } from "./ops";
import { HIDDEN } from "./block";

@inline const VECTORS: usize = HIDDEN + 16 * 8;
@inline const WORDS: usize = VECTORS + 16 * 16;
@inline function veil(n: u32): u64 { return 0xdead_0000_beef_0001 + (<u64>n << 32); }

export function runHidden(read: u32, written: u32): void {
  hide(read);
  call_indirect<void>(links.runSlot, control.current);
  reveal(read, written);
}

function hide(read: u32): void {
  memory.copy(HIDDEN, gpr(0), 16 * 8);
  memory.copy(VECTORS, xmm(0), 16 * 16);
  store<u64>(WORDS, cpu.ccResult);
  store<u64>(WORDS + 8, cpu.ccCarry);
  for (let r: u32 = 0; r < 16; r++) if (!(read >> r & 1)) store<u64>(gpr(r), veil(r));
  if (!(read & Effect.XMM)) for (let n: u32 = 0; n < 32; n++) store<u64>(xmm(0) + <usize>n * 8, veil(n));
  if (!(read & Effect.FLAGS)) { cpu.ccResult = veil(1); cpu.ccCarry = 0; }
}

/** Gives back what was hidden, and what was not to be written. */
function reveal(read: u32, written: u32): void {
  for (let r: u32 = 0; r < 16; r++) {
    if (!(written >> r & 1)) put(gpr(r), load<u64>(HIDDEN + <usize>r * 8), read >> r & 1 ? load<u64>(HIDDEN + <usize>r * 8) : veil(r));
  }
  if (!(written & Effect.XMM)) {
    for (let n: u32 = 0; n < 32; n++) {
      const old = load<u64>(VECTORS + <usize>n * 8);
      put(xmm(0) + <usize>n * 8, old, read & Effect.XMM ? old : veil(n));
    }
  }
  if (written & Effect.FLAGS) return;
  assert(cpu.ccResult == (read & Effect.FLAGS ? load<u64>(WORDS) : veil(1)), "RUN wrote flags that its effects do not name");
  cpu.ccResult = load<u64>(WORDS);
  cpu.ccCarry = load<u64>(WORDS + 8);
}
function put(at: usize, old: u64, left: u64): void {
  assert(load<u64>(at) == left, "RUN wrote a register that its effects do not name");
  store<u64>(at, old);
}
