// The board under test: the module with 1 MiB of RAM, attached and reset, and shorthand for the buses.
import { load, text, type Instance, type Value } from "../../support/compile.js";

export interface Board {
  m: Instance;
  inb(port: number): number;
  outb(port: number, value: number): void;
  read32(gpa: number | bigint): number;
  write32(gpa: number | bigint, value: number): void;
  call(name: string, ...args: Value[]): number;
  /** Virtual time in ns; at rate 1 a tick is a ns. Fires what is due on the way, each timer at its own time. */
  advance(ns: number | bigint): void;
  now(): bigint;
  /** Takes every interrupt that waits, as vectors. */
  takeAll(): number[];
  waiting(): boolean;
  readRing(id: number): string;
  writeRing(id: number, data: string): void;
  counter(name: string, unit?: string): number;
}

const PAGES = 1536;

export async function makeBoard(): Promise<Board> {
  const m = await load("tests/unit/board/entry.ts", PAGES);
  const x = m.exports;
  const call = (name: string, ...args: Value[]): number => {
    const f = x[name];
    if (!f) throw new Error(`no export ${name}`);
    return Number(f(...args));
  };
  const now = (): bigint => x.nowNs!() as bigint;
  call("setRamSize", 1n << 20n);
  call("attachChipset");
  call("attachPci");
  call("resetChipset");
  call("resetPci");
  call("setSlice", 1n << 62n);
  const ringPart = (id: number, what: number): number => call("ringAt", id, what);
  return {
    m, call, now,
    inb: (port) => call("portRead", port, 1),
    outb: (port, value) => { call("portWrite", port, 1, value); },
    read32: (gpa) => Number(x.mmioRead!(BigInt(gpa), 4)),
    write32: (gpa, value) => { x.mmioWrite!(BigInt(gpa), 4, BigInt(value >>> 0)); },
    advance(ns) {
      const end = now() + BigInt(ns);
      for (;;) {
        const next = x.nextDeadlineNs!() as bigint;
        const at = BigInt.asUintN(64, next) < end ? BigInt.asUintN(64, next) : end;
        if (at > now()) x.setTicks!(at);
        x.runTimers!();
        if (now() >= end && BigInt.asUintN(64, x.nextDeadlineNs!() as bigint) > end) return;
      }
    },
    takeAll() {
      const taken: number[] = [];
      for (let v = call("acknowledge"); v >= 0 && taken.length < 1000; v = call("acknowledge")) taken.push(v);
      return taken;
    },
    waiting: () => (call("events") & 1) !== 0,
    readRing(id) {
      const [data, size, head, tail] = [0, 1, 2, 3].map((what) => ringPart(id, what)) as [number, number, number, number];
      let out = "";
      let at = m.view.getUint32(tail, true);
      for (; at !== m.view.getUint32(head, true); at = (at + 1) >>> 0) out += String.fromCharCode(m.view.getUint8(data + (at & (size - 1))));
      m.view.setUint32(tail, at, true);
      return out;
    },
    writeRing(id, bytes) {
      const [data, size, head] = [0, 1, 2].map((what) => ringPart(id, what)) as [number, number, number];
      let at = m.view.getUint32(head, true);
      for (const c of bytes) { m.view.setUint8(data + (at & (size - 1)), c.charCodeAt(0)); at = (at + 1) >>> 0; }
      m.view.setUint32(head, at, true);
      call("serviceRings");
    },
    counter(name, unit) {
      for (let id = 0; id < call("counterIds"); id++) {
        if (text(m, call("counterName", id)) !== name) continue;
        if (unit && text(m, call("counterUnit", id)) !== unit) continue;
        return Number(m.view.getBigUint64(call("counterAddress", id), true));
      }
      throw new Error(`no counter ${name}`);
    },
  };
}
