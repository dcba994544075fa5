// What a lab's traffic is: protocol, addresses, flows, how frames lie in time, and what is replayed. Behind a lab's other state (lab.ts); zeros are what a lab has that
// nobody has asked for more.

import { links } from "../base/machine";
import { LAB_TRAFFIC } from "../device/layout";
import { LabArrivals, ReplayFrame, TrafficAt } from "../surface/lab";

@unmanaged export class Traffic {
  /** A LabProto; flows differ by the source's port. */
  proto: u32; flows: u32;
  port: u32; sourcePort: u32;
  /** The lab's address, 0: none, and the guest's, as they are in frames. */
  ip: u32; guestIp: u32;
  ip6Low: u64; ip6High: u64; guestIp6Low: u64; guestIp6High: u64;
  /** A LabArrivals. */
  arrivals: u32;
  pad0: u32;
  seed: u64;
  /** Of a replay: bytes of its frames, 0: none, and of those that were given. */
  replayBytes: u32; replayNext: u32;

  // What comes of it.
  /** xorshift64*; never 0 once a source has begun. */
  random: u64;
  /** When the next burst comes, of a Poisson process. */
  arrivalNs: u64;
  /** Frames that were given when a change of the count was made: it counts from there. */
  before: u64;
  /** An answer waits in the ring: the card is to look. */
  tell: u32;
  /** Histogram of echoes' latency. */
  latency: u32;

  @inline ip6At(): usize { return changetype<usize>(this) + TrafficAt.IP6; }
  @inline guestIp6At(): usize { return changetype<usize>(this) + TrafficAt.GUEST_IP6; }
  @inline hasIp6(): bool { return (this.ip6Low | this.ip6High) != 0; }
  @inline isPoisson(): bool { return this.arrivals == LabArrivals.POISSON; }
}
@inline export function traffic(n: u32): Traffic { return changetype<Traffic>(LAB_TRAFFIC + <usize>(n & 7) * TrafficAt.BYTES); }

// --- Poisson arrivals ---

export function beginRandom(t: Traffic): void {
  t.random = (t.seed + 1) * 0x9e37_79b9_7f4a_7c15 | 1;
  for (let i = 0; i < 8; i++) next(t);
}

/** Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled" (2016): xorshift64*. */
function next(t: Traffic): u64 {
  let x = t.random;
  x ^= x >> 12; x ^= x << 25; x ^= x >> 27;
  t.random = x;
  return x * 0x2545_f491_4f6c_dd1d;
}

/** ns to the next of a Poisson process of this mean: exponentially distributed. */
export function exponentialNs(t: Traffic, mean: f64): u64 {
  const u = (<f64>(next(t) >> 11) + 1) / 9007199254740992.0;
  return <u64>(-NativeMath.log(u) * mean);
}

// --- A replay ---

/** For the host: what is replayed lies at `at` (surface/lab.ts). */
export function placeReplays(at: u32): void { links.replays = at; }
@inline export function isReplay(t: Traffic): bool { return t.replayBytes != 0 && links.replays != 0; }
function head(t: Traffic): usize {
  const n = (changetype<usize>(t) - LAB_TRAFFIC) / TrafficAt.BYTES;
  return <usize>load<u32>(<usize>links.replays + (n << 2)) + <usize>t.replayNext;
}
export function isReplayed(t: Traffic): bool { return t.replayNext + ReplayFrame.HEADER > t.replayBytes || replayBytes(t) > t.replayBytes - t.replayNext - ReplayFrame.HEADER; }
/** ns after the first frame, and bytes of the frame at hand. */
export function replayNs(t: Traffic): u64 { return load<u64>(head(t), ReplayFrame.NS); }
export function replayBytes(t: Traffic): u32 { return load<u32>(head(t), ReplayFrame.BYTES); }
export function replayData(t: Traffic): usize { return head(t) + ReplayFrame.HEADER; }
export function replayOn(t: Traffic): void { t.replayNext += ReplayFrame.HEADER + ((replayBytes(t) + 15) & ~15); }
