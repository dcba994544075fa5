/** A server written as text: `1.2.3.4`, `1.2.3.4:5353`, `::1`, `[::1]:5353`. */

import { parseAddress } from './address.js';
import type { Endpoint } from './provider.js';

export function parseServer(text: string, defaultPort = 53): Endpoint | undefined {
  const match = /^\[(.+)\](?::(\d+))?$/.exec(text) ?? /^([\d.]+):(\d+)$/.exec(text);
  const address = parseAddress(match?.[1] ?? text);
  const port = Number(match?.[2] ?? defaultPort);
  return address && port > 0 && port < 65536 ? { address, port } : undefined;
}
