// A driver for the tests: one port, commands by slot, a table of pieces each.
import { CardKind } from "../../../assembly/surface/cards.js";
import { makeStorage, type DriveOptions, type StorageMachine } from "./machine.js";

export const R = { CAP: 0, GHC: 4, IS: 8, PI: 0xc, VS: 0x10 } as const;
export const P = { CLB: 0, CLBU: 4, FB: 8, FBU: 0xc, IS: 0x10, IE: 0x14, CMD: 0x18, TFD: 0x20, SIG: 0x24, SSTS: 0x28, SCTL: 0x2c, SERR: 0x30, SACT: 0x34, CI: 0x38 } as const;
export const IS = { DHRS: 1, PSS: 2, SDBS: 8, OFS: 1 << 24, HBFS: 1 << 29, TFES: 1 << 30 } as const;
/** Where a port has its list, its received FISes and its tables, and data. */
export const AT = { LIST: 0x10000, FIS: 0x11000, TABLES: 0x20000, DATA: 0x100000 } as const;

export interface Command { command: number; lba?: number; count?: number; feature?: number; device?: number; packet?: number[]; write?: boolean; pieces?: [address: number, bytes: number][]; queued?: number; aux?: number }

export class Ahci {
  readonly base: number;
  constructor(readonly m: StorageMachine, readonly port: number) { this.base = m.bar(5); }
  get(at: number): number { return this.m.read(this.base + at) >>> 0; }
  set(at: number, value: number): void { this.m.write(this.base + at, 4, value >>> 0); }
  px(at: number): number { return this.get(0x100 + 0x80 * this.port + at); }
  setPx(at: number, value: number): void { this.set(0x100 + 0x80 * this.port + at, value); }
  get line(): boolean { return (this.m.config(6, 2) & 8) !== 0; }

  start(): void {
    this.setPx(P.CLB, AT.LIST); this.setPx(P.FB, AT.FIS);
    this.setPx(P.CMD, 0x16);
    this.setPx(P.IS, 0xffffffff);
    this.setPx(P.IE, 0xffffffff);
    this.set(R.GHC, 2);
    this.setPx(P.CMD, 0x17);
  }
  /** Puts a command into a slot. */
  prepare(slot: number, { command, lba = 0, count = 1, feature = 0, device = 0x40, packet, write = false, pieces = [[AT.DATA, 512 * count]], queued }: Command): void {
    const { m } = this, table = AT.TABLES + slot * 0x4000;
    m.put(AT.LIST + 32 * slot, new Uint8Array(32));
    m.put(table, new Uint8Array(0x80));
    m.set32(AT.LIST + 32 * slot, 5 | (write ? 0x40 : 0) | (packet ? 0x20 : 0) | pieces.length << 16);
    m.set32(AT.LIST + 32 * slot + 8, table);
    const [f, n] = queued === undefined ? [feature, count] : [count, queued << 3];
    const bytes = [0x27, 0x80, command, f & 0xff, lba & 0xff, lba >> 8 & 0xff, lba >> 16 & 0xff, device, lba / 2 ** 24 & 0xff, lba / 2 ** 32 & 0xff, lba / 2 ** 40 & 0xff, f >> 8, n & 0xff, n >> 8];
    m.put(table, bytes);
    if (packet) m.put(table + 0x40, [...packet, ...new Array<number>(12 - packet.length).fill(0)]);
    pieces.forEach(([address, size], i) => { m.set64(table + 0x80 + 16 * i, BigInt(address)); m.set32(table + 0x88 + 16 * i, 0); m.set32(table + 0x8c + 16 * i, size - 1); });
  }
  issue(slots: number): void { this.setPx(P.CI, slots); }
  /** One command to its end; status and error. */
  run(what: Command, slot = 0): { status: number; error: number; moved: number } {
    this.prepare(slot, what);
    if (what.queued !== undefined) this.setPx(P.SACT, 1 << what.queued);
    this.issue(1 << slot);
    this.m.settle(40);
    const tfd = this.px(P.TFD);
    return { status: tfd & 0xff, error: tfd >> 8 & 0xff, moved: this.m.get32(AT.LIST + 32 * slot + 4) };
  }
  /** After an error: the port begins anew. */
  recover(): void { this.setPx(P.CMD, 0x16); this.setPx(P.IS, 0xffffffff); this.setPx(P.CMD, 0x17); }
  words(at = AT.DATA): (n: number) => number { return (n) => this.m.get16(at + 2 * n); }
}

/** The board's controller with drives; the driver is at the port of the first. */
export async function makeAhci(drives: DriveOptions[]): Promise<Ahci> {
  const m = await makeStorage(CardKind.AHCI, drives);
  Object.defineProperty(m, "devfn", { value: 0xfa });
  m.writeConfig(4, 2, 7);
  const d = new Ahci(m, drives[0]!.port);
  return d;
}
