/** ARP (RFC 826) for IPv4 over Ethernet: answers for the network's own addresses, learns the guests', asks for them. */

import { equalBytes, get16, put16 } from '../bytes.js';
import type { NatContext } from './context.js';
import { BROADCAST_MAC, ETHERTYPE } from './spec.js';

const REQUEST = 1;
const REPLY = 2;
const ARP_BYTES = 28;
/** Ethernet's shortest frame without its check sequence. */
const MIN_FRAME = 60;

/** `start`: where the ARP packet is. `isOurs`: addresses that the network answers for. */
export function receiveArp(context: NatContext, frame: Uint8Array, start: number, isOurs: (address: Uint8Array) => boolean): void {
  if (start + ARP_BYTES > frame.length) return context.counts.add('malformed');
  const fixed = get16(frame, start) === 1 && get16(frame, start + 2) === ETHERTYPE.IPV4 && frame[start + 4] === 6 && frame[start + 5] === 4;
  if (!fixed) return context.counts.add('malformed');
  const senderMac = frame.subarray(start + 8, start + 14);
  const sender = frame.subarray(start + 14, start + 18);
  const target = frame.subarray(start + 24, start + 28);
  if (isOurs(sender)) return context.counts.add('notForUs');
  context.neighbors.learn(sender, senderMac);
  // A guest that asks for its own address is looking for a twin: nobody answers.
  if (get16(frame, start + 6) !== REQUEST || equalBytes(sender, target) || !isOurs(target)) return;
  sendArp(context, REPLY, senderMac, target, senderMac, sender);
}

export function askForMac(context: NatContext, target: Uint8Array, sender: Uint8Array): void {
  sendArp(context, REQUEST, BROADCAST_MAC, sender, new Uint8Array(6), target);
}

function sendArp(context: NatContext, operation: number, to: Uint8Array, sender: Uint8Array, targetMac: Uint8Array, target: Uint8Array): void {
  const frame = new Uint8Array(MIN_FRAME);
  frame.set(to);
  frame.set(context.config.mac, 6);
  put16(frame, 12, ETHERTYPE.ARP);
  put16(frame, 14, 1);
  put16(frame, 16, ETHERTYPE.IPV4);
  frame[18] = 6;
  frame[19] = 4;
  put16(frame, 20, operation);
  frame.set(context.config.mac, 22);
  frame.set(sender, 28);
  frame.set(targetMac, 32);
  frame.set(target, 38);
  context.output.sendControl(frame);
}
