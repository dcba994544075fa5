// What the device floor calls upward through: function-table indices filled at attach, and who is called with them.
// A cache region: attach fills it again after a snapshot.

import { SLOTS, SLOTS_SIZE } from "../base/layout";
import { SLOT_WORDS } from "./layout";

@unmanaged export class Slots {
  /** PIC input: (irq: u32, level: u32) => void. */
  picInput: u32;
  /** IOAPIC pin: (pin: u32, level: u32) => void. */
  ioapicInput: u32;
  /** Interrupt message: (requester: u32, address: u64, data: u32) => void. */
  message: u32;
  /** The PIC's INT output changed: (level: u32) => void. */
  picOutput: u32;
  /** Vector of the interrupt to take, -1 for none: () => i32. */
  acknowledge: u32;
  /** Vector from the PIC: () => i32. */
  picAcknowledge: u32;
  /** Local APIC as MSRs: (index: u32) => u64; (index: u32, value: u64) => u32, 0 asks for #GP. */
  apicRead: u32;
  apicWrite: u32;
  /** The MSR can be read: (index: u32) => u32. */
  apicHas: u32;
  /** CR8: () => u64; (value: u64) => void. */
  taskPriority: u32;
  setTaskPriority: u32;
  /** The TSC jumped against the clock: () => void. */
  tscChanged: u32;
  /** An EOI for a level-triggered vector leaves the local APIC: (vector: u32) => void. */
  endOfInterrupt: u32;
  /** PMBASE or ACPI_CNTL changed: (base: u32, enabled: u32) => void. */
  pmPlaced: u32;
  /** Bus handle of the ECAM. */
  ecam: u32;
  /** A card has committed a frame to its port, or taken one: (port: u32) => void. For peers inside the module (lab/). */
  frameSent: u32;
  frameTaken: u32;
  /** A line without a FIFO would have carried a frame by now: (port: u32, bytes: u32) => u32. Where not yet, it looks again then. */
  lineReady: u32;
  /** The guest has marked (chipset/roi): (tag: u32) => void. */
  marked: u32;
  /** The IOAPIC's entries have the remappable format: a unit remaps interrupts (vtd/). No function. */
  remappable: u32;
  /** DMA remapping: (requester: u32, address: u64, write: u32) => u64, a guest-physical address or REFUSED (dma.ts). */
  translate: u32;
  /** The bus in front of a card was reset: (card: u32) => void, its place in the list plus one (run/cards.ts). */
  resetCard: u32;
}
@inline export const slots = changetype<Slots>(SLOT_WORDS);

export function clearSlots(): void { memory.fill(SLOTS, 0, SLOTS_SIZE); }
