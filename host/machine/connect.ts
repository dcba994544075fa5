/** `machine.connect`: which user network a connection goes through, and what can be wrong with it. */

import { NetworkError } from '../net/errors.js';
import type { OpenBackend } from '../net/open.js';
import { ConnectError } from './errors.js';
import { checkConnectKeys } from './keys.js';
import type { ByteStream, ConnectTarget } from './types.js';

/** `target` as an object, its port checked. */
export function readTarget(target: number | ConnectTarget): ConnectTarget {
  const read = typeof target === 'number' ? { port: target } : target;
  checkConnectKeys(read);
  const { port } = read;
  if (Number.isInteger(port) && port >= 1 && port <= 65535) return read;
  throw new ConnectError('EINVAL', `connect: ${port} is not a port from 1 to 65535.`);
}

/** Opens a stream to a server in the guest. */
export async function connectToGuest(backends: ReadonlyMap<string, OpenBackend>, target: number | ConnectTarget): Promise<ByteStream> {
  const { port, netdev } = readTarget(target);
  const nat = chooseNetwork(backends, port, netdev);
  const { openTcp } = await import('../net/connect.js');
  try {
    return await openTcp(nat, port);
  } catch (error) {
    if (error instanceof NetworkError) throw new ConnectError(error.code ?? 'ECONNABORTED', `connect: ${error.message}.`);
    throw error;
  }
}

function chooseNetwork(backends: ReadonlyMap<string, OpenBackend>, port: number, netdev: string | undefined): NonNullable<OpenBackend['nat']> {
  // A hubport stands before the network that it puts on its hub: two ids, one network.
  const networks = new Map([...backends].reverse().flatMap(([id, { nat }]) => (nat === undefined ? [] : [[nat, id] as const])));
  const ids = [...networks.values()].reverse();
  if (netdev !== undefined) {
    const nat = backends.get(netdev)?.nat;
    if (nat !== undefined) return nat;
    throw new ConnectError('ENETUNREACH', `connect: "${netdev}" is no user network of this machine.${listOf(ids)}`);
  }
  const [first] = networks.keys();
  if (first === undefined) {
    throw new ConnectError('ENETUNREACH', 'connect: the machine has no user network. Make it with netdevs: ["user,id=n0"] and devices: [{ model: "virtio-net", netdev: "n0" }].');
  }
  if (networks.size > 1) {
    throw new ConnectError('EAMBIGUOUS', `connect: the machine has several user networks.${listOf(ids)} Say which: connect({ port: ${port}, netdev: "${ids[0]}" }).`);
  }
  return first;
}

const listOf = (ids: readonly string[]): string => (ids.length === 0 ? ' It has none.' : ` It has ${ids.join(', ')}.`);
