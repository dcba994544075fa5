/** A scripted guest: the card's side of a network, with its frames in a list and room under the test's control. */

import { NO_OFFLOAD, NO_SUPPORT, type FrameSink, type NetBackend, type Offload, type OffloadSupport } from '../../../host/net/backend.js';
import { ManualClock } from '../../../host/net/clock.js';
import { defaultNatConfig, type NatConfig } from '../../../host/net/nat/config.js';
import { createNat, type Nat } from '../../../host/net/nat/nat.js';
import { seededRandom } from '../../../host/net/random.js';
import { FakeProvider } from './fake-provider.js';
import { arpRequest, GATEWAY, GUEST, parseIp, type ParsedIp } from './packets.js';

export interface Received {
  frame: Uint8Array;
  offload: Offload;
}

export class Guest implements FrameSink {
  accepts: OffloadSupport = NO_SUPPORT;
  frames: Received[] = [];
  /** Frames there is room for. */
  room = Infinity;
  onFrame: ((frame: Uint8Array, offload: Offload) => void) | undefined;
  sendReady = 0;
  /** Frames that were refused: sent again when there is room. */
  private readonly waiting: { frame: Uint8Array; offload: Readonly<Offload> }[] = [];

  constructor(readonly backend: NetBackend) {
    backend.attach(this);
  }

  deliver(frame: Uint8Array, offload: Readonly<Offload>): boolean {
    if (this.room <= 0) return false;
    this.room--;
    const copy = frame.slice();
    if (this.onFrame) this.onFrame(copy, { ...offload });
    else this.frames.push({ frame: copy, offload: { ...offload } });
    return true;
  }

  roomForSend(): void {
    this.sendReady++;
    for (const { frame, offload } of this.waiting.splice(0)) this.send(frame, offload);
  }

  send(frame: Uint8Array, offload: Readonly<Offload> = NO_OFFLOAD): void {
    // A buffer of its own, spoilt afterwards: frames are borrowed.
    const borrowed = frame.slice();
    if (!this.backend.send(borrowed, offload)) this.waiting.push({ frame: frame.slice(), offload: { ...offload } });
    borrowed.fill(0xee);
    this.backend.flush();
  }

  makeRoom(frames: number): void {
    this.room = frames;
    this.backend.roomForDeliver();
  }

  /** Frames since the last call. */
  take(): Received[] {
    this.backend.flush();
    return this.frames.splice(0);
  }

  takeIp(): ParsedIp[] {
    return this.take()
      .map(({ frame }) => parseIp(frame))
      .filter((packet) => packet !== undefined);
  }

  counter(name: string): number {
    const found = this.backend.counters().find((counter) => counter.name.endsWith(`.${name}`));
    if (!found) throw new Error(`no counter ${name}`);
    return Number(found.value);
  }
}

export interface Lab {
  nat: Nat;
  guest: Guest;
  provider: FakeProvider;
  clock: ManualClock;
}

/** A NAT with a guest that it knows. */
export function createLab(change: (config: NatConfig) => void = () => undefined): Lab {
  const config = defaultNatConfig();
  config.ipv6 = false;
  change(config);
  const provider = new FakeProvider();
  const clock = new ManualClock();
  const nat = createNat('n0', config, { provider, clock, random: seededRandom(7) });
  const guest = new Guest(nat);
  if (config.ipv4) guest.send(arpRequest(GATEWAY, GUEST));
  guest.take();
  return { nat, guest, provider, clock };
}

/** Lets promises and microtasks settle. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) await Promise.resolve();
  await new Promise((resolve) => setImmediate(resolve));
}
