/** Captures read: what our own writer writes, the older format in either byte order, other resolutions, and what is damaged. */
import { describe, expect, it } from 'vitest';
import { readCapture } from '../../../host/net/pcap-read.js';
import { interfaceBlock, packetBlock, sectionHeader } from '../../../host/net/pcap.js';
import { packReplay } from '../../../host/machine/labs.js';

const joined = (...parts: Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));
const frame = (letter: number, length: number): Uint8Array => new Uint8Array(length).fill(letter);
const OURS = joined(sectionHeader(), interfaceBlock('n0'), packetBlock(frame(1, 61), 5_000_000_123, 1), packetBlock(frame(2, 60), 6_000_000_000, 2));

function pcap(little: boolean, magic: number, link = 1): Uint8Array {
  const view = new DataView(new ArrayBuffer(24 + 16 + 60));
  view.setUint32(0, magic, little);
  view.setUint32(20, link, little);
  view.setUint32(24, 7, little);
  view.setUint32(28, 9, little);
  view.setUint32(32, 60, little);
  view.setUint32(36, 60, little);
  return new Uint8Array(view.buffer);
}

describe('captures', () => {
  it('of our own are read again, nanoseconds and all', () => {
    expect(readCapture(OURS, 'x').map(({ ns, bytes }) => [ns, bytes[0], bytes.length])).toEqual([[5_000_000_123n, 1, 61], [6_000_000_000n, 2, 60]]);
  });

  it.each([[true, 0xa1b2c3d4, 7_000_009_000n], [false, 0xa1b2c3d4, 7_000_009_000n], [true, 0xa1b23c4d, 7_000_000_009n]])('of the older format, little-endian %s, magic %i', (little, magic, ns) => {
    expect(readCapture(pcap(little, magic), 'x').map((one) => one.ns)).toEqual([ns]);
  });

  it('are told what is wrong with them, and where', () => {
    const wrong = (bytes: Uint8Array): string => {
      try {
        return String(readCapture(bytes, 'replay=x').length);
      } catch (error) {
        return (error as Error).message;
      }
    };
    expect(wrong(new Uint8Array(3))).toBe('replay=x: 3 bytes are no capture');
    expect(wrong(new TextEncoder().encode('not a capture at all, but text'))).toBe('replay=x: is neither pcapng nor pcap');
    expect(wrong(OURS.subarray(0, OURS.length - 4))).toContain('is cut off or damaged in the block at byte');
    expect(wrong(pcap(true, 0xa1b2c3d4).subarray(0, 90))).toBe('replay=x: is cut off in the frame at byte 24');
    expect(wrong(pcap(true, 0xa1b2c3d4, 113))).toContain('link type 113');
    expect(wrong(joined(sectionHeader(), interfaceBlock('n0')))).toContain('has no frame of Ethernet');
  });

  it('as the module reads them are in order, from 0 on', () => {
    const packed = packReplay([{ ns: 900n, bytes: frame(2, 60) }, { ns: 100n, bytes: frame(1, 17) }]), view = new DataView(packed.buffer);
    expect([view.getBigUint64(0, true), view.getUint32(8, true), packed[16], view.getBigUint64(48, true), view.getUint32(56, true), packed[64], packed.length]).toEqual([0n, 17, 1, 800n, 60, 2, 48 + 16 + 64]);
  });
});
