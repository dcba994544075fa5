// A board with a card of every model that masters the bus, behind a unit whose tables a hostile driver changes at random, with registers, rings and queues at random as
// well. Whatever it does, no card reaches a byte that the tables never allowed: memory is in zones, and what a zone may have is known.
//
//   GUARDED   never mapped; filled with MARK, which no card may change, nor have read: not a word of it is found in what cards have written or sent
//   TABLES    the unit's, each page of one level; never mapped, so that only the driver writes there: they stay as its copy of them
//   OPEN      what leaves lead to, and the driver's rings and buffers
//
// Tables are wild within that: entries missing, with few rights, reserved bits, large pages, tables that are nowhere, contexts of types and widths that the unit has not.
import { CardKind, CardOption } from "../../../assembly/surface/cards.js";
import { load } from "../../support/compile.js";
import { randomFrom } from "../board/poke.js";
import { G, Inv, R, SWITCH, Unit } from "./driver.js";

const PAGES = 1792;
const MIB = 1 << 20;
/** 4 MiB of RAM: the last MiB is open, that before it guarded. */
const GUARDED = { from: 2 * MIB, to: 3 * MIB } as const;
const OPEN = { from: 3 * MIB, to: 4 * MIB } as const;
const TABLES = { from: 0x20000, to: 0x60000 } as const;
const AT = { ROOT: 0x20000, CONTEXTS: 0x21000, LEAVES: 0x22000, DIRECTORIES: 0x32000, TOPS: 0x3a000, QUEUE: 0x70000 } as const;
const COUNT = { leaves: 16, directories: 8, tops: 4 } as const;
const MARK = 0xf0b1dde9c0deca5en;
/** Addresses of devices: the first 32 MiB, by 16 tables of leaves. */
const IOVA_BITS = 25;
const MODELS = ["VIRTIO_NET", "VIRTIO_RNG", "VIRTIO_BLK", "VIRTIO_CONSOLE", "VIRTIO_9P", "E1000", "PCNET", "AHCI", "IDE", "EDU", "IOMMU_TESTDEV"] as const;
const KIND: Readonly<Record<(typeof MODELS)[number], number>> = {
  VIRTIO_NET: CardKind.VIRTIO_NET, VIRTIO_RNG: CardKind.VIRTIO_RNG, VIRTIO_BLK: CardKind.VIRTIO_BLK, VIRTIO_CONSOLE: CardKind.VIRTIO_CONSOLE, VIRTIO_9P: CardKind.VIRTIO_9P,
  E1000: CardKind.E1000, PCNET: CardKind.PCNET, AHCI: CardKind.AHCI, IDE: CardKind.IDE, EDU: CardKind.EDU, IOMMU_TESTDEV: CardKind.IOMMU_TESTDEV,
};

interface Placed { model: (typeof MODELS)[number]; devfn: number; bars: { base: number; isPort: boolean }[]; common: number; notify: number }

class BoardNoise {
  readonly random: () => number;
  readonly cards: Placed[] = [];
  private readonly tables = new Map<number, bigint>();

  constructor(readonly u: Unit, seed: number) {
    this.random = randomFrom(seed);
    for (const [i, model] of MODELS.entries()) this.cards.push(this.place(model, i + 1));
    for (let at: number = GUARDED.from; at < GUARDED.to; at += 8) u.set64(at, MARK);
  }
  below(n: number): number { return this.random() % n; }
  pick<T>(all: readonly T[]): T { return all[this.below(all.length)]!; }
  chance(percent: number): boolean { return this.below(100) < percent; }

  private config(devfn: number, at: number): number { this.u.call("portWrite", 0xcf8, 4, 0x80000000 | devfn << 8 | at); return this.u.call("portRead", 0xcfc, 4) >>> 0; }
  private place(model: Placed["model"], index: number): Placed {
    const slot = this.u.call("slotOfCard", index), devfn = model === "AHCI" ? 31 << 3 | 2 : model === "IDE" ? slot << 3 : slot << 3;
    this.u.call("portWrite", 0xcf8, 4, 0x80000000 | devfn << 8 | 4); this.u.call("portWrite", 0xcfc, 2, 7);
    const bars: Placed["bars"] = [];
    for (let i = 0; i < 6; i++) { const bar = this.config(devfn, 0x10 + 4 * i); if (bar >>> 4) bars.push({ base: bar & 1 ? bar & 0xfffc : (bar & ~15) >>> 0, isPort: (bar & 1) === 1 }); }
    return { model, devfn, bars, ...this.structures(devfn) };
  }
  /** Where a virtio card's common configuration and its doorbells are. */
  private structures(devfn: number): { common: number; notify: number } {
    const found = { common: 0, notify: 0 };
    for (let at = this.config(devfn, 0x34) & 0xff, n = 0; at && n < 16; at = this.config(devfn, at) >>> 8 & 0xff, n++) {
      if ((this.config(devfn, at) & 0xff) !== 9) continue;
      const type = this.config(devfn, at) >>> 24, bar = (this.config(devfn, 0x10 + 4 * (this.config(devfn, at + 4) & 0xff)) & ~15) >>> 0;
      if (type === 1) found.common = bar + this.config(devfn, at + 8);
      if (type === 2) found.notify = bar + this.config(devfn, at + 8);
    }
    return found;
  }

  // --- Tables ---

  private table(at: number, value: bigint): void { this.tables.set(at, value); this.u.set64(at, value); }
  private stray(): bigint { return this.chance(4) ? 1n << BigInt(this.pick([11, 52, 61, 62, 63, 48])) : 0n; }
  private rights(): bigint { return this.chance(85) ? 3n : BigInt(this.below(4)); }
  private leaf(): bigint { return this.chance(15) ? 0n : BigInt(OPEN.from + 4096 * this.below(256)) | this.rights() | this.stray(); }
  private nowhere(): bigint { return this.pick([0xfed90000n, 0x3000000000n, 0x40000000n]) | 3n; }
  /** Of a directory: a table of leaves, or a page of 2 MiB that no RAM has. */
  private branch(from: number, count: number): bigint {
    if (this.chance(4)) return this.chance(50) ? 0n : this.nowhere();
    return (this.chance(3) ? 0x4000_0080n : BigInt(from + 4096 * this.below(count))) | this.rights() | this.stray();
  }
  changeTable(): void {
    switch (this.below(8)) {
      case 0: this.table(AT.DIRECTORIES + 4096 * this.below(COUNT.directories) + 8 * this.below(16), this.branch(AT.LEAVES, COUNT.leaves)); break;
      case 1: this.table(AT.TOPS + 4096 * this.below(COUNT.tops), this.branch(AT.DIRECTORIES, COUNT.directories)); break;
      case 2: this.context(this.pick(this.cards).devfn); break;
      case 3: this.table(AT.ROOT, this.chance(98) ? BigInt(AT.CONTEXTS | 1) : this.pick([0n, 0x3000000001n, BigInt(AT.CONTEXTS | 3)])); break;
      default: this.table(AT.LEAVES + 4096 * this.below(COUNT.leaves) + 8 * this.below(512), this.leaf());
    }
  }
  private context(devfn: number): void {
    // Never passed through, and of three levels, which is what the tables are; or what the unit refuses.
    const type = this.chance(97) ? 0n : this.pick([1n, 3n]), width = this.chance(97) ? 1n : this.pick([0n, 4n, 7n]);
    const top = this.chance(97) ? BigInt(AT.TOPS + 4096 * this.below(COUNT.tops)) : this.pick([0xfed90000n, 0x3000000000n]);
    this.table(AT.CONTEXTS + 16 * devfn, top | (this.chance(97) ? 1n : 0n) | (this.chance(5) ? 2n : 0n) | type << 2n);
    this.table(AT.CONTEXTS + 16 * devfn + 8, width | BigInt(1 + this.below(4)) << 8n);
  }
  fillTables(): void {
    for (let i = 0; i < COUNT.leaves; i++) for (let n = 0; n < 512; n++) this.table(AT.LEAVES + 4096 * i + 8 * n, this.leaf());
    for (let i = 0; i < COUNT.directories; i++) for (let n = 0; n < 16; n++) this.table(AT.DIRECTORIES + 4096 * i + 8 * n, this.branch(AT.LEAVES, COUNT.leaves));
    for (let i = 0; i < COUNT.tops; i++) this.table(AT.TOPS + 4096 * i, this.branch(AT.DIRECTORIES, COUNT.directories));
    for (const { devfn } of this.cards) this.context(devfn);
    this.table(AT.ROOT, BigInt(AT.CONTEXTS | 1));
  }

  // --- Acts ---

  /** What a card is told: mostly an address that may lead somewhere. */
  private iova(): number { return this.chance(97) ? this.random() % (1 << IOVA_BITS) & (this.chance(80) ? ~15 : ~0) : this.pick([GUARDED.from, TABLES.from, 0xfee00000, 0xfed90000, this.random()]) >>> 0; }
  private word(): number { return this.pick([this.iova(), this.iova(), this.below(256), this.random(), 0xffffffff]); }
  private openAt(): number { return OPEN.from + 8 * this.below(MIB / 8); }

  /** Descriptors of every card at once: an address, lengths, flags. */
  private scribble(): void {
    for (let n = this.below(8); n >= 0; n--) {
      const at = this.openAt() & ~15;
      this.u.set64(at, BigInt(this.iova())); this.u.set32(at + 8, this.pick([16, 60, 1514, 4096, 0x0b00003c, 0x10001, this.random()])); this.u.set16(at + 12, this.below(8)); this.u.set16(at + 14, this.chance(80) ? this.below(16) : this.random() & 0xffff);
    }
  }
  private poke({ bars }: Placed): void {
    const { base, isPort } = this.pick(bars), at = base + (this.random() & (isPort ? 0x1f : 0x3ffc)), bytes = this.pick([1, 2, 4, 4, 4]), value = this.word();
    if (isPort) this.u.call(this.chance(60) ? "portWrite" : "portRead", at, bytes, value);
    else if (this.chance(70)) this.u.write(at, bytes, value);
    else this.u.read(at, bytes);
  }
  private set(base: number, pairs: readonly (readonly [number, number, number?])[]): void { for (const [at, value, bytes = 4] of pairs) this.u.write(base + at, bytes, value); }

  /** A card as its driver would start it, at addresses of no sense. */
  private drive(card: Placed): void {
    const { model, bars, common, notify } = card, [first] = bars, iova = (): number => this.iova() & ~0xfff;
    if (first === undefined) return;
    switch (model) {
      case "E1000":
        this.set(first.base, [[0, 0x40], [0x3800, iova()], [0x3804, 0], [0x3808, 256], [0x400, 0x0103f0fa], [0x2800, iova()], [0x2804, 0], [0x2808, 256], [0x100, 0x0400801e], [0xd0, 0xffff]]);
        this.set(first.base, [[0x3818, this.below(16)], [0x2818, this.below(16)]]);
        break;
      case "PCNET": {
        const at = this.iova() & ~3;
        for (const [register, value] of [[1, at & 0xffff], [2, at >>> 16], [0, this.pick([0x41, 0x42, 0x4a, 0x48])]] as const) { this.u.call("portWrite", first.base + 0x12, 2, register); this.u.call("portWrite", first.base + 0x10, 2, value); }
        break;
      }
      case "EDU": this.set(first.base, [[0x80, this.pick([this.iova(), 0x40000])], [0x88, this.pick([this.iova(), 0x40000])], [0x90, this.pick([4, 64, 4096])], [0x98, this.pick([1, 3])]]); break;
      case "IOMMU_TESTDEV": this.set(first.base, [[4, this.iova()], [0xc, this.pick([4, 100, 5000])], [0x1c, this.openAt()], [0x18, 2], [0x14, 1]]); this.u.read(first.base); break;
      case "AHCI": {
        const port = bars.at(-1)!.base + 0x100 + 0x80 * this.below(2);
        this.set(bars.at(-1)!.base, [[4, 0x80000002]]);
        this.set(port, [[0, iova()], [4, 0], [8, iova()], [0xc, 0], [0x18, 0x11], [0x38, this.random()]]);
        break;
      }
      case "IDE": for (const bar of bars) if (bar.isPort) { this.u.call("portWrite", bar.base + 4, 4, this.iova() & ~3); this.u.call("portWrite", bar.base, 1, this.pick([1, 9])); } break;
      default: this.driveVirtio(common, notify);
    }
  }
  private driveVirtio(common: number, notify: number): void {
    if (this.chance(30)) {
      this.set(common, [[0x14, 0, 1], [0x14, 1, 1], [0x14, 3, 1], [8, 0], [0xc, 0], [8, 1], [0xc, 3], [0x14, 11, 1]]);
      for (let queue = 0; queue < 2; queue++) this.set(common, [[0x16, queue, 2], [0x18, 16, 2], [0x20, this.iova() & ~15], [0x24, 0], [0x28, this.iova() & ~1], [0x2c, 0], [0x30, this.iova() & ~3], [0x34, 0], [0x1c, 1, 2]]);
      this.set(common, [[0x14, 15, 1]]);
    }
    this.set(notify, [[4 * this.below(2), this.below(2), 2]]);
  }

  private unitAct(): void {
    const { u } = this;
    switch (this.below(7)) {
      // Translation stays on, and the root is the driver's or nowhere.
      case 0: u.setReg(R.GCMD, BigInt(this.random() & this.random()) & ~(1n << 30n) | G.TE | G.QIE); break;
      case 1: u.setReg(R.RTADDR, this.chance(90) ? AT.ROOT : this.pick([0xfed90000, 0x30000000]), 8); u.setReg(R.GCMD, G.SRTP | G.TE | G.QIE); break;
      case 2: u.setReg(this.pick([R.CCMD, R.IOTLB, R.IVA, R.FSTS, R.FECTL, R.FEDATA, R.FEADDR, R.PMEN, R.PLMBASE, R.PLMLIMIT, R.ICS, R.IECTL, R.FRCD + 12]), BigInt(this.random()) << 32n | BigInt(this.random()), this.pick([4, 8])); break;
      case 3: u.queue(this.pick([Inv.contexts(), Inv.pages(1), Inv.pages(2, 1 + this.below(4)), Inv.pages(3, 1 + this.below(4), BigInt(this.iova() & ~0xfff), this.below(20)), Inv.entries(), Inv.wait(this.random(), this.openAt())])); break;
      case 4: u.queue([BigInt(this.pick([1, 2, 3, 4, 6, 7, 15]) | this.below(4) << 4) | BigInt(this.random()) << 16n, this.chance(50) ? 0n : BigInt(this.random())]); break;
      case 5: u.setReg(R.FSTS, 0x71); u.takeFaults(); break;
      default: u.call("sendMsi", this.pick(this.cards).devfn, BigInt(0xfee00000 + (this.random() & 0xfffff)), this.random());
    }
  }
  act(): void {
    const { u } = this, card = this.pick(this.cards);
    switch (this.below(10)) {
      case 0: this.changeTable(); break;
      case 1: this.unitAct(); break;
      case 2: this.scribble(); break;
      case 3: case 4: this.drive(card); break;
      case 5: u.giveFrame(Uint8Array.from({ length: 60 + this.below(1400) }, (_, i) => i), {}, this.chance(90)); break;
      case 6: if (card.bars.length > 0) this.poke(card); break;
      case 7: u.call("setTicks", BigInt(u.call("nowNs") + this.below(this.chance(5) ? 200_000_000 : 100_000))); u.call("runTimers"); u.call("serviceRings"); break;
      case 8: u.call("dmaRead32", card.devfn, BigInt(this.iova())); break;
      default: u.call("dmaWrite32", card.devfn, BigInt(this.iova()), this.random());
    }
  }

  // --- What must hold ---

  /** In words; empty when no byte was reached that the tables never allowed. */
  broken(): string[] {
    const { u } = this, out: string[] = [];
    for (let at: number = GUARDED.from; at < GUARDED.to; at += 8) if (u.get64(at) !== MARK) { out.push(`a card wrote ${at.toString(16)}, which nothing maps`); break; }
    for (const [at, value] of this.tables) if (u.get64(at) !== value) { out.push(`a card wrote the unit's table at ${at.toString(16)}`); break; }
    for (let at: number = OPEN.from; at < OPEN.to; at += 4) if (this.isMark(u.get32(at))) { out.push(`guarded memory was read: it stands at ${at.toString(16)}`); break; }
    for (let port = 0; port < 3; port++) for (const { frame } of u.takeFrames(port)) {
      const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
      for (let at = 0; at + 4 <= frame.length; at++) if (this.isMark(view.getUint32(at, true))) { out.push(`guarded memory was sent by port ${port}`); break; }
    }
    return out;
  }
  private isMark(word: number): boolean { return word === Number(MARK & 0xffffffffn) || word === Number(MARK >> 32n); }
}

async function makeBoardUnit(): Promise<Unit> {
  const m = await load("tests/unit/virtio/entry.ts", PAGES);
  const unit = Number(m.exports.addCard!(CardKind.IOMMU, 0, 0n, 0n, 0, 0, 4));
  m.exports.giveOption!(unit, CardOption.IOMMU, BigInt(SWITCH.REMAP | SWITCH.EIM | SWITCH.PASS | 39 << 8));
  m.exports.giveOption!(unit, CardOption.IOMMU_CACHES, 64n | 4n << 16n | 8n << 32n);
  for (const model of MODELS) {
    const own = model === "VIRTIO_BLK" ? 8192n : 0x563412005452n, virtio = model.startsWith("VIRTIO");
    const i = Number(m.exports.addCard!(KIND[model], 0, own, 0n, model === "VIRTIO_CONSOLE" ? 1 | 2 << 16 : model === "VIRTIO_BLK" ? 1 << 8 : 0, virtio ? 1 : 0, 4));
    if (i < 0) throw new Error(`no room for ${model}`);
    if (virtio) m.exports.giveOption!(i, CardOption.PLATFORM, 1n);
    if (model === "EDU") m.exports.giveOption!(i, CardOption.DMA_MASK, 0xffffffffn);
  }
  // A disk on each controller, which nobody serves: controllers read their commands.
  for (const controller of ["AHCI", "IDE"] as const) {
    const disk = Number(m.exports.addCard!(CardKind.IDE_DISK, 0, 0n, 0n, 0, 0, 4));
    for (const [option, value] of [[CardOption.CONTROLLER, BigInt(1 + MODELS.indexOf(controller))], [CardOption.UNIT, 0n], [CardOption.SECTORS, 8192n]] as const) m.exports.giveOption!(disk, option, value);
  }
  return new Unit(m, { first: 1, count: 0 });
}

/** Cards that have transfers without a host behind them; an IDE controller's begin when its disk has answered. */
export const ASKING = MODELS.filter((model) => model !== "IDE");

/** Seeded steps on such a board. What went wrong, and by requester how many look-ups were hits or misses that led somewhere. */
export async function runBoardNoise(seed: number, steps: number): Promise<{ broken: string[]; asked: Record<string, number>; faults: number }> {
  const u = await makeBoardUnit(), noise = new BoardNoise(u, seed);
  noise.fillTables();
  u.setReg(R.RTADDR, AT.ROOT, 8); u.command(G.SRTP); u.command(G.TE);
  u.setReg(R.IQA, AT.QUEUE, 8); u.command(G.QIE);
  for (let step = 0; step < steps; step++) noise.act();
  const asked: Record<string, number> = {};
  for (let i = 0, at = u.call("lookAtUnit", 3, 0); at !== 0; at = u.call("lookAtUnit", 3, ++i)) {
    const words = Array.from({ length: 8 }, (_, n) => Number(u.m.view.getBigUint64(at + 8 * n, true))), card = noise.cards.find(({ devfn }) => devfn === words[0]! - 1);
    if (card !== undefined) asked[card.model] = words[1]! + words[2]!;
  }
  return { broken: noise.broken(), asked, faults: u.count("faults 5, no write") + u.count("faults 6, no read") };
}
