// What the host may ask of the remapping unit (lookAtUnit): four words each.

export const enum UnitLook {
  /** Root table, interrupt-remapping table (with its size and EIME), GSTS, bits of an address. */
  TABLES,
  /** Entry i of the IOTLB: bits of its page (0: free), the address, where it leads, domain << 2 and rights; of a first stage's page 1 << 18 and PASID << 32. */
  PAGE,
  /** Kept interrupt entry i: its index plus one (0: free), and its two halves. */
  ENTRY,
  /** Row i of the counts by requester, all there are one after another: the requester plus one (0: no row; OTHERS), then hits, misses, walk reads, passed, refused, remapped, blocked. */
  REQUESTER,
}
/** What stands for requesters that found no row. */
export const enum UnitRow { OTHERS = 0x1_0001, WORDS = 8 }
/** Bits of GSTS. */
export const enum UnitOn { TRANSLATION = 31, INTERRUPTS = 25 }
