// MSI: messages whose address and data lie in configuration space, PCI 3.0, 6.8.1.
//
// A function has 1 to 32 messages, which differ in the data's low bits; software says how many it may use. With a mask register
// a masked message waits in the pending register. One that cannot leave because the function may not master the bus waits too: in
// the pending register where there is one, otherwise the first is owed (root.owed), and forgotten when its cause goes away.

import { canMaster, functionAt, root, valuesOf } from "./functions";
import { deliverMessage } from "./message";
import { Msi, MsiControl } from "./spec";

@inline export const WIDE_BYTES: u32 = 4;

@inline function capabilityOf(f: u32): usize { return valuesOf(f) + functionAt(f).msi; }
@inline function controlOf(f: u32): u32 { return load<u16>(capabilityOf(f) + Msi.CONTROL); }
/** The registers behind the address. */
@inline function behind(f: u32): usize { return capabilityOf(f) + (controlOf(f) & MsiControl.WIDE ? WIDE_BYTES : 0); }

/** The function signals by MSI and not by INTx. */
export function msiEnabled(f: u32): bool { return functionAt(f).msi != 0 && (controlOf(f) & MsiControl.ENABLE) != 0; }

/** Messages that software lets the function use: no more than it has. */
export function messageCount(f: u32): u32 {
  const control = controlOf(f);
  return 1 << min((control & MsiControl.ENABLED) >> MsiControl.ENABLED_SHIFT, control >> MsiControl.CAPABLE_SHIFT & 7);
}

/** Sends message `n`, of which those that it may not use are the last one that it may; or notes it. */
export function sendMessage(f: u32, n: u32): void {
  if (!msiEnabled(f)) return;
  const count = messageCount(f), which = min(n, count - 1);
  if (controlOf(f) & MsiControl.MASKABLE) {
    const at = behind(f) + Msi.PENDING;
    if (!canMaster(f) || load<u32>(behind(f) + Msi.MASK) >> which & 1) { store<u32>(at, load<u32>(at) | 1 << which); return; }
  } else if (!canMaster(f)) { owe(f, true); return; }
  const address = <u64>load<u32>(capabilityOf(f) + Msi.ADDRESS) | (controlOf(f) & MsiControl.WIDE ? <u64>load<u32>(capabilityOf(f) + Msi.UPPER) << 32 : 0);
  deliverMessage(f, address, <u32>load<u16>(behind(f) + Msi.DATA) & ~(count - 1) | which);
}

/** The first message waits for bus mastering, or no longer. */
export function owe(f: u32, on: bool): void {
  const bit = <u64>1 << f;
  root.owed = on ? root.owed | bit : root.owed & ~bit;
}

/** Sends what waited and may leave now. */
export function flushMessages(f: u32): void {
  if (!msiEnabled(f) || !canMaster(f)) return;
  if (root.owed >> f & 1) { owe(f, false); sendMessage(f, 0); }
  if (!(controlOf(f) & MsiControl.MASKABLE)) return;
  const at = behind(f) + Msi.PENDING;
  for (let left = load<u32>(at) & ~load<u32>(behind(f) + Msi.MASK); left; left &= left - 1) {
    store<u32>(at, load<u32>(at) & ~(left & (0 - left)));
    sendMessage(f, <u32>ctz(left));
  }
}
