/** A machine's wires: what passes is seen in its order and bounded, and is lost, delayed and in line as was said last. */
import { describe, expect, it } from 'vitest';
import { Wires } from '../../../host/machine/wires.js';
import { ALL_SUPPORT, NO_OFFLOAD, type FrameSink, type NetBackend } from '../../../host/net/backend.js';
import { ManualClock } from '../../../host/net/clock.js';

const clockOf = (): ManualClock & { attach?: unknown } => new ManualClock();

/** A network that answers each frame from inside `send` with one that is a byte longer. */
function answering(name: string): NetBackend {
  let card: FrameSink;
  return {
    name, accepts: ALL_SUPPORT, flush: () => undefined, roomForDeliver: () => undefined, counters: () => [], close: async () => undefined,
    attach: (sink) => void (card = sink),
    send(frame) {
      card.deliver(Uint8Array.from([...frame, 1]), NO_OFFLOAD);
      return true;
    },
  };
}

function open() {
  const clock = clockOf(), got: number[] = [];
  const backends = new Map([['n0', { backend: answering('n0'), nat: undefined }], ['other', { backend: answering('other'), nat: undefined }]]);
  const card: FrameSink = {
    accepts: ALL_SUPPORT, roomForSend: () => undefined,
    deliver(frame) {
      got.push(frame.length);
      return true;
    },
  };
  const wires = new Wires({ netdevs: ['n0'], outside: { backends, time: clock as never }, virtualNs: () => BigInt(clock.now()), rewire: (_netdev, backend) => backend.attach(card) });
  const send = (bytes: number): boolean => backends.get('n0')!.backend.send(new Uint8Array(bytes), NO_OFFLOAD);
  return { wires, send, got, clock };
}

describe('wires', () => {
  it('show what was sent before its answer, with the time, once', () => {
    const { wires, send, got, clock } = open();
    clock.advance(5000);
    send(60);
    expect(got).toEqual([61]);
    expect(wires.take()).toEqual({
      missed: 0,
      frames: [{ netdev: 'n0', toGuest: false, virtualNs: 5000n, bytes: new Uint8Array(60), offload: NO_OFFLOAD }, { netdev: 'n0', toGuest: true, virtualNs: 5000n, bytes: Uint8Array.from([...new Uint8Array(60), 1]), offload: NO_OFFLOAD }],
    });
    expect(wires.take()).toEqual({ missed: 0, frames: [] });
  });

  it('keep so many, and say how many they did not', () => {
    const { wires, send } = open();
    for (let i = 0; i < 3000; i++) send(60);
    const { frames, missed } = wires.take();
    expect([frames.length, missed]).toEqual([4096, 6000 - 4096]);
  });

  it('lose all, then none', () => {
    const { wires, send, got } = open();
    wires.set('n0', { loss: 1 });
    expect(send(60)).toBe(true);
    expect(got).toEqual([]);
    // The card has sent it all the same.
    expect(wires.take().frames.map(({ toGuest }) => toGuest)).toEqual([false]);
    wires.set('n0', {});
    send(60);
    expect(got).toEqual([61]);
  });

  it('carry so many bits a second, each way, behind the delay', () => {
    const { wires, send, got, clock } = open();
    wires.set('n0', { delayNs: 1000, bitsPerSecond: 8e9 });
    send(100);
    send(100);
    // 100 ns a frame on the way out, 101 on the way back, 1000 either way; the second answer finds the line taken by the first.
    const due = [1000 + 100 + 1000 + 101, 1000 + 100 + 1000 + 2 * 101];
    clock.advanceTo(due[0]! - 1);
    expect(got).toEqual([]);
    clock.advanceTo(due[0]!);
    expect(got).toEqual([101]);
    clock.advanceTo(due[1]! - 1);
    expect(got).toEqual([101]);
    clock.advanceTo(due[1]!);
    expect(got).toEqual([101, 101]);
  });

  it('refuse what is no wire, and no number for one', () => {
    const { wires } = open();
    expect(() => wires.set('other', {})).toThrow('netdev: "other" has no wire in the host');
    expect(() => wires.set('n0', { loss: 2 })).toThrow('wire.loss: 2 is not from 0 to 1');
    expect(() => wires.set('n0', { delayNs: -1 })).toThrow('wire.delayNs: -1');
    expect(() => wires.set('n0', { los: 1 } as never)).toThrow('wire.los: there is no such option. Did you mean loss?');
  });
});
