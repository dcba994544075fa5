/**
 * The guest's plain HTTP, answered by `fetch`: a server for one connection. What the browser's rules do to it is told to the guest where they bite:
 * another site must allow this page to read its answers (CORS), and redirects are followed before the guest sees them. Nothing that the page is
 * known by goes along: no cookies, no referrer.
 */

import type { ByteStream } from '../../bytes/streams.js';
import { headerOf, HttpProblem, readRequest, type HttpRequest } from './http-request.js';

/** The part of `fetch` that is used; a test's own is one, too. */
export type Fetch = (address: string, init: RequestInit) => Promise<Response>;

export interface FetchRules {
  fetch: Fetch;
  /** A page that was fetched by https may ask for nothing else. */
  secure: boolean;
}

/** Of one connection, hop by hop (RFC 9110, 7.6.1), and what a page may not set or fetch does itself. */
const NOT_SENT = /^(connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|host|content-length|accept-encoding|accept-charset|cookie.*|date|dnt|expect|origin|referer|via|sec-.*|access-control-.*|user-agent)$/i;
const NOT_ANSWERED = /^(connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|content-encoding|content-length)$/i;

/** `host`: what the guest connected to. Ends with the connection. */
export async function serveByFetch({ readable, writable }: ByteStream, host: string, rules: FetchRules): Promise<void> {
  const writer = writable.getWriter();
  try {
    const request = await readRequest(readable);
    if (request !== undefined) await answer(request, host, rules, writer);
    await writer.close();
  } catch (error) {
    if (error instanceof HttpProblem) await refuse(writer, error);
    else await writer.abort(error).catch(() => undefined);
  }
}

type Writer = WritableStreamDefaultWriter<Uint8Array | string>;

async function refuse(writer: Writer, { status, message }: HttpProblem): Promise<void> {
  const body = `${message}\n`;
  try {
    await writer.write(`HTTP/1.1 ${status} ${status === 502 ? 'Bad Gateway' : 'Bad Request'}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${new TextEncoder().encode(body).length}\r\nConnection: close\r\n\r\n${body}`);
    await writer.close();
  } catch {
    // The guest has gone meanwhile.
  }
}

async function answer(request: HttpRequest, host: string, rules: FetchRules, writer: Writer): Promise<void> {
  const address = addressOf(request, host, rules.secure);
  const response = await ask(address, request, rules);
  const headers = [...response.headers].filter(([name]) => !NOT_ANSWERED.test(name)).map(([name, value]) => `${name}: ${value}\r\n`);
  await writer.write(`HTTP/1.1 ${response.status} ${response.statusText.replace(/[\r\n]/g, ' ')}\r\n${headers.join('')}Connection: close\r\n\r\n`);
  if (request.method === 'HEAD' || response.body === null) return;
  const reader = response.body.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) await writer.write(part.value);
}

async function ask(address: string, request: HttpRequest, { fetch }: FetchRules): Promise<Response> {
  const headers = request.headers.filter(([name]) => !NOT_SENT.test(name));
  const bodiless = request.method === 'GET' || request.method === 'HEAD';
  try {
    return await fetch(address, { method: request.method, headers, credentials: 'omit', referrerPolicy: 'no-referrer', cache: 'no-store', ...(bodiless ? {} : { body: request.body as BodyInit }) });
  } catch (error) {
    throw new HttpProblem(502, `The page could not fetch ${address} (${(error as Error).message}). It is not there, or it does not allow other sites' pages to read it (CORS). Through a relay ("pintail relay") it can be reached.`);
  }
}

/** Names that lead to the reader's own machine or network. */
const LOCAL = /(^|\.)(localhost|local|internal|home\.arpa|lan)$|^[^.]*$/i;

/** The name that was connected to counts; the Host header only where that was an address. */
function addressOf(request: HttpRequest, host: string, secure: boolean): string {
  const named = headerOf(request, 'host');
  const literal = /^[\d.]+$|:/.test(host);
  const name = literal ? host.includes(':') ? `[${host}]` : host : host;
  if (!literal && LOCAL.test(host)) throw new HttpProblem(403, `${host} is a name of the reader's own network: a guest in a page does not go there`);
  if (named !== undefined && !/^[\w.:[\]-]*$/.test(named)) throw new HttpProblem(400, 'the Host header is no host');
  const path = request.target.startsWith('/') ? request.target : request.target.replace(/^http:\/\/[^/]*/i, '') || '/';
  if (!path.startsWith('/')) throw new HttpProblem(400, 'the request is for no path');
  return `http${secure ? 's' : ''}://${name}${path}`;
}
