/** Thousands of connections: how many there may be, what is kept for them, and that none starves another. */

import { describe, expect, it } from 'vitest';
import { parseAddress } from '../../../host/net/address.js';
import { NO_OFFLOAD } from '../../../host/net/backend.js';
import type { NatConfig } from '../../../host/net/nat/config.js';
import { createLab, settle, type Lab } from './guest.js';
import { heldBytes } from './memory.js';
import { FarEnd } from './fake-provider.js';
import { arpRequest, GATEWAY, GUEST, parseIp } from './packets.js';
import { ACK, parseTcp, SYN, tcpFrame } from './tcp-peer.js';

const OUTSIDE = [93, 184, 216, 9];
const FIRST_PORT = 1024;

/** Opens so many connections from the guest, in handfuls; gives the guest's ports that were answered, and what to acknowledge. */
async function open(lab: Lab, count: number): Promise<{ from: number; ack: number }[]> {
  const opened: { from: number; ack: number }[] = [];
  for (let first = 0; first < count; first += 500) {
    for (let i = first; i < Math.min(count, first + 500); i++) lab.guest.send(tcpFrame({ from: FIRST_PORT + i, to: 80, seq: 100, flags: SYN }, OUTSIDE));
    await settle();
    for (const { payload } of lab.guest.takeIp()) {
      const segment = parseTcp(payload);
      if (segment.flags !== (SYN | ACK)) continue;
      opened.push({ from: segment.to, ack: segment.seq + 1 });
      lab.guest.send(tcpFrame({ from: segment.to, to: 80, seq: 101, ack: segment.seq + 1, flags: ACK, window: 65535 }, OUTSIDE));
    }
  }
  return opened;
}

const limited = (limits: Partial<NatConfig['limits']>) => (config: NatConfig): void => void Object.assign(config.limits, limits);

describe('thousands of connections', () => {
  it('8192 at once, the next refused and counted, and one that has long been idle makes way', async () => {
    const lab = createLab();
    expect(await open(lab, 8300)).toHaveLength(8192);
    expect([lab.guest.counter('tcpFlows'), lab.guest.counter('tcpRefused')]).toEqual([8192, 8300 - 8192]);
    lab.clock.advance(3 * 3600e9);
    lab.guest.take();
    lab.guest.send(tcpFrame({ from: 60_000, to: 80, seq: 100, flags: SYN }, OUTSIDE));
    await settle();
    expect(lab.guest.counter('tcpFlows')).toBeLessThanOrEqual(8192);
    expect(lab.guest.takeIp().map(({ payload }) => parseTcp(payload)).filter(({ to, flags }) => to === 60_000 && flags === (SYN | ACK))).toHaveLength(1);
  });

  it('what is kept for a guest that reads nothing is bounded for all together', async () => {
    const [flows, chunk] = [2000, 2048];
    const lab = createLab(limited({ tcpFlows: flows, tcpBytes: 4 << 20, tcpFlowMinimum: 1024 }));
    expect(await open(lab, flows)).toHaveLength(flows);
    lab.guest.room = 0;
    for (const { end } of lab.provider.connections) for (let i = 0; i < 16; i++) end.send(new Uint8Array(chunk));
    await settle();
    const taken = lab.provider.connections.reduce((sum, { end }) => sum + 16 * chunk - end.unread, 0);
    // Each may pass its share by one chunk of the socket's.
    expect(taken).toBeLessThanOrEqual((4 << 20) + flows * chunk);
    expect(taken).toBeGreaterThan(0);
  });

  // A thousand turns, and a few for what the large one sends between.
  it('one with megabytes waiting does not keep a thousand small ones from their turn', async () => {
    const lab = createLab();
    const [large] = await open(lab, 1001);
    lab.guest.room = 0;
    const [bulk, ...small] = lab.provider.connections;
    bulk!.end.send(new Uint8Array(4 << 20));
    await settle();
    for (const { end } of small) end.send(new Uint8Array(10));
    await settle();
    const served = new Set<number>();
    for (let turn = 0; turn < 1010; turn++) {
      lab.guest.makeRoom(1);
      for (const { frame } of lab.guest.frames.splice(0)) {
        const packet = parseIp(frame);
        const segment = packet && parseTcp(packet.payload);
        if (!segment) continue;
        if (segment.payload.length === 10) served.add(segment.to);
        // The guest reads what the large one sends, so that its window never shuts.
        else if (segment.to === large!.from) lab.guest.send(tcpFrame({ from: segment.to, to: 80, seq: 101, ack: segment.seq + segment.payload.length, flags: ACK, window: 65535 }, OUTSIDE));
      }
    }
    expect(served.size).toBe(1000);
  });

  it('8192 that get one byte a segment, and send one early byte a segment, hold at most twice what is counted', async () => {
    const lab = createLab();
    const before = heldBytes();
    const opened = await open(lab, 8192);
    lab.guest.room = 0;
    for (const { end } of lab.provider.connections) for (let i = 0; i < 100; i++) end.send(Uint8Array.of(i));
    for (const port of opened) for (let i = 1; i <= 4; i++) lab.guest.send(tcpFrame({ ...port, to: 80, seq: 101 + 2 * i, flags: ACK, payload: Uint8Array.of(i) }, OUTSIDE));
    await settle();
    const counted = lab.guest.counter('tcpHeld');
    expect(counted).toBeLessThan(128 << 20);
    expect(heldBytes() - before).toBeLessThan(2 * counted);
  });

  const forward = (port: number) => ({ protocol: 'tcp' as const, host: { address: parseAddress('127.0.0.1')!, port }, guest: { address: parseAddress('10.0.2.15')!, port } });

  it('those into a forwarded port leave the guest its own, and the other forwarded port its own', async () => {
    const lab = createLab((config) => {
      limited({ tcpFlows: 10, tcpForwardedFlows: 12 })(config);
      config.hostForwards = [forward(80), forward(81)];
    });
    await lab.nat.listen();
    const [first, second] = lab.provider.listening;
    const accept = (listening: ((end: FarEnd) => void) | undefined, count: number): number => {
      const ends = Array.from({ length: count }, () => new FarEnd());
      for (const end of ends) listening!(end);
      return ends.filter(({ wasReset }) => !wasReset).length;
    };
    // A third each: two ports and the program.
    expect(accept(first, 8192)).toBe(4);
    expect(accept(second, 8192)).toBe(4);
    lab.guest.take();
    expect(await open(lab, 20)).toHaveLength(10);
  });

  it('what waits in the host’s sockets for them shuts their windows together, not one by one', async () => {
    const [flows, least] = [100, 2048];
    const lab = createLab(limited({ tcpBytes: flows * least, tcpFlowMinimum: least }));
    const opened = await open(lab, flows);
    // Sockets that bring nothing home: their room shrinks and never grows.
    for (const { end } of lab.provider.connections) end.capacity = 1 << 18;
    for (const port of opened) for (let i = 0; i < 100; i++) lab.guest.send(tcpFrame({ ...port, to: 80, seq: 101 + i * 1000, flags: ACK, payload: new Uint8Array(1000) }, OUTSIDE));
    const taken = lab.provider.connections.reduce((sum, { end }) => sum + end.receivedBytes, 0);
    // What was offered while there were fewer stands; nothing is added to it.
    expect(taken).toBeLessThan(flows * 64 * 1024);
    lab.guest.take();
    for (const port of opened) lab.guest.send(tcpFrame({ ...port, to: 80, seq: 101, flags: ACK }, OUTSIDE));
    await settle();
    expect(lab.guest.takeIp().map(({ payload }) => parseTcp(payload).window)).toEqual(new Array(flows).fill(0));
  });

  // A ring of the card's holds 3,276 of the smallest frames.
  describe('a frame costs the same with 8192 of them', () => {
    const FRAMES = 3276;

    it('from a station whose MAC changes at every frame', async () => {
      const lab = createLab();
      await open(lab, 8192);
      for (let i = 0; i < FRAMES; i++) lab.guest.send(arpRequest(GATEWAY, GUEST, [0x52, 0x54, 0, 0, i & 1, 7]));
      expect(lab.guest.counter('tcpLooked')).toBe(0);
    });

    it('that opens one more in a full table, however active the others are', async () => {
      const lab = createLab();
      const opened = await open(lab, 8192);
      lab.clock.advance(1e9);
      for (const port of opened) lab.guest.send(tcpFrame({ ...port, to: 80, seq: 100, flags: 0 }, OUTSIDE));
      const turnAway = (frames: number): void => {
        for (let i = 0; i < frames; i++) lab.guest.send(tcpFrame({ from: FIRST_PORT + i, to: 81, seq: 100, flags: SYN }, OUTSIDE));
      };
      // All have moved since they were looked at last: 64 are looked at for one frame, and the guest asks again.
      turnAway(1);
      expect(lab.guest.counter('tcpLooked')).toBe(64);
      expect(lab.guest.counter('tcpPutOff')).toBe(1);
      const asked = lab.provider.connections.length;
      turnAway(FRAMES);
      expect(lab.guest.counter('tcpPutOff')).toBe(8192 / 64);
      expect(lab.guest.counter('tcpRefused')).toBe(FRAMES + 1 - 8192 / 64);
      // Each of those that were active once, and one for each refusal.
      expect(lab.guest.counter('tcpLooked')).toBeLessThanOrEqual(8192 + FRAMES);
      expect(lab.provider.connections.length).toBe(asked);
    });

    it('that is refused in one batch with others than have room for an answer', async () => {
      const lab = createLab();
      await open(lab, 8192);
      for (let i = 0; i < FRAMES; i++) lab.nat.send(tcpFrame({ from: FIRST_PORT + i, to: 81, seq: 100, flags: SYN }, OUTSIDE), NO_OFFLOAD);
      const [sent, dropped, refused] = ['tcpResets', 'controlDropped', 'tcpRefused'].map((name) => lab.guest.counter(name)) as [number, number, number];
      expect(sent).toBeGreaterThan(0);
      expect(dropped).toBeGreaterThan(0);
      // Resets that were sent, not built.
      expect(sent + dropped).toBe(refused);
    });

    it('that tells the MAC many wait for: each looks once', async () => {
      const lab = createLab((config) => {
        config.hostForwards = [{ ...forward(80), guest: { address: parseAddress('10.0.2.77')!, port: 80 } }];
      });
      await lab.nat.listen();
      for (let i = 0; i < 2000; i++) lab.provider.listening[0]!(new FarEnd());
      await settle();
      for (let i = 0; i < FRAMES; i++) lab.guest.send(arpRequest(GATEWAY, [10, 0, 2, 77], [0x52, 0x54, 0, 0, i & 1, 7]));
      expect(lab.guest.counter('tcpLooked')).toBe(2000);
    });
  });
});
