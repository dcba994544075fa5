/**
 * Which of several name servers a query goes to: the same one while it answers. A query that a client repeats, from the same port with the
 * same identification, was not answered: the next server gets it, and those that follow.
 */

import { addressKey } from '../address.js';
import { get16 } from '../bytes.js';
import { Line } from '../line.js';
import type { Endpoint } from '../provider.js';
import type { UdpDatagram } from './udp-header.js';

/** Queries remembered, the oldest forgotten first. */
const MAX_RECENT = 256;

export class ResolverChoice {
  private current = 0;
  private readonly recent = new Line<string, true>();

  constructor(private readonly resolvers: () => readonly Endpoint[]) {}

  choose(): Endpoint | undefined {
    const list = this.resolvers();
    return list[this.current % list.length];
  }

  chooseFor({ source, payload }: UdpDatagram): Endpoint | undefined {
    const id = payload.length >= 2 ? get16(payload, 0) : 0;
    const key = `${addressKey(source.address)} ${source.port} ${id}`;
    if (this.recent.delete(key)) this.current++;
    else if (this.recent.size >= MAX_RECENT) this.recent.delete(this.recent.first!.key);
    this.recent.put(key, true);
    return this.choose();
  }
}
