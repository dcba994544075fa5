// A driver for the tests: an admin queue and pairs for I/O, commands one by one, a host that answers from bytes in memory.
import { CardKind, CardOption } from "../../../assembly/surface/cards.js";
import { load } from "../../support/compile.js";
import { StorageMachine } from "./machine.js";

export const R = { CAP: 0, VS: 8, INTMS: 0xc, INTMC: 0x10, CC: 0x14, CSTS: 0x1c, AQA: 0x24, ASQ: 0x28, ACQ: 0x30, DOORBELLS: 0x1000 } as const;
/** Where queues lie, 1 MiB from the next one's kind; lists of pages, and data. */
export const AT = { SQ: 0x10000, CQ: 0x20000, LIST: 0x30000, DATA: 0x100000 } as const;
const ENTRIES = 16;

export interface Command { opcode: number; nsid?: number; flags?: number; prp1?: number; prp2?: number; dw10?: number; dw11?: number; dw12?: number; dw13?: number }
export interface Answer { status: number; result: number; id: number; head: number }

export class Nvme {
  readonly base: number;
  private readonly queues = new Map<number, { tail: number; head: number; phase: number }>();
  private id = 0;
  constructor(readonly m: StorageMachine) { this.base = m.bar(0); }

  get(at: number): number { return this.m.read(this.base + at) >>> 0; }
  set(at: number, value: number): void { this.m.write(this.base + at, 4, value >>> 0); }
  get line(): boolean { return (this.m.config(6, 2) & 8) !== 0; }
  bell(queue: number, head: boolean, value: number): void { this.set(R.DOORBELLS + 8 * queue + (head ? 4 : 0), value); }

  start(mps = 0): void {
    this.queues.clear();
    this.set(R.CC, 0);
    this.set(R.AQA, (ENTRIES - 1) << 16 | (ENTRIES - 1));
    this.set(R.ASQ, AT.SQ); this.set(R.ASQ + 4, 0); this.set(R.ACQ, AT.CQ); this.set(R.ACQ + 4, 0);
    this.clear(0);
    this.set(R.CC, 0x460001 | mps << 7);
  }
  private clear(queue: number): void {
    this.m.put(AT.CQ + 0x1000 * queue, new Uint8Array(16 * ENTRIES));
    this.queues.set(queue, { tail: 0, head: 0, phase: 1 });
  }
  /** A pair for I/O; what the two commands said. */
  pair(queue: number, vector = 0): number[] {
    this.clear(queue);
    const size = (ENTRIES - 1) << 16 | queue;
    return [this.admin({ opcode: 5, prp1: AT.CQ + 0x1000 * queue, dw10: size, dw11: vector << 16 | 3 }).status, this.admin({ opcode: 1, prp1: AT.SQ + 0x1000 * queue, dw10: size, dw11: queue << 16 | 1 }).status];
  }
  /** Puts a command into a queue without its doorbell; its identifier. */
  put(queue: number, { opcode, nsid = 0, flags = 0, prp1 = 0, prp2 = 0, dw10 = 0, dw11 = 0, dw12 = 0, dw13 = 0 }: Command): number {
    const q = this.queues.get(queue)!, at = AT.SQ + 0x1000 * queue + 64 * q.tail, id = this.id++ & 0xffff;
    this.m.put(at, new Uint8Array(64));
    [opcode | flags << 8 | id << 16, nsid].forEach((word, i) => this.m.set32(at + 4 * i, word >>> 0));
    this.m.set64(at + 24, BigInt(prp1)); this.m.set64(at + 32, BigInt(prp2));
    [dw10, dw11, dw12, dw13].forEach((word, i) => this.m.set32(at + 40 + 4 * i, word >>> 0));
    q.tail = (q.tail + 1) % ENTRIES;
    return id;
  }
  has(queue: number): boolean { return this.queues.has(queue); }
  /** As if the queue were there. */
  pretend(queue: number): void { this.clear(queue); }
  ring(queue: number): void { this.bell(queue, false, this.queues.get(queue)!.tail); }
  /** What stands in a completion queue. */
  take(queue: number): Answer[] {
    const q = this.queues.get(queue)!, out: Answer[] = [];
    for (;;) {
      const at = AT.CQ + 0x1000 * queue + 16 * q.head, word = this.m.get32(at + 12);
      if ((word >>> 16 & 1) !== q.phase || out.length === ENTRIES) break;
      out.push({ status: word >>> 17, result: this.m.get32(at), id: word & 0xffff, head: this.m.get16(at + 8) });
      q.head = (q.head + 1) % ENTRIES;
      if (q.head === 0) q.phase ^= 1;
    }
    if (out.length > 0) this.bell(queue, true, q.head);
    return out;
  }
  /** One command to its end. */
  run(queue: number, command: Command): Answer {
    this.put(queue, command);
    this.ring(queue);
    for (let i = 0; i < 50; i++) {
      this.m.answer();
      this.m.pass();
      const [answer] = this.take(queue);
      if (answer !== undefined) return answer;
    }
    throw new Error(`command ${command.opcode} of queue ${queue} does not end`);
  }
  admin(command: Command): Answer { return this.run(0, command); }
  io(command: Command): Answer { return this.run(1, { nsid: 1, ...command }); }
}

export interface NvmeOptions { readOnly?: boolean; writethrough?: boolean; blockExp?: number; serial?: string }

/** A board with a controller on a disk of these bytes, as firmware leaves it. */
export async function makeNvme(bytes: Uint8Array, { readOnly, writethrough, blockExp = 0, serial = "S-1" }: NvmeOptions = {}): Promise<Nvme> {
  const m = await load("tests/unit/virtio/entry.ts", 1536);
  const call = (name: string, ...args: (number | bigint)[]): number => Number(m.exports[name]!(...args));
  if (call("addCard", CardKind.NVME, 0, 0n, 0n, 0, 0, 0) !== 0) throw new Error("controller refused");
  const options: [CardOption, bigint][] = [[CardOption.SECTORS, BigInt(bytes.length / 512)], [CardOption.READ_ONLY, readOnly ? 1n : 0n], [CardOption.WRITETHROUGH, writethrough ? 1n : 0n], [CardOption.LOGICAL_EXP, BigInt(blockExp)]];
  for (const [option, value] of options) call("giveOption", 0, option, value);
  const at = call("serialOfDrive", 0);
  new Uint8Array(m.memory.buffer, at, 1 + serial.length).set([serial.length, ...Buffer.from(serial)]);
  const machine = new StorageMachine(m, { count: 0 });
  machine.use([{ port: 0, bytes }]);
  return new Nvme(machine);
}
