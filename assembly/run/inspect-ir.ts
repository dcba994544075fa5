// The host's window on meaning: the IR of instructions of the guest, as text. Cold, for --dump-ir and tests; it fills no TLB entry, decodes
// into records of its own and leaves nothing behind.

import { RECORD } from "../base/control";
import { peek } from "../cpu/paging";
import { cpu } from "../cpu/state";
import { decode } from "../decode/decode";
import { d } from "../decode/decoder";
import { Insn } from "../decode/record";
import { ramAt } from "../memory/ram";
import { begin, SCRATCH, TEXT } from "../ir/block";
import { print } from "../ir/print";
import { verify } from "../ir/verify";
import { buildBlock } from "../isa/execute";

@inline const MOST: u32 = 64;

/**
 * Builds `count` instructions (64 at most) from a linear address on, in the processor's mode as it is; bytes of the text at irText(). It ends
 * early with what ends a block, where nothing is mapped and where an instruction crosses its page; 0 when there is none, all ones when the IR is not sound.
 */
export function printIr(linearLo: u32, linearHi: u32, count: u32): u32 {
  const linear = <u64>linearLo | <u64>linearHi << 32, host = ramAt(peek(linear), 1), offset = linearLo & 0xfff;
  if (!host) return 0;
  const pageEnd = host - offset + 4096;
  let at = host, record = <u32>SCRATCH;
  for (let n: u32 = 0; n < min(count, MOST) && at < pageEnd; n++) {
    if (!decode(changetype<Insn>(<usize>record), at, pageEnd, <u32>(at - (pageEnd - 4096)), cpu.mode)) break;
    at += changetype<Insn>(<usize>record).length;
    record += RECORD;
    if (d.flow) break;
  }
  buildBlock(<u32>SCRATCH, record);
  const length = verify() ? ~0 : print();
  begin();
  return length;
}
/** Where printIr's text lies. */
export function irText(): u32 { return <u32>TEXT; }
