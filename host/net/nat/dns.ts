/**
 * The name server at 10.0.2.3 when there is no resolver to forward to: answers A and AAAA (RFC 1035, RFC 3596) with the platform's own
 * look-up, and says NOTIMP to the rest. With resolvers, queries are forwarded raw, over UDP and TCP, and nothing here runs.
 */

import { get16, put16, put32 } from '../bytes.js';
import type { SocketProvider } from '../provider.js';

const HEADER_BYTES = 12;
const TYPE = { A: 1, AAAA: 28 } as const;
const IN = 1;
const CODE = { OK: 0, FORMAT: 1, FAILURE: 2, NO_NAME: 3, NOT_IMPLEMENTED: 4 } as const;
const MAX_NAME = 253;
const TTL_SECONDS = 60;
/** What fits in 512 bytes beside the longest name. */
const MAX_ANSWERS = 8;

interface Question {
  name: string;
  type: number;
  /** Where the question ends in the query. */
  end: number;
}

/** The answer to a query, or undefined for what is none. */
export async function answerQuery(query: Uint8Array, provider: Pick<SocketProvider, 'resolve'>): Promise<Uint8Array | undefined> {
  // A response must not be answered: two servers would talk for ever.
  if (query.length < HEADER_BYTES || (query[2]! & 0x80) !== 0) return undefined;
  const question = parseQuestion(query);
  if (!question) return buildAnswer(query, HEADER_BYTES, CODE.FORMAT, []);
  const { type, end, name } = question;
  const isQuery = (query[2]! & 0x78) === 0;
  if (!isQuery || (type !== TYPE.A && type !== TYPE.AAAA)) return buildAnswer(query, end, CODE.NOT_IMPLEMENTED, []);
  try {
    const addresses = await provider.resolve(name, type === TYPE.A ? 4 : 6);
    return buildAnswer(query, end, CODE.OK, addresses.slice(0, MAX_ANSWERS));
  } catch (error) {
    return buildAnswer(query, end, isNoName(error) ? CODE.NO_NAME : CODE.FAILURE, []);
  }
}

function isNoName(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOTFOUND';
}

/** The one question of a query. Compression has no place in it, so a pointer is malformed and the walk only goes forward. */
function parseQuestion(query: Uint8Array): Question | undefined {
  if (get16(query, 4) !== 1) return undefined;
  const labels: string[] = [];
  let at = HEADER_BYTES;
  let length = 0;
  while (at < query.length && query[at] !== 0) {
    const size = query[at]!;
    const next = at + 1 + size;
    length += size + 1;
    if (size > 63 || next >= query.length || length > MAX_NAME) return undefined;
    labels.push(String.fromCharCode(...query.subarray(at + 1, next)));
    at = next;
  }
  const end = at + 5;
  if (end > query.length || get16(query, at + 3) !== IN || !labels.every(isHostLabel)) return undefined;
  return { name: labels.join('.'), type: get16(query, at + 1), end };
}

/** Letters a look-up of the platform's can be trusted with. */
function isHostLabel(label: string): boolean {
  return /^[a-z0-9_-]+$/i.test(label);
}

function buildAnswer(query: Uint8Array, questionEnd: number, code: number, addresses: Uint8Array[]): Uint8Array {
  const answer = new Uint8Array(questionEnd + addresses.reduce((sum, { length }) => sum + 12 + length, 0));
  answer.set(query.subarray(0, questionEnd));
  // A response, recursion wanted as asked, recursion available.
  answer[2] = 0x80 | (query[2]! & 0x79);
  answer[3] = 0x80 | code;
  put16(answer, 4, questionEnd > HEADER_BYTES ? 1 : 0);
  put16(answer, 6, addresses.length);
  put32(answer, 8, 0);
  let at = questionEnd;
  for (const address of addresses) {
    put16(answer, at, 0xc000 | HEADER_BYTES);
    put16(answer, at + 2, address.length === 4 ? TYPE.A : TYPE.AAAA);
    put16(answer, at + 4, IN);
    put32(answer, at + 6, TTL_SECONDS);
    put16(answer, at + 10, address.length);
    answer.set(address, at + 12);
    at += 12 + address.length;
  }
  return answer;
}
