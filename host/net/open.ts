/** Makes the backend that a `-netdev` describes, with its wrappers. */

import { platform } from '#platform';
import type { NetBackend } from './backend.js';
import { wallClock, type Clock } from './clock.js';
import { countSystemCalls } from './counted-provider.js';
import type { Counter } from '../rings/counter.js';
import { NetworkError } from './errors.js';
import { withFaults } from './faults.js';
import { withSoftwareOffload } from './gate.js';
import { findHub } from './hub.js';
import type { NatConfig } from './nat/config.js';
import { createNat, type Nat } from './nat/nat.js';
import type { NetdevSpec } from './netdev.js';
import { createNull } from './null.js';
import { joinCapture } from './captures.js';
import { withPcap } from './pcap.js';
import type { SocketProvider } from './provider.js';
import { createBroadcast } from './web/broadcast.js';
import { createFrames } from './web/frames.js';
import { relayProvider } from './wisp/provider.js';
import { OWN_PROTOCOL } from './wisp/spec.js';

/** What backends of one process share. */
export interface NetContext {
  clock: Clock;
  provider: SocketProvider | Promise<SocketProvider>;
  random?: () => number;
  /** Of machines that share a clock: whom their hubs are for, and what makes a backend wait for it. */
  together?: Together;
}

export interface Together {
  clock: object;
  hold(backend: NetBackend): NetBackend;
}

export interface OpenBackend {
  /** For the card: takes every offload. */
  backend: NetBackend;
  /** The user network behind it, which `openTcp` (duplex.ts) connects through. */
  nat: Nat | undefined;
}

export function createNetContext(clock: Clock = wallClock(), together?: Together): NetContext {
  return { clock, provider: platform.sockets(), ...(together === undefined ? {} : { together }) };
}

/** Opens sockets, listens on forwarded ports, creates files. Rejects with what could not be had. */
export async function openBackend(spec: NetdevSpec, context: NetContext): Promise<OpenBackend> {
  const { inner, nat } = await openPlain(spec, context);
  let backend = inner;
  try {
    if (spec.faults) backend = withFaults(backend, spec.faults, context.clock);
    if (!backend.accepts.csum) backend = withSoftwareOffload(backend);
    if (spec.pcap !== undefined) {
      const capture = await joinCapture(spec.pcap, context.clock);
      backend = withPcap(backend, capture, context.together === undefined ? capture.clock : context.clock);
    }
    return { backend, nat };
  } catch (error) {
    await inner.close();
    throw error;
  }
}

/** Opens several, and puts those that a `hubport` names with `netdev=` on its hub: they are then the hub's, not a card's. */
export async function openBackends(specs: readonly NetdevSpec[], context: NetContext): Promise<Map<string, OpenBackend>> {
  const opened = new Map<string, OpenBackend>();
  try {
    for (const spec of specs) {
      if (opened.has(spec.id)) throw new NetworkError(`-netdev id=${spec.id} is given twice`);
      opened.set(spec.id, await openOrJoin(spec, context, opened));
    }
  } catch (error) {
    await Promise.all([...opened.values()].map(({ backend }) => backend.close()));
    throw error;
  }
  return opened;
}

async function openOrJoin(spec: NetdevSpec, context: NetContext, opened: Map<string, OpenBackend>): Promise<OpenBackend> {
  if (spec.type !== 'hubport' || spec.netdev === undefined) return openBackend(spec, context);
  const joined = opened.get(spec.netdev);
  if (!joined) throw new NetworkError(`-netdev hubport,id=${spec.id}: there is no netdev=${spec.netdev} before it`);
  return { backend: findHub(spec.hubId).join(spec.id, joined.backend), nat: joined.nat };
}

async function openPlain(spec: NetdevSpec, context: NetContext): Promise<{ inner: NetBackend; nat: Nat | undefined }> {
  switch (spec.type) {
    case 'user': {
      await mustBeFolder(spec.config.tftp);
      const outside = await openOutside(spec.relay, context);
      const { provider, counters } = countSystemCalls(outside, spec.id);
      const nat = createNat(spec.id, withStandIns(spec.config, outside), { ...context, provider });
      await nat.listen().catch(async (error: unknown) => {
        await nat.close();
        throw error;
      });
      return { inner: withCounters(nat, counters, () => outside.close?.()), nat };
    }
    case 'stream':
      return { inner: await platform.openStream(spec.id, spec.options), nat: undefined };
    case 'dgram':
      return { inner: await platform.openDgram(spec.id, spec.options), nat: undefined };
    case 'hubport':
      return { inner: joinHub(spec.hubId, spec.id, context), nat: undefined };
    case 'websocket':
      return { inner: await createFrames(spec.id, spec.address, platform.openWebSocket), nat: undefined };
    case 'broadcast':
      return { inner: createBroadcast(spec.id, spec.channel), nat: undefined };
    case 'lab':
      throw new NetworkError(`-netdev lab,id=${spec.id} is inside the module, for a card of its own: the host has no frames of it`);
    case 'null':
      return { inner: createNull(spec.id), nat: undefined };
  }
}

function joinHub(hubId: number, id: string, { together }: NetContext): NetBackend {
  const hub = findHub(hubId);
  if (!hub.isFor(together?.clock)) throw new NetworkError(`-netdev hubport,id=${id}: hub ${hubId} is for machines that share a clock; all on it must have that one`);
  const port = hub.addPort(id);
  return together === undefined ? port : together.hold(port);
}

/** Sockets of the platform, or through a relay. One that cannot be reached is found out when the first connection is wanted. */
function openOutside(relay: string | undefined, context: NetContext): SocketProvider | Promise<SocketProvider> {
  return relay === undefined ? context.provider : relayProvider(() => platform.openWebSocket(relay, [OWN_PROTOCOL]));
}

/** The guest may go to addresses that stand for names: whoever carries the connection applies its policy to what they lead to. */
function withStandIns(config: NatConfig, { standIns }: SocketProvider): NatConfig {
  return standIns === undefined ? config : { ...config, allow: [...config.allow, standIns] };
}

async function mustBeFolder(path: string | undefined): Promise<void> {
  if (path !== undefined && !(await platform.isFolder(path))) throw new NetworkError(`tftp=${path}: there is no such folder`);
}

/** The same backend, which reports more, and at whose end more is done. */
function withCounters(inner: NetBackend, more: () => Counter[], closed: () => void): NetBackend {
  return {
    name: inner.name,
    get accepts() {
      return inner.accepts;
    },
    attach: (sink) => inner.attach(sink),
    send: (frame, offload) => inner.send(frame, offload),
    flush: () => inner.flush(),
    roomForDeliver: () => inner.roomForDeliver(),
    counters: () => [...inner.counters(), ...more()],
    async close() {
      await inner.close();
      closed();
    },
  };
}
