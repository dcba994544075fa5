/** A request of HTTP/1 (RFC 9112) from bytes as they come: what a page's fetch has to be told. */

import { ByteQueue } from '../byte-queue.js';

export interface HttpRequest {
  method: string;
  /** The request target as it was sent. */
  target: string;
  headers: [name: string, value: string][];
  body: Uint8Array;
}

/** What cannot be answered otherwise: a status and its words. */
export class HttpProblem extends Error {
  override readonly name = 'HttpProblem';
  constructor(readonly status: number, message: string) {
    super(message);
  }
}

const MOST_HEAD = 32 << 10;
const MOST_BODY = 16 << 20;
const CRLF = 2;

export const headerOf = ({ headers }: HttpRequest, name: string): string | undefined => headers.find(([known]) => known.toLowerCase() === name)?.[1];

/** Reads one request; undefined where the stream ends before there is any. Throws an HttpProblem. */
export async function readRequest(stream: ReadableStream<Uint8Array>): Promise<HttpRequest | undefined> {
  const input = new Input(stream.getReader());
  const head = await input.line(MOST_HEAD, true);
  if (head === undefined) return undefined;
  const [first = '', ...lines] = head.split(/\r?\n/);
  const match = /^([A-Za-z]+) (\S+) HTTP\/1\.[01]$/.exec(first);
  if (match === null) throw new HttpProblem(400, 'this is no request of HTTP/1');
  const headers = lines.map((line): [string, string] => {
    const at = line.indexOf(':');
    if (at < 1 || !/^[\w!#$%&'*+.^`|~-]+$/.test(line.slice(0, at))) throw new HttpProblem(400, 'a header has no name');
    return [line.slice(0, at), line.slice(at + 1).trim()];
  });
  const request = { method: match[1]!.toUpperCase(), target: match[2]!, headers, body: new Uint8Array(0) };
  return { ...request, body: await readBody(input, request) };
}

async function readBody(input: Input, request: HttpRequest): Promise<Uint8Array> {
  if (/chunked/i.test(headerOf(request, 'transfer-encoding') ?? '')) return readChunks(input);
  const length = Number(headerOf(request, 'content-length') ?? 0);
  if (!Number.isInteger(length) || length < 0) throw new HttpProblem(400, 'Content-Length is no number');
  if (length > MOST_BODY) throw new HttpProblem(413, `a body of more than ${MOST_BODY} bytes does not go through a page's fetch`);
  return input.bytes(length);
}

async function readChunks(input: Input): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let sum = 0;
  for (;;) {
    const size = parseInt((await input.line(256, false)) ?? '', 16);
    if (!(size >= 0)) throw new HttpProblem(400, 'a chunk has no size');
    sum += size;
    if (sum > MOST_BODY) throw new HttpProblem(413, `a body of more than ${MOST_BODY} bytes does not go through a page's fetch`);
    if (size > 0) parts.push(await input.bytes(size));
    await input.line(256, false);
    if (size === 0) break;
  }
  const body = new Uint8Array(sum);
  let at = 0;
  for (const part of parts) {
    body.set(part, at);
    at += part.length;
  }
  return body;
}

/** What has come and was not read. */
class Input {
  private readonly queue = new ByteQueue();

  constructor(private readonly reader: ReadableStreamDefaultReader<Uint8Array>) {}

  private async more(): Promise<boolean> {
    const { done, value } = await this.reader.read();
    if (!done) this.queue.push(value);
    return !done;
  }

  private take(count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    this.queue.copy(bytes, 0, 0, count);
    this.queue.drop(count);
    return bytes;
  }

  async bytes(count: number): Promise<Uint8Array> {
    while (this.queue.length < count) if (!(await this.more())) throw new HttpProblem(400, 'the request ends in the midst of its body');
    return this.take(count);
  }

  /** Up to a line's end, or with `blank` to the empty line behind a head; without it. */
  async line(most: number, blank: boolean): Promise<string | undefined> {
    let seen = 0;
    for (;;) {
      const { length } = this.queue;
      // Only what is new, and what an end may begin in.
      const from = Math.max(0, seen - 3);
      const text = new TextDecoder('latin1').decode(this.peek(from, length - from));
      const found = (blank ? /\r?\n\r?\n/ : /\r?\n/).exec(text);
      if (found !== null) {
        const end = from + found.index;
        const line = new TextDecoder('latin1').decode(this.take(end));
        this.queue.drop(found[0].length);
        return line;
      }
      if (length > most) throw new HttpProblem(blank ? 431 : 400, 'the head of the request is too long');
      seen = length;
      if (await this.more()) continue;
      if (length > CRLF) throw new HttpProblem(400, 'the request ends in the midst of its head');
      return undefined;
    }
  }

  private peek(at: number, count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    this.queue.copy(bytes, 0, at, count);
    return bytes;
  }
}
