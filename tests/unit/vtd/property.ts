// Random tables, wild in every way that entries can be, and random changes of them: whatever is looked up after an invalidation that covers it is what the
// model says. Short in npm test, long in tests/long.
import { answer, type Answer, type Capabilities } from "./model.js";
import { AT, Inv, makeUnit, R, SWITCH, type Unit } from "./driver.js";
import { randomFrom } from "../board/poke.js";

const RAM_BYTES = 4n << 20n;
const TABLES = { first: 0x20000, count: 24 } as const;
const PLACES = [0, 1, 5, 511] as const;
const CARDS = [0x18, 0x20, 0x21] as const;
/** Every refusal that a DMA request can meet in legacy mode. */
export const REASONS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12] as const;

class Wild {
  readonly random: () => number;
  constructor(readonly u: Unit, readonly unit: Capabilities, seed: number) { this.random = randomFrom(seed); }
  below(n: number): number { return this.random() % n; }
  chance(percent: number): boolean { return this.below(100) < percent; }
  pick<T>(all: readonly T[]): T { return all[this.below(all.length)]!; }

  /** A bit that may be reserved. */
  private strayBit(): bigint { return 1n << BigInt(this.pick([11, 12, 13, 20, 21, 29, 30, 39, 45, 48, 51, 52, 61, 62, 63])); }
  tableAt(): number { return TABLES.first + 4096 * this.below(TABLES.count); }
  private target(): bigint {
    const kind = this.below(10);
    if (kind < 7) return BigInt(this.tableAt());
    return kind < 9 ? BigInt(this.below(0x400)) << 12n : this.pick([0xfed90000n, 0x3000000000n, 0x40000000n, RAM_BYTES]);
  }
  private entry(): bigint {
    if (this.chance(6)) return 0n;
    const rights = this.chance(75) ? 3n : BigInt(this.below(4)), large = this.chance(25) ? 0x80n : 0n;
    const place = large && this.chance(70) ? BigInt(this.below(4)) << BigInt(this.pick([21, 30])) : this.target();
    return place | rights | large | (this.chance(8) ? this.strayBit() : 0n);
  }
  change(): void { this.u.set64(this.tableAt() + 8 * this.pick(PLACES), this.entry()); }

  context(devfn: number): void {
    const domain = devfn === CARDS[2] ? CARDS[1] : devfn;
    const width = this.chance(90) ? this.pick([1, 2, 3].filter((w) => w <= (this.unit.bits - 30) / 9)) : this.below(8);
    this.u.context(devfn, {
      table: Number(this.chance(97) ? BigInt(this.tableAt()) : 0xfed90000n), type: this.chance(88) ? 0 : this.below(4), width, domain,
      low: (this.chance(95) ? 1n : 0n) | (this.chance(10) ? 2n : 0n) | (this.chance(4) ? 1n << BigInt(this.pick([4, 11, 39, 63])) : 0n), high: this.chance(4) ? 1n << BigInt(this.pick([7, 24, 63])) : 0n,
    });
  }
  root(): void {
    this.u.set64(AT.ROOT, this.chance(85) ? BigInt(AT.CONTEXTS | 1) : this.pick([0n, BigInt(AT.CONTEXTS | 3), 0x3000000001n, BigInt(AT.CONTEXTS | 1) | 1n << 60n]));
    this.u.set64(AT.ROOT + 8, this.chance(97) ? 0n : 1n);
  }
  address(): bigint {
    let iova = 0n;
    for (let level = 1; level <= 5; level++) iova |= BigInt(this.pick(PLACES)) << BigInt(12 + 9 * (level - 1));
    const bits = this.chance(95) ? this.unit.bits : 64;
    return BigInt.asUintN(Math.min(bits, this.chance(80) ? 39 : 64), iova) | BigInt(this.below(4096));
  }
  fill(): void {
    for (let i = 0; i < TABLES.count; i++) for (const place of PLACES) this.u.set64(TABLES.first + 4096 * i + 8 * place, this.entry());
    for (const card of CARDS) this.context(card);
    this.root();
  }
}

const read = (u: Unit) => (gpa: bigint): bigint | undefined => (gpa + 8n <= RAM_BYTES ? u.get64(Number(gpa)) : undefined);

/** What the unit says, in the model's words. */
function ask(u: Unit, requester: number, iova: bigint, write: boolean): Answer {
  const hiddenBefore = u.count("faults not to be recorded");
  const gpa = BigInt.asUintN(64, u.m.exports.translated!(requester, iova, write ? 1 : 0) as bigint), faults = u.takeFaults();
  if (gpa !== 0xffff_ffff_ffff_ffffn) return { gpa };
  if (u.count("faults not to be recorded") > hiddenBefore) return { reason: 0, hidden: true };
  const [fault] = faults;
  if (faults.length !== 1 || fault!.source !== requester || fault!.address !== iova >> 12n << 12n || fault!.read === write) throw new Error(`one fault of ${requester} at ${iova.toString(16)} is to be on record`);
  return { reason: fault!.reason, hidden: false };
}

/** Invalidates by random granularity what a look-up may find kept. */
function invalidate(u: Unit, w: Wild, domain: number, iova: bigint): void {
  switch (w.below(4)) {
    case 0: u.queue(Inv.pages(1)); break;
    case 1: u.queue(Inv.pages(2, domain)); break;
    default: { const am = w.chance(60) ? 0 : w.below(19); u.queue(Inv.pages(3, domain, iova >> 12n + BigInt(am) << 12n + BigInt(am), am)); }
  }
}

/** Rounds of fresh tables, each with steps of change, invalidation and look-up. How often each answer came, by reason; 0: translated. */
export async function runProperty(seed: number, rounds: number, steps: number, options: Capabilities & { caching: boolean }): Promise<Map<number, number>> {
  const u = await makeUnit({ bits: options.bits, switches: (options.snoop ? SWITCH.SNOOP : 0) | (options.caching ? SWITCH.CACHING : 0) | SWITCH.REMAP, entries: 16, ways: 2, tables: 4 });
  const w = new Wild(u, options, seed), seen = new Map<number, number>();
  u.start();
  u.startQueue();
  for (let round = 0; round < rounds; round++) {
    w.fill();
    const root = w.chance(90) ? BigInt(AT.ROOT) : 0xfed90000n;
    u.setReg(R.RTADDR, root, 8); u.command(1n << 30n);
    u.queue(Inv.contexts(), Inv.pages());
    for (let step = 0; step < steps; step++) {
      const card = w.pick(CARDS), domain = card === CARDS[2] ? CARDS[1] : card, requester = w.chance(97) ? card : card | 0x100, iova = w.address(), write = w.chance(50);
      if (iova >> 20n === 0xfeen) continue;
      // Virtual time passes, so that there is allowance for the queue.
      u.call("setTicks", BigInt(u.call("nowNs") + 20_000));
      if (w.chance(40)) { w.change(); }
      if (w.chance(3)) { w.context(card); u.queue(Inv.contexts(), Inv.pages()); }
      invalidate(u, w, domain, iova);
      const wanted = answer(read(u), root, options, requester, iova, write), got = ask(u, requester, iova, write);
      const same = "gpa" in wanted ? "gpa" in got && got.gpa === wanted.gpa : "reason" in got && (wanted.hidden ? got.hidden : got.reason === wanted.reason);
      const text = (one: Answer): string => ("gpa" in one ? one.gpa.toString(16) : `reason ${one.reason}${one.hidden ? ", hidden" : ""}`);
      if (!same) throw new Error(`seed ${seed}, round ${round}, step ${step}: ${requester.toString(16)} ${write ? "writes" : "reads"} ${iova.toString(16)}: the model says ${text(wanted)}, the unit ${text(got)}`);
      const key = "gpa" in wanted ? 0 : wanted.reason;
      seen.set(key, (seen.get(key) ?? 0) + 1);
      // Another look finds the same, kept or not.
      if (w.chance(20)) { const again = ask(u, requester, iova, write); if (text(again) !== text(got)) throw new Error(`seed ${seed}, round ${round}, step ${step}: asked again the unit says ${text(again)}, not ${text(got)}`); }
    }
  }
  return seen;
}
