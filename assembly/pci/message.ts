// A function's interrupt message: a dword that it writes (PCI 3.0, 6.8). In the processor's window it is an interrupt, anywhere else a
// write to memory like the function's others, which may meet a master abort.

import { dmaWrite32 } from "../device/dma";
import { sendMsi } from "../device/interrupt";
import { noteMasterAbort, requesterOf } from "./functions";

/** FEExxxxx (SDM vol. 3, 10.11.1). */
@inline const WINDOW: u64 = 0xfee;

export function deliverMessage(f: u32, address: u64, data: u32): void {
  const requester = requesterOf(f);
  if (address >> 20 == WINDOW) { sendMsi(requester, address, data); return; }
  if (!dmaWrite32(requester, address, data)) noteMasterAbort(f);
}
