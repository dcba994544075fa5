// Where a command's data is: physical region pages. NVMe 1.4, 4.3.
//
//   PRP1 may begin within a page; PRP2 is the second page, or, where there are more, a list of pages. The last entry of a page that is full of list is
//   where the list goes on, when there is more than a page left. All but the first begin a page.

import { dmaRead, dmaRead64, dmaWrite } from "../../device/dma";
import { requesterOf } from "../../pci/functions";
import { Status } from "./spec";
import { Nvme, pageShift } from "./state";

/** LOOK goes over the pages alone; COMPARE holds the guest's bytes against the module's. */
export const enum Way { LOOK, INWARD, OUTWARD, COMPARE }
@inline const PIECE: u32 = 512;
const HELD: usize = memory.data(512, 16);

/** Moves a command's bytes between the module and its pages: a Status. */
export function transfer(n: Nvme, prp1: u64, prp2: u64, data: usize, bytes: u32, way: u32): u32 {
  const page: u32 = 1 << pageShift(n), first = min(bytes, page - (<u32>prp1 & (page - 1))), left = bytes - first;
  const status = movePage(n, prp1, data, first, way);
  if (status || !left) return status;
  if (left > page) return moveList(n, prp2, data + first, left, way);
  return <u32>prp2 & (page - 1) ? <u32>Status.INVALID_PRP_OFFSET : movePage(n, prp2, data + first, left, way);
}

function moveList(n: Nvme, list: u64, data: usize, bytes: u32, way: u32): u32 {
  const page: u32 = 1 << pageShift(n);
  let at = list, inPage = (page - (<u32>list & (page - 1))) >> 3, done: u32 = 0;
  if (<u32>list & 7) return Status.INVALID_PRP_OFFSET;
  while (done < bytes) {
    const entry = dmaRead64(requesterOf(n.pci), at);
    if (<u32>entry & (page - 1)) return Status.INVALID_PRP_OFFSET;
    if (inPage == 1 && bytes - done > page) { at = entry; inPage = page >> 3; continue; }
    const piece = min(page, bytes - done), status = movePage(n, entry, data + done, piece, way);
    if (status) return status;
    done += piece; at += 8; inPage--;
  }
  return Status.OK;
}

function movePage(n: Nvme, address: u64, data: usize, bytes: u32, way: u32): u32 {
  const requester = requesterOf(n.pci);
  switch (way) {
    case Way.INWARD: return dmaWrite(requester, address, data, bytes) ? Status.OK : Status.TRANSFER_ERROR;
    case Way.OUTWARD: return dmaRead(requester, address, data, bytes) ? Status.OK : Status.TRANSFER_ERROR;
    case Way.COMPARE: return compare(requester, address, data, bytes);
    default: return Status.OK;
  }
}

function compare(requester: u32, address: u64, data: usize, bytes: u32): u32 {
  for (let done: u32 = 0; done < bytes; done += PIECE) {
    const piece = min(PIECE, bytes - done);
    if (!dmaRead(requester, address + done, HELD, piece)) return Status.TRANSFER_ERROR;
    if (memory.compare(HELD, data + done, piece)) return Status.COMPARE_FAILURE;
  }
  return Status.OK;
}
