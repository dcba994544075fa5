// A mock driver of the PCnet: registers through either window, init blocks, rings of every software style.
import { makeMachine, type CardOptions, type TestMachine } from "../virtio/machine.js";

const PCNET = 6;
export const MAC = [0x52, 0x54, 0x00, 0x12, 0x34, 0x56];
export const CSR0 = { INIT: 1, STRT: 2, STOP: 4, TDMD: 8, TXON: 0x10, RXON: 0x20, IENA: 0x40, INTR: 0x80, IDON: 0x100, TINT: 0x200, RINT: 0x400, MERR: 0x800, MISS: 0x1000, BABL: 0x4000, ERR: 0x8000 } as const;
export const OWN = 0x8000, ERR = 0x4000, BUFF = 0x0400, STP = 0x0200, ENP = 0x0100;
const INIT_AT = 0x1000, RX_RING = 0x10000, TX_RING = 0x20000, RX_DATA = 0x100000;
export const TX_DATA = 0x80000;

export interface Setup { style?: number; mode?: number; rx?: number; tx?: number; rxBytes?: number; ladrf?: bigint; csr4?: number }

export class Driver {
  wide = false;
  style = 2;
  rxAt = 0; txAt = 0; rxSize = 1; txSize = 1;
  constructor(readonly m: TestMachine, readonly memory: boolean) {}

  in(offset: number, bytes: number): number {
    return this.memory ? this.m.read(this.m.bar(1) + offset, bytes) : this.m.call("portRead", this.m.bar(0) + offset, bytes) >>> 0;
  }
  out(offset: number, bytes: number, value: number): void {
    if (this.memory) this.m.write(this.m.bar(1) + offset, bytes, value);
    else this.m.call("portWrite", this.m.bar(0) + offset, bytes, value);
  }
  private reg(word: number, dword: number): [number, number] { return this.wide ? [dword, 4] : [word, 2]; }
  set rap(n: number) { this.out(...this.reg(0x12, 0x14), n); }
  get rap(): number { return this.in(...this.reg(0x12, 0x14)); }
  csr(n: number): number { this.rap = n; return this.in(...this.reg(0x10, 0x10)); }
  setCsr(n: number, value: number): void { this.rap = n; this.out(...this.reg(0x10, 0x10), value); }
  bcr(n: number): number { this.rap = n; return this.in(...this.reg(0x16, 0x1c)); }
  setBcr(n: number, value: number): void { this.rap = n; this.out(...this.reg(0x16, 0x1c), value); }
  reset(): void { this.in(...this.reg(0x14, 0x18)); }
  goWide(): void { this.out(0x10, 4, 0); this.wide = true; }

  get step(): number { return this.style ? 16 : 8; }
  /** Writes a descriptor: `status` is the upper half of xMD1. */
  describe(ring: number, i: number, at: number, bytes: number, status: number): void {
    const d = ring + i * this.step, m = this.m;
    if (!this.style) { m.set16(d, at & 0xffff); m.set16(d + 2, status & 0xff00 | at >>> 16 & 0xff); m.set16(d + 4, -bytes & 0xffff); m.set16(d + 6, 0); return; }
    m.set32(d + (this.style === 3 ? 8 : 0), at);
    m.set16(d + 4, -bytes & 0xffff); m.set16(d + 6, status);
    m.set32(d + (this.style === 3 ? 0 : 8), 0);
  }
  status(ring: number, i: number): number { return this.m.get16(ring + i * this.step + (this.style ? 6 : 2)) & (this.style ? 0xffff : 0xff00); }
  /** The count of RMD2, or the upper half of TMD2. */
  count(ring: number, i: number): number { const d = ring + i * this.step; return this.style === 0 ? this.m.get16(d + 6) : this.m.get16(d + (this.style === 3 ? 0 : 8)); }
  errors(i: number): number { const d = TX_RING + i * this.step; return this.style === 0 ? this.m.get16(d + 6) : this.m.get16(d + (this.style === 3 ? 2 : 10)); }

  /** Init block, rings of 2^rx and 2^tx, and everything on. */
  start({ style = 2, mode = 0, rx = 2, tx = 2, rxBytes = 2048, ladrf = 0n, csr4 = 0x0915 | 0x1000 }: Setup = {}): void {
    const { m } = this;
    this.style = style; this.rxSize = 1 << rx; this.txSize = 1 << tx; this.rxAt = 0; this.txAt = 0;
    this.setBcr(20, style);
    if (style) {
      m.set32(INIT_AT, tx << 28 | rx << 20 | mode);
      m.put(INIT_AT + 4, [...MAC, 0, 0]); m.set64(INIT_AT + 12, ladrf); m.set32(INIT_AT + 20, RX_RING); m.set32(INIT_AT + 24, TX_RING);
    } else {
      m.set16(INIT_AT, mode); m.put(INIT_AT + 2, MAC); m.set64(INIT_AT + 8, ladrf);
      m.set32(INIT_AT + 16, (rx << 29 | RX_RING) >>> 0); m.set32(INIT_AT + 20, (tx << 29 | TX_RING) >>> 0);
    }
    for (let i = 0; i < this.rxSize; i++) this.giveBuffer(i, rxBytes);
    for (let i = 0; i < this.txSize; i++) this.describe(TX_RING, i, 0, 0, 0);
    this.setCsr(1, INIT_AT & 0xffff); this.setCsr(2, INIT_AT >>> 16);
    this.setCsr(4, csr4);
    this.setCsr(0, CSR0.INIT);
    if (!(this.csr(0) & CSR0.IDON)) throw new Error("no IDON");
    this.setCsr(0, CSR0.STRT | CSR0.IENA | CSR0.IDON);
  }
  bufferAt(i: number): number { return RX_DATA + i * 4096; }
  giveBuffer(i: number, bytes = 2048): void { this.describe(RX_RING, i, this.bufferAt(i), bytes, OWN); }
  rxStatus(i: number): number { return this.status(RX_RING, i); }
  rxCount(i: number): number { return this.count(RX_RING, i); }
  txStatus(i: number): number { return this.status(TX_RING, i); }

  /** Hands pieces of a frame over, the first descriptor last, and rings; `flags` go into the first. */
  send(pieces: number[][], flags = 0, last = ENP): void {
    const first = this.txAt;
    let at = TX_DATA;
    pieces.forEach((piece, i) => {
      this.m.put(at, piece);
      const status = (i === 0 ? STP | flags : OWN) | (i === pieces.length - 1 ? last : 0);
      this.describe(TX_RING, (first + i) % this.txSize, at, piece.length, status);
      at += piece.length;
    });
    const at1 = TX_RING + first * this.step + (this.style ? 6 : 2);
    this.m.set16(at1, this.m.get16(at1) | OWN);
    this.txAt = (first + pieces.length) % this.txSize;
    this.setCsr(0, CSR0.TDMD | CSR0.IENA);
  }
  frames(): number[][] { return this.m.takeFrames().map(({ frame }) => [...frame]); }
}

export async function makeDriver(memory = false, options: CardOptions = {}): Promise<Driver> {
  return new Driver(await makeMachine({ ...options, kind: PCNET }), memory);
}
export const RINGS = { RX: RX_RING, TX: TX_RING, INIT: INIT_AT };
/** A frame of `n` bytes for an address. */
export const frameTo = (to: number[], n: number): number[] => [...to, 0x02, 0, 0, 0, 0, 9, 8, 0, ...Array.from({ length: n }, (_, i) => i * 7 + 3 & 0xff)].slice(0, n);
export function fcs(data: number[]): number[] {
  let c = 0xffffffff;
  for (const byte of data) { c ^= byte; for (let i = 0; i < 8; i++) c = c & 1 ? c >>> 1 ^ 0xedb88320 : c >>> 1; }
  return [0, 8, 16, 24].map((shift) => ~c >>> shift & 0xff);
}
