/**
 * A snapshot by range requests, in Node: a helper thread fetches, and this thread waits for it, because a page of RAM is wanted in the midst of an instruction.
 * So it cannot come from a server of this very thread: that is told after a while.
 */

import { Worker } from 'node:worker_threads';
import { lookAt, MOST_BYTES, rangeSource } from '../../snapshot/ranges.js';
import type { ByteSource } from '../../snapshot/source.js';

const REQUEST_MS = 20_000;
/** Longer than the helper takes for its two tries. */
const WAIT_MS = 2.5 * REQUEST_MS;

/** Words that both threads see: how many bytes came, negative where what is wrong lies there in words; 0 while nothing has. */
const ANSWER = 0;

/** As text, because a bundler takes no second file along. */
const HELPER = `
const { parentPort, workerData: { address, etag, bytes, state, data } } = require('node:worker_threads');
const answer = new Int32Array(state), room = new Uint8Array(data);
async function part(offset, length) {
  const headers = { range: 'bytes=' + offset + '-' + (offset + length - 1), ...(etag === undefined ? {} : { 'if-match': etag }) };
  const response = await fetch(address, { headers, signal: AbortSignal.timeout(${REQUEST_MS}) });
  if (response.status === 412) throw new Error('the file was replaced by another');
  if (response.status !== 206) throw new Error('the server answers ' + response.status + ' ' + response.statusText);
  const of = (response.headers.get('content-range') || '').split('/')[1];
  if (of !== String(bytes)) throw new Error('the file had ' + bytes + ' bytes and has ' + of);
  const got = new Uint8Array(await response.arrayBuffer());
  if (got.length !== length) throw new Error(length + ' bytes were asked for and ' + got.length + ' came');
  return got;
}
parentPort.on('message', async ({ offset, length }) => {
  let got, problem;
  for (let tries = 0; tries < 2 && got === undefined; tries++) {
    try { got = await part(offset, length); } catch (error) { problem = (error.cause && error.cause.message) || error.message; }
  }
  const text = got === undefined ? new TextEncoder().encode(problem).subarray(0, 1000) : got;
  room.set(text);
  Atomics.store(answer, ${ANSWER}, got === undefined ? -text.length : text.length);
  Atomics.notify(answer, ${ANSWER});
});`;

export async function openAddress(address: URL): Promise<ByteSource | undefined> {
  const file = await lookAt(address);
  if (file === undefined) return undefined;
  const state = new SharedArrayBuffer(4), data = new SharedArrayBuffer(MOST_BYTES), answer = new Int32Array(state);
  const helper = new Worker(HELPER, { eval: true, workerData: { ...file, state, data } });
  helper.unref();
  const request = (to: Uint8Array, offset: number): void => {
    Atomics.store(answer, ANSWER, 0);
    helper.postMessage({ offset, length: to.length });
    if (Atomics.wait(answer, ANSWER, 0, WAIT_MS) === 'timed-out') throw new Error(`nothing came for ${WAIT_MS / 1000} seconds (is it a server of this very thread?)`);
    const bytes = Atomics.load(answer, ANSWER);
    const got = new Uint8Array(data).slice(0, Math.abs(bytes));
    if (bytes < 0) throw new Error(new TextDecoder().decode(got));
    to.set(got);
  };
  return rangeSource(file, request, () => void helper.terminate());
}
