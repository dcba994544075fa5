// Seeded noise against a virtio card: register writes of any width, half-sensible rings, frames, and a host that answers disks at
// random. Ends with an account of what the machine must have kept.
import { bits, Driver } from "./driver.js";
import { makeMachine, type TestMachine } from "./machine.js";

export interface Outcome { steps: number; failures: number; resets: number; moved: number }

/** xorshift32. */
export function randomOf(seed: number): (below: number) => number {
  let x = seed >>> 0 || 1;
  return (below) => { x ^= x << 13; x >>>= 0; x ^= x >>> 17; x ^= x << 5; x >>>= 0; return x % below; };
}

const RINGS = 0x10000;
const COMMON = [0, 4, 8, 0xc, 0x10, 0x12, 0x14, 0x16, 0x18, 0x1a, 0x1c, 0x20, 0x24, 0x28, 0x2c, 0x30, 0x34, 0x38, 0x3a];

/** An address that is mostly memory, now and then not. */
function address(r: (n: number) => number): bigint {
  const kind = r(150);
  if (kind === 0) return BigInt(r(0x100000000)) << 32n | BigInt(r(0x100000000));
  if (kind === 1) return 0xc0000000n + BigInt(r(0x10000));
  if (kind === 2) return (4n << 20n) - BigInt(r(64));
  return BigInt(r(4 << 20));
}

function bytesOf(r: (n: number) => number): number { return [0, 1, 12, 16, 60, 512, 4096, 65536, r(0x100000000), r(3000)][r(10)]!; }

function scribble(m: TestMachine, r: (n: number) => number, size: number, queues: number): void {
  for (let i = r(8); i >= 0; i--) {
    const queue = r(queues), base = RINGS + queue * 0x4000, at = base + 16 * r(size);
    m.set64(at, address(r)); m.set32(at + 8, r(12) ? [16, 12, 100, 512, 1, 1600][r(6)]! : bytesOf(r));
    m.set16(at + 12, r(4) ? r(4) : r(65536)); m.set16(at + 14, r(4) ? r(size) : r(65536));
    m.set16(base + 0x2004 + 2 * r(size), r(8) ? r(size) : r(65536));
    if (r(3) === 0) m.set32(r(4 << 18) * 4, r(32));
  }
}

/** The same for packed rings: mostly the place that the device looks at next, in either round. */
function scribblePacked(m: TestMachine, r: (n: number) => number, size: number, seen: Uint32Array): void {
  const queue = r(seen.length), base = RINGS + queue * 0x4000;
  for (let i = r(6); i >= 0; i--) {
    const place = r(6) ? seen[queue]! % size : r(size), at = base + 16 * place, round = seen[queue]! / size & 1;
    m.set64(at, address(r)); m.set32(at + 8, r(12) ? [16, 12, 100, 512, 1, 1600][r(6)]! : bytesOf(r));
    m.set16(at + 12, r(8) ? r(size) : r(65536));
    m.set16(at + 14, r(12) ? (r(4) ? r(3) : r(8)) | (round ? 0x8000 : 0x80) : r(65536));
    if (place === seen[queue]! % size) seen[queue]!++;
  }
  if (r(3) === 0) m.set32(base + 0x2000, r(4) ? r(4) << 16 | r(65536) : r(0x100000000));
  // What the device has done since is where it says it wants the next doorbell.
  const want = m.get32(base + 0x3000);
  if (want >>> 16 === 2 && (want & 0x7fff) < size) seen[queue] = (want & 0x7fff) + (want & 0x8000 ? 0 : size);
}

/** A frame for the guest: noise, or a TCP segment that wants something done, now and then with a field that is wrong. */
function frameFor(m: TestMachine, r: (n: number) => number): void {
  const bytes = 14 + r(r(20) ? 3000 : 65000), frame = new Uint8Array(bytes).fill(r(256));
  const six = r(2), head = six ? [0x60, 0, 0, 0, bytes - 54 >> 8, bytes - 54 & 255, 6, 64] : [0x45, 0, bytes - 14 >> 8, bytes - 14 & 255, 0, 0, 0, 0, 64, 6];
  if (bytes >= 100 && r(3)) {
    frame.set([r(3) ? 0x52 : 0xff, 0x54, 0, 0x12, 0x34, 0x56, 2, 0, 0, 0, 0, 9, ...(six ? [0x86, 0xdd] : [8, 0]), ...head]);
    frame[six ? 66 : 46] = r(8) ? 0x50 : r(256);
    if (r(8) === 0) frame[12 + r(20)] = r(256);
  }
  m.giveFrame(frame, { flags: r(4), gsoType: r(8) ? [0, six ? 4 : 1][r(2)]! : r(256), gsoSize: r(8) ? 100 + r(1500) : r(20), csumStart: r(8) ? (six ? 54 : 34) : r(65536), csumOffset: r(8) ? 16 : r(65536) });
}

/** The host's side of a console's two ports: takes what was sent, types something, listens or not, changes the size. */
function useConsole(m: TestMachine, r: (n: number) => number): void {
  const port = r(2), view = m.m.view, part = (ring: number, which: number): number => m.call("ringAt", ring, which);
  const sent = 48 + 2 * port, typed = sent + 1, words = m.call("stream", port);
  view.setUint32(part(sent, 3), view.getUint32(part(sent, 2), true), true);
  const size = part(typed, 1), head = part(typed, 2), fill = view.getUint32(head, true) - view.getUint32(part(typed, 3), true) >>> 0;
  view.setUint32(head, view.getUint32(head, true) + r(Math.max(1, Math.min(300, size - fill))) >>> 0, true);
  if (r(8) === 0) view.setUint32(words, r(2), true);
  if (r(8) === 0) view.setUint32(words + 4, r(0x100000000), true);
}

/** Where buffers often lie: now and then a command for the control queue. */
function commandAt(m: TestMachine, r: (n: number) => number, queue: number, size: number): void {
  const base = RINGS + queue * 0x4000, place = base + 16 * r(size), at = 0x80000 + 64 * r(16);
  m.put(at, [r(6), r(3), r(4), 0, 0, 0, r(3), r(256), r(256), r(256), 0, 0]);
  m.set64(place, BigInt(at));
  m.set32(place + 8, [3, 4, 8, 10][r(4)]!);
}

/** Guards around guest RAM: what no device may touch. */
function guards(m: TestMachine): () => boolean {
  const all = new Uint8Array(m.m.memory.buffer), end = m.ram + (4 << 20);
  const after = all.subarray(end, end + 65536).fill(0xa5);
  const below = all.slice(1024, 65536);
  return () => after.every((b) => b === 0xa5) && below.every((b, i) => all[1024 + i] === b);
}

function answerDisk(m: TestMachine, r: (n: number) => number): void {
  const table = m.call("diskTable", 0), view = m.m.view;
  for (let i = view.getUint32(table, true) - 1; i >= 0 && i < 64; i--) view.setUint32(table + 64 + 64 * i + 4, r(5) ? 0 : r(0x100000000), true);
}

/** A request to a disk, as the next chain of a split ring: mostly one that makes sense. */
function requestAt(m: TestMachine, r: (n: number) => number, queue: number, size: number): void {
  const base = RINGS + queue * 0x4000, head = r(size), header = 0x80000 + 16 * r(64), write = r(2);
  m.set32(header, [0, 1, 4, 8, 11, 13, write, r(20)][r(8)]!);
  m.set64(header + 8, r(10) ? BigInt(r(4200)) : BigInt(r(0x100000000)) << 32n | BigInt(r(0x100000000)));
  const pieces: [bigint, number, number][] = [[BigInt(header), 16, 0], [r(30) ? BigInt(r(4 << 20)) : address(r), r(10) ? 512 * r(r(8) ? 64 : 4096) : r(3) ? 16 * r(20) : bytesOf(r), write ? 2 : 0], [BigInt(0x90000 + r(4096)), 1, 2]];
  pieces.forEach(([at, bytes, flags], i) => {
    const d = base + 16 * ((head + i) % size);
    m.set64(d, at); m.set32(d + 8, bytes); m.set16(d + 12, flags | (i < 2 ? 1 : 0)); m.set16(d + 14, (head + i + 1) % size);
  });
  const index = m.get16(base + 0x2002);
  m.set16(base + 0x2004 + 2 * (index % size), head);
  m.set16(base + 0x2002, index + 1 & 0xffff);
}

/** `packed`: every driver negotiates packed rings; else none does. Of a network card, odd seeds have two pairs of queues; a console has two ports, a disk three queues, a random source a rate. */
export async function fuzz(kind: number, seed: number, steps: number, packed = false): Promise<Outcome> {
  const pairs = kind === 1 && seed % 2 ? 2 : 1, queues = kind === 4 ? 6 : pairs === 2 ? 5 : 3;
  const m = await makeMachine({ kind, mac: [0n, 0x563412005452n, 5000n | 1n << 32n, 4096n, 0n][kind]!, mtu: [0, 0, 0, 3 << 8, 3 | 1 << 8 | 2 << 16][kind]!, queues: pairs });
  const r = randomOf(seed), d = new Driver(m), intact = guards(m), size = 16, seen = new Uint32Array(queues);
  let resets = 0;
  const begin = (): void => {
    resets++;
    m.writeConfig(4, 2, 7);
    const always = bits("version_1") | (packed ? bits("packed", "event_idx") : 0n);
    d.negotiate(d.offered() & (BigInt(r(0x100000000)) | BigInt(r(0x100000000)) << 32n | always) & (packed ? -1n : ~bits("packed")));
    for (let i = 0; i < queues; i++) (packed ? d.enablePacked(i, size, RINGS + i * 0x4000, r(5)) : d.enable(i, size, RINGS + i * 0x4000, r(5)));
    seen.fill(0);
    d.status = 15;
  };
  begin();
  for (let step = 0; step < steps; step++) {
    switch (r(12)) {
      case 0: m.write(d.common + COMMON[r(COMMON.length)]! , 1 << r(4), BigInt(r(0x100000000))); break;
      case 1: m.write(d.common + r(0x4000), 1 << r(4), BigInt(r(0x100000000)) * 0x10001n); break;
      case 2: m.read(d.common + r(0x4000), 1 << r(4)); break;
      case 3: m.write(m.bar(1) + 4 * r(1024), 4, r(2) ? 0xfee00000 : r(0x100000000)); break;
      case 4: m.call("portWrite", m.bar(0) + r(256) & 0xffff, 1 << r(3), r(3) ? r(256) : r(0x100000000)); break;
      case 5: m.writeConfig(r(64) < 60 ? 0x40 + r(0xbc) : 4, 1 << r(3), r(20) ? r(0x100000000) : 7); break;
      case 6: if (kind === 1) frameFor(m, r); break;
      case 7:
        if (kind === 1 && r(20) === 0) { m.call("plug", 0, r(2)); m.call("announceCards"); }
        if (r(40) === 0) begin();
        break;
      default: {
        const queue = r(queues), at = RINGS + queue * 0x4000 + 0x2002;
        if (packed) scribblePacked(m, r, size, seen);
        else if (kind !== 3 || r(6) === 0) scribble(m, r, size, queues);
        if ((kind === 1 || kind === 4) && r(4) === 0) commandAt(m, r, queue, size);
        if (kind === 3 && !packed && r(3)) requestAt(m, r, queue, size);
        else if (!packed) {
          m.set16(at, m.get16(at) + (r(20) ? r(4) : r(65536)) & 0xffff);
        }
        d.notify(queue);
      }
    }
    if (kind === 1) m.takeFrames();
    if (kind === 3) answerDisk(m, r);
    if (kind === 4) useConsole(m, r);
    if (r(4) === 0) m.call("serviceRings");
    if (r(16) === 0) { m.call("setTicks", BigInt(step) * 10000n); m.call("runTimers"); }
    // A device that waits for a reset, or was left half-way by noise in its registers, tests nothing more.
    const { status } = d;
    if (status & 64 || (!(status & 4) && r(8) === 0)) begin();
  }
  if (!intact()) throw new Error(`seed ${seed}: memory outside guest RAM was changed`);
  const card = ["", "virtio-net0", "virtio-rng0", "virtio-blk0", "virtio-console0"][kind]!;
  return { steps, failures: m.counter(`${card} driver errors`), resets, moved: (kind === 2 ? [0] : [...seen.keys()]).reduce((sum, q) => sum + m.counter(`${card} q${q} chains`), 0) };
}
