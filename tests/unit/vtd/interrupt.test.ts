// Interrupt remapping: entries, handles, verification of the sender, the old format, faults 20h to 26h, the IOAPIC's pins, x2APIC destinations.
import { describe, expect, it } from "vitest";
import { AT, G, Inv, makeUnit, R, SWITCH, type Unit } from "./driver.js";

const CARD = 0x18;
interface Entry { vector?: number; destination?: bigint; low?: bigint; source?: number; qualifier?: number; verify?: number; high?: bigint }
const setEntry = (u: Unit, index: number, { vector = 0x40, destination = 0n, low = 1n, source = 0, qualifier = 0, verify = 0, high = 0n }: Entry = {}): void => {
  u.set64(AT.IRT + 16 * index, low | BigInt(vector) << 16n | destination << 32n);
  u.set64(AT.IRT + 16 * index + 8, BigInt(source) | BigInt(qualifier) << 16n | BigInt(verify) << 18n | high);
};
/** A remappable message's address: handle, and whether a subhandle is added. */
const to = (handle: number, sub = false): bigint => BigInt(0xfee00010 | (handle & 0x7fff) << 5 | (handle >> 15) << 2 | (sub ? 8 : 0)) & 0xffffffffn;
const send = (u: Unit, address: bigint | number, data = 0, requester = CARD): number[] => { u.call("sendMsi", requester, BigInt(address), data); return u.takeVectors(); };

/** 256 entries, remapping on. */
const started = async (switches: number = SWITCH.REMAP | SWITCH.EIM, irta = 7): Promise<Unit> => {
  const u = await makeUnit({ switches });
  u.write(0xfee000f0, 4, 0x1ff);
  u.setReg(R.IRTA, AT.IRT | irta, 8);
  u.command(G.SIRTP);
  u.command(G.IRE);
  u.startQueue();
  return u;
};
const reasons = (u: Unit): [number, number, number][] => u.takeFaults().map(({ reason, address, source }) => [reason, Number(address >> 48n), source]);

describe("messages", () => {
  it("become what the entry says: handle, and subhandle where it is valid", async () => {
    const u = await started();
    setEntry(u, 5, { vector: 0x45 }); setEntry(u, 7, { vector: 0x47 });
    expect([send(u, to(5), 0xffff), send(u, to(5, true), 2), u.count("interrupts remapped"), reasons(u)]).toEqual([[0x45], [0x47], 2, []]);
  });
  it("are as they were while remapping is off", async () => {
    const u = await started();
    u.drop(G.IRE);
    expect(send(u, 0xfee00000, 0x33)).toEqual([0x33]);
  });
  it("of the old format pass with CFI alone, and never with x2APIC ids", async () => {
    const u = await started();
    expect([send(u, 0xfee00000, 0x33), reasons(u)]).toEqual([[], [[0x25, 0, CARD]]]);
    u.command(G.CFI);
    expect([send(u, 0xfee00000, 0x33), reasons(u), u.count("interrupts in the compatibility format")]).toEqual([[0x33], [], 1]);
    const wide = await started(SWITCH.REMAP | SWITCH.EIM, 7 | 1 << 11);
    wide.command(G.CFI);
    expect([send(wide, 0xfee00000, 0x33), reasons(wide)]).toEqual([[], [[0x25, 0, CARD]]]);
  });
  it("go where the entry says: physical, logical, and 32 bits with x2APIC ids", async () => {
    const u = await started();
    u.write(0xfee000d0, 4, 0x02000000);
    setEntry(u, 1, { vector: 0x51, destination: 0x0100n }); setEntry(u, 2, { vector: 0x52, destination: 0x0200n, low: 5n }); setEntry(u, 3, { vector: 0x53, destination: 0x0400n, low: 5n });
    expect([send(u, to(1)), send(u, to(2)), send(u, to(3))]).toEqual([[], [0x52], []]);
    const wide = await started(SWITCH.REMAP | SWITCH.EIM, 7 | 1 << 11);
    setEntry(wide, 1, { vector: 0x51, destination: 0n }); setEntry(wide, 2, { vector: 0x52, destination: 0x100n });
    expect([send(wide, to(1)), send(wide, to(2)), reasons(wide)]).toEqual([[0x51], [], []]);
    // Without EIM the bit is not there.
    const narrow = await started(SWITCH.REMAP, 7 | 1 << 11);
    expect(narrow.reg(R.IRTA, 8)).toBe(BigInt(AT.IRT | 7));
  });
});

describe("faults", () => {
  it("20h: a subhandle with reserved bits", async () => {
    const u = await started();
    setEntry(u, 5);
    expect([send(u, to(5, true), 0x10000), reasons(u)]).toEqual([[], [[0x20, 5, CARD]]]);
  });
  it("21h: an index beyond the table, by handle and by sum", async () => {
    const u = await started();
    expect([send(u, to(256)), send(u, to(255, true), 1), send(u, to(0xffff, true), 0xffff), reasons(u).map(([reason, index]) => [reason, index])]).toEqual([[], [], [], [[0x21, 256], [0x21, 256], [0x21, 0xfffe]]]);
  });
  it("22h and 24h, which the entry may keep from being recorded; 23h", async () => {
    const u = await started();
    setEntry(u, 1, { low: 0n }); setEntry(u, 2, { low: 2n });
    expect([send(u, to(1)), send(u, to(2)), reasons(u), u.count("faults not to be recorded")]).toEqual([[], [], [[0x22, 1, CARD]], 1]);
    const bad: Entry[] = [{ low: 1n | 1n << 12n }, { low: 1n | 1n << 15n }, { low: 1n | 1n << 24n }, { low: 1n | 3n << 5n }, { high: 1n << 20n }, { destination: 1n }, { destination: 0x10000n }];
    bad.forEach((entry, i) => setEntry(u, 10 + i, entry));
    bad.forEach((_, i) => expect(send(u, to(10 + i))).toEqual([]));
    expect(reasons(u)).toEqual(bad.map((_, i) => [0x24, 10 + i, CARD]));
    u.setReg(R.IRTA, 0xfed90007, 8); u.command(G.SIRTP); u.queue(Inv.entries());
    expect([send(u, to(1)), reasons(u)]).toEqual([[], [[0x23, 1, CARD]]]);
  });
  it("26h: the sender is not who the entry says, by function, under a mask, and by bus", async () => {
    const u = await started();
    const cases: [Entry, number, boolean][] = [
      [{ verify: 1, source: 0x18 }, 0x18, true], [{ verify: 1, source: 0x18 }, 0x19, false], [{ verify: 1, source: 0x18, qualifier: 1 }, 0x1c, true], [{ verify: 1, source: 0x18, qualifier: 1 }, 0x1a, false],
      [{ verify: 1, source: 0x18, qualifier: 2 }, 0x1e, true], [{ verify: 1, source: 0x18, qualifier: 3 }, 0x1f, true], [{ verify: 1, source: 0x18, qualifier: 3 }, 0x20, false],
      [{ verify: 2, source: 0x0105 }, 0x0100, true], [{ verify: 2, source: 0x0105 }, 0x05ff, true], [{ verify: 2, source: 0x0105 }, 0x0600, false], [{ verify: 2, source: 0x0105 }, 0x00ff, false], [{ verify: 3 }, 0, false],
    ];
    cases.forEach(([entry], i) => setEntry(u, i, entry));
    expect(cases.map(([, requester], i) => send(u, to(i), 0, requester).length === 1)).toEqual(cases.map(([, , good]) => good));
    expect(reasons(u)).toEqual(cases.flatMap(([, requester, good], i) => good ? [] : [[0x26, i, requester]]));
  });
});

describe("the cache of entries", () => {
  it("keeps them until they are invalidated, by index, by run of indices, and all", async () => {
    const u = await started();
    setEntry(u, 6, { vector: 0x46 });
    const look = (): number => send(u, to(6))[0]!;
    expect(look()).toBe(0x46);
    setEntry(u, 6, { vector: 0x56 });
    u.queue(Inv.entries(1, 7)); expect(look()).toBe(0x46);
    u.queue(Inv.entries(1, 6)); expect(look()).toBe(0x56);
    setEntry(u, 6, { vector: 0x66 });
    u.queue(Inv.entries(1, 4, 1)); expect(look()).toBe(0x56);
    u.queue(Inv.entries(1, 4, 2)); expect(look()).toBe(0x66);
    setEntry(u, 6, { vector: 0x76 });
    u.queue(Inv.entries()); expect(look()).toBe(0x76);
    expect([u.count("interrupt entry misses"), u.count("interrupt entry hits"), u.count("interrupt entry invalidations by index"), u.count("interrupt entry invalidations of all")]).toEqual([4, 2, 4, 1]);
  });
});

describe("the IOAPIC", () => {
  const ioapic = (u: Unit, index: number, value?: number): number => { u.write(0xfec00000, 4, index); if (value !== undefined) u.write(0xfec00010, 4, value); return u.read(0xfec00010); };
  it("has entries in the remappable format, edge and level, ended by its own register", async () => {
    const u = await started();
    setEntry(u, 9, { vector: 0x49, low: 1n | 16n, verify: 1, source: 0xff00 });
    // Index 9 and the format in the upper half; level, vector 11h for the end alone.
    ioapic(u, 0x10 + 2 * 20 + 1, 9 << 17 | 1 << 16); ioapic(u, 0x10 + 2 * 20, 0x8000 | 0x11);
    u.call("driveLine", 20, 1, 0);
    expect([u.takeVectors(), reasons(u), ioapic(u, 0x10 + 2 * 20) & 0x4000]).toEqual([[0x49], [], 0x4000]);
    u.write(0xfec00040, 4, 0x11);
    expect([u.takeVectors(), ioapic(u, 0x10 + 2 * 20 + 1)]).toEqual([[0x49], 9 << 17 | 1 << 16]);
  });
  it("keeps destinations alone where nothing remaps", async () => {
    const u = await makeUnit({ switches: 0 });
    expect(ioapic(u, 0x11, -1) >>> 0).toBe(0xff000000);
  });
});
