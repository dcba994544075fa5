/** Checksums and segmentation in software, for a far side that does neither. */
import { describe, expect, it } from 'vitest';
import { GsoType, NO_OFFLOAD, NO_SUPPORT, OffloadFlag, type NetBackend, type Offload } from '../../../host/net/backend.js';
import { addWords, finish, fold } from '../../../host/net/checksum.js';
import { withSoftwareOffload } from '../../../host/net/gate.js';
import { createNull } from '../../../host/net/null.js';
import { finishChecksum, prepareFrames, segmentTcp } from '../../../host/net/offload.js';
import { Guest } from './guest.js';
import { be16, ethernet, GUEST, GUEST6, GATEWAY6, ipv6, isSummed, NAT_MAC, onesSum, parseIp, udp4, withSum } from './packets.js';
import { ACK, FIN, largeFrame, parseTcp, PSH, tcpBytes } from './tcp-peer.js';

const OUTSIDE = [93, 184, 216, 9];
const CWR = 0x80;

function large(length: number, segment = 1448, flags = ACK | PSH | FIN | CWR): { frame: Uint8Array; offload: Offload; payload: Uint8Array } {
  const payload = Uint8Array.from({ length }, (_, i) => i * 31);
  return { ...largeFrame({ from: 1, to: 2, seq: 0xfffff000, ack: 7, flags, payload }, OUTSIDE, segment), payload };
}

describe('the Internet checksum', () => {
  it('has the sum of RFC 1071’s example', () => {
    const bytes = Uint8Array.from([0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]);
    expect(fold(addWords(bytes, 0, 8, 0))).toBe(0xddf2);
    expect(finish(addWords(bytes, 0, 8, 0))).toBe(0x220d);
  });

  it('has the sum of a known IPv4 header', () => {
    const header = Uint8Array.from(Buffer.from('450000730000400040110000c0a80001c0a800c7', 'hex'));
    expect(finish(addWords(header, 0, 20, 0))).toBe(0xb861);
  });

  it('adds any range as the plain way does, the largest values included', () => {
    for (const fill of [0xff, 0x5a]) {
      const bytes = new Uint8Array(70_000).fill(fill);
      for (const [start, end] of [[0, 0], [0, 1], [1, 3], [3, 6], [0, 4], [1, 8], [5, 65_540], [2, 70_000], [7, 69_999]] as const) {
        expect(fold(addWords(bytes, start, end, 0))).toBe(onesSum(bytes.subarray(start, end)));
      }
    }
  });

  it('pads an odd byte on the right', () => {
    expect(fold(addWords(Uint8Array.of(1, 2, 3), 0, 3, 0))).toBe(0x0102 + 0x0300);
  });
});

describe('software offload', () => {
  it('completes a partial sum', () => {
    const { frame, offload } = large(999, 0);
    expect(finishChecksum(frame, offload)).toBe(true);
    expect(isSummed(parseIp(frame)!)).toBe(true);
  });

  it('cuts a large segment: sequence numbers, flags, identifications and sums are right', () => {
    const { frame, offload, payload } = large(10_000);
    const segments = segmentTcp(frame, offload)!;
    expect(segments).toHaveLength(7);
    let at = 0;
    segments.forEach((bytes, i) => {
      const packet = parseIp(bytes)!;
      expect(isSummed(packet)).toBe(true);
      expect(onesSum(bytes.subarray(14, 34))).toBe(0xffff);
      expect([...bytes.subarray(18, 20)]).toEqual(be16(1 + i));
      const segment = parseTcp(packet.payload);
      expect(segment.seq).toBe((0xfffff000 + at) >>> 0);
      expect(segment.flags).toBe(ACK | (i === 0 ? CWR : 0) | (i === 6 ? PSH | FIN : 0));
      expect(Buffer.from(segment.payload).equals(payload.subarray(at, at + 1448))).toBe(true);
      at += segment.payload.length;
    });
    expect(at).toBe(10_000);
  });

  it('cuts IPv6 too', () => {
    const payload = Uint8Array.from({ length: 4000 }, (_, i) => i);
    const bytes = tcpBytes({ from: 1, to: 2, seq: 5, flags: ACK, payload });
    const frame = ethernet(NAT_MAC, 0x86dd, ipv6(GATEWAY6, 6, withSum(bytes, 16, GUEST6, GATEWAY6, 6)));
    const segments = segmentTcp(frame, { ...NO_OFFLOAD, flags: 1, gsoType: GsoType.Tcp6, gsoSize: 1440 })!;
    expect(segments.map(({ length }) => length)).toEqual([1514, 1514, 1194]);
    for (const segment of segments) expect(isSummed(parseIp(segment)!)).toBe(true);
  });

  it('refuses fields that do not fit the frame', () => {
    const { frame, offload } = large(3000);
    const misfits: Partial<Offload>[] = [{ gsoSize: 0 }, { gsoType: GsoType.Tcp6 }, { gsoType: GsoType.Udp }, { gsoType: 0x55 }];
    for (const misfit of misfits) expect(prepareFrames(frame, { ...offload, ...misfit })).toBeUndefined();
    for (const [csumStart, csumOffset] of [[0, 16], [34, 65535], [65535, 65535], [frame.length - 1, 0], [frame.length, 0]] as const) {
      expect(prepareFrames(frame, { ...offload, gsoType: 0, csumStart, csumOffset })).toBeUndefined();
    }
    for (let length = 0; length < 54; length++) expect(prepareFrames(frame.subarray(0, length), offload)).toBeUndefined();
    // A byte a segment would make three thousand frames of sixty bytes each: as many as asked, but bounded for 64 KiB.
    expect(prepareFrames(large(60_000).frame, { ...offload, gsoSize: 1 })).toBeUndefined();
  });

  it('never sends a UDP sum of zero', () => {
    const frame = udp4(OUTSIDE, 1, 2, [0, 0]);
    // The bytes that make the sum come out as zero.
    const pseudo = onesSum([...GUEST, ...OUTSIDE, 0, 17, 0, 10]);
    frame.set(be16(pseudo), 40);
    const rest = onesSum([...frame.subarray(34, 44)]);
    frame.set(be16(0xffff - rest), 42);
    expect(finishChecksum(frame, { ...NO_OFFLOAD, flags: OffloadFlag.NeedsChecksum, csumStart: 34, csumOffset: 6 })).toBe(true);
    expect([...frame.subarray(40, 42)]).toEqual([0xff, 0xff]);
  });
});

describe('the gate', () => {
  function narrow(room: number): { inner: NetBackend; taken: Uint8Array[]; open(more: number): void } {
    const taken: Uint8Array[] = [];
    let left = room;
    let ready = (): void => undefined;
    const inner: NetBackend = {
      ...createNull('x'),
      accepts: NO_SUPPORT,
      attach: (sink) => void (ready = () => sink.roomForSend()),
      send(frame) {
        if (left === 0) return false;
        left--;
        taken.push(frame.slice());
        return true;
      },
    };
    return { inner, taken, open: (more) => ((left = more), ready()) };
  }

  it('keeps the rest of a cut frame when the receiver is full, and loses nothing', () => {
    const { inner, taken, open } = narrow(3);
    const guest = new Guest(withSoftwareOffload(inner));
    const { frame, offload, payload } = large(10_000);
    guest.send(frame, offload);
    expect(taken).toHaveLength(3);
    expect(guest.backend.send(frame, offload)).toBe(false);
    open(2);
    expect(taken).toHaveLength(5);
    expect(guest.sendReady).toBe(0);
    open(100);
    expect(guest.sendReady).toBe(1);
    expect(Buffer.concat(taken.map((bytes) => parseTcp(parseIp(bytes)!.payload).payload)).equals(payload)).toBe(true);
    expect(guest.counter('segments')).toBe(7);
  });

  it('counts a malformed frame and goes on', () => {
    const { inner, taken } = narrow(9);
    const guest = new Guest(withSoftwareOffload(inner));
    guest.send(large(100).frame, { ...NO_OFFLOAD, gsoType: GsoType.Tcp4 });
    guest.send(udp4(OUTSIDE, 1, 2, [3]));
    expect(guest.counter('malformed')).toBe(1);
    expect(taken).toHaveLength(1);
  });
});
