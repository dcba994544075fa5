// What KVM's guests find: leaves, the clock's page, hypercalls, and none of it where it is hidden.
import { beforeEach, describe, expect, it } from "vitest";
import { Hidden } from "../../../assembly/surface/clock.js";
import { makeProcessor, RAM_BYTES, type Processor } from "./processor.js";

const [WALL, SYSTEM] = [0x4b56_4d00, 0x4b56_4d01], PAGE = 0x3f04;
const BOOT = 1_800_000_000n;
let p: Processor;
beforeEach(async () => { p = await makeProcessor(); p.call("setBoot", BOOT); });

function cpuid(leaf: number): [number, number, number, number] {
  p.call("setReg", 0, BigInt(leaf)); p.call("setReg", 1, 0n);
  p.call("cpuid");
  return [p.call("reg", 0), p.call("reg", 3), p.call("reg", 1), p.call("reg", 2)];
}
const ascii = (words: number[]): string => new TextDecoder().decode(new Uint8Array(Uint32Array.from(words).buffer)).replace(/\0/g, "");
const wide = (at: number): bigint => BigInt(p.read(at, 4) >>> 0) | BigInt(p.read(at + 4, 4) >>> 0) << 32n;
/** What a guest reckons from the page, as the manual says it. */
function clockOf(page: number): bigint {
  const tsc = p.wide("readTsc") - wide(page + 8), shift = p.read(page + 28, 2) << 24 >> 24;
  const scaled = shift < 0 ? tsc >> BigInt(-shift) : tsc << BigInt(shift);
  return (scaled * BigInt(p.read(page + 24, 4) >>> 0) >> 32n) + wide(page + 16);
}
const flags = (): number => p.read(PAGE + 28, 2) >>> 8;
const version = (): number => p.read(PAGE, 4);
function refused(index: number): void {
  p.wide("readMsr", index);
  expect(p.fault()).toBe("GP(0)");
  expect(p.call("writeMsr", index, 1n)).toBe(0);
  expect(p.fault()).toBe("GP(0)");
}

describe("the leaves", () => {
  it("name KVM, three features and no hint, and the rates", () => {
    const [most, ...name] = cpuid(0x4000_0000);
    expect([most, ascii(name)]).toEqual([0x4000_0010, "KVMKVMKVM"]);
    expect(cpuid(0x4000_0001)).toEqual([1 << 1 | 1 << 3 | 1 << 24, 0, 0, 0]);
    expect(cpuid(0x4000_0010)).toEqual([2_500_000, 1_000_000, 0, 0]);
    const [own, ...machine] = cpuid(0x4000_0100);
    expect([own, ascii(machine)]).toEqual([0x4000_0100, "Pintail"]);
    expect(cpuid(0x4000_0002)).toEqual([0, 0, 0, 0]);
  });
  it("agree on the rate of the TSC", () => {
    const [denominator, numerator, crystal] = cpuid(0x15);
    expect(crystal * numerator / denominator).toBe(2_500_000_000);
    expect(crystal).toBe(cpuid(0x4000_0010)[1] * 1000);
    expect(cpuid(0x16).slice(0, 2)).toEqual([2500, 2500]);
  });
  it("are the machine's own where KVM is hidden, and its MSRs are gone", () => {
    p.call("hide", Hidden.KVM);
    const [most, ...name] = cpuid(0x4000_0000);
    expect([most, ascii(name)]).toEqual([0x4000_0010, "Pintail"]);
    expect([cpuid(0x4000_0001), cpuid(0x4000_0100)]).toEqual([[0, 0, 0, 0], [0, 0, 0, 0]]);
    expect(p.call("hasKvm")).toBe(0);
    for (const index of [WALL, SYSTEM]) refused(index);
  });
  it("keep their first feature where the clock alone is hidden", () => {
    p.call("hide", Hidden.KVMCLOCK);
    expect(cpuid(0x4000_0001)).toEqual([2, 0, 0, 0]);
    expect(p.call("hasKvm")).toBe(1);
    for (const index of [WALL, SYSTEM]) refused(index);
  });
  it("say nothing of x2APIC where it is hidden", () => {
    expect(cpuid(1)[2] >>> 21 & 1).toBe(1);
    p.call("hide", Hidden.X2APIC);
    expect(cpuid(1)[2] >>> 21 & 1).toBe(0);
  });
  it("come with no other MSR of KVM's", () => {
    for (const index of [0x11, 0x12, 0x4b56_4d02, 0x4b56_4d03, 0x4b56_4d04, 0x4b56_4d05]) refused(index);
  });
});

describe("the clock's page", () => {
  it("gives virtual time at any moment, to the ns in a second", () => {
    p.call("setTicks", 123_457n);
    expect(p.call("writeMsr", SYSTEM, BigInt(PAGE | 1))).toBe(1);
    expect([version(), flags(), p.wide("readMsr", SYSTEM)]).toEqual([2, 1, BigInt(PAGE | 1)]);
    for (const ticks of [123_457n, 123_458n, 200_000n, 1_000_000_000n, 1_000_123_457n]) {
      p.call("setTicks", ticks);
      expect(p.wide("nowNs") - clockOf(PAGE)).toBeLessThanOrEqual(1n);
      expect(clockOf(PAGE)).toBeLessThanOrEqual(p.wide("nowNs"));
    }
    expect(version()).toBe(2);
  });
  it("follows the TSC where that is moved, and is left alone when it is turned off", () => {
    p.call("writeMsr", SYSTEM, BigInt(PAGE | 1));
    p.call("setTicks", 5_000_000n);
    p.call("writeMsr", 0x10, 99n);
    expect([version(), p.wide("nowNs") - clockOf(PAGE)]).toEqual([4, 0n]);
    p.call("writeMsr", 0x3b, 1n << 40n);
    expect([version(), p.wide("nowNs") - clockOf(PAGE)]).toEqual([6, 0n]);
    p.call("writeMsr", SYSTEM, 0n);
    p.call("writeMsr", 0x10, 0n);
    p.call("noteStopped");
    expect(version()).toBe(6);
  });
  it("tells once that the guest was stopped, until it has seen it", () => {
    p.call("writeMsr", SYSTEM, BigInt(PAGE | 1));
    p.call("noteStopped");
    expect([version(), flags()]).toEqual([4, 3]);
    p.call("writeMsr", 0x10, 0n);
    expect([version(), flags()]).toEqual([6, 3]);
    p.write(PAGE + 29, 1, 1);
    p.call("writeMsr", 0x10, 0n);
    expect([version(), flags()]).toEqual([8, 1]);
  });
  it.each([["beyond RAM", BigInt(RAM_BYTES)], ["at the end of RAM", BigInt(RAM_BYTES - 28)], ["beyond all addresses", 0xffff_ffff_ffff_fff0n]])("is not written %s", (_, gpa) => {
    expect(p.call("writeMsr", SYSTEM, gpa | 1n)).toBe(1);
    expect(p.call("writeMsr", WALL, gpa | (gpa & 8n))).toBe(1);
    p.call("noteStopped");
    expect(p.fault()).toBe("");
  });
  it("has the wall's time at its own zero, gaps included", () => {
    p.call("setTicks", 7_000_000_000n);
    expect(p.call("writeMsr", WALL, BigInt(PAGE))).toBe(1);
    expect([p.read(PAGE, 4), BigInt(p.read(PAGE + 4, 4)), p.read(PAGE + 8, 4)]).toEqual([2, BOOT, 0]);
    p.call("addWall", 30_250_000_000n);
    p.call("writeMsr", WALL, BigInt(PAGE));
    expect([p.read(PAGE, 4), BigInt(p.read(PAGE + 4, 4)), p.read(PAGE + 8, 4)]).toEqual([4, BOOT + 30n, 250_000_000]);
    p.call("addWall", -31_000_000_000n);
    p.call("writeMsr", WALL, BigInt(PAGE));
    expect([BigInt(p.read(PAGE + 4, 4)), p.read(PAGE + 8, 4)]).toEqual([BOOT - 1n, 250_000_000]);
    expect(p.wide("wallNow")).toBe((BOOT - 1n) * 1_000_000_000n + 250_000_000n + 7_000_000_000n);
  });
});
