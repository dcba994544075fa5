// A machine with a remapping unit and a few cards, and what a driver's author needs of the unit: registers, tables in memory, the queue, faults, transfers.
import { TestMachine } from "../virtio/machine.js";
import { load, text } from "../../support/compile.js";

/** CardKind and CardOption of assembly/surface/cards.ts. */
const IOMMU = 9, EDU = 7, OPTION = { IOMMU: 21, CACHES: 22 } as const;
export const SWITCH = { REMAP: 1, EIM: 2, CACHING: 4, SNOOP: 8, DRAIN: 16, PASS: 32, SCALABLE: 64, FIRST: 128 } as const;
const PAGES = 1536;

export const BASE = 0xfed90000;
export const R = {
  VER: 0, CAP: 8, ECAP: 0x10, GCMD: 0x18, GSTS: 0x1c, RTADDR: 0x20, CCMD: 0x28, FSTS: 0x34, FECTL: 0x38, FEDATA: 0x3c, FEADDR: 0x40, FEUADDR: 0x44, PMEN: 0x64, PLMBASE: 0x68, PLMLIMIT: 0x6c,
  PHMBASE: 0x70, PHMLIMIT: 0x78, IQH: 0x80, IQT: 0x88, IQA: 0x90, ICS: 0x9c, IECTL: 0xa0, IEDATA: 0xa4, IEADDR: 0xa8, IEUADDR: 0xac, IQERCD: 0xb0, IRTA: 0xb8, IVA: 0xf0, IOTLB: 0xf8, FRCD: 0x220,
} as const;
export const G = { TE: 1n << 31n, SRTP: 1n << 30n, QIE: 1n << 26n, IRE: 1n << 25n, SIRTP: 1n << 24n, CFI: 1n << 23n } as const;
export const REFUSED = -1;

/** Where the tests put things, in 4 MiB of RAM. */
export const AT = { ROOT: 0x10000, CONTEXTS: 0x11000, QUEUE: 0x12000, STATUS: 0x13000, IRT: 0x14000, TABLES: 0x20000, DATA: 0x100000 } as const;

export interface UnitOptions { bits?: number; switches?: number; entries?: number; ways?: number; tables?: number }
export interface Fault { address: bigint; source: number; reason: number; read: boolean }

export class Unit extends TestMachine {
  private nextTable: number = AT.TABLES;
  private tail = 0;
  private readonly counters = new Map<string, number>();

  get64(gpa: number): bigint { return this.m.view.getBigUint64(this.ram + gpa, true); }
  reg(at: number, bytes = 4): bigint { return BigInt.asUintN(8 * bytes, this.m.exports.mmioRead!(BigInt(BASE + at), bytes) as bigint); }
  setReg(at: number, value: bigint | number, bytes = 4): void { this.write(BASE + at, bytes, value); }
  /** A counter's value; where it lies is looked up once. */
  count(name: string): number {
    const at = this.counters.get(name) ?? this.addressOf(`iommu0 ${name}`);
    this.counters.set(name, at);
    return Number(this.m.view.getBigUint64(at, true));
  }
  private addressOf(name: string): number {
    for (let id = 0; id < this.call("counterIds"); id++) if (text(this.m, this.call("counterName", id)) === name) return this.call("counterAddress", id);
    throw new Error(`no counter ${name}`);
  }

  /** A command whose bits stand in GSTS afterwards. */
  command(bits: bigint): void { this.setReg(R.GCMD, this.reg(R.GSTS) & ~(G.SRTP | G.SIRTP) | bits); }
  drop(bits: bigint): void { this.setReg(R.GCMD, this.reg(R.GSTS) & ~(G.SRTP | G.SIRTP) & ~bits); }

  /** Bus 0's root and context tables, and translation on. */
  start(): void {
    this.set64(AT.ROOT, BigInt(AT.CONTEXTS | 1));
    this.setReg(R.RTADDR, AT.ROOT, 8);
    this.command(G.SRTP);
    this.command(G.TE);
  }
  /** A context: where its first table is (0: a fresh one), type, width, domain. */
  context(devfn: number, { table = this.freshTable(), type = 0, width = 1, domain = 1, low = 1n, high = 0n }: { table?: number; type?: number; width?: number; domain?: number; low?: bigint; high?: bigint } = {}): number {
    this.set64(AT.CONTEXTS + 16 * devfn, BigInt(table) | BigInt(type << 2) | low);
    this.set64(AT.CONTEXTS + 16 * devfn + 8, BigInt(width) | BigInt(domain) << 8n | high);
    return table;
  }
  freshTable(): number {
    const at = this.nextTable;
    this.nextTable += 4096;
    this.put(at, new Uint8Array(4096));
    return at;
  }
  /** Maps a page of level 1 (4 KiB), 2 or 3 in tables of so many levels. */
  map(table: number, iova: bigint, entry: bigint, level = 1, levels = 3): void {
    let at = table;
    for (let l = levels; l > level; l--) {
      const place = at + 8 * Number(iova >> BigInt(12 + 9 * (l - 1)) & 511n);
      if (!(this.get64(place) & 3n)) this.set64(place, BigInt(this.freshTable()) | 3n);
      at = Number(this.get64(place) & 0xffffffffff000n);
    }
    this.set64(at + 8 * Number(iova >> BigInt(12 + 9 * (level - 1)) & 511n), level > 1 ? entry | 0x80n : entry);
  }

  /** A transfer of four bytes: what is read, or REFUSED. */
  dmaRead(requester: number, iova: bigint | number): number { const value = this.call("dmaRead32", requester, BigInt(iova)); return this.call("dmaFailed") ? REFUSED : value >>> 0; }
  /** True when it went through. */
  dmaWrite(requester: number, iova: bigint | number, value: number): boolean { return this.call("dmaWrite32", requester, BigInt(iova), value) !== 0; }

  /** Faults on record, first first; clears them. */
  takeFaults(): Fault[] {
    const out: Fault[] = [], first = Number(this.reg(R.FSTS) >> 8n & 0xffn);
    for (let i = 0; i < 8; i++) {
      const at = R.FRCD + 16 * ((first + i) % 8), low = this.reg(at, 8), high = this.reg(at + 8, 8);
      if (high >> 63n) out.push({ address: low, source: Number(high & 0xffffn), reason: Number(high >> 32n & 0xffn), read: (high >> 62n & 1n) === 1n });
      this.setReg(at + 12, 0x80000000);
    }
    this.setReg(R.FSTS, 1);
    return out;
  }

  startQueue(): void {
    this.setReg(R.IQA, AT.QUEUE, 8);
    this.command(G.QIE);
    this.tail = 0;
  }
  /** Puts descriptors on the queue and moves the tail. */
  queue(...descriptors: (readonly [bigint, bigint])[]): void {
    for (const [low, high] of descriptors) {
      this.set64(AT.QUEUE + this.tail, low); this.set64(AT.QUEUE + this.tail + 8, high);
      this.tail = (this.tail + 16) % 4096;
    }
    this.setReg(R.IQT, this.tail, 8);
  }
  /** Vectors that the processor takes. */
  takeVectors(): number[] {
    const taken: number[] = [];
    for (let v = this.call("acknowledge"); v >= 0 && taken.length < 100; v = this.call("acknowledge")) { taken.push(v); this.write(0xfee000b0, 4, 0); }
    return taken;
  }
}

export const Inv = {
  contexts: (granule = 1, domain = 0, source = 0, mask = 0): [bigint, bigint] => [1n | BigInt(granule) << 4n | BigInt(domain) << 16n | BigInt(source) << 32n | BigInt(mask) << 48n, 0n],
  pages: (granule = 1, domain = 0, iova = 0n, am = 0, hint = false): [bigint, bigint] => [2n | BigInt(granule) << 4n | BigInt(domain) << 16n, iova | BigInt(am) | (hint ? 64n : 0n)],
  /** The PASID cache: 0 of a domain, 1 of a PASID, 3 all; pages of a first stage: 2 of a PASID, 3 selected. */
  pasids: (granule = 3, domain = 0, pasid = 0): [bigint, bigint] => [7n | BigInt(granule) << 4n | BigInt(domain) << 16n | BigInt(pasid) << 32n, 0n],
  pasidPages: (granule: number, domain: number, pasid: number, iova = 0n, am = 0): [bigint, bigint] => [6n | BigInt(granule) << 4n | BigInt(domain) << 16n | BigInt(pasid) << 32n, iova | BigInt(am)],
  entries: (granule = 0, index = 0, mask = 0): [bigint, bigint] => [4n | BigInt(granule) << 4n | BigInt(mask) << 27n | BigInt(index) << 32n, 0n],
  wait: (status: number, gpa: number, flags = 32): [bigint, bigint] => [5n | BigInt(flags) | BigInt(status) << 32n, BigInt(gpa)],
} as const;

export async function makeUnit({ bits = 39, switches = SWITCH.REMAP | SWITCH.EIM | SWITCH.DRAIN | SWITCH.PASS, entries = 256, ways = 4, tables = 16 }: UnitOptions = {}): Promise<Unit> {
  const m = await load("tests/unit/virtio/entry.ts", PAGES);
  const add = (kind: number): number => Number(m.exports.addCard!(kind, 0, 0n, 0n, 0, 0, 4));
  const unit = add(IOMMU);
  m.exports.giveOption!(unit, OPTION.IOMMU, BigInt(switches | bits << 8));
  m.exports.giveOption!(unit, OPTION.CACHES, BigInt(entries) | BigInt(ways) << 16n | BigInt(tables) << 32n);
  return new Unit(m, { kind: EDU, mac: 0n, first: 1 });
}
