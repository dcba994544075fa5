/** The standard input of a guest's command, cut into chunks as the guest asks for them. */

import { viewOf } from '../bytes/view.js';
import type { InputSource } from './types.js';

export interface CommandInput {
  /** The next bytes, at most so many; none at the end. Given at once where they are known. */
  next(most: number): Uint8Array | Promise<Uint8Array>;
  /** Nobody reads it any more. */
  close?(): void;
}

function fromBytes(bytes: Uint8Array): CommandInput {
  let at = 0;
  return {
    next(most) {
      const chunk = bytes.subarray(at, at + most);
      at += chunk.length;
      return chunk;
    },
  };
}

function fromChunks(source: AsyncIterable<Uint8Array>): CommandInput {
  const iterator = source[Symbol.asyncIterator]();
  let rest: Uint8Array = new Uint8Array(0);
  return {
    async next(most) {
      while (rest.length === 0) {
        const { value, done } = await iterator.next();
        if (done) return rest;
        rest = value;
      }
      const chunk = rest.subarray(0, most);
      rest = rest.subarray(chunk.length);
      return chunk;
    },
    close: () => void iterator.return?.()?.catch(() => undefined),
  };
}

export function openInput(source: InputSource | undefined): CommandInput {
  if (typeof source === 'string') return fromBytes(new TextEncoder().encode(source));
  if (source === undefined) return fromBytes(new Uint8Array(0));
  const view = viewOf(source);
  return view === undefined ? fromChunks(source as AsyncIterable<Uint8Array>) : fromBytes(view);
}
