/**
 * Answers of the name server at 10.0.2.3 when names are the platform's own look-up: A, AAAA (RFC 1035, RFC 3596) and PTR. A name that has
 * addresses of the other family only is there and has no data (NOERROR, RFC 2308, 2.2), and so it is with records that a look-up cannot give.
 * Other queries are relayed, where there is a server to ask: name-server.ts.
 */

import { parseAddress } from '../address.js';
import { get16, put16, put32 } from '../bytes.js';
import type { SocketProvider } from '../provider.js';

const HEADER_BYTES = 12;
const TYPE = { A: 1, PTR: 12, AAAA: 28 } as const;
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

interface RecordData {
  type: number;
  data: Uint8Array;
}

type Lookups = Pick<SocketProvider, 'resolve' | 'reverse'>;

/** Whether the platform's look-up is asked: for the rest it knows of nothing but whether the name is there. */
export function isLookup(query: Uint8Array): boolean {
  const question = query.length < HEADER_BYTES ? undefined : parseQuestion(query);
  return question !== undefined && (question.type === TYPE.A || question.type === TYPE.AAAA || question.type === TYPE.PTR);
}

/** The answer to a query, or undefined for what is none. */
export async function answerQuery(query: Uint8Array, provider: Lookups): Promise<Uint8Array | undefined> {
  // A response must not be answered: two servers would talk for ever.
  if (query.length < HEADER_BYTES || (query[2]! & 0x80) !== 0) return undefined;
  const question = parseQuestion(query);
  if (!question) return buildAnswer(query, HEADER_BYTES, CODE.FORMAT, []);
  const isQuery = (query[2]! & 0x78) === 0;
  if (!isQuery) return buildAnswer(query, question.end, CODE.NOT_IMPLEMENTED, []);
  try {
    return buildAnswer(query, question.end, CODE.OK, (await lookUp(question, provider)).slice(0, MAX_ANSWERS));
  } catch (error) {
    return buildAnswer(query, question.end, isNoName(error) ? CODE.NO_NAME : CODE.FAILURE, []);
  }
}

/** Records; none for a name that is there without any of that type. Throws for one that is not. */
async function lookUp({ name, type }: Question, provider: Lookups): Promise<RecordData[]> {
  const reversed = type === TYPE.PTR && provider.reverse ? addressOfReverse(name) : undefined;
  if (reversed) return (await provider.reverse!(reversed)).map((host) => ({ type, data: encodeName(host) }));
  const families = type === TYPE.AAAA ? ([6, 4] as const) : ([4, 6] as const);
  const isAddress = type === TYPE.A || type === TYPE.AAAA;
  try {
    const addresses = await provider.resolve(name, families[0]);
    return isAddress ? addresses.map((data) => ({ type, data })) : [];
  } catch (error) {
    if (!isNoName(error)) throw error;
    await provider.resolve(name, families[1]);
    return [];
  }
}

/** The address of `4.3.2.1.in-addr.arpa` (RFC 1035, 3.5) and `...ip6.arpa` (RFC 3596, 2.5). */
function addressOfReverse(name: string): Uint8Array | undefined {
  const labels = name.toLowerCase().split('.').reverse();
  const [top, family, ...rest] = labels;
  if (top !== 'arpa') return undefined;
  if (family === 'in-addr' && rest.length === 4) return parseAddress(rest.join('.'));
  if (family !== 'ip6' || rest.length !== 32 || !rest.every((nibble) => /^[0-9a-f]$/.test(nibble))) return undefined;
  return Uint8Array.from({ length: 16 }, (_, i) => parseInt(rest[2 * i]! + rest[2 * i + 1]!, 16));
}

function encodeName(name: string): Uint8Array {
  const labels = name.split('.').filter((label) => label !== '' && label.length < 64);
  return Uint8Array.from([...labels.flatMap((label) => [label.length, ...new TextEncoder().encode(label)]), 0]);
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

function buildAnswer(query: Uint8Array, questionEnd: number, code: number, records: readonly RecordData[]): Uint8Array {
  const answer = new Uint8Array(questionEnd + records.reduce((sum, { data }) => sum + 12 + data.length, 0));
  answer.set(query.subarray(0, questionEnd));
  // A response, recursion wanted as asked, recursion available.
  answer[2] = 0x80 | (query[2]! & 0x79);
  answer[3] = 0x80 | code;
  put16(answer, 4, questionEnd > HEADER_BYTES ? 1 : 0);
  put16(answer, 6, records.length);
  put32(answer, 8, 0);
  let at = questionEnd;
  for (const { type, data } of records) {
    put16(answer, at, 0xc000 | HEADER_BYTES);
    put16(answer, at + 2, type);
    put16(answer, at + 4, IN);
    put32(answer, at + 6, TTL_SECONDS);
    put16(answer, at + 10, data.length);
    answer.set(data, at + 12);
    at += 12 + data.length;
  }
  return answer;
}
