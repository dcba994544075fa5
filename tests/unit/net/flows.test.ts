/** Thousands of connections: how many there may be, what is kept for them, and that none starves another. */

import { describe, expect, it } from 'vitest';
import type { NatConfig } from '../../../host/net/nat/config.js';
import { createLab, settle, type Lab } from './guest.js';
import { parseIp } from './packets.js';
import { ACK, parseTcp, SYN, tcpFrame } from './tcp-peer.js';

const OUTSIDE = [203, 0, 113, 9];
const FIRST_PORT = 1024;

/** Opens so many connections from the guest, in handfuls; gives the ports that were answered. */
async function open(lab: Lab, count: number): Promise<number[]> {
  const ports: number[] = [];
  for (let first = 0; first < count; first += 500) {
    for (let i = first; i < Math.min(count, first + 500); i++) lab.guest.send(tcpFrame({ from: FIRST_PORT + i, to: 80, seq: 100, flags: SYN }, OUTSIDE));
    await settle();
    for (const { payload } of lab.guest.takeIp()) {
      const segment = parseTcp(payload);
      if (segment.flags !== (SYN | ACK)) continue;
      ports.push(segment.to);
      lab.guest.send(tcpFrame({ from: segment.to, to: 80, seq: 101, ack: segment.seq + 1, flags: ACK, window: 65535 }, OUTSIDE));
    }
  }
  return ports;
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
    const ports = await open(lab, 1001);
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
        else if (segment.to === ports[0]) lab.guest.send(tcpFrame({ from: segment.to, to: 80, seq: 101, ack: segment.seq + segment.payload.length, flags: ACK, window: 65535 }, OUTSIDE));
      }
    }
    expect(served.size).toBe(1000);
  });
});
