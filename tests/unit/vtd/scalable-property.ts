// Random tables of scalable mode, wild in every way that entries can be: whatever is looked up after an invalidation is what the model says, accessed and dirty
// bits among it. Short in npm test, long in tests/long.
import { randomFrom } from "../board/poke.js";
import { AT, Inv, makeUnit, R, SWITCH, type Unit } from "./driver.js";
import type { Answer } from "./model.js";
import { scalableAnswer, type ScalableUnit } from "./scalable-model.js";

const RAM_BYTES = 4n << 20n;
const TABLES = { first: 0x20000, count: 24 } as const;
const DIRECTORY = 0x60000, PASIDS = 0x61000;
const PLACES = [0, 1, 5, 511] as const;
const CARDS = [0x18, 0x20, 0x98] as const;
const PASIDS_USED = [0, 3, 70, 8200] as const;
/** Every refusal that a request without a PASID can meet, but for 30h, which is the register's. */
export const SCALABLE_REASONS = [0x38, 0x39, 0x3a, 0x40, 0x41, 0x42, 0x48, 0x50, 0x51, 0x52, 0x58, 0x59, 0x5a, 0x5b, 0x5d, 0x70, 0x71, 0x72, 0x73, 0x74, 0x78, 0x79, 0x7a, 0x7b, 0x80, 0x81, 0x83, 0x84, 0x85, 0x86] as const;

class Wild {
  readonly random: () => number;
  constructor(readonly u: Unit, readonly unit: ScalableUnit, seed: number) { this.random = randomFrom(seed); }
  below(n: number): number { return this.random() % n; }
  chance(percent: number): boolean { return this.below(100) < percent; }
  pick<T>(all: readonly T[]): T { return all[this.below(all.length)]!; }
  tableAt(): bigint { return BigInt(TABLES.first + 4096 * this.below(TABLES.count)); }
  private nowhere(): bigint { return this.pick([0xfed90000n, 0x3000000000n, 0x40000000n, 0x7f0000000000n]); }
  private maybe(percent: number, value: () => bigint): bigint { return this.chance(percent) ? value() : 0n; }

  /** An entry that either stage may read: rights of both, accessed and dirty bits, now and then a stray one. */
  private entry(): bigint {
    if (this.chance(4)) return 0n;
    const rights = this.chance(75) ? 7n : BigInt(this.below(8)), large = this.maybe(20, () => 0x80n);
    const place = large && this.chance(70) ? BigInt(this.below(2)) << BigInt(this.pick([21, 30])) : this.chance(90) ? this.tableAt() : this.nowhere();
    return place | rights | large | this.maybe(40, () => BigInt(this.below(4)) << 5n) | this.maybe(6, () => 1n << BigInt(this.pick([11, 12, 13, 20, 29, 39, 48, 51, 62, 63])));
  }
  change(): void { this.u.set64(Number(this.tableAt()) + 8 * this.pick(PLACES), this.entry()); }

  private stray(percent: number, bits: readonly number[]): bigint { return this.maybe(percent, () => 1n << BigInt(this.pick(bits))); }
  context(devfn: number): void {
    const at = AT.CONTEXTS + (devfn & 0x80 ? 0x1000 : 0) + 32 * (devfn & 0x7f), pasid = this.pick(PASIDS_USED);
    this.u.set64(at, BigInt(DIRECTORY) | this.maybe(97, () => 1n) | this.maybe(8, () => 2n) | BigInt(this.below(2)) << 9n | this.stray(3, [2, 3, 4, 8, 48, 63]) | this.maybe(2, () => 0x3000000000n));
    this.u.set64(at + 8, BigInt(pasid) | this.maybe(40, () => 1n << 20n) | this.stray(2, [21, 63]));
    this.u.set64(at + 16, this.stray(1, [0]));
    this.u.set64(at + 24, this.stray(1, [63]));
  }
  private pasid(pasid: number): void {
    const at = (pasid === 70 ? PASIDS + 0x1000 : PASIDS) + 64 * (pasid & 63);
    const type = this.chance(97) ? this.pick(this.unit.firsts ? [1, 1, 2, 3, 3, 3, 4] : [2, 2, 4, 1]) : this.below(8), width = this.chance(92) ? this.pick([1, 2]) : this.below(8);
    this.u.set64(at, (this.chance(96) ? this.tableAt() : this.nowhere()) | this.maybe(97, () => 1n) | this.maybe(8, () => 2n) | BigInt(width) << 2n | BigInt(type) << 6n | this.stray(3, [5, 9, 11, 62]));
    this.u.set64(at + 8, BigInt(1 + this.below(3)) | this.stray(2, [16, 25, 63]));
    this.u.set64(at + 16, (this.chance(96) ? this.tableAt() : this.nowhere()) | this.maybe(85, () => 1n) | this.maybe(50, () => 16n) | this.maybe(4, () => BigInt(this.below(4)) << 2n) | this.stray(3, [1, 7, 8, 63]));
    for (let word = 3; word < 8; word++) this.u.set64(at + 8 * word, this.stray(1, [0]));
  }
  private directory(): void {
    this.u.set64(DIRECTORY, BigInt(PASIDS) | this.maybe(97, () => 1n) | this.maybe(3, () => 2n) | this.stray(3, [2, 11, 60]));
    this.u.set64(DIRECTORY + 8, (this.chance(90) ? BigInt(PASIDS + 0x1000) : this.nowhere()) | 1n);
    this.u.set64(DIRECTORY + 8 * 128, this.chance(60) ? BigInt(PASIDS) | 1n : 0n);
  }
  private root(): void {
    for (const half of [0, 1]) this.u.set64(AT.ROOT + 8 * half, BigInt(AT.CONTEXTS + 0x1000 * half) | this.maybe(95, () => 1n) | this.stray(2, [1, 11, 60]) | this.maybe(2, () => 0x3000000000n));
  }
  address(): bigint {
    let iova = 0n;
    for (let level = 1; level <= 5; level++) iova |= BigInt(this.pick(PLACES)) << BigInt(12 + 9 * (level - 1));
    const cut = this.pick([39, 39, 48, 48, 64]), low = BigInt.asUintN(cut, iova);
    return (this.chance(30) ? BigInt.asUintN(64, BigInt.asIntN(Math.min(cut, 48), low)) : low) | BigInt(this.below(4096));
  }
  fill(): void {
    for (let i = 0; i < TABLES.count; i++) for (const place of PLACES) this.u.set64(TABLES.first + 4096 * i + 8 * place, this.entry());
    for (const card of CARDS) this.context(card);
    for (const pasid of PASIDS_USED.slice(0, 3)) this.pasid(pasid);
    this.pasid(8);
    this.directory();
    this.root();
  }
}

const read = (u: Unit) => (gpa: bigint): bigint | undefined => (gpa + 8n <= RAM_BYTES ? u.get64(Number(gpa)) : undefined);
const text = (one: Answer): string => ("gpa" in one ? one.gpa.toString(16) : one.hidden ? "hidden" : `reason ${one.reason.toString(16)}`);

function ask(u: Unit, requester: number, iova: bigint, write: boolean): string {
  const hiddenBefore = u.count("faults not to be recorded");
  const gpa = BigInt.asUintN(64, u.m.exports.translated!(requester, iova, write ? 1 : 0) as bigint), faults = u.takeFaults();
  if (gpa !== 0xffff_ffff_ffff_ffffn) return gpa.toString(16);
  if (u.count("faults not to be recorded") > hiddenBefore) return "hidden";
  const [fault] = faults;
  if (faults.length !== 1 || fault!.source !== requester || fault!.address !== iova >> 12n << 12n || fault!.read === write) throw new Error(`one fault of ${requester} at ${iova.toString(16)} is to be on record`);
  return `reason ${fault!.reason.toString(16)}`;
}

/** Rounds of fresh tables, each with steps of change, invalidation and look-up. How often each answer came, by reason; 0: translated. */
export async function runScalableProperty(seed: number, rounds: number, steps: number, unit: ScalableUnit): Promise<Map<number, number>> {
  const u = await makeUnit({ bits: unit.bits, switches: SWITCH.SCALABLE | (unit.firsts ? SWITCH.FIRST : 0) | SWITCH.PASS | SWITCH.REMAP, entries: 16, ways: 2, tables: 4 });
  const w = new Wild(u, unit, seed), seen = new Map<number, number>();
  u.start();
  u.startQueue();
  for (let round = 0; round < rounds; round++) {
    w.fill();
    const root = w.chance(95) ? BigInt(AT.ROOT) : 0xfed90000n;
    u.setReg(R.RTADDR, root | 0x400n, 8); u.command(1n << 30n);
    for (let step = 0; step < steps; step++) {
      const card = w.pick(CARDS), iova = w.address(), write = w.chance(50);
      if (iova >> 20n === 0xfeen) continue;
      u.call("setTicks", BigInt(u.call("nowNs") + 20_000));
      if (w.chance(40)) w.change();
      if (w.chance(5)) w.fill();
      u.queue(w.chance(50) ? Inv.pasids(3) : Inv.contexts(), Inv.pages());
      const marks = new Map<bigint, bigint>(), wanted = scalableAnswer(read(u), root, unit, card, iova, write, marks);
      const after = new Map([...marks].map(([gpa, bits]) => [gpa, u.get64(Number(gpa)) | bits])), got = ask(u, card, iova, write), where = `seed ${seed}, round ${round}, step ${step}: ${card.toString(16)} ${write ? "writes" : "reads"} ${iova.toString(16)}`;
      if (got !== text(wanted)) throw new Error(`${where}: the model says ${"reason" in wanted ? wanted.reason.toString(16) : ""} ${text(wanted)}, the unit ${got}`);
      for (const [gpa, entry] of after) if (u.get64(Number(gpa)) !== entry) throw new Error(`${where}: the entry at ${gpa.toString(16)} is ${u.get64(Number(gpa)).toString(16)}, the model says ${entry.toString(16)}`);
      const key = "gpa" in wanted ? 0 : wanted.reason;
      seen.set(key, (seen.get(key) ?? 0) + 1);
      if (w.chance(30)) { const again = ask(u, card, iova, write); if (again !== got) throw new Error(`${where}: first ${got}, asked again the unit says ${again}`); }
    }
  }
  return seen;
}
