/** The guest's HTTP by a page's fetch: what is asked, what is answered, and what a page does not do. */
import { describe, expect, it } from 'vitest';
import { parseAddress } from '../../../host/net/address.js';
import { createPair } from '../../../host/net/connect.js';
import { fetchProvider } from '../../../host/net/web/fetch-provider.js';
import { serveByFetch, type Fetch } from '../../../host/net/web/fetch-server.js';
import { StandIns } from '../../../host/net/stand-in.js';

/** What the guest hears when it sends `request`, in pieces of so many bytes. */
async function ask(request: string, fetch: Fetch, { host = 'example.org', secure = false, piece = 1 << 20, end = false } = {}): Promise<string> {
  const { stream, socket } = createPair();
  const served = serveByFetch(stream, host, { fetch, secure });
  let answer = '';
  const ended = new Promise<void>((resolve) => socket.listen({ data: (bytes) => void (answer += Buffer.from(bytes).toString('latin1')), ended: resolve, room: () => undefined, failed: (code) => ((answer += `[${code}]`), resolve()) }));
  socket.resume();
  const bytes = Buffer.from(request, 'latin1');
  for (let at = 0; at < bytes.length; at += piece) socket.write(bytes.subarray(at, at + piece));
  if (end) socket.end();
  await served;
  await ended;
  return answer;
}

const echo: Fetch = async (address, { method, headers, body }) => new Response(`${method} ${address} ${JSON.stringify(headers)} ${body === undefined ? '' : Buffer.from(body as Uint8Array).toString()}`, { status: 201, headers: { 'X-Own': '1', 'Content-Encoding': 'gzip', Connection: 'keep-alive' } });
const never: Fetch = async () => {
  throw new TypeError('Failed to fetch');
};

describe('HTTP by fetch', () => {
  for (const piece of [1, 3, 4096]) {
    it(`asks and answers, in pieces of ${piece}`, async () => {
      const answer = await ask('POST /a?b=c HTTP/1.1\r\nHost: example.org\r\nX-Mine: yes\r\nCookie: no\r\nAccept-Encoding: gzip\r\nContent-Length: 4\r\n\r\nbody', echo, { piece });
      expect(answer).toBe('HTTP/1.1 201 \r\ncontent-type: text/plain;charset=UTF-8\r\nx-own: 1\r\nConnection: close\r\n\r\nPOST http://example.org/a?b=c [["X-Mine","yes"]] body');
    });
  }

  it('asks by https where the page may ask for nothing else, and knows whole addresses', async () => {
    expect(await ask('GET http://other.example/path HTTP/1.0\r\n\r\n', echo, { secure: true })).toContain('GET https://example.org/path');
    expect(await ask('GET / HTTP/1.1\r\n\r\n', echo, { host: '2606::1' })).toContain('GET http://[2606::1]/');
  });

  it('reads chunks', async () => {
    expect(await ask('PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n', echo)).toMatch(/ abcde$/);
  });

  it('says in words what a page is not let do', async () => {
    expect(await ask('GET / HTTP/1.1\r\n\r\n', never)).toMatch(/^HTTP\/1.1 502 Bad Gateway\r\n[\s\S]*could not fetch http:\/\/example.org\/ \(Failed to fetch\)\. .*CORS/);
  });

  it('does not go to names of the reader’s own network', async () => {
    for (const host of ['localhost', 'a.localhost', 'router', 'printer.local', 'x.internal', 'nas.lan']) expect(await ask('GET / HTTP/1.1\r\n\r\n', echo, { host }), host).toMatch(/^HTTP\/1.1 403 /);
  });

  for (const [what, request, status] of [
    ['no request', 'hello\r\n\r\n', 400], ['a head without an end', `GET / HTTP/1.1\r\n${'X: y\r\n'.repeat(10_000)}`, 431], ['a body too long', 'POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n', 413],
    ['a length that is none', 'POST / HTTP/1.1\r\nContent-Length: 1x\r\n\r\n', 400], ['a header without a name', 'GET / HTTP/1.1\r\n: x\r\n\r\n', 400], ['a chunk without a size', 'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', 400],
    ['a host that is none', 'GET / HTTP/1.1\r\nHost: a/b\r\n\r\n', 400], ['half a body', 'POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc', 400],
  ] as const) {
    it(`answers ${what} with ${status}`, async () => {
      expect(await ask(request, echo, { end: true })).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    });
  }

  it('resets where the answer breaks off', async () => {
    const broken: Fetch = async () => new Response(new ReadableStream({ pull: (controller) => controller.error(new Error('cut')) }));
    expect(await ask('GET / HTTP/1.1\r\n\r\n', broken)).toMatch(/\[ECONNRESET\]$/);
  });
});

describe('the page’s provider', () => {
  it('has port 80 and nothing else', async () => {
    const provider = fetchProvider({ fetch: echo, secure: false });
    const [address] = await provider.resolve('example.org', 4);
    await expect(provider.connectTcp({ address: address!, port: 443 }, new AbortController().signal)).rejects.toMatchObject({ code: 'ENETUNREACH' });
    const socket = await provider.connectTcp({ address: address!, port: 80 }, new AbortController().signal);
    let answer = '';
    const ended = new Promise<void>((resolve) => socket.listen({ data: (bytes) => void (answer += Buffer.from(bytes).toString()), ended: resolve, room: () => undefined, failed: () => undefined }));
    socket.resume();
    socket.write(Buffer.from('GET /x HTTP/1.0\r\n\r\n'));
    await ended;
    expect(answer).toContain('GET http://example.org/x');
  });
});

describe('addresses that stand for names', () => {
  it('are the same for a name however it is written, and the oldest is given up', () => {
    const names = new StandIns(3);
    const first = names.addressOf('One.example');
    expect(names.addressOf('one.example.')).toEqual(first);
    expect(first).toEqual(parseAddress('198.18.0.1'));
    names.addressOf('two.example');
    names.addressOf('three.example');
    names.addressOf('one.example');
    const fourth = names.addressOf('four.example');
    expect(names.nameOf(fourth)).toBe('four.example');
    expect(fourth).toEqual(parseAddress('198.18.0.2'));
    expect(names.nameOf(first)).toBe('one.example');
  });
});
