// Which pair of queues a received frame is for. Virtio 1.2, 5.1.6.5, automatic receive steering: the pair on which the driver has
// last sent of the same flow, so that both directions are handled where the guest wants them; before it has sent, one
// chosen by the flow's hash. A flow is the addresses and, of TCP and UDP, the ports; the hash is the same in both directions.

import { get16 } from "../../device/sums";
import { VirtioDevice } from "../device";
import { FLOWS, flowsOf, netOf } from "./state";

const enum Ether { HEADER = 14, TYPE = 12, VLAN = 0x8100, IPV4 = 0x0800, IPV6 = 0x86dd }
const enum Ip { V4_BYTES = 20, V4_FRAGMENT = 6, V4_PROTOCOL = 9, V4_SOURCE = 12, V6_BYTES = 40, V6_NEXT = 6, V6_SOURCE = 8, TCP = 6, UDP = 17 }
@inline const NOT_A_FLOW: u32 = ~0;

/** Hash of the frame's flow, below FLOWS; NOT_A_FLOW for what is not IP. */
function flowOf(data: usize, bytes: u32): u32 {
  const tagged = bytes >= <u32>Ether.HEADER + 4 && get16(data + Ether.TYPE) == <u32>Ether.VLAN;
  const at: u32 = tagged ? Ether.HEADER + 4 : Ether.HEADER, type = bytes >= at ? get16(data + at - 2) : 0, ip = data + at;
  if (type == <u32>Ether.IPV4 && bytes >= at + Ip.V4_BYTES) {
    const whole = (get16(ip + Ip.V4_FRAGMENT) & 0x3fff) == 0, header = (<u32>load<u8>(ip) & 15) << 2;
    const addresses = load<u32>(ip, Ip.V4_SOURCE) ^ load<u32>(ip, Ip.V4_SOURCE + 4);
    return mix(addresses, whole ? portsAt(data, bytes, at + header, load<u8>(ip, Ip.V4_PROTOCOL)) : 0);
  }
  if (type != <u32>Ether.IPV6 || bytes < at + Ip.V6_BYTES) return NOT_A_FLOW;
  const addresses = load<u64>(ip, Ip.V6_SOURCE) ^ load<u64>(ip, Ip.V6_SOURCE + 8) ^ load<u64>(ip, Ip.V6_SOURCE + 16) ^ load<u64>(ip, Ip.V6_SOURCE + 24);
  return mix(<u32>addresses ^ <u32>(addresses >> 32), portsAt(data, bytes, at + Ip.V6_BYTES, load<u8>(ip, Ip.V6_NEXT)));
}

function portsAt(data: usize, bytes: u32, at: u32, protocol: u32): u32 {
  if ((protocol != <u32>Ip.TCP && protocol != <u32>Ip.UDP) || at + 4 > bytes) return 0;
  return (<u32>load<u16>(data + at) ^ load<u16>(data + at, 2)) + 1;
}

/** Spreads what differs, often a bit or two, over the whole (MurmurHash3's last step). */
function mix(addresses: u32, ports: u32): u32 {
  let h = addresses ^ rotl<u32>(ports, 16);
  h = (h ^ h >> 16) * 0x85eb_ca6b;
  h = (h ^ h >> 13) * 0xc2b2_ae35;
  return (h ^ h >> 16) & (FLOWS - 1);
}

/** The driver has sent this on a pair. */
export function noteFlow(d: VirtioDevice, pair: u32, data: usize, bytes: u32): void {
  if (netOf(d).active < 2) return;
  const flow = flowOf(data, bytes);
  if (flow < FLOWS) store<u8>(flowsOf(d) + flow, <u8>(pair + 1));
}

/** The pair a frame from outside goes to: one in use. */
export function pairFor(d: VirtioDevice, data: usize, bytes: u32): u32 {
  const active = netOf(d).active;
  if (active < 2) return 0;
  const flow = flowOf(data, bytes);
  if (flow >= FLOWS) return 0;
  const last = <u32>load<u8>(flowsOf(d) + flow);
  return last && last <= active ? last - 1 : flow % active;
}

export function forgetFlows(d: VirtioDevice): void { memory.fill(flowsOf(d), 0, FLOWS); }
