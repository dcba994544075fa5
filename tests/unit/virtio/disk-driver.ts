// A mock driver of virtio-blk, and the host's side of the disk it drives: a real DiskPort over the test machine's memory.
import type { Disk } from "../../../host/disk/disk.js";
import { DiskPort } from "../../../host/disk/port.js";
import type { ModuleInstance } from "../../../host/rings/instance.js";
import { Driver, type Buffer, type Ring } from "./driver.js";
import { makeMachine, type TestMachine } from "./machine.js";

export const B = { size_max: 1, seg_max: 2, geometry: 4, ro: 5, blk_size: 6, flush: 9, topology: 10, config_wce: 11, mq: 12, discard: 13, write_zeroes: 14 } as const;
export const want = (...names: (keyof typeof B)[]): bigint => names.reduce((sum, name) => sum | 1n << BigInt(B[name]), 1n << 32n);
export const IN = 0, OUT = 1, FLUSH = 4, GET_ID = 8, DISCARD = 11, WRITE_ZEROES = 13;
export const OK = 0, IOERR = 1, UNSUPP = 2;

export const SECTORS = 8192;
const RINGS = 0x10000;
/** Headers and status bytes, one a request; data are where a test puts them. */
const HEADERS = 0x80000;
const STATUSES = 0x90000;
export const DATA = 0x100000;
const QUEUE_SIZE = 128;

export interface DiskOptions { detail?: number; masked?: bigint; sectors?: number; queues?: number; features?: bigint; unsafe?: boolean }

export class DiskDriver {
  readonly d: Driver;
  readonly rings: Ring[];
  readonly port: DiskPort;
  private made = 0;
  private now = 0n;

  constructor(readonly m: TestMachine, disk: Disk, options: DiskOptions) {
    const instance = { view: m.m.view, bytes: new Uint8Array(m.m.memory.buffer) } as unknown as ModuleInstance;
    this.port = new DiskPort(instance, m.call("diskTable", 0), { disk, writethrough: false, unsafe: options.unsafe ?? false }, "serial-of-20-bytes!!", "drive d");
    this.d = new Driver(m);
    if (!(this.d.negotiate(options.features ?? want("flush", "discard", "write_zeroes")) & 8)) throw new Error("features refused");
    this.rings = Array.from({ length: options.queues ?? 1 }, (_, i) => this.d.enable(i, QUEUE_SIZE, RINGS + i * 0x4000));
    this.d.status = 15;
  }

  /** Offers a request; where its status byte will be. Pieces of data lie at DATA unless given. */
  send(type: number, sector: number | bigint, data: readonly Buffer[] = [], ring = this.rings[0]!, doorbell = true): number {
    const n = this.made++ & 0xfff, header = HEADERS + 16 * n, status = STATUSES + n;
    this.m.set32(header, type); this.m.set32(header + 4, 0); this.m.set64(header + 8, BigInt(sector));
    this.m.set8(status, 0xff);
    ring.add([{ at: header, bytes: 16 }, ...data, { at: status, bytes: 1, write: true }], doorbell);
    return status;
  }
  statusOf(at: number): number { return this.m.bytes(at, 1)[0]!; }

  /** The host answers until nothing is asked any more; how many rounds that took. */
  async serve(): Promise<number> {
    let rounds = 0;
    for (; this.port.busy; rounds++) {
      await this.port.answer();
      this.m.call("serviceRings");
    }
    return rounds;
  }
  /** Virtual time passes, and completions come. */
  pass(ns = 60_000n): void {
    this.now += ns;
    this.m.call("setTicks", this.now);
    this.m.call("runTimers");
  }
  /** One request from doorbell to completion; its status. */
  async ask(type: number, sector: number | bigint, data: readonly Buffer[] = [], ring = this.rings[0]!): Promise<number> {
    const status = this.send(type, sector, data, ring);
    await this.serve();
    this.pass();
    ring.take();
    return this.statusOf(status);
  }
}

export async function makeDisk(disk: Disk, options: DiskOptions = {}): Promise<DiskDriver> {
  const m = await makeMachine({ kind: 3, mac: BigInt(options.sectors ?? SECTORS), mtu: options.detail ?? (options.queues ?? 1) << 8, masked: options.masked ?? 0n, vectors: 9 });
  return new DiskDriver(m, disk, options);
}

/** A disk in memory that notes what is done with it. */
export function noted(bytes = SECTORS * 512): Disk & { content: Uint8Array; log: string[] } {
  const content = new Uint8Array(bytes), log: string[] = [];
  return {
    content, log, bytes, readOnly: false,
    read(at, into) { log.push(`read ${at} ${into.length}`); into.set(content.subarray(at, at + into.length)); },
    write(at, from) { log.push(`write ${at} ${from.length}`); content.set(from, at); },
    flush() { log.push("flush"); },
    zero(at, length, unmap) { log.push(`zero ${at} ${length} ${unmap}`); content.fill(0, at, at + length); },
    discard(at, length) { log.push(`discard ${at} ${length}`); },
    close: async () => undefined,
  };
}
