// A board with one controller and its drives, as firmware leaves it, and a host that answers their requests from bytes in memory.
import { CardKind, CardOption } from "../../../assembly/surface/cards.js";
import { Answer, RequestType } from "../../../assembly/surface/blocks.js";
import { readAsked, setAnswer } from "../../../host/rings/blocks.js";
import type { ModuleInstance } from "../../../host/rings/instance.js";
import { load } from "../../support/compile.js";
import { TestMachine } from "../virtio/machine.js";

export interface DriveOptions { port: number; cd?: boolean; bytes: Uint8Array; readOnly?: boolean; writethrough?: boolean; floppy?: number }

export class StorageMachine extends TestMachine {
  /** Types of requests that the host was asked, in their order; those it is to fail. */
  readonly asked: number[] = [];
  failing = new Set<number>();
  private drives: DriveOptions[] = [];

  use(drives: DriveOptions[]): void { this.drives = drives; }

  /** The host answers what it has been asked, until nothing is. */
  answer(): void {
    const instance = { view: this.m.view, bytes: new Uint8Array(this.m.memory.buffer) } as unknown as ModuleInstance;
    for (let again = true; again; ) {
      again = false;
      this.drives.forEach(({ bytes }, i) => {
        for (const one of readAsked(instance, this.call("diskTable", i))) {
          again = true;
          this.asked.push(one.type);
          if (one.type === RequestType.IN) one.data.set(bytes.subarray(one.at, one.at + one.data.length));
          if (one.type === RequestType.OUT) bytes.set(one.data, one.at);
          if (one.type === RequestType.DISCARD) for (let at = 0; at < one.data.length; at += 16) { const range = new DataView(one.data.buffer, one.data.byteOffset + at, 16), from = Number(range.getBigUint64(0, true)) * 512; bytes.fill(0, from, from + range.getUint32(8, true) * 512); }
          setAnswer(instance, one, this.failing.has(one.type) ? Answer.IOERR : Answer.OK);
        }
      });
      this.call("serviceRings");
    }
  }
  /** Time passes: timers fire, and the host answers what they ask. */
  pass(ns = 60_000): void {
    this.call("setTicks", BigInt(this.call("nowNs") + ns));
    this.call("runTimers");
    this.answer();
  }
  /** Until nothing is under way. */
  settle(times = 200): void { for (let i = 0; i < times; i++) { this.answer(); this.pass(); } }
  in(port: number, bytes = 1): number { return this.call("portRead", port, bytes) >>> 0; }
  out(port: number, value: number, bytes = 1): void { this.call("portWrite", port, bytes, value); }
}

/** A controller at the first slot of the list, or the board's place. */
export async function makeStorage(kind: CardKind, drives: DriveOptions[], before: (m: StorageMachine) => void = () => undefined): Promise<StorageMachine> {
  const m = await load("tests/unit/virtio/entry.ts", 1536);
  const call = (name: string, ...args: (number | bigint)[]): number => Number(m.exports[name]!(...args));
  if (call("addCard", kind, 0, 0n, 0n, 0, 0, 0) !== 0) throw new Error("controller refused");
  drives.forEach(({ port, cd, bytes, readOnly, writethrough, floppy }, i) => {
    const card = call("addCard", floppy === undefined ? (cd ? CardKind.IDE_CD : CardKind.IDE_DISK) : floppy, 0, 0n, 0n, 0, 0, 0);
    if (card !== i + 1) throw new Error("drive refused");
    const options: [CardOption, bigint][] = [[CardOption.CONTROLLER, 0n], [CardOption.UNIT, BigInt(port)], [CardOption.SECTORS, BigInt(bytes.length / 512)], [CardOption.READ_ONLY, readOnly ? 1n : 0n], [CardOption.WRITETHROUGH, writethrough ? 1n : 0n]];
    for (const [option, value] of options) call("giveOption", card, option, value);
  });
  const machine = Object.assign(new StorageMachine(m, { count: 0 }), {});
  machine.use(drives);
  before(machine);
  return machine;
}

/** Bytes that are nobody's by chance. */
export function pattern(bytes: number, seed = 1): Uint8Array {
  const out = new Uint8Array(bytes);
  for (let i = 0, x = seed; i < bytes; i++) { x = (Math.imul(x, 1664525) + 1013904223) >>> 0; out[i] = x >>> 24; }
  return out;
}
