// A line that takes its time: with a FIFO a frame is done for the card when it is in there, without one when its last bit has gone.
import { describe, expect, it } from "vitest";
import { makeMachine } from "../virtio/machine.js";
import { C, Driver, frameOf, KIND, R, T } from "./driver.js";

const SINK = 2, ECHO = 3;
/** 1000 bytes with preamble, FCS and gap at 100 Mbit/s, in ns. */
const FRAME_NS = (1000 + 24) * 80;

const up = async (fifo: number, mode = SINK): Promise<Driver> => new Driver(await makeMachine({ kind: KIND, lab: { mode, kbits: 100_000, fifo } })).start();
/** Goes to a moment and lets timers run that are due by then, one after the other. */
function until(d: Driver, ns: number): void {
  d.m.call("setTicks", BigInt(ns));
  d.m.call("runTimers");
}
const taken = (d: Driver): number => d.m.counter("lab0 frames taken");

function send(d: Driver, frames: number): number[] {
  const frame = frameOf(1000), at = Array.from({ length: frames }, () => d.add(0x40000, frame.length | (T.EOP | T.IFCS | T.RS) << 24));
  d.m.put(0x40000, frame);
  d.ring();
  return at;
}

describe("a line without a FIFO", () => {
  it("completes each frame when its last bit has gone, and tells of it then", async () => {
    const d = await up(0), start = d.m.call("nowNs"), [first, second, third] = send(d, 3);
    for (const [n, at] of [first!, second!, third!].entries()) {
      until(d, start + (n + 1) * FRAME_NS - 1);
      expect([d.done(at), taken(d), d.get(R.ICR) & C.TXDW]).toEqual([false, n, 0]);
      until(d, start + (n + 1) * FRAME_NS);
      expect([d.done(at), taken(d), d.get(R.ICR) & C.TXDW]).toEqual([true, n + 1, C.TXDW]);
    }
  });

  it("that has been idle begins with the next frame when it comes", async () => {
    const d = await up(0), start = d.m.call("nowNs");
    send(d, 1);
    until(d, start + FRAME_NS);
    until(d, start + 10 * FRAME_NS);
    const [at] = send(d, 1);
    until(d, start + 11 * FRAME_NS - 1);
    expect(d.done(at!)).toBe(false);
    until(d, start + 11 * FRAME_NS);
    expect(d.done(at!)).toBe(true);
  });

  it("echoes a frame when it has all of it", async () => {
    const d = await up(0, ECHO), start = d.m.call("nowNs");
    send(d, 1);
    until(d, start + FRAME_NS - 1);
    expect(taken(d)).toBe(0);
    until(d, start + FRAME_NS);
    until(d, start + FRAME_NS);
    expect(taken(d)).toBe(1);
  });

  it("forgets a frame that the driver has taken back, and does not turn in its timer", async () => {
    const d = await up(0), start = d.m.call("nowNs"), [at] = send(d, 1);
    d.set(R.TCTL, 0);
    until(d, start + FRAME_NS);
    expect(d.done(at!)).toBe(false);
    expect(d.m.call("nextDeadlineNs")).not.toBe(start + FRAME_NS);
  });
});

describe("a line with a FIFO", () => {
  it("has a frame that fits in at once, and the next when there is room", async () => {
    const d = await up(1500), start = d.m.call("nowNs"), [first, second] = send(d, 2);
    expect([d.done(first!), d.done(second!), taken(d)]).toEqual([true, false, 0]);
    until(d, start + FRAME_NS);
    expect([d.done(second!), taken(d)]).toEqual([true, 1]);
  });
});
