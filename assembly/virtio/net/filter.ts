// Which frames the card receives, and the control queue's commands that say so. Virtio 1.2, 5.1.6.5.1 to 5.1.6.5.3.

import { has, VirtioDevice } from "../device";
import { ControlRx, NetFeature } from "./spec";
import { macAt, netOf, VLAN_BYTES, vlansOf } from "./state";

@inline const MAC_MASK: u64 = 0xffff_ffff_ffff;

function mode(d: VirtioDevice, which: u32): bool { return (netOf(d).modes >> which & 1) != 0; }

/** The frame at `data`, at least 14 bytes, is for this card. Without CTRL_RX everything is. */
export function isWanted(d: VirtioDevice, data: usize): bool {
  if (!vlanWanted(d, data)) return false;
  if (!has(d, NetFeature.CTRL_RX) || mode(d, ControlRx.PROMISC)) return true;
  const to = load<u64>(data) & MAC_MASK;
  if (to == MAC_MASK) return !mode(d, ControlRx.NOBCAST);
  const n = netOf(d);
  if (to & 1) {
    if (mode(d, ControlRx.NOMULTI)) return false;
    return mode(d, ControlRx.ALLMULTI) || n.allMulticast != 0 || inTable(d, n.unicast, n.unicast + n.multicast, to);
  }
  if (mode(d, ControlRx.NOUNI)) return false;
  return mode(d, ControlRx.ALLUNI) || n.allUnicast != 0 || to == n.mac || inTable(d, 0, n.unicast, to);
}

function inTable(d: VirtioDevice, from: u32, end: u32, mac: u64): bool {
  for (let i = from; i < end; i++) if (load<u64>(macAt(d, i)) == mac) return true;
  return false;
}

/** Tagged frames pass only for ids the driver has asked for, when it may ask at all; tag 0 is a priority, not a network. */
function vlanWanted(d: VirtioDevice, data: usize): bool {
  if (!has(d, NetFeature.CTRL_VLAN) || load<u16>(data, 12) != 0x0081) return true;
  const id = (<u32>load<u8>(data, 14) << 8 | load<u8>(data, 15)) & 0xfff;
  return id == 0 || (load<u8>(vlansOf(d) + (id >> 3)) >> <u8>(id & 7) & 1) != 0;
}

export function setVlan(d: VirtioDevice, id: u32, on: bool): void {
  const at = vlansOf(d) + (id >> 3 & (<u32>VLAN_BYTES - 1)), bit: u32 = 1 << (id & 7);
  store<u8>(at, <u8>(on ? load<u8>(at) | bit : load<u8>(at) & ~bit));
}
