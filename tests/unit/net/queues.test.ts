/** Queues of bytes and of keys: right in order and content, and held memory counted. */

import { describe, expect, it } from 'vitest';
import { ByteQueue } from '../../../host/net/byte-queue.js';
import { createPair } from '../../../host/net/connect.js';
import { FrameQueue } from '../../../host/net/frame-queue.js';
import { NO_OFFLOAD } from '../../../host/net/backend.js';
import { Line } from '../../../host/net/line.js';
import { seededRandom } from '../../../host/net/random.js';
import { heldBy, heldBytes } from './memory.js';

describe('bytes that wait', () => {
  for (const seed of [1, 2, 3])
    it(`are the ones that came, however they came and went (seed ${seed})`, () => {
      const random = seededRandom(seed);
      const queue = new ByteQueue();
      let model: number[] = [];
      for (let step = 0; step < 150; step++) {
        const length = Math.floor(random() ** 4 * 9000);
        const bytes = Uint8Array.from({ length }, () => random() * 256);
        // A part of a larger buffer now and then, and one that is overwritten afterwards.
        if (random() < 0.2) queue.push(Uint8Array.from([...bytes, 1, 2, 3]).subarray(0, length));
        else queue.pushCopy(bytes);
        model.push(...bytes);
        bytes.fill(0xee);
        expect(queue.length).toBe(model.length);
        if (random() < 0.2) {
          const offset = Math.floor(random() * model.length);
          const count = Math.floor(random() * Math.min(5000, model.length - offset));
          const target = new Uint8Array(count + 2);
          queue.copy(target, 1, offset, count);
          expect([...target]).toEqual([0, ...model.slice(offset, offset + count), 0]);
        }
        if (random() < 0.1) {
          const first = queue.shift();
          expect([...(first ?? [])]).toEqual(model.slice(0, first?.length ?? 0));
          model = model.slice(first?.length ?? 0);
        }
        const gone = Math.floor(random() * Math.min(3000, model.length));
        queue.drop(gone);
        model = model.slice(gone);
        if (model.length === 0) expect(queue.held).toBe(0);
      }
    });

  it.each([
    { pieces: 'one byte a piece', count: 100_000, piece: () => Uint8Array.of(1) },
    { pieces: 'a few bytes of large buffers', count: 20_000, piece: () => new Uint8Array(8192).subarray(7, 9) },
    { pieces: 'parts of large buffers', count: 500, piece: () => new Uint8Array(65536).subarray(0, 4096) },
  ])('hold at most twice what is counted: $pieces', ({ count, piece }) => {
    let counted = 0;
    const held = heldBy(() => {
      const queue = new ByteQueue();
      for (let i = 0; i < count; i++) queue.push(piece());
      counted = queue.held;
      expect(counted).toBeLessThan(2 * queue.length + 1024);
      return queue;
    });
    expect(held).toBeLessThan(2 * counted);
    expect(held).toBeGreaterThan(counted / 2);
  });
});

describe('frames that wait', () => {
  it('hold at most twice their bound, however small they are', () => {
    const held = heldBy(() => {
      const queue = new FrameQueue(4 << 20);
      while (queue.push(new Uint8Array(60), NO_OFFLOAD));
      expect(queue.length).toBeGreaterThan(10_000);
      return queue;
    });
    expect(held).toBeLessThan(8 << 20);
  });
});

describe('a stream that the program does not read', () => {
  it('gathers small pieces, says how much room is left, and gives all of it in order', async () => {
    const { stream, socket } = createPair();
    const full = socket.room();
    const before = heldBytes();
    for (let i = 0; i < 200_000; i++) socket.write(Uint8Array.of(i));
    expect(socket.room()).toBe(full - 200_000);
    expect(heldBytes() - before).toBeLessThan(2 << 20);
    socket.end();
    let at = 0;
    for await (const chunk of stream.readable as unknown as AsyncIterable<Uint8Array>) for (const byte of chunk) if (byte !== (at++ & 255)) throw new Error(`byte ${at} is ${byte}`);
    expect([at, socket.room()]).toEqual([200_000, full]);
  });
});

describe('a line', () => {
  it('is in the order of putting, whoever leaves', () => {
    const random = seededRandom(5);
    const line = new Line<number, number>();
    let model: [number, number][] = [];
    for (let step = 0; step < 2000; step++) {
      const key = Math.floor(random() * 40);
      model = model.filter(([known]) => known !== key);
      if (random() < 0.3) line.delete(key);
      else {
        line.put(key, step);
        model.push([key, step]);
      }
      expect([[...line], line.size, line.first?.key]).toEqual([model, model.length, model[0]?.[0]]);
    }
  });
});
