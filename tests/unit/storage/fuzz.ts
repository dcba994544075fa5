// Hostile drivers of drives: noise at every register of a controller, half-sensible commands, a host that answers late and now and then with an error, media that come and go. Whatever
// was done, the host is never asked for what the medium has not, a CD is never written, and after a reset the drive reads.
import { Answer, RequestType } from "../../../assembly/surface/blocks.js";
import { CardKind } from "../../../assembly/surface/cards.js";
import { readAsked, setAnswer } from "../../../host/rings/blocks.js";
import type { ModuleInstance } from "../../../host/rings/instance.js";
import { Ahci, AT, P } from "./ahci-driver.js";
import { makeStorage, pattern, type StorageMachine } from "./machine.js";
import { randomOf } from "../virtio/fuzz.js";

type Random = (below: number) => number;
export interface Outcome { asked: number; failed: number; changed: number; resets: number }

/** Commands that controllers have branches for (ATA8-ACS, 7), and packets (MMC-6, 6); others come from noise. */
const ATA = [0x00, 0x06, 0x10, 0x20, 0x24, 0x25, 0x27, 0x29, 0x2f, 0x30, 0x34, 0x35, 0x39, 0x40, 0x42, 0x60, 0x61, 0x90, 0x91, 0xa0, 0xa1, 0xb0, 0xc4, 0xc5, 0xc6, 0xc8, 0xca, 0xe0, 0xe5, 0xe7, 0xea, 0xec, 0xef, 0xf8];
const PACKETS = [0x00, 0x03, 0x12, 0x1a, 0x1b, 0x1e, 0x25, 0x28, 0x2a, 0x2b, 0x42, 0x43, 0x46, 0x4a, 0x51, 0x52, 0x5a, 0xa8, 0xad, 0xbe, 0xb9];
const FLOPPY = [0x06, 0x46, 0xe6, 0x05, 0xc5, 0x4d, 0x0a, 0x4a, 0x07, 0x08, 0x0f, 0x8f, 0xcf, 0x03, 0x04, 0x0e, 0x10, 0x12, 0x13, 0x14, 0x94, 0x11, 0x16, 0x0c];
const SECTOR = 512, DISK = 256 * SECTOR, CD = 512 * SECTOR, DISKETTE = 2880 * SECTOR;
/** Steps between two resets, after which the drive must read. */
export const A_RESET = 500;

const pick = (r: Random, list: readonly number[]): number => (r(12) ? list[r(list.length)]! : r(256));
/** Mostly with an address and a length that the disc has. */
const packetOf = (r: Random): number[] => [pick(r, PACKETS), ...Array.from({ length: 11 }, (_, i) => (r(25) === 0 ? r(256) : [0, 0, 0, 0, r(130), 0, 0, 1 + r(4), r(4), 0, 0][i]!))];
const address = (r: Random): number => [r(4 << 20), r(4 << 20) & ~1, (4 << 20) - r(2048), 0xc0000000 + r(0x1000), r(2 ** 32)][r(20) ? r(2) : r(5)]!;

/** A drive, what is in it now, and what the host is asked of it. */
interface Content { cd: boolean; readOnly: boolean; bytes: Uint8Array; whole: Uint8Array }

class Host {
  readonly outcome: Outcome = { asked: 0, failed: 0, changed: 0, resets: 0 };
  constructor(readonly m: StorageMachine, readonly contents: readonly Content[]) {}

  private get instance(): ModuleInstance { return { view: this.m.m.view, bytes: new Uint8Array(this.m.m.memory.buffer) } as unknown as ModuleInstance; }

  answer(r: Random, fails = true): void {
    for (let again = true, rounds = 0; again && rounds < 100; rounds++) {
      again = false;
      this.contents.forEach((content, i) => {
        for (const one of readAsked(this.instance, this.m.call("diskTable", i))) {
          again = true;
          this.serve(content, one, fails && r(12) === 0);
        }
      });
      this.m.call("serviceRings");
    }
  }
  private serve({ bytes, cd, readOnly }: Content, one: ReturnType<typeof readAsked>[number], fail: boolean): void {
    this.outcome.asked++;
    const moves = one.type === RequestType.IN || one.type === RequestType.OUT;
    if (moves && one.at + one.data.length > bytes.length) throw new Error(`the host is asked for ${one.data.length} bytes from ${one.at} of ${bytes.length}`);
    if (one.type !== RequestType.IN && one.type !== RequestType.FLUSH && (cd || readOnly)) throw new Error(`request ${one.type} of a medium that cannot be written`);
    if (fail) this.outcome.failed++;
    else if (one.type === RequestType.IN) one.data.set(bytes.subarray(one.at, one.at + one.data.length));
    else if (one.type === RequestType.OUT) bytes.set(one.data, one.at);
    setAnswer(this.instance, one, fail ? Answer.IOERR : Answer.OK);
  }
  pass(r: Random, ns: number): void {
    this.m.call("setTicks", BigInt(this.m.call("nowNs") + ns));
    this.m.call("runTimers");
    this.answer(r);
  }
  /** Takes the medium out, or puts one of some size in, as the host does when nothing is asked. */
  change(r: Random, whole = false): void {
    const i = r(this.contents.length), content = this.contents[i]!;
    this.answer(r, !whole);
    this.m.call("askCard", i + 1);
    const sectors = content.whole.length / SECTOR;
    content.bytes = content.whole.subarray(0, SECTOR * (whole || r(3) ? sectors : [0, 4, 8][r(3)]!));
    this.m.call("changeCard", i + 1, BigInt(content.bytes.length / SECTOR), content.readOnly ? 1 : 0);
    this.outcome.changed++;
  }
  /** Everything is in again. */
  restore(r: Random): void {
    this.contents.forEach((content, i) => {
      content.bytes = content.whole;
      this.m.call("changeCard", i + 1, BigInt(content.bytes.length / SECTOR), content.readOnly ? 1 : 0);
    });
    for (let i = 0; i < 60; i++) this.pass(r, 60_000);
  }
}

/** What differs from controller to controller: a step of noise, and a read that must come out right after a reset. */
interface Hostile { access(r: Random): void; reads(r: Random): boolean }

async function fuzz(steps: number, seed: number, host: Host, { access, reads }: Hostile): Promise<Outcome> {
  const r = randomOf(seed);
  for (let step = 1; step <= steps; step++) {
    const kind = r(40);
    if (kind === 0) host.change(r);
    else if (kind < 4) host.answer(r);
    else {
      access(r);
      if (r(3)) host.pass(r, r(8) ? 60_000 : r(200_000));
    }
    if (step % A_RESET !== 0) continue;
    host.restore(r);
    if (!reads(r)) throw new Error(`seed ${seed}, step ${step}: the drive does not read after a reset`);
    host.outcome.resets++;
  }
  return host.outcome;
}

const contentOf = (bytes: number, cd = false): Content => {
  const whole = pattern(bytes, bytes);
  return { cd, readOnly: cd, bytes: whole, whole };
};
const same = (m: StorageMachine, at: number, wanted: Uint8Array): boolean => Buffer.compare(m.bytes(at, wanted.length), wanted) === 0;

export async function fuzzAhci(steps: number, seed: number): Promise<Outcome> {
  const contents = [contentOf(DISK), contentOf(CD, true)];
  const m = await makeStorage(CardKind.AHCI, contents.map(({ bytes, cd }, port) => ({ port, bytes, cd })));
  Object.defineProperty(m, "devfn", { value: 0xfa });
  m.writeConfig(4, 2, 7);
  const host = new Host(m, contents), ports = [0, 1].map((port) => new Ahci(m, port)), base = m.bar(5);
  const issue = (r: Random): void => {
    const d = ports[r(2)]!, slot = r(32), packet = d.port === 1 && r(4) ? packetOf(r) : undefined, count = r(8) ? 1 + r(8) : r(65536), queued = r(4) ? undefined : r(32);
    const pieces = Array.from({ length: r(6) }, () => [address(r), [512, 2048, 2, 1 + r(5000), 4 << 20][r(5)]!] as [number, number]);
    d.prepare(slot, { command: packet ? 0xa0 : pick(r, ATA), lba: r(6) ? r(300) : r(2 ** 32), count, feature: r(256), device: r(8) ? 0x40 : r(256), write: r(2) === 0, pieces, ...(packet ? { packet } : {}), ...(queued === undefined ? {} : { queued }) });
    if (r(20) === 0) m.set32(AT.LIST + 32 * slot, r(2 ** 32));
    if (r(20) === 0) m.set32(AT.LIST + 32 * slot + 8, address(r));
    if (queued !== undefined) d.setPx(P.SACT, 1 << (r(4) ? queued : slot));
    d.issue(r(10) ? 1 << slot : r(2 ** 32));
  };
  return fuzz(steps, seed, host, {
    access(r) {
      switch (r(8)) {
        case 0: return m.write(base + (r(3) ? r(0x30) : r(0x400)), 1 << r(4), BigInt(r(2 ** 32)));
        case 1: return m.write(base + 0x100 + r(0x100), 1 << r(3), r(2) ? r(2 ** 32) : 0x17);
        case 2: return void m.read(base + r(0x400), 1 << r(3));
        // A port stops at an error, and noise stops it, too.
        default: if (r(2)) ports.forEach((d) => d.start()); return issue(r);
      }
    },
    reads() {
      const d = ports[0]!;
      // Reset of the controller (10.4.3), and a port that is started anew.
      d.set(4, 1); m.settle(60); d.start();
      const { status } = d.run({ command: 0x25, lba: 7, count: 3 });
      return (status & 0x81) === 0 && same(m, AT.DATA, contents[0]!.bytes.subarray(7 * SECTOR, 10 * SECTOR));
    },
  });
}

export async function fuzzIde(steps: number, seed: number): Promise<Outcome> {
  const contents = [contentOf(DISK), contentOf(CD, true)];
  const m = await makeStorage(CardKind.IDE, contents.map(({ bytes, cd }, i) => ({ port: [0, 2][i]!, bytes, cd })), (one) => one.writeConfig(4, 2, 7));
  const host = new Host(m, contents), master = m.config(0x20) & ~3, TABLE = 0x80000;
  const data = (r: Random, base: number): void => {
    for (let i = r(r(4) ? 16 : 400); i >= 0; i--) r(2) ? void m.in(base, 2 << r(2)) : m.out(base, r(65536), 2 << r(2));
  };
  const command = (r: Random, base: number): void => {
    if (r(3)) { m.out(base + 0x206, 4); m.out(base + 0x206, 0); }
    for (const [at, value] of [[1, r(4)], [2, r(16)], [3, r(256)], [4, r(8) ? (base === 0x170 ? 8 : 0) : r(256)], [5, r(8) ? 0 : r(256)], [6, 0xa0 | (r(4) ? 0x40 : 0) | (r(6) ? 0 : 16) | (r(9) ? 0 : r(16))]] as const) m.out(base + at, value);
    const packet = base === 0x170 && r(4) !== 0;
    m.out(base + 7, packet ? 0xa0 : pick(r, ATA));
    if (packet) for (let i = 0, bytes = packetOf(r); i < 12; i += 2) m.out(base, bytes[i]! | bytes[i + 1]! << 8, 2);
  };
  const table = (r: Random, at: number): void => {
    for (let i = 0, n = 1 + r(4); i < n; i++) { m.set32(TABLE + 8 * i, address(r)); m.set32(TABLE + 8 * i + 4, (r(4) ? 512 * r(128) : r(65536)) | (i === n - 1 && r(10) ? 1 << 31 : 0)); }
    m.out(at + 4, r(15) ? TABLE : address(r), 4);
    m.out(at, [0, 1, 8, 9, r(256)][r(5)]!);
  };
  return fuzz(steps, seed, host, {
    access(r) {
      const channel = r(2), base = channel ? 0x170 : 0x1f0, at = master + 8 * channel;
      switch (r(9)) {
        case 0: return m.out(base + r(8), r(256), 1);
        case 1: return void m.in(base + r(8), 1 << r(3));
        case 2: return m.out(base + 0x206, r(8) ? r(2) * 2 : r(256));
        case 3: return r(2) ? m.out(at + r(8), r(256), 1 << r(3)) : void m.in(at + r(8), 1 << r(3));
        case 4: return table(r, at);
        case 5: return data(r, base);
        default: return command(r, base);
      }
    },
    reads() {
      m.out(master, 0); m.out(0x3f6, 6); m.out(0x3f6, 2); m.settle(20);
      for (const [at, value] of [[2, 1], [3, 9], [4, 0], [5, 0], [6, 0xe0], [7, 0x20]] as const) m.out(0x1f0 + at, value);
      m.settle(10);
      const got = Buffer.alloc(SECTOR);
      for (let i = 0; i < SECTOR; i += 2) got.writeUInt16LE(m.in(0x1f0, 2) & 0xffff, i);
      return Buffer.compare(got, contents[0]!.bytes.subarray(9 * SECTOR, 10 * SECTOR)) === 0;
    },
  });
}

export async function fuzzFloppy(steps: number, seed: number): Promise<Outcome> {
  const contents = [contentOf(DISKETTE), contentOf(DISKETTE)];
  const m = await makeStorage(CardKind.FDC, contents.map(({ bytes }, port) => ({ port, bytes, floppy: CardKind.FLOPPY })));
  const host = new Host(m, contents), DATA = 0x23000;
  const channel = (mode: number, at: number, bytes: number): void => {
    m.out(0x0a, 6); m.out(0x0c, 0); m.out(0x0b, mode);
    for (const [port, value] of [[4, at & 255], [4, at >> 8 & 255], [5, bytes - 1 & 255], [5, bytes - 1 >> 8 & 255], [0x81, at >> 16 & 255], [0x0a, 2]] as const) m.out(port, value);
  };
  const command = (r: Random): void => {
    if (r(3)) channel(r(2) ? 0x46 : r(4) ? 0x4a : r(256), r(1 << 24), 512 * r(40));
    const drive = r(6) ? r(2) : r(4), head = r(2), cylinder = r(6) ? r(80) : r(256);
    if (r(4)) {
      // To the cylinder, as a driver goes there; what follows then finds it.
      m.out(0x3f2, 0); m.out(0x3f4, 0); m.out(0x3f7, 0); m.out(0x3f2, 0x3c | drive & 1);
      host.pass(r, 60_000);
      for (const byte of [8, 8, 8, 8, 3, 0xaf, 2, 0x0f, head << 2 | drive, cylinder, 8]) { m.out(0x3f5, byte); for (let i = 0; i < 2; i++) if ((m.in(0x3f4) & 0xd0) === 0xd0) m.in(0x3f5); }
    }
    for (const byte of [pick(r, FLOPPY), head << 2 | drive, cylinder, head, r(6) ? 1 + r(18) : r(256), r(8) ? 2 : r(8), r(6) ? 18 : r(256), 0x1b, 0xff].slice(0, r(4) ? 9 : r(10))) m.out(0x3f5, byte);
  };
  return fuzz(steps, seed, host, {
    access(r) {
      switch (r(8)) {
        case 0: return m.out(0x3f0 + r(8), r(256));
        case 1: return void m.in(0x3f0 + r(8));
        case 2: return m.out(0x3f2, r(4) ? 0x1c | r(2) : r(256));
        case 3: return m.out([r(16), 0x80 + r(16), 0xc0 + r(32)][r(3)]!, r(256));
        case 4: return void m.in([r(16), 0x80 + r(16), 0xc0 + r(32)][r(3)]!);
        case 5: for (let i = 0; i < 16; i++) m.in(0x3f5); return;
        default: return command(r);
      }
    },
    reads() {
      m.out(0x0d, 0); m.out(0xda, 0); m.out(0xd6, 0xc0); m.out(0xd4, 0);
      m.out(0x3f2, 0); m.out(0x3f4, 0); m.out(0x3f7, 0); m.out(0x3f2, 0x1c); m.settle(5);
      const answer = (): number[] => { const out: number[] = []; while ((m.in(0x3f4) & 0xd0) === 0xd0 && out.length < 20) out.push(m.in(0x3f5)); return out; };
      const say = (...bytes: number[]): number[] => { for (const byte of bytes) m.out(0x3f5, byte); m.settle(5); return answer(); };
      for (let n = 0; n < 4; n++) say(8);
      say(0x14); say(0x12, 0); say(0x13, 0, 0, 0); say(3, 0xaf, 2); say(7, 0); say(8); say(0x0f, 0, 1); say(8); say(0x0f, 0, 0); say(8);
      channel(0x46, DATA, SECTOR);
      return (say(0x46, 0, 0, 0, 5, 2, 18, 0x1b, 0xff)[0] ?? 0xff) < 0x40 && same(m, DATA, contents[0]!.bytes.subarray(4 * SECTOR, 5 * SECTOR));
    },
  });
}
