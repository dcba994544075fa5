// A hostile driver of the NVMe controller: registers, doorbells, commands of noise or nearly right, lists of pages anywhere, a host that fails now and then. Whatever was done, the host is
// never asked for what the disk has not, a disk that cannot be written is not, and after a reset of the controller the disk reads.
import { Answer, RequestType } from "../../../assembly/surface/blocks.js";
import { readAsked, setAnswer } from "../../../host/rings/blocks.js";
import type { ModuleInstance } from "../../../host/rings/instance.js";
import { randomOf } from "../virtio/fuzz.js";
import { A_RESET, type Outcome } from "./fuzz.js";
import { pattern } from "./machine.js";
import { AT, makeNvme, R, type Command, type Nvme } from "./nvme-driver.js";

type Random = (below: number) => number;
const SECTOR = 512, DISK = 1024 * SECTOR;
const ADMIN = [0, 1, 2, 4, 5, 6, 8, 9, 10, 12];
const IO = [0, 1, 2, 2, 2, 5, 8, 9];

class Hostile {
  readonly outcome: Outcome = { asked: 0, failed: 0, changed: 0, resets: 0 };
  constructor(readonly d: Nvme, readonly disk: Uint8Array, readonly readOnly: boolean) {}

  answer(r: Random, fails = true): void {
    const { m } = this.d, instance = { view: m.m.view, bytes: new Uint8Array(m.m.memory.buffer) } as unknown as ModuleInstance;
    for (let rounds = 0; rounds < 100; rounds++) {
      const asked = readAsked(instance, m.call("diskTable", 0));
      for (const one of asked) {
        const fail = fails && r(12) === 0;
        this.check(one);
        if (fail) this.outcome.failed++;
        else if (one.type === RequestType.IN) one.data.set(this.disk.subarray(one.at, one.at + one.data.length));
        setAnswer(instance, one, fail ? Answer.IOERR : Answer.OK);
      }
      m.call("serviceRings");
      if (asked.length === 0) return;
    }
    throw new Error("the host is asked without an end");
  }
  /** Nothing is written, so that what is read can be told. */
  private check({ type, at, data }: ReturnType<typeof readAsked>[number]): void {
    this.outcome.asked++;
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    const ranges = type === RequestType.IN || type === RequestType.OUT ? [[at, data.length] as const]
      : type === RequestType.FLUSH ? [] : Array.from({ length: data.length / 16 }, (_, i) => [Number(view.getBigUint64(16 * i, true)) * SECTOR, view.getUint32(16 * i + 8, true) * SECTOR] as const);
    for (const [from, bytes] of ranges) if (from + bytes > DISK) throw new Error(`request ${type} for ${bytes} bytes from ${from} of ${DISK}`);
    if (this.readOnly && type !== RequestType.IN) throw new Error(`request ${type} of a disk that cannot be written`);
  }
  pass(r: Random, ns: number, fails = true): void {
    this.d.m.call("setTicks", BigInt(this.d.m.call("nowNs") + ns));
    this.d.m.call("runTimers");
    this.answer(r, fails);
  }
}

const address = (r: Random): number => [AT.DATA + 0x1000 * r(64), AT.LIST + r(0x2000), AT.SQ + r(0x8000), r(4 << 20), (4 << 20) - r(0x2000), 0xf000_0000, r(2 ** 32)][r(3) ? 0 : r(7)]!;

function commandOf(r: Random, queue: number): Command {
  const admin = queue === 0, opcode = r(10) ? (admin ? ADMIN : IO)[r(admin ? ADMIN.length : IO.length)]! : r(256), id = 1 + r(r(4) ? 3 : 12);
  const make = admin && (opcode === 1 || opcode === 5);
  const fields = admin
    ? { dw10: make ? (r(8) ? 15 : r(0x1000)) << 16 | id : r(3) ? r(12) | r(64) << 16 : r(2 ** 32), dw11: make ? (opcode === 1 ? id : r(12)) << 16 | 3 : r(3) ? r(32) << 16 : r(2 ** 32) }
    : { dw10: r(10) ? r(1100) : r(2 ** 32), dw11: r(12) ? (opcode === 9 ? 4 : 0) : r(2 ** 32) };
  return { opcode, nsid: r(10) ? (admin && r(2) ? 0 : 1) : [0, 2, 0xffffffff, r(2 ** 32)][r(4)]!, flags: r(30) ? 0 : r(256), prp1: address(r), prp2: address(r), ...fields, dw12: r(8) ? r(520) : r(2 ** 32) };
}

function listOf(r: Random, d: Nvme): void {
  for (let i = 0, at = AT.LIST + 8 * r(512); i < 70; i++) d.m.set64(at + 8 * i, BigInt(r(12) ? AT.DATA + 0x1000 * r(64) : address(r)));
}

/** Another driver takes over, and makes queues without waiting for one after the other. */
function restart(r: Random, d: Nvme): void {
  d.start(r(8) ? 0 : r(6));
  for (let queue = 1; queue < 4; queue++) {
    d.pretend(queue);
    d.put(0, { opcode: 5, prp1: AT.CQ + 0x1000 * queue, dw10: 15 << 16 | queue, dw11: 3 });
    d.put(0, { opcode: 1, prp1: AT.SQ + 0x1000 * queue, dw10: 15 << 16 | queue, dw11: queue << 16 | 1 });
  }
  d.ring(0);
}

function step(r: Random, d: Nvme): void {
  switch (r(12)) {
    // Most of what else is written stops the controller.
    case 0: return d.m.write(d.base + (r(20) ? R.INTMS + 4 * r(2) : r(0x40)), r(4) ? 4 : 1 << r(4), BigInt(r(2 ** 32)));
    case 1: return d.m.write(d.base + R.DOORBELLS + r(r(4) ? 0x50 : 0x400), 4, r(20));
    case 2: return void d.m.read(d.base + r(r(2) ? 0x50 : 0x2000), 1 << r(4));
    case 3: return listOf(r, d);
    case 4: if (r(6) === 0) restart(r, d); return;
    default: {
      const queue = r(3) ? 1 + r(3) : 0;
      if (!d.has(queue)) return d.pretend(queue);
      for (let i = r(6); i >= 0; i--) d.put(queue, commandOf(r, queue));
      d.ring(queue);
      if (r(2)) d.take(queue);
    }
  }
}

export async function fuzzNvme(steps: number, seed: number): Promise<Outcome> {
  const r = randomOf(seed), disk = pattern(DISK, DISK), readOnly = seed % 2 === 0, d = await makeNvme(disk, { readOnly }), host = new Hostile(d, disk, readOnly);
  const { m } = d, { answer, pass } = m;
  const begin = (): void => {
    Object.assign(m, { answer: () => host.answer(r, false), pass: () => host.pass(r, 60_000, false) });
    d.start();
    if (d.pair(1).some((status) => status !== 0)) throw new Error(`seed ${seed}: no queues after a reset`);
    if (d.io({ opcode: 2, prp1: AT.DATA, dw10: 7, dw12: 2 }).status !== 0 || Buffer.compare(m.bytes(AT.DATA, 3 * SECTOR), disk.subarray(7 * SECTOR, 10 * SECTOR)) !== 0) throw new Error(`seed ${seed}: the disk does not read after a reset`);
    Object.assign(m, { answer, pass });
  };
  begin();
  for (let n = 1; n <= steps; n++) {
    step(r, d);
    if (r(3)) host.pass(r, r(8) ? 60_000 : r(200_000));
    if (n % A_RESET !== 0) continue;
    for (let i = 0; i < 60; i++) host.pass(r, 60_000);
    begin();
    host.outcome.resets++;
  }
  return host.outcome;
}
