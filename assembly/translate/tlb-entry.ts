// Where the TLB would have an address.

import { TLB_MASK } from "../cpu/tlb";
import { byte, constant32, constant64, get } from "./writer";
import { W } from "./wasm";

/** Pushes the address of the entry for the address in local `a`. The page number's low bits are the index of an entry of 16 bytes. */
export function pushEntry(a: u32, table: u32): void {
  get(a); constant64(8); byte(W.I64_SHR_U); byte(W.I32_WRAP_I64); constant32(TLB_MASK << 4); byte(W.I32_AND);
  get(table); byte(W.I32_ADD);
}
