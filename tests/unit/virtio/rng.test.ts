// virtio-rng by a mock driver: buffers of every kind, a rate in virtual time, misuse.
import { describe, expect, it } from "vitest";
import { Driver, type Ring } from "./driver.js";
import { makeMachine, type TestMachine } from "./machine.js";

const DATA = 0x100000, NEEDS_RESET = 64;

async function make(rate = 0n): Promise<{ m: TestMachine; d: Driver; ring: Ring }> {
  const m = await makeMachine({ kind: 2, mac: rate, mtu: 0 }), d = new Driver(m);
  d.negotiate(1n << 32n);
  const ring = d.enable(0, 64, 0x10000);
  d.status = 15;
  return { m, d, ring };
}
const given = (ring: Ring): number[] => ring.take().map(([, n]) => n);
const pass = (m: TestMachine, ns: bigint): void => { m.call("setTicks", ns); m.call("runTimers"); };

describe("virtio-rng", () => {
  it("fills buffers, each with other bytes, over pieces too", async () => {
    const { m, ring } = await make();
    ring.add([{ at: DATA, bytes: 32, write: true }]);
    ring.add([{ at: DATA + 0x1000, bytes: 5, write: true }, { at: DATA + 0x2000, bytes: 27, write: true }]);
    expect(given(ring)).toEqual([32, 32]);
    const [a, b] = [m.bytes(DATA, 32), Uint8Array.from([...m.bytes(DATA + 0x1000, 5), ...m.bytes(DATA + 0x2000, 27)])];
    expect(a).not.toEqual(b);
    expect(new Set(a).size).toBeGreaterThan(16);
    expect(m.bytes(DATA + 32, 8)).toEqual(new Uint8Array(8));
  });

  it("gives the same bytes for the same seed", async () => {
    const bytes = async (): Promise<Uint8Array> => { const { m, ring } = await make(); ring.add([{ at: DATA, bytes: 64, write: true }]); return m.bytes(DATA, 64); };
    expect(await bytes()).toEqual(await bytes());
  });

  it("gives no more than its rate, and goes on when the period ends", async () => {
    const { m, ring } = await make(100n | 5n << 32n);
    for (let i = 0; i < 4; i++) ring.add([{ at: DATA, bytes: 60, write: true }]);
    expect(given(ring)).toEqual([60, 40]);
    pass(m, 4_999_999n);
    expect(given(ring)).toEqual([]);
    pass(m, 5_000_000n);
    expect(given(ring)).toEqual([60, 40]);
    expect(m.counter("virtio-rng0 waits for the next period")).toBeGreaterThan(0);
  });

  it("does not give more for a reset in between", async () => {
    const { m, d, ring } = await make(100n | 5n << 32n);
    ring.add([{ at: DATA, bytes: 100, write: true }]);
    expect(given(ring)).toEqual([100]);
    d.negotiate(1n << 32n);
    const again = d.enable(0, 64, 0x10000);
    d.status = 15;
    again.add([{ at: DATA, bytes: 100, write: true }]);
    expect(given(again)).toEqual([]);
    pass(m, 5_000_000n);
    expect(given(again)).toEqual([100]);
  });

  it("gives nothing for nothing: empty, read-only and huge buffers", async () => {
    const { ring } = await make();
    ring.add([{ at: DATA, bytes: 0, write: true }]);
    ring.add([{ at: DATA, bytes: 64 }]);
    ring.add([{ at: DATA, bytes: 0xffff_ffff, write: true }]);
    expect(given(ring)).toEqual([0, 0, 4096]);
  });

  it.each<[string, (ring: Ring) => void]>([
    ["a loop", (ring) => { ring.describe(0, DATA, 8, 3, 0); ring.offer(0); }],
    ["a buffer outside RAM", (ring) => ring.add([{ at: 0xc000_0000n, bytes: 8, write: true }])],
    ["a head out of range", (ring) => ring.offer(64)],
    ["a readable piece behind a writable one", (ring) => ring.add([{ at: DATA, bytes: 8, write: true }, { at: DATA, bytes: 8 }])],
  ])("%s stops it", async (_, act) => {
    const { d, ring } = await make();
    act(ring);
    expect(d.status & NEEDS_RESET).toBe(NEEDS_RESET);
  });
});
