// PCI functions: what is kept of each, and what it may do. PCI 3.0, chapter 6.
//
// A function is a number below MAX_FUNCTIONS, in the order of attaching; it owns 4 KiB of values in the PCI region, a register
// table in the cache and up to six BARs, each a bus handler that sits where the guest's BAR and command register put it.

import { PCI_TABLES, PCI_TABLES_SIZE } from "../base/layout";
import { Block } from "../device/registers";
import { BY_DEVFN, CONFIG_SPACES, FUNCTIONS, PAGE_BYTES, PCI_COUNTS, ROOT_WORDS } from "./layout";
import { Config, PciCommand, PciStatus, Power } from "./spec";
import { setMaster, setPlain } from "../device/dma";

/** Cache: what attach makes again. */
@unmanaged export class PciFunction {
  block: Block;
  devfn: u32;
  /** INTx pin, 1-4; 0 for none. */
  pin: u16;
  /** Its addresses are physical whatever remaps others': a virtio card that has not said otherwise (VIRTIO_F_ACCESS_PLATFORM). */
  plain: u16;
  /** Offset of the last capability, for the chain; and where the next may start. */
  lastCapability: u32; freeOffset: u32;
  /** Called after a write to the command register, when set: (function: u32) => void. */
  onCommand: u32;
  /** What the function belongs to: the address of a device's state. */
  owner: u32;
  /** It starts transfers: bus-master enable governs its DMA. */
  masters: u32;
  /** Where its MSI and power management capabilities are, 0 without. */
  msi: u32; power: u32;
  /** Called when it comes back from D3 and after a reset of the function alone, when set: (function: u32) => void. */
  onWake: u32;
  /** Status bits that are always set. */
  status: u32;
  /** Bus, device and function, as transfers and messages carry them; follows the numbers that bridges have (renumber). */
  requester: u32;
  /** The bridge above it, plus one, 0 on bus 0; of a bridge what is behind it. */
  parent: u32; child: u32;
  /** The card of the machine's list that it is, plus one. */
  card: u32;
}

/** State beside the functions' values. */
@unmanaged export class PciRoot {
  /** CONFIG_ADDRESS and the reset control register. */
  address: u32; resetControl: u32;
  /** INTx levels, a bit a function; and messages that are owed because the function may not master the bus. */
  intx: u64; owed: u64;
}
@inline export const root = changetype<PciRoot>(ROOT_WORDS);

@inline export function functionCount(): u32 { return load<u32>(PCI_COUNTS); }
@inline export function functionAt(f: u32): PciFunction { return changetype<PciFunction>(FUNCTIONS + (<usize>f << 6)); }
@inline export function requesterOf(f: u32): u32 { return functionAt(f).requester; }
@inline export function valuesOf(f: u32): usize { return CONFIG_SPACES + <usize>f * PAGE_BYTES; }
@inline export function commandOf(f: u32): u32 { return load<u16>(valuesOf(f) + Config.COMMAND); }

export function clearFunctions(): void { memory.fill(PCI_TABLES, 0, PCI_TABLES_SIZE); }

/** The function on bus 0 at a device and function number, plus one; 0 for none. */
@inline export function findFunction(devfn: u32): u32 { return load<u8>(BY_DEVFN + (devfn & 0xff)); }

/** Says that the function starts transfers; bus-master enable then governs them. */
export function makeMaster(f: u32): void { functionAt(f).masters = 1; refreshMaster(f); }

export function refreshMaster(f: u32): void { if (functionAt(f).masters) setMaster(requesterOf(f), canMaster(f)); }

/** Says that nothing remaps the function's addresses. */
export function makePlain(f: u32): void { functionAt(f).plain = 1; setPlain(requesterOf(f), true); }

/** A transfer of the function's was refused: the status register's received master abort (PCI 3.0, 6.2.3). */
export function noteMasterAbort(f: u32): void {
  const at = valuesOf(f) + Config.STATUS;
  store<u16>(at, <u16>(load<u16>(at) | PciStatus.MASTER_ABORT));
}

/**
 * The function may start transfers, and a bridge above it has a bus number, by which it goes (downstream.ts). The bridge's own bus mastering is not asked, as on
 * QEMU's board: SeaBIOS never turns it on, and boots from what is behind.
 */
export function canMaster(f: u32): bool { return (commandOf(f) & PciCommand.MASTER) != 0 && isAwake(f) && (functionAt(f).parent == 0 || functionAt(f).requester > 0xff); }

/** The function is in D0: it decodes, masters and interrupts. */
export function isAwake(f: u32): bool {
  const power = functionAt(f).power;
  return power == 0 || (load<u8>(valuesOf(f) + power + Power.PMCSR) & Power.STATE) == 0;
}
