// QEMU's educational device by its published description: every register, interrupts by line and by message, transfers and their misuse.
import { describe, expect, it } from "vitest";
import { makeMachine, type TestMachine } from "../virtio/machine.js";

const R = { ID: 0, LIVE: 4, FACTORIAL: 8, STATUS: 0x20, INTERRUPTS: 0x24, RAISE: 0x60, ACK: 0x64, SOURCE: 0x80, DESTINATION: 0x88, COUNT: 0x90, COMMAND: 0x98 } as const;
const BUFFER = 0x40000, TRANSFER_NS = 100_000_000;

class Edu {
  readonly base: number;
  constructor(readonly m: TestMachine) { this.base = m.bar(0); }
  get(at: number): number { return this.m.read(this.base + at); }
  set(at: number, value: number | bigint, bytes = 4): void { this.m.write(this.base + at, bytes, value); }
  pass(ns: number): void { this.m.call("setTicks", BigInt(this.m.call("nowNs") + ns)); this.m.call("runTimers"); }
  transfer(source: number | bigint, destination: number | bigint, count: number | bigint, command: number): void {
    this.set(R.SOURCE, source, 8); this.set(R.DESTINATION, destination, 8); this.set(R.COUNT, count, 8);
    this.set(R.COMMAND, command, 8);
  }
  /** The function's interrupt, as its status register has it. */
  get line(): boolean { return (this.m.config(6, 2) & 8) !== 0; }
  count(name: string): number { return this.m.counter(`edu0 ${name}`); }
}
const make = async (): Promise<Edu> => new Edu(await makeMachine({ kind: 7, mac: 0n }));

describe("registers", () => {
  it("say who it is, and live", async () => {
    const d = await make();
    expect([d.m.config(0), d.m.config(8), d.get(R.ID)]).toEqual([0x11e81234, 0x00ff0010, 0x010000ed]);
    d.set(R.LIVE, 0x12345678);
    expect(d.get(R.LIVE)).toBe(0xedcba987);
    d.set(R.ID, 0);
    expect(d.get(R.ID)).toBe(0x010000ed);
  });
  it("below 80h answer dwords alone, from there on 64 bits and their halves", async () => {
    const d = await make();
    expect(d.m.m.exports.mmioRead!(BigInt(d.base), 8)).toBe(-1n);
    d.set(R.SOURCE, 0x1122334455667788n, 8);
    expect([d.get(R.SOURCE), d.get(R.SOURCE + 4)]).toEqual([0x55667788, 0x11223344]);
    d.set(R.SOURCE + 4, 5);
    expect(d.m.m.exports.mmioRead!(BigInt(d.base + R.SOURCE), 8)).toBe(0x555667788n);
  });
  it.each([[0, 1], [1, 1], [5, 120], [12, 479001600], [13, 1932053504], [33, 0x80000000], [34, 0], [0xffffffff, 0]])("compute %i! modulo 2^32", async (n, product) => {
    const d = await make();
    d.set(R.FACTORIAL, n);
    expect(d.get(R.STATUS)).toBe(1);
    d.set(R.FACTORIAL, 3);
    d.pass(10_000);
    expect([d.get(R.STATUS), d.get(R.FACTORIAL), d.get(R.INTERRUPTS), d.line]).toEqual([0, product, 0, false]);
  });
});

describe("interrupts", () => {
  it("by line: raised by software, by a factorial that was to tell and by a transfer; down when all is acknowledged", async () => {
    const d = await make();
    d.set(R.RAISE, 6);
    expect([d.get(R.INTERRUPTS), d.line]).toEqual([6, true]);
    d.set(R.ACK, 2);
    expect([d.get(R.INTERRUPTS), d.line]).toEqual([4, true]);
    d.set(R.ACK, 4);
    expect([d.get(R.INTERRUPTS), d.line]).toEqual([0, false]);
    d.set(R.STATUS, 0x80); d.set(R.FACTORIAL, 4);
    expect(d.get(R.STATUS)).toBe(0x81);
    d.pass(10_000);
    expect([d.get(R.INTERRUPTS), d.get(R.STATUS)]).toEqual([1, 0x80]);
    d.transfer(0x2000, BUFFER, 16, 5);
    d.pass(TRANSFER_NS);
    expect([d.get(R.INTERRUPTS), d.count("interrupts raised")]).toEqual([0x101, 3]);
  });
  it("by message, one a raise", async () => {
    const d = await make(), { m } = d, at = m.capabilities().find(([id]) => id === 5)![1];
    m.writeConfig(at + 4, 4, 0x3000); m.writeConfig(at + 8, 4, 0); m.writeConfig(at + 12, 2, 0x4711); m.writeConfig(at + 2, 2, 1);
    d.set(R.RAISE, 1);
    expect(m.get32(0x3000)).toBe(0x4711);
    m.set32(0x3000, 0);
    d.set(R.RAISE, 2);
    expect(m.get32(0x3000)).toBe(0x4711);
  });
});

describe("transfers", () => {
  it("go through the buffer, there and back, and take their time", async () => {
    const d = await make(), data = Array.from({ length: 4096 }, (_, i) => i * 7 & 255);
    d.m.put(0x10000, data);
    d.transfer(0x10000, BUFFER, 4096, 1);
    d.set(R.SOURCE, 0, 8); d.set(R.COMMAND, 3, 8);
    expect([d.get(R.COMMAND), d.get(R.SOURCE)]).toEqual([1, 0x10000]);
    d.pass(TRANSFER_NS - 1);
    expect(d.get(R.COMMAND)).toBe(1);
    d.pass(1);
    expect([d.get(R.COMMAND), d.get(R.INTERRUPTS)]).toEqual([0, 0]);
    d.transfer(BUFFER + 96, 0x20001, 4000, 3);
    d.pass(TRANSFER_NS);
    expect([...d.m.bytes(0x20000, 4002)]).toEqual([0, ...data.slice(96), 0]);
    expect([d.count("transfers"), d.count("bytes transferred"), d.count("transfers refused")]).toEqual([2, 8096, 0]);
  });
  it("cut addresses by the mask, 28 bits", async () => {
    const d = await make();
    d.m.put(0x10000, [1, 2, 3, 4]);
    d.transfer(0xabc0_0001_0000n, BUFFER, 4, 1);
    d.pass(TRANSFER_NS);
    d.transfer(BUFFER, 0x1000_0002_0000n, 4, 3);
    d.pass(TRANSFER_NS);
    expect([...d.m.bytes(0x20000, 4)]).toEqual([1, 2, 3, 4]);
  });
  it.each([[BUFFER + 4095, 2n], [BUFFER - 1, 1n], [BUFFER, 4097n], [BUFFER, 0xffff_ffff_ffff_ffffn], [0x1000, 16n], [BUFFER + 1, 1n << 63n]])("that leave the buffer (%i, %i) move nothing and are counted", async (at, count) => {
    const d = await make();
    d.m.put(0x10000, new Array<number>(8192).fill(0x55));
    d.transfer(at, 0x10000, count, 7);
    d.pass(TRANSFER_NS);
    expect([d.count("transfers refused"), d.get(R.INTERRUPTS), d.m.bytes(0x10000, 8192).every((b) => b === 0x55)]).toEqual([1, 0x100, true]);
  });
  it("that meet no memory, or may not master the bus, are master aborts", async () => {
    const d = await make();
    d.transfer(0xfee_0000, BUFFER, 8, 1);
    d.pass(TRANSFER_NS);
    expect([d.count("transfers refused"), d.m.config(6, 2) & 0x2000]).toEqual([1, 0x2000]);
    d.m.writeConfig(4, 2, 2);
    d.transfer(0x1000, BUFFER, 8, 1);
    d.pass(TRANSFER_NS);
    expect(d.count("transfers refused")).toBe(2);
  });
});
