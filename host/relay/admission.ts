/**
 * Who is let in. In this order: a path that there is, an origin that is allowed (browsers always send one, programs need none), a client that has not
 * done too much wrong, the token, and room. What is refused is told by a status of HTTP and a line.
 */

import { createHash, timingSafeEqual } from 'node:crypto';
import type { Account, Accounts } from './accounts.js';
import type { RelayLimits } from './limits.js';

export interface AdmissionRules {
  token: string | undefined;
  /** Origins as browsers write them, or `*`; beside them, those of this machine. */
  origins: readonly string[];
  limits: RelayLimits;
}

export interface Knock {
  path: string;
  token: string | undefined;
  origin: string | undefined;
  address: string;
}

export type Place = { kind: 'wisp' } | { kind: 'switch'; name: string };
export type Verdict = { account: Account; place: Place } | { status: number; reason: string };

const OWN_ORIGIN = /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/;

export function placeOf(path: string): Place | undefined {
  if (path === '/wisp/' || path === '/wisp') return { kind: 'wisp' };
  const name = /^\/switch\/([\w.-]{1,64})$/.exec(path)?.[1];
  return name === undefined ? undefined : { kind: 'switch', name };
}

/** In the same time whatever is wrong with it. */
function isToken(given: string | undefined, token: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given ?? ''), digest(token)) && given !== undefined;
}

export function isOrigin(origin: string | undefined, origins: readonly string[]): boolean {
  return origin === undefined || OWN_ORIGIN.test(origin) || origins.includes(origin) || origins.includes('*');
}

export function admit(knock: Knock, accounts: Accounts, open: number, { token, origins, limits }: AdmissionRules): Verdict {
  const place = placeOf(knock.path);
  if (place === undefined) return { status: 404, reason: 'there are /wisp/ and /switch/NAME' };
  if (!isOrigin(knock.origin, origins)) return { status: 403, reason: 'pages of this origin are not allowed here (--origin)' };
  const account = accounts.find(knock.address);
  if (account === undefined) return { status: 503, reason: 'too many clients' };
  if (account.isShutOut) return { status: 429, reason: 'too much was wrong; again in a minute' };
  if (token !== undefined && !isToken(knock.token, token)) {
    account.strike();
    return { status: 401, reason: 'the token is wrong or missing (?token=)' };
  }
  if (account.connections >= limits.clientConnections) return { status: 429, reason: 'this client has enough connections' };
  if (open >= limits.connections) return { status: 503, reason: 'there are enough connections' };
  return { account, place };
}
