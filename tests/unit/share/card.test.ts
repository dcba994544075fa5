/** virtio-9p by a mock driver: messages there and back, many at once, none at all, resets in between. */
import { describe, expect, it } from 'vitest';
import type { ModuleInstance } from '../../../host/rings/instance.js';
import { MemoryFolder } from '../../../host/share/memory.js';
import { SharePort } from '../../../host/share/port.js';
import { ShareSession } from '../../../host/share/session.js';
import { Message, MessageReader, MessageWriter } from '../../../host/share/wire.js';
import { Driver, type Ring } from '../virtio/driver.js';
import { makeMachine, type TestMachine } from '../virtio/machine.js';

/** CardKind.VIRTIO_9P. */
const KIND = 8;
const ASKED = 0x100000, ANSWER = 0x180000, STEP = 0x1000, RING = 0x10000;

interface Card { m: TestMachine; d: Driver; ring: Ring; port: SharePort; folder: MemoryFolder }

async function make(): Promise<Card> {
  const m = await makeMachine({ kind: KIND }), d = new Driver(m), folder = new MemoryFolder();
  d.negotiate(1n << 32n);
  const ring = d.enable(0, 128, RING);
  d.status = 15;
  const instance = { view: m.m.view, bytes: new Uint8Array(m.m.memory.buffer) } as unknown as ModuleInstance;
  return { m, d, ring, folder, port: new SharePort(instance, m.call('diskTable', 0), new ShareSession(folder, false), 'share s') };
}

/** Offers a message in the place with number `n`. */
function send({ m, ring }: Card, n: number, type: number, fields: (w: MessageWriter) => void, answerBytes = 256): void {
  const bytes = new Uint8Array(512), w = new MessageWriter(bytes);
  fields(w);
  const length = w.finish(type, n);
  m.put(ASKED + n * STEP, bytes.subarray(0, length));
  ring.add([{ at: ASKED + n * STEP, bytes: length }, { at: ANSWER + n * STEP, bytes: answerBytes, write: true }]);
}

/** The host's turn, until nothing is asked. */
async function serve({ m, port }: Card): Promise<void> {
  while (port.busy) {
    await port.answer();
    m.call('serviceRings');
  }
}
const answerOf = ({ m }: Card, n: number): { type: number; tag: number; fields: MessageReader } => {
  const bytes = m.bytes(ANSWER + n * STEP, 512);
  return { type: bytes[4]!, tag: bytes[5]! | bytes[6]! << 8, fields: new MessageReader(bytes) };
};
const version = (w: MessageWriter): MessageWriter => w.u32(8192).text('9P2000.L');
const attach = (w: MessageWriter): MessageWriter => w.u32(0).u32(0xffff_ffff).text('').text('').u32(0);

describe('virtio-9p', () => {
  it('carries messages to the host and answers back', async () => {
    const card = await make();
    send(card, 0, Message.VERSION, version);
    await serve(card);
    send(card, 1, Message.ATTACH, attach);
    await serve(card);
    expect(card.ring.take().map(([, n]) => n)).toEqual([7 + 4 + 2 + 8, 7 + 13]);
    expect(answerOf(card, 0).fields.u32()).toBe(8192);
    expect([answerOf(card, 1).type, answerOf(card, 1).tag]).toEqual([Message.ATTACH + 1, 1]);
    expect(card.m.counter('virtio-9p0 messages')).toBe(2);
  });

  it('carries more at once than a batch holds, each answered once', async () => {
    const card = await make();
    send(card, 0, Message.VERSION, version);
    send(card, 1, Message.ATTACH, attach);
    await serve(card);
    card.ring.take();
    for (let n = 2; n < 66; n++) send(card, n, Message.GETATTR, (w) => w.u32(0).u64(0x7ffn));
    await serve(card);
    const used = card.ring.take();
    expect(used.map(([, n]) => n)).toEqual(Array.from({ length: 64 }, () => 160));
    for (let n = 2; n < 66; n++) expect([answerOf(card, n).type, answerOf(card, n).tag]).toEqual([Message.GETATTR + 1, n]);
  });

  it('gives back what is no message, and cuts an answer that finds no room', async () => {
    const card = await make();
    card.ring.add([{ at: ASKED, bytes: 6 }, { at: ANSWER, bytes: 256, write: true }]);
    card.ring.add([{ at: ASKED, bytes: 64 }]);
    card.ring.add([{ at: ANSWER, bytes: 64, write: true }]);
    card.ring.add([{ at: ASKED, bytes: 0x90000 }, { at: ANSWER, bytes: 64, write: true }]);
    await serve(card);
    expect(card.ring.take().map(([, n]) => n)).toEqual([0, 0, 0, 0]);
    expect(card.m.counter('virtio-9p0 messages refused')).toBe(4);
    send(card, 0, Message.VERSION, version, 12);
    await serve(card);
    expect(card.ring.take().map(([, n]) => n)).toEqual([12]);
  });

  it('forgets what was asked at a reset, and goes on with a new driver', async () => {
    const card = await make();
    send(card, 0, Message.VERSION, version);
    card.d.negotiate(1n << 32n);
    const again = { ...card, ring: card.d.enable(0, 128, RING) };
    card.d.status = 15;
    await serve(again);
    expect(again.ring.take()).toEqual([]);
    send(again, 1, Message.VERSION, version);
    await serve(again);
    expect(again.ring.take()).toHaveLength(1);
  });
});
