/** `pintail relay`: where pages' machines reach the network, and each other (host/relay). docs/relay.md. */

import { readFileSync } from 'node:fs';
import { parseAddress, parseCidr, type Cidr } from '../net/address.js';
import { createNetContext, openBackend } from '../net/open.js';
import { parseNetdev, type NetdevSpec } from '../net/netdev.js';
import { NetdevError } from '../net/errors.js';
import { nodeProvider } from '../platform/node/net/provider.js';
import { DEFAULT_LIMITS, LIMIT_ROWS, type RelayLimits } from '../relay/limits.js';
import { openLog } from '../relay/log.js';
import { startRelay, type Relay, type RelayOptions } from '../relay/server.js';
import { withoutCodes } from '../words/errno.js';
import { parseCommandLine, parseCount, type Given, type Parsed } from './arguments.js';
import { optionsOf } from './table.js';

interface Join {
  name: string;
  spec: NetdevSpec;
}

type Question = Pick<RelayOptions, 'host' | 'port' | 'token' | 'origins' | 'allow' | 'limits'> & { joins: Join[] };

const DEFAULT_PORT = 6001;

function readListen(given: Given | undefined, parsed: Parsed): { host: string; port: number } {
  if (given === undefined) return { host: '127.0.0.1', port: DEFAULT_PORT };
  const match = /^(?:(\[[^\]]+\]|[\d.]+|localhost):)?(\d+)$/.exec(given.value);
  const host = (match?.[1] ?? '127.0.0.1').replace(/^\[|\]$/g, '').replace(/^localhost$/, '127.0.0.1');
  const port = Number(match?.[2] ?? -1);
  if (match === null || port > 65535 || parseAddress(host) === undefined) parsed.faults.add(given.argument, 'want PORT, ADDRESS:PORT or [ADDRESS]:PORT.');
  return { host, port };
}

const isLoopback = (host: string): boolean => host.startsWith('127.') || host === '::1';

/** Of `--token-file` before `--token`: a command line is seen by everybody on the machine. */
function readToken(parsed: Parsed, host: string, listen: string): string | undefined {
  const file = parsed.given('token-file');
  const token = file === undefined ? parsed.value('token') : readTokenFile(file, parsed);
  if (token === undefined && file === undefined && !isLoopback(host)) parsed.faults.add(listen, 'others can reach this address: give a --token-file FILE (or --token TOKEN), which pages have to know.');
  return token;
}

function readTokenFile({ argument, value }: Given, parsed: Parsed): string | undefined {
  try {
    const token = readFileSync(value, 'utf8').trim();
    if (token === '') parsed.faults.add(argument, 'the file is empty.');
    return token;
  } catch (error) {
    parsed.faults.add(argument, `${withoutCodes((error as Error).message)}.`);
    return undefined;
  }
}

function readOrigins(parsed: Parsed): string[] {
  return parsed.all('origin').map(({ argument, value }) => {
    if (value !== '*' && !/^https?:\/\/[^/\s]+$/.test(value)) parsed.faults.add(argument, 'want an origin as browsers write it, https://example.org, or "*".');
    return value;
  });
}

function readAllow(parsed: Parsed): Cidr[] {
  return parsed.all('allow').flatMap(({ argument, value }) => {
    const range = parseCidr(value);
    if (range === undefined) parsed.faults.add(argument, 'want ADDRESS/BITS, such as 192.168.1.0/24.');
    return range ?? [];
  });
}

/** NAME=NETDEV, where NETDEV is what -netdev takes; the id may be left out. */
function readJoin({ argument, value }: Given, number: number, parsed: Parsed): Join[] {
  const match = /^([\w.-]{1,64})=(\w+)(.*)$/.exec(value);
  if (match === null) {
    parsed.faults.add(argument, 'want NAME=TYPE,...: the name of a switch, and what -netdev takes.');
    return [];
  }
  const [, name = '', type = '', rest = ''] = match;
  try {
    const spec = parseNetdev(`${type}${/,id=/.test(rest) ? '' : `,id=${name}${number}`}${rest}`);
    if (spec.type === 'hubport' || spec.type === 'lab') parsed.faults.add(argument, `${spec.type} does not go on a relay's switch; stream, dgram, user, websocket and null do.`);
    return [{ name, spec }];
  } catch (error) {
    if (!(error instanceof NetdevError)) throw error;
    parsed.faults.add(argument, `${error.message.replace(/^-netdev [^ ]*: /, '')}.`);
    return [];
  }
}

function readLimits(parsed: Parsed): RelayLimits {
  const limits = { ...DEFAULT_LIMITS };
  for (const [name, row] of Object.entries(LIMIT_ROWS)) {
    const given = 'option' in row ? parsed.given(row.option) : undefined;
    if (given === undefined) continue;
    const value = parsed.faults.attempt(() => Number(parseCount(given.argument, given.value)));
    if (value !== undefined && (value < 1 || value > Number.MAX_SAFE_INTEGER)) parsed.faults.add(given.argument, 'want a number from 1 on.');
    if (value !== undefined) limits[name as keyof RelayLimits] = value;
  }
  return limits;
}

export function readRelay(args: readonly string[]): Question {
  const parsed = parseCommandLine(args, optionsOf('relay'));
  for (const word of parsed.words) parsed.faults.add(word, '"relay" takes options only.');
  if (parsed.rest !== undefined) parsed.faults.add('--', '"relay" runs no command.');
  const listen = parsed.given('listen');
  const { host, port } = readListen(listen, parsed);
  const question = {
    host, port, token: readToken(parsed, host, listen?.argument ?? 'relay'), origins: readOrigins(parsed), allow: readAllow(parsed),
    joins: parsed.all('join').flatMap((given, number) => readJoin(given, number, parsed)), limits: readLimits(parsed),
  };
  parsed.faults.check();
  return question;
}

async function joinAll(relay: Relay, joins: readonly Join[]): Promise<void> {
  for (const { name, spec } of joins) relay.join(name, spec.id, (await openBackend(spec, createNetContext())).backend);
}

/** The subcommand: until a signal comes. */
export async function relay(args: readonly string[]): Promise<number> {
  const question = readRelay(args);
  const provider = nodeProvider();
  const started = await startRelay({ ...question, provider, log: openLog((line) => process.stdout.write(line)) });
  try {
    await joinAll(started, question.joins);
    await new Promise<void>((resolve) => {
      for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
    });
  } finally {
    await started.close();
  }
  return 0;
}
