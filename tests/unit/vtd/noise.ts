// Noise: a hostile driver of the unit and of the cards behind it. Registers, tables, queue and messages at random; nothing may trap, and in the end the
// unit still does what the model says.
import { answer } from "./model.js";
import { AT, BASE, G, Inv, makeUnit, R, type Unit } from "./driver.js";
import { randomFrom } from "../board/poke.js";

const REGISTERS = [...Object.values(R), 0x2a0, 0xffc];
const RAM_BYTES = 4n << 20n;

/** One random act; more often than not one that means something. */
function act(u: Unit, random: () => number, bar: number): void {
  const wide = (): bigint => BigInt(random()) << 32n | BigInt(random());
  const at = REGISTERS[random() % REGISTERS.length]! + (random() % 8 ? 0 : random() & 7), bytes = random() & 1 ? 8 : 4;
  switch (random() % 12) {
    case 0: u.m.exports.mmioRead!(BigInt(BASE + at), bytes); break;
    case 1: u.write(BASE + at, bytes, wide() & wide()); break;
    case 2: u.setReg(R.GCMD, BigInt(random() & random()) | G.TE | (random() & 1 ? G.QIE | G.IRE : 0n)); break;
    case 3: u.set64(AT.TABLES + (random() & 0xfff8), BigInt(AT.TABLES + (random() & 0xf000)) | BigInt(random() & 0xff)); break;
    case 4: u.set64(AT.ROOT + (random() & 0x3ff8), wide() & wide()); break;
    case 5: u.set64(AT.ROOT, BigInt(AT.CONTEXTS | 1)); u.context(random() & 0xff, { table: AT.TABLES, width: 1, domain: random() & 3 }); break;
    case 6: u.queue([BigInt(random() & 7 | (random() & 3) << 4) | wide() << 16n & (random() & 1 ? ~0n : 0xffff0000n), random() & 1 ? 0n : wide()]); break;
    case 7: u.queue([Inv.contexts(), Inv.pages(random() % 5, random() & 3, wide() & ~0xfffn, random() & 31), Inv.entries(random() & 1, random() & 0xff, random() & 31), Inv.wait(random(), AT.STATUS, random() & 0x70)][random() & 3]!); break;
    case 8: u.call("sendMsi", random() & 0x1ff, BigInt(0xfee00000 + (random() & 0xfffff)), random()); break;
    case 9: u.call("dmaRead32", random() & 0xff, wide() >> BigInt(random() % 60)); break;
    case 10: u.call("dmaWrite32", random() & 0xff, BigInt(0x100000 + (random() & 0xfffff)), random()); break;
    default: u.write(bar + (random() & 0xf8), 4, random() & random());
  }
  if (random() % 64 === 0) { u.call("setTicks", BigInt(u.call("nowNs") + (random() & 0xfffff))); u.call("runTimers"); u.takeVectors(); }
}

/** Seeded steps; throws where the module traps, or where the unit is not what it was made. */
export async function makeNoise(seed: number, steps: number): Promise<void> {
  const u = await makeUnit({ bits: 48 }), random = randomFrom(seed), bar = u.bar(0);
  for (let step = 0; step < steps; step++) act(u, random, bar);
  u.setReg(R.FSTS, 0x71); u.takeFaults(); u.setReg(R.PMEN, 0);
  u.drop(0xffffffffn);
  u.context(0x18, { table: AT.TABLES, domain: 7 });
  u.start(); u.startQueue();
  u.queue(Inv.contexts(), Inv.pages());
  for (let i = 0; i < 50; i++) {
    const iova = BigInt(random()) & 0x3fffffffn, write = (random() & 1) === 1;
    if (iova >> 20n === 0xfeen) continue;
    const wanted = answer((gpa) => (gpa + 8n <= RAM_BYTES ? u.get64(Number(gpa)) : undefined), BigInt(AT.ROOT), { bits: 48, snoop: false }, 0x18, iova, write);
    const gpa = BigInt.asUintN(64, u.m.exports.translated!(0x18, iova, write ? 1 : 0) as bigint), got = u.takeFaults()[0]?.reason;
    if ("gpa" in wanted ? gpa !== wanted.gpa : got !== wanted.reason) throw new Error(`seed ${seed}: after the noise ${iova.toString(16)} gives ${gpa.toString(16)} or fault ${got}`);
  }
}
