// A mock driver of the 82540EM: brings it up, keeps both rings, and plays fair and foul.
import { makeMachine, type TestMachine } from "../virtio/machine.js";

export const KIND = 5;
export const R = {
  CTRL: 0, STATUS: 8, EECD: 0x10, EERD: 0x14, MDIC: 0x20, VET: 0x38, ICR: 0xc0, ITR: 0xc4, ICS: 0xc8, IMS: 0xd0, IMC: 0xd8, RCTL: 0x100, TCTL: 0x400,
  RDBAL: 0x2800, RDBAH: 0x2804, RDLEN: 0x2808, RDH: 0x2810, RDT: 0x2818, RDTR: 0x2820, RADV: 0x282c, RSRPD: 0x2c00,
  TDBAL: 0x3800, TDBAH: 0x3804, TDLEN: 0x3808, TDH: 0x3810, TDT: 0x3818, TIDV: 0x3820, TXDCTL: 0x3828, TADV: 0x382c,
  MPC: 0x4010, XOFFRXC: 0x4050, PRC64: 0x405c, GPRC: 0x4074, GPTC: 0x4080, GOTCL: 0x4090, GOTCH: 0x4094, RNBC: 0x40a0, ROC: 0x40ac, TPT: 0x40d4, TSCTC: 0x40f8,
  RXCSUM: 0x5000, MTA: 0x5200, RAL: 0x5400, RAH: 0x5404, VFTA: 0x5600,
} as const;
export const C = { TXDW: 1, TXQE: 2, LSC: 4, RXDMT0: 0x10, RXO: 0x40, RXT0: 0x80, MDAC: 0x200, TXD_LOW: 0x8000, SRPD: 0x10000 } as const;
/** Command bits of transmit descriptors. */
export const T = { EOP: 1, IFCS: 2, IC: 4, TSE: 4, RS: 8, DEXT: 0x20, VLE: 0x40, IDE: 0x80 } as const;
export const RCTL = { EN: 2, UPE: 8, MPE: 0x10, LPE: 0x20, LBM: 0xc0, BAM: 0x8000, VFE: 0x40000, BSEX: 0x2000000, SECRC: 0x4000000 } as const;

export const TX_RING = 0x10000;
export const RX_RING = 0x20000;
export const DATA = 0x40000;
export const BUFFERS = 0x100000;
export const OWN = [0x52, 0x54, 0, 0x12, 0x34, 0x56];

export interface Received { length: number; checksum: number; status: number; errors: number; special: number; data: Uint8Array }

export class Driver {
  readonly base: number;
  tail = 0;
  next = 0;
  size = 16;
  bufferBytes = 2048;
  constructor(readonly m: TestMachine) { this.base = m.bar(0); }

  get(at: number): number { return this.m.read(this.base + at); }
  set(at: number, value: number): void { this.m.write(this.base + at, 4, value >>> 0); }
  count(name: string): number { return this.m.counter(`e1000-0 ${name}`); }

  /** Rings of 16, receive buffers of 2 KiB on all descriptors but one. */
  start(rctl: number = RCTL.EN | RCTL.BAM | RCTL.SECRC): this {
    this.set(R.CTRL, 0x41);
    this.set(R.TDBAL, TX_RING); this.set(R.TDLEN, 16 * this.size);
    this.set(R.TDH, 0); this.set(R.TDT, 0);
    this.set(R.TCTL, 0xa);
    this.set(R.RDBAL, RX_RING); this.set(R.RDLEN, 16 * this.size);
    this.set(R.RDH, 0); this.set(R.RDT, 0);
    for (let i = 0; i < this.size; i++) this.fresh(i);
    this.set(R.RCTL, rctl);
    this.set(R.RDT, this.size - 1);
    this.get(R.ICR);
    return this;
  }
  fresh(i: number, at = BUFFERS + i * 0x4000): void { this.m.set64(RX_RING + 16 * i, BigInt(at)); this.m.set64(RX_RING + 16 * i + 8, 0n); }

  /** Puts a descriptor behind the last one, without telling the card. */
  add(at: number | bigint, lower: number, upper = 0): number {
    const here = this.tail, d = TX_RING + 16 * here;
    this.m.set64(d, BigInt(at));
    this.m.set32(d + 8, lower >>> 0); this.m.set32(d + 12, upper >>> 0);
    this.tail = (here + 1) % this.size;
    return here;
  }
  ring(): void { this.set(R.TDT, this.tail); }
  legacy(frame: number[], command: number = T.EOP | T.IFCS | T.RS, upper = 0, cso = 0): number {
    this.m.put(DATA, frame);
    const at = this.add(DATA, frame.length | cso << 16 | command << 24, upper);
    this.ring();
    return at;
  }
  context(c: { ip: number[]; upper: number[]; payload?: number; command: number; header?: number; mss?: number }): void {
    const [ipStart, ipField, ipEnd] = c.ip, [upStart, upField, upEnd] = c.upper;
    this.add(BigInt(ipStart! | ipField! << 8 | ipEnd! << 16) | BigInt(upStart! | upField! << 8 | upEnd! << 16) << 32n,
      (c.payload ?? 0) | (c.command | T.DEXT) << 24, (c.header ?? 0) << 8 | (c.mss ?? 0) << 16);
  }
  data(frame: number[], command: number, options: number, special = 0): number {
    this.m.put(DATA, frame);
    const at = this.add(DATA, frame.length | 0x100000 | (command | T.DEXT) << 24, options << 8 | special << 16);
    this.ring();
    return at;
  }
  done(i: number): boolean { return (this.m.get32(TX_RING + 16 * i + 12) & 1) === 1; }

  /** Descriptors that the card has filled since the last call. */
  take(): Received[] {
    const out: Received[] = [];
    for (; out.length < this.size; this.next = (this.next + 1) % this.size) {
      const d = RX_RING + 16 * this.next, word = this.m.get32(d + 12);
      if (!(word & 1)) break;
      const length = this.m.get16(d + 8);
      out.push({ length, checksum: this.m.get16(d + 10), status: word & 255, errors: word >> 8 & 255, special: word >>> 16, data: this.m.bytes(this.m.get32(d), length) });
      this.m.set32(d + 12, 0);
    }
    return out;
  }
}

export async function makeCard(count = 1): Promise<Driver> { return new Driver(await makeMachine({ kind: KIND, count })); }

export const frameOf = (n: number, to: readonly number[] = OWN, type = [0x08, 0x06]): number[] =>
  [...to, 2, 0, 0, 0, 0, 9, ...type, ...Array.from({ length: Math.max(n - 14, 0) }, (_, i) => i * 7 & 0xff)].slice(0, n);

/** RFC 1071 over big-endian words, folded. */
export function sum(bytes: ArrayLike<number>, start = 0): number {
  let s = start;
  for (let i = 0; i < bytes.length; i += 2) s += bytes[i]! << 8 | (bytes[i + 1] ?? 0);
  while (s > 0xffff) s = (s & 0xffff) + (s >>> 16);
  return s;
}

/** An IPv4 TCP frame with the sums in place, or as a driver leaves them to the card: none for IP, the pseudo-header's for TCP. */
export function tcpFrame(payload: number, options: { sums?: boolean; lengthInPseudo?: boolean } = {}): number[] {
  const data = Array.from({ length: payload }, (_, i) => i * 13 & 0xff), total = 40 + payload;
  const ip = [0x45, 0, total >> 8, total & 255, 0, 1, 0x40, 0, 64, 6, 0, 0, 10, 0, 2, 15, 10, 0, 2, 2];
  const tcp = [0x30, 0x39, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 0x18, 0xff, 0xff, 0, 0, 0, 0];
  const length = options.lengthInPseudo === false ? 0 : 20 + payload;
  const pseudo = sum([...ip.slice(12), 0, 6, length >> 8, length & 255]);
  if (options.sums) {
    const s = ~sum(ip) & 0xffff, t = ~sum([...tcp, ...data], pseudo) & 0xffff;
    [ip[10], ip[11], tcp[16], tcp[17]] = [s >> 8, s & 255, t >> 8, t & 255];
  } else [tcp[16], tcp[17]] = [pseudo >> 8, pseudo & 255];
  return [...OWN, 2, 0, 0, 0, 0, 9, 8, 0, ...ip, ...tcp, ...data];
}
