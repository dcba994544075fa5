/**
 * The board of the experiment of isolation, without a processor that runs: a remapping unit and the educational card, driven as drivers would by what a bus carries. The card
 * transfers and interrupts; what the unit recorded, what arrived, and what memory holds is read afterwards.
 */

import { createBoard, type Board } from '../../machine/board.js';
import { CardKind } from '../../../assembly/surface/cards.js';
import { modelOf } from '../../machine/models.js';
import type { DeviceOptions } from '../../machine/types.js';
import { AT, FAULT_VECTOR, HANDLE, SLOT, type Structures } from './attack.js';

const UNIT = 0xfed90000n;
const R = { GCMD: 0x18n, GSTS: 0x1cn, RTADDR: 0x20n, CCMD: 0x28n, FECTL: 0x38n, FEDATA: 0x3cn, FEADDR: 0x40n, IRTA: 0xb8n, IOTLB: 0xf8n, FRCD: 0x220n } as const;
const [TE, SRTP, IRE, SIRTP] = [1n << 31n, 1n << 30n, 1n << 25n, 1n << 24n];
const GO = 1n << 63n;
const LAPIC = { SPURIOUS: 0xfee000f0n, REQUESTS: 0xfee00200n, ENABLED: 0x1ffn } as const;
const EDU = { SOURCE: 0x80n, DESTINATION: 0x88n, COUNT: 0x90n, COMMAND: 0x98n, RAISE: 0x60n, ACKNOWLEDGE: 0x64n, BUFFER: 0x40000n } as const;
const [CARD_BAR, WINDOW] = [0xe0000000, 0xe000e000];
const TRANSFER_NS = 100_000_000n;
export const BYTES = 64;
const PAGE_BYTES = 4096;

export interface Fault {
  reason: number;
  source: number;
  read: boolean;
  /** The page, or the index of an interrupt. */
  info: bigint;
}

export class Victim {
  private constructor(private readonly board: Board, private readonly behind: boolean) {}

  static async make(behind: boolean): Promise<Victim> {
    const named = (kind: CardKind): DeviceOptions['model'] => modelOf(kind)!.names[0];
    const port: DeviceOptions[] = behind ? [{ model: named(CardKind.ROOT_PORT), id: 'rp', slot: SLOT }] : [];
    const devices: DeviceOptions[] = [{ model: named(CardKind.IOMMU), addressBits: 39 }, ...port, { model: named(CardKind.EDU), dmaMask: (1n << 53n) - 1n, ...(behind ? { bus: 'rp' } : { slot: SLOT }) }];
    const victim = new Victim(await createBoard({ memoryMiB: 16, devices }), behind);
    victim.setUp();
    return victim;
  }

  close(): Promise<void> { return this.board.close(); }

  // --- The bus ---

  private config(bus: number, slot: number, offset: number): void { this.board.out(0xcf8, 4, (0x80000000 | bus << 16 | slot << 11 | offset & ~3) >>> 0); }
  private setConfig(bus: number, slot: number, offset: number, bytes: 1 | 2 | 4, value: number): void {
    this.config(bus, slot, offset);
    this.board.out(0xcfc + (offset & 3), bytes, value);
  }
  private set64(gpa: number | bigint, value: bigint): void { this.board.store(BigInt(gpa), 8, value); }
  private setPair(gpa: number, [low, high]: readonly [bigint, bigint]): void { this.set64(gpa, low); this.set64(gpa + 8, high); }

  /** The card is placed and masters the bus; the processor's controller takes interrupts. */
  private setUp(): void {
    const [bus, slot] = this.behind ? [1, 0] : [0, SLOT];
    if (this.behind) {
      this.setConfig(0, SLOT, 0x18, 4, 0x010100);
      this.setConfig(0, SLOT, 0x20, 4, WINDOW);
      this.setConfig(0, SLOT, 4, 2, 7);
    }
    this.setConfig(bus, slot, 0x10, 4, CARD_BAR);
    this.setConfig(bus, slot, 4, 2, 7);
    this.board.store(LAPIC.SPURIOUS, 4, LAPIC.ENABLED);
  }

  /** Makes the structures, forgets what is kept of those before, and turns the unit on. The structures' own pages are empty but for them. */
  install(s: Structures, requester: number): void {
    for (const table of [AT.ROOT, AT.CONTEXTS, AT.FIRST, AT.SECOND, AT.THIRD, AT.ENTRIES]) this.fill(table, 0);
    this.setPair(AT.ROOT + 16 * (requester >> 8), s.root);
    this.setPair(AT.CONTEXTS + 16 * (requester & 0xff), s.context);
    this.set64(AT.FIRST, s.first); this.set64(AT.SECOND + 8, s.second); this.set64(AT.THIRD + 8 * 0x145, s.third);
    this.setPair(AT.ENTRIES + 16 * HANDLE, s.entry);
    this.board.store(UNIT + R.FEDATA, 4, BigInt(FAULT_VECTOR)); this.board.store(UNIT + R.FEADDR, 4, 0xfee00000n); this.board.store(UNIT + R.FECTL, 4, 0n);
    this.set64(UNIT + R.RTADDR, s.rootTable); this.set64(UNIT + R.IRTA, s.entryTable);
    for (const command of [SRTP, SIRTP, TE, IRE]) this.command(command);
    this.set64(UNIT + R.CCMD, GO | 1n << 61n);
    this.set64(UNIT + R.IOTLB, GO | 1n << 60n);
    const [bus, slot] = this.behind ? [1, 0] : [0, SLOT];
    for (const [offset, value] of [[0x44, s.message[0]], [0x48, 0], [0x4c, s.message[1]]] as const) this.setConfig(bus, slot, offset, offset === 0x4c ? 2 : 4, value >>> 0);
    this.setConfig(bus, slot, 0x42, 2, 1);
  }
  private command(bits: bigint): void {
    const on = this.board.load(UNIT + R.GSTS, 4) & (TE | IRE);
    this.board.store(UNIT + R.GCMD, 4, on | bits);
  }

  // --- The card ---

  /** Between the card's buffer, at `offset`, and memory. */
  transfer(iova: bigint, toMemory: boolean, offset = 0): void {
    const own = EDU.BUFFER + BigInt(offset), [source, destination] = toMemory ? [own, iova] : [iova, own], base = BigInt(CARD_BAR);
    for (const [at, value] of [[EDU.SOURCE, source], [EDU.DESTINATION, destination], [EDU.COUNT, BigInt(BYTES)], [EDU.COMMAND, toMemory ? 3n : 1n]] as const) this.set64(base + at, value);
    for (const edges of this.board.advanceTo(this.board.nowNs + TRANSFER_NS)) void edges;
  }
  interrupt(): void {
    this.board.store(BigInt(CARD_BAR) + EDU.RAISE, 4, 1n);
    this.board.store(BigInt(CARD_BAR) + EDU.ACKNOWLEDGE, 4, 1n);
  }

  // --- What came of it ---

  fill(page: number, byte: number): void { this.board.write(BigInt(page), new Uint8Array(PAGE_BYTES).fill(byte)); }
  page(page: number): Uint8Array { return this.board.read(BigInt(page), PAGE_BYTES); }

  /** What the unit has on record. */
  faults(): Fault[] {
    const found: Fault[] = [];
    for (let n = 0n; n < 8n; n++) {
      const low = this.board.load(UNIT + R.FRCD + 16n * n, 8), high = this.board.load(UNIT + R.FRCD + 16n * n + 8n, 8);
      if (high >> 63n === 1n) found.push({ reason: Number(high >> 32n & 0xffn), source: Number(high & 0xffffn), read: (high >> 62n & 1n) === 1n, info: low });
    }
    return found;
  }

  /** A vector waits at the processor. */
  waits(vector: number): boolean {
    return (this.board.load(LAPIC.REQUESTS + 16n * BigInt(vector >> 5), 4) >> BigInt(vector & 31) & 1n) === 1n;
  }
}
