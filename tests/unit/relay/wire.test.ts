/** One wire: ports of a relay's switch by WebSocket, a stream as QEMU speaks it, and a channel of this process. */
import { describe, expect, it, onTestFinished } from 'vitest';
import type { NetBackend } from '../../../host/net/backend.js';
import { parseNetdev } from '../../../host/net/netdev.js';
import { createNetContext, openBackend } from '../../../host/net/open.js';
import { createBroadcast } from '../../../host/net/web/broadcast.js';
import { createStream } from '../../../host/platform/node/net/stream.js';
import { Guest } from '../net/guest.js';
import { knock, openRelay } from './relay.js';

async function port(text: string): Promise<Guest> {
  const { backend } = await openBackend(parseNetdev(text), createNetContext());
  onTestFinished(() => backend.close());
  return new Guest(backend);
}

const keep = (backend: NetBackend): NetBackend => {
  onTestFinished(() => backend.close());
  return backend;
};

function frame(from: number, to: number, words: string): Uint8Array {
  const address = (last: number): number[] => (last === 0xff ? [255, 255, 255, 255, 255, 255] : [2, 0, 0, 0, 0, last]);
  return Uint8Array.from([...address(to), ...address(from), 0x88, 0xb5, ...Buffer.from(words.padEnd(46, '.'))]);
}

const wordsOf = (guest: Guest): string[] => guest.frames.map((received) => Buffer.from(received.frame.subarray(14)).toString().replace(/\.+$/, ''));
const heard = async (guest: Guest, words: string): Promise<void> => {
  while (!wordsOf(guest).includes(words)) await new Promise((resolve) => setTimeout(resolve, 2));
};

describe('a switch of a relay', () => {
  it('joins two WebSockets and a stream, learns who is where, and parts its names', async () => {
    const relay = await openRelay();
    const stream = await createStream('joined', { address: { host: '127.0.0.1', port: 0 }, server: true, reconnectMs: 0 });
    relay.join('lan', 'joined', stream);
    const [page, node, other] = [await port(`websocket,id=a,url=${relay.address('/switch/lan')}`), await port(`websocket,id=b,url=${relay.address('/switch/lan')}`), await port(`websocket,id=c,url=${relay.address('/switch/other')}`)];
    const qemu = await port(`stream,id=q,addr.type=inet,addr.host=127.0.0.1,addr.port=${stream.port}`);
    page.send(frame(1, 0xff, 'who is there'));
    await Promise.all([heard(node, 'who is there'), heard(qemu, 'who is there')]);
    qemu.send(frame(3, 1, 'qemu is'));
    await heard(page, 'qemu is');
    node.send(frame(2, 1, 'node is'));
    await heard(page, 'node is');
    page.send(frame(1, 3, 'for qemu alone'));
    await heard(qemu, 'for qemu alone');
    expect(wordsOf(node)).not.toContain('for qemu alone');
    expect(wordsOf(other)).toEqual([]);
    expect(relay.open()).toMatchObject({ connections: 3, switches: 2 });
  });

  it('has as many names as it may, and forgets those that nobody is on', async () => {
    const relay = await openRelay({ limits: { switches: 1 } });
    const first = await port(`websocket,id=a,url=${relay.address('/switch/one')}`);
    expect(await knock(relay.address('/switch/two'))).toBe(101);
    expect(await relay.logged('closed')).toMatchObject({ reason: 'there are enough switches' });
    await first.backend.close();
    while (relay.open().switches > 0) await new Promise((resolve) => setTimeout(resolve, 2));
  });

  it('needs the token, and is refused in words without it', async () => {
    const relay = await openRelay({ token: 'secret' });
    await expect(port(`websocket,id=a,url=${relay.address('/switch/lan')}`)).rejects.toThrow(/switch\/lan cannot be reached: it answers 401/);
    const a = await port(`websocket,id=a,url=${relay.address('/switch/lan')},token=secret`);
    const b = await port(`websocket,id=b,url=${relay.address('/switch/lan')},token=secret`);
    a.send(frame(1, 0xff, 'in'));
    await heard(b, 'in');
  });
});

describe('a wire of this process', () => {
  it('gives everybody on a channel what one of them sends, in order, and loses what finds no room', async () => {
    const [a, b, c, elsewhere] = ['one', 'one', 'one', 'two'].map((channel, i) => new Guest(keep(createBroadcast(`n${i}`, channel)))) as [Guest, Guest, Guest, Guest];
    c.room = 0;
    for (let i = 0; i < 100; i++) a.send(frame(1, 2, `number ${i}`));
    await heard(b, 'number 99');
    expect(wordsOf(b)).toEqual(Array.from({ length: 100 }, (_, i) => `number ${i}`));
    expect(wordsOf(a)).toEqual([]);
    c.makeRoom(1000);
    await heard(c, 'number 99');
    expect(wordsOf(elsewhere)).toEqual([]);
  });

  it('takes nothing that is no frame', async () => {
    const guest = new Guest(keep(createBroadcast('n', 'hostile')));
    const stranger = new BroadcastChannel('pintail wire hostile');
    onTestFinished(() => stranger.close());
    for (const message of ['text', new Uint8Array(5), new Uint8Array(1 << 20), { frame: 1 }, null]) stranger.postMessage(message);
    stranger.postMessage(frame(1, 2, 'real'));
    await heard(guest, 'real');
    expect(guest.frames).toHaveLength(1);
    expect(guest.counter('malformed')).toBe(5);
  });
});
