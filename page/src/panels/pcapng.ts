/** Frames as a pcapng file and back: what Wireshark reads, and what it writes. */

import type { SeenFrame } from 'pintail';
import { INBOUND, interfaceBlock, OUTBOUND, packetBlock, sectionHeader } from '../../../build/host/net/pcap.js';
import { readCapture } from '../../../build/host/net/pcap-read.js';

export function toPcapng(frames: readonly SeenFrame[]): Blob {
  const names = [...new Set(frames.map(({ netdev }) => netdev))];
  const packets = frames.map(({ bytes, virtualNs, toGuest, netdev }) => packetBlock(bytes, Number(virtualNs), toGuest ? INBOUND : OUTBOUND, names.indexOf(netdev)));
  return new Blob([sectionHeader(), ...names.map(interfaceBlock), ...packets] as BlobPart[], { type: 'application/x-pcapng' });
}

const WHOLE = { flags: 0, gsoType: 0, hdrLen: 0, gsoSize: 0, csumStart: 0, csumOffset: 0 };

/** Throws an Error that says what is wrong with the file, and where. */
export const fromPcapng = (bytes: Uint8Array, name: string): SeenFrame[] => readCapture(bytes, name).map(({ ns, inbound, bytes: frame }) => ({ bytes: frame, virtualNs: ns, toGuest: inbound === true, netdev: name, offload: WHOLE }));
