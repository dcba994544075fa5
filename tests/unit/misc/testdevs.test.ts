// QEMU's cards for tests by their published descriptions: iommu-testdev and pci-testdev.
import { describe, expect, it } from "vitest";
import { CardKind } from "../../../assembly/surface/cards.js";
import { makeMachine, type TestMachine } from "../virtio/machine.js";

const R = { TRIGGER: 0, IOVA: 4, LENGTH: 0xc, RESULT: 0x10, DOORBELL: 0x14, ATTRIBUTES: 0x18, GPA: 0x1c } as const;
const IDLE = 0xffffffff, BUSY = 0xfffffffe;
const OUTCOME = { DONE: 0, BAD_LENGTH: 0xdead0001, WRITE_FAILED: 0xdead0002, READ_FAILED: 0xdead0003, MISMATCH: 0xdead0004, NOT_ARMED: 0xdead0005, BAD_ATTRIBUTES: 0xdead0006 } as const;

describe("iommu-testdev", () => {
  const make = (): Promise<TestMachine> => makeMachine({ kind: CardKind.IOMMU_TESTDEV, mac: 0n });
  const run = (m: TestMachine, { iova = 0x1000, gpa = iova, length = 4, attributes = 2, arm = 1 }: Partial<Record<"iova" | "gpa" | "length" | "attributes" | "arm", number>> = {}): number => {
    const base = m.bar(0);
    for (const [at, value] of [[R.IOVA, iova], [R.GPA, gpa], [R.LENGTH, length], [R.ATTRIBUTES, attributes], [R.DOORBELL, arm]] as const) m.write(base + at, 4, value);
    expect(m.read(base + R.TRIGGER)).toBe(0);
    return m.read(base + R.RESULT);
  };
  it("is who it is, and idle after a reset", async () => {
    const m = await make(), base = m.bar(0);
    expect([m.config(0), m.config(8), m.config(0x2c), m.config(0x3d, 1), m.capabilities()]).toEqual([0x00051b36, 0x00ff0000, 0x11001af4, 0, []]);
    expect([m.read(base + R.RESULT), m.read(base + R.ATTRIBUTES), m.read(base + R.IOVA), m.read(base + 0x24), m.read(base + 0x800)]).toEqual([IDLE, 2, 0, 0, 0]);
  });
  it("writes its pattern and finds it again, of any length up to 64 KiB", async () => {
    const m = await make();
    expect([run(m), [...m.bytes(0x1000, 5)]]).toEqual([OUTCOME.DONE, [0x78, 0x56, 0x34, 0x12, 0]]);
    expect([run(m, { iova: 0x2fff, length: 6 }), [...m.bytes(0x2fff, 7)]]).toEqual([OUTCOME.DONE, [0x78, 0x56, 0x34, 0x12, 0x78, 0x56, 0]]);
    expect([run(m, { iova: 0x10000, length: 0x10000 }), m.get32(0x1fffc)]).toEqual([OUTCOME.DONE, 0x12345678]);
  });
  it("is busy once armed, and consumes that, whatever comes of it", async () => {
    const m = await make(), base = m.bar(0);
    m.write(base + R.DOORBELL, 4, 1); expect(m.read(base + R.RESULT)).toBe(BUSY);
    m.write(base + R.DOORBELL, 4, 0); expect(m.read(base + R.RESULT)).toBe(IDLE);
    m.read(base + R.TRIGGER); expect(m.read(base + R.RESULT)).toBe(OUTCOME.NOT_ARMED);
    expect([run(m, { length: 0 }), run(m, { length: 0x10001 }), run(m, { arm: 0 })]).toEqual([OUTCOME.BAD_LENGTH, OUTCOME.BAD_LENGTH, OUTCOME.NOT_ARMED]);
  });
  it("says what went wrong: attributes, the write, the look at memory, what is found there", async () => {
    const m = await make();
    // Secure and not, each with either space.
    expect([0, 1, 2, 3, 8, 9, 10, 11, 12, 14].map((attributes) => run(m, { attributes }))).toEqual([0, 0, 0, 0, OUTCOME.BAD_ATTRIBUTES, 0, 0, OUTCOME.BAD_ATTRIBUTES, 0, 0]);
    expect([run(m, { iova: 0xfed90000 }), run(m, { gpa: 0x7fffffff }), run(m, { gpa: 0x5000 })]).toEqual([OUTCOME.WRITE_FAILED, OUTCOME.READ_FAILED, OUTCOME.MISMATCH]);
    m.writeConfig(4, 2, 2);
    expect([run(m, { iova: 0x6000 }), m.get32(0x6000)]).toEqual([OUTCOME.WRITE_FAILED, 0]);
    expect([m.counter("iommu-testdev0 transfers"), m.counter("iommu-testdev0 transfers failed"), m.counter("iommu-testdev0 bytes written")]).toEqual([14, 6, 40]);
  });
  it("waits for the machine's allowance, and is busy meanwhile", async () => {
    const m = await make(), base = m.bar(0);
    let busy = 0;
    for (let i = 0; i < 40; i++) if (run(m, { iova: 0x10000, length: 0x10000 }) === BUSY) busy++;
    expect(busy).toBeGreaterThan(0);
    for (let i = 0; i < 100 && m.read(base + R.RESULT) === BUSY; i++) { m.call("setTicks", BigInt(m.call("nowNs") + 20_000)); m.call("runTimers"); }
    expect(m.read(base + R.RESULT)).toBe(OUTCOME.DONE);
  });
});

describe("pci-testdev", () => {
  it("has memory and ports, and another BAR where it is asked for", async () => {
    const m = await makeMachine({ kind: CardKind.PCI_TESTDEV, mac: 0n });
    expect([m.config(0), m.config(8), m.config(0x2c), m.config(0x14) & 1, m.config(0x18)]).toEqual([0x00051b36, 0x00ff0000, 0x11001af4, 1, 0]);
  });
  it.each(["memory", "ports"] as const)("counts what is written to %s as its header says", async (what) => {
    const m = await makeMachine({ kind: CardKind.PCI_TESTDEV, mac: 0n }), base = m.bar(what === "memory" ? 0 : 1);
    const read = (at: number, bytes = 4): number => (what === "memory" ? m.read(base + at, bytes) : m.call("portRead", base + at, bytes));
    const write = (at: number, bytes: number, value: number): void => { if (what === "memory") m.write(base + at, bytes, value); else m.call("portWrite", base + at, bytes, value); };
    const name = (): string => { let out = ""; for (let at = 16, byte = read(at, 1); byte !== 0; byte = read(++at, 1)) out += String.fromCharCode(byte); return out; };
    expect(read(0)).toBe(0);
    const first = what === "memory" ? 0 : 3, half = what === "memory" ? 0x800 : 0x80, kind = what === "memory" ? "mmio" : "portio";
    for (const [test, text, data] of [[0, "no-eventfd", 0xfa], [1, "wildcard-eventfd", 0xce], [2, "datamatch-eventfd", 0xfa]] as const) {
      write(0, 1, test);
      expect([read(0), read(4), read(8), read(12), name()]).toEqual([0x100 | (first + test), half + first + test, data, 0, `${kind}-${text}`]);
    }
    // Plain: right values count, in whatever access; events are caught where an access of a byte meets them.
    write(0, 1, 0);
    for (const [at, bytes, value] of [[0, 1, 0xfa], [0, 1, 0xfb], [0, 4, 0xfa], [1, 1, 0xfa]] as const) write(half + first + at, bytes, value);
    expect(read(12)).toBe(2);
    write(0, 1, 2); write(half + first + 2, 1, 0xfa);
    expect(read(12)).toBe(0);
    write(0, 1, 3);
    expect([read(0), read(16)]).toEqual([0, 0]);
  });
});
