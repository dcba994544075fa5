// virtio-blk by a mock driver, with the host's side of the disk: requests, long ones, the write cache, several queues, misuse.
import { describe, expect, it } from "vitest";
import { DATA, DISCARD, FLUSH, GET_ID, IN, IOERR, makeDisk, noted, OK, OUT, SECTORS, UNSUPP, want, WRITE_ZEROES, type DiskDriver } from "./disk-driver.js";
import type { Buffer as Piece } from "./driver.js";

const NEEDS_RESET = 64;
const pattern = (n: number, seed = 1): Uint8Array => Uint8Array.from({ length: n }, (_, i) => (i * 31 + (i >> 8) * 7 + seed) & 0xff);
const read = (bytes: number, at = DATA): Piece[] => [{ at, bytes, write: true }];
const out = (bytes: number, at = DATA): Piece[] => [{ at, bytes }];

/** One range of a discard or a zeroing, in memory. */
function range(d: DiskDriver, sector: number, sectors: number, flags = 0, at = DATA): Piece[] {
  d.m.set64(at, BigInt(sector)); d.m.set32(at + 8, sectors); d.m.set32(at + 12, flags);
  return out(16, at);
}

describe("requests", () => {
  it("read and write sectors, and say who the disk is", async () => {
    const disk = noted(), d = await makeDisk(disk), data = pattern(1024);
    d.m.put(DATA, data);
    expect(await d.ask(OUT, 7, out(1024))).toBe(OK);
    expect(disk.content.slice(7 * 512, 9 * 512)).toEqual(data);
    expect(await d.ask(IN, 8, read(512, DATA + 4096))).toBe(OK);
    expect(d.m.bytes(DATA + 4096, 512)).toEqual(data.slice(512));
    expect(await d.ask(GET_ID, 0, read(20))).toBe(OK);
    expect(Buffer.from(d.m.bytes(DATA, 20)).toString()).toBe("serial-of-20-bytes!!");
  });

  it("complete after a fixed virtual delay, not before, and tell how much was written", async () => {
    const d = await makeDisk(noted());
    const status = d.send(IN, 0, read(512));
    await d.serve();
    expect(d.statusOf(status)).toBe(OK);
    d.pass(49_999n);
    expect(d.rings[0]!.take()).toEqual([]);
    d.pass(2n);
    expect(d.rings[0]!.take()).toEqual([[0, 513]]);
  });

  it("find the configuration that was asked for", async () => {
    const d = await makeDisk(noted(), { detail: 4 << 8 | 1 << 16 | 2 << 20, queues: 4 }), c = (at: number, n: number): number => d.d.deviceConfig(at, n);
    expect({ capacity: c(0, 4), segments: c(12, 4), cylinders: c(16, 2), heads: c(18, 1), sectors: c(19, 1), block: c(20, 4), exp: c(24, 1), writeback: c(32, 1), queues: c(34, 2) })
      .toEqual({ capacity: SECTORS, segments: 126, cylinders: Math.floor(SECTORS / 1008), heads: 16, sectors: 63, block: 1024, exp: 2, writeback: 1, queues: 4 });
    expect(c(36, 4) * c(40, 4)).toBeGreaterThan(0);
    expect(c(48, 4) * c(52, 4)).toBeGreaterThan(0);
    expect(c(56, 1)).toBe(1);
  });

  it("are taken when header, data and status are cut into odd pieces", async () => {
    const disk = noted(), d = await makeDisk(disk), at = 0x70000;
    d.m.put(DATA, pattern(512));
    d.m.set32(at, OUT); d.m.set64(at + 8, 3n); d.m.set8(at + 64, 0xff);
    d.rings[0]!.add([{ at, bytes: 3 }, { at: at + 3, bytes: 12 }, { at: at + 15, bytes: 1 }, { at: DATA, bytes: 1 }, { at: DATA + 1, bytes: 510 }, { at: DATA + 511, bytes: 1 }, { at: at + 64, bytes: 1, write: true }]);
    await d.serve();
    d.pass();
    expect(d.statusOf(at + 64)).toBe(OK);
    expect(disk.content.slice(3 * 512, 4 * 512)).toEqual(pattern(512));
  });
});

describe("requests longer than a batch", () => {
  it("are written and read in parts, whole, and complete once", async () => {
    const disk = noted(), d = await makeDisk(disk), bytes = 1200 * 1024, data = pattern(bytes);
    d.m.put(DATA, data);
    const status = d.send(OUT, 5, [{ at: DATA, bytes: 700 * 1024 + 100 }, { at: DATA + 700 * 1024 + 100, bytes: 500 * 1024 - 100 }]);
    const after = d.send(IN, 0, read(512, 0x60000));
    expect(await d.serve()).toBeGreaterThanOrEqual(3);
    d.pass();
    expect([d.statusOf(status), d.statusOf(after)]).toEqual([OK, OK]);
    expect(d.rings[0]!.take().map(([, length]) => length)).toEqual([1, 513]);
    expect(Buffer.compare(disk.content.subarray(5 * 512, 5 * 512 + bytes), data)).toBe(0);
    d.m.put(DATA, new Uint8Array(bytes));
    expect(await d.ask(IN, 5, read(bytes))).toBe(OK);
    expect(Buffer.compare(d.m.bytes(DATA, bytes), data)).toBe(0);
  });

  it("end with the first part that fails, and the next request is served", async () => {
    const disk = noted();
    disk.write = (at, from) => { if (at >= 400 * 1024) throw new Error("bad sector"); disk.content.set(from, at); };
    const d = await makeDisk(disk);
    expect(await d.ask(OUT, 0, out(1500 * 1024))).toBe(IOERR);
    expect(await d.ask(IN, 0, read(512))).toBe(OK);
  });

  it("are forgotten with a reset between two parts", async () => {
    const d = await makeDisk(noted());
    d.send(OUT, 0, out(1500 * 1024));
    await d.port.answer();
    d.d.status = 0;
    d.m.call("serviceRings");
    expect(d.port.busy).toBe(false);
    d.pass();
    expect(d.rings[0]!.take()).toEqual([]);
  });

  it("fail when their chain is cut under the device's feet", async () => {
    const d = await makeDisk(noted());
    d.send(OUT, 0, out(1500 * 1024));
    await d.port.answer();
    d.m.set32(d.rings[0]!.desc + 16 + 8, 512);
    d.m.call("serviceRings");
    await d.serve();
    d.pass();
    expect(d.m.bytes(0x90000, 1)[0]).toBe(IOERR);
    expect(d.rings[0]!.take()).toHaveLength(1);
  });
});

describe("the write cache", () => {
  it("is flushed before the flush is acknowledged", async () => {
    const disk = noted();
    let finish = (): void => undefined;
    disk.flush = () => { disk.log.push("flush"); return new Promise<void>((resolve) => (finish = resolve)); };
    const d = await makeDisk(disk);
    d.send(OUT, 1, out(512));
    const status = d.send(FLUSH, 0), served = d.serve();
    await Promise.resolve();
    d.pass();
    expect(disk.log).toEqual(["write 512 512", "flush"]);
    expect(d.statusOf(status)).toBe(0xff);
    expect(d.rings[0]!.take()).toEqual([]);
    finish();
    await served;
    d.pass();
    expect(d.statusOf(status)).toBe(OK);
  });

  it("tells of a flush that failed", async () => {
    const disk = noted();
    disk.flush = () => Promise.reject(new Error("EIO"));
    expect(await (await makeDisk(disk)).ask(FLUSH, 0)).toBe(IOERR);
  });

  it("is none for a driver that knows no flush: each batch of writes reaches the disk first", async () => {
    const disk = noted(), d = await makeDisk(disk, { features: want() });
    const [a, b] = [d.send(OUT, 1, out(512)), d.send(OUT, 2, out(512))];
    await d.serve();
    expect(disk.log).toEqual(["write 512 512", "write 1024 512", "flush"]);
    expect([d.statusOf(a), d.statusOf(b)]).toEqual([OK, OK]);
    expect(await d.ask(IN, 1, read(512))).toBe(OK);
    expect(disk.log.filter((line) => line === "flush")).toHaveLength(1);
  });

  it("fails the writes when the disk itself is not reached", async () => {
    const disk = noted();
    disk.flush = () => { throw new Error("EIO"); };
    expect(await (await makeDisk(disk, { features: want() })).ask(OUT, 1, out(512))).toBe(IOERR);
  });

  it("is switched by the driver, which flushes what was written, and comes back as it was with a reset", async () => {
    const disk = noted(), d = await makeDisk(disk, { features: want("flush", "config_wce") });
    expect(await d.ask(OUT, 0, out(512))).toBe(OK);
    expect(disk.log).toEqual(["write 0 512"]);
    d.m.write(d.d.common + 0x2000 + 32, 1, 0);
    await d.serve();
    expect(disk.log).toEqual(["write 0 512", "flush"]);
    expect(await d.ask(OUT, 0, out(512))).toBe(OK);
    expect(disk.log.slice(2)).toEqual(["write 0 512", "flush"]);
    d.d.status = 0;
    expect(d.d.deviceConfig(32, 1)).toBe(1);
  });

  it("is off from the start with cache=writethrough, and there is no flush to offer without config-wce", async () => {
    const disk = noted(), d = await makeDisk(disk, { detail: 2 | 1 << 8, features: want("flush", "config_wce") });
    expect(d.d.deviceConfig(32, 1)).toBe(0);
    expect(await d.ask(OUT, 0, out(512))).toBe(OK);
    expect(disk.log).toEqual(["write 0 512", "flush"]);
    const plain = await makeDisk(noted(), { detail: 2 | 1 << 8, masked: 1n << 11n, features: want() });
    expect(plain.d.offered() >> 9n & 1n).toBe(0n);
  });

  it("is not flushed with cache=unsafe", async () => {
    const disk = noted(), d = await makeDisk(disk, { unsafe: true });
    expect(await d.ask(FLUSH, 0)).toBe(OK);
    expect(disk.log).toEqual([]);
  });
});

describe("discards and zeroings", () => {
  it("reach the disk, with the flag that gives room back", async () => {
    const disk = noted(), d = await makeDisk(disk);
    disk.content.fill(7);
    expect(await d.ask(DISCARD, 0, range(d, 8, 16))).toBe(OK);
    expect(await d.ask(WRITE_ZEROES, 0, range(d, 32, 8, 1))).toBe(OK);
    expect(await d.ask(WRITE_ZEROES, 0, range(d, 48, 8))).toBe(OK);
    expect(disk.log).toEqual(["discard 4096 8192", "zero 16384 4096 true", "zero 24576 4096 false"]);
  });

  it("are refused where a range leaves the disk, is too long, or has a flag that is not known", async () => {
    const disk = noted(), d = await makeDisk(disk);
    expect(await d.ask(DISCARD, 0, range(d, SECTORS - 1, 2))).toBe(IOERR);
    expect(await d.ask(DISCARD, 0, range(d, 0, 1, 1))).toBe(IOERR);
    expect(await d.ask(WRITE_ZEROES, 0, range(d, 0, 1, 2))).toBe(IOERR);
    expect(await d.ask(WRITE_ZEROES, 0, range(d, 0, (1 << 17) + 1))).toBe(IOERR);
    expect(await d.ask(WRITE_ZEROES, 0, out(32))).toBe(IOERR);
    expect(await d.ask(DISCARD, 0, out(15))).toBe(IOERR);
    expect(await d.ask(DISCARD, 0, [])).toBe(IOERR);
    expect(disk.log).toEqual([]);
    const plain = await makeDisk(disk, { features: want("flush") });
    expect(await plain.ask(DISCARD, 0, range(plain, 0, 1))).toBe(UNSUPP);
  });
});

describe("several queues", () => {
  it("are served together, each answered in its own ring", async () => {
    const disk = noted(), d = await makeDisk(disk, { queues: 4, features: want("flush", "mq") });
    const statuses = d.rings.map((ring, i) => { d.m.put(DATA + 512 * i, pattern(512, i)); return d.send(OUT, i, out(512, DATA + 512 * i), ring); });
    expect(await d.serve()).toBe(1);
    d.pass();
    expect(statuses.map((at) => d.statusOf(at))).toEqual([OK, OK, OK, OK]);
    expect(d.rings.map((ring) => ring.take().length)).toEqual([1, 1, 1, 1]);
    expect(disk.content.slice(3 * 512, 4 * 512)).toEqual(pattern(512, 3));
  });

  it("take turns when each has more than a batch holds", async () => {
    const d = await makeDisk(noted(), { queues: 3, features: want("flush", "mq") });
    const statuses = d.rings.flatMap((ring) => Array.from({ length: 40 }, (_, i) => d.send(IN, i, read(512), ring)));
    await d.serve();
    d.pass();
    expect(statuses.every((at) => d.statusOf(at) === OK)).toBe(true);
    expect(d.rings.map((ring) => ring.take().length)).toEqual([40, 40, 40]);
  });

  it("lose what is in flight when one of them is reset, and only that one's", async () => {
    const d = await makeDisk(noted(), { queues: 2, features: want("mq") | 1n << 40n });
    const [a, b] = [d.send(IN, 0, read(512), d.rings[0]), d.send(IN, 0, read(512), d.rings[1])];
    d.m.write(d.d.common + 0x16, 2, 0); d.m.write(d.d.common + 0x3a, 2, 1);
    await d.serve();
    d.pass();
    expect([d.statusOf(a), d.statusOf(b)]).toEqual([0xff, OK]);
    expect(d.rings.map((ring) => ring.take().length)).toEqual([0, 1]);
  });
});

describe("misuse", () => {
  const answers: [string, number, (d: DiskDriver) => [number, number | bigint, Piece[]]][] = [
    ["a sector past the end", IOERR, () => [IN, SECTORS, read(512)]],
    ["a span over the end", IOERR, () => [IN, SECTORS - 1, read(1024)]],
    ["a sector that overflows 64 bits of bytes", IOERR, () => [OUT, 0xffff_ffff_ffff_ffffn, out(512)]],
    ["a sector whose sum with its length overflows", IOERR, () => [OUT, 0xffff_ffff_ffff_fff0n, out(32 * 512)]],
    ["no data to read", IOERR, () => [IN, 0, []]],
    ["no data to write", IOERR, () => [OUT, 0, []]],
    ["half a sector", IOERR, () => [OUT, 0, out(100)]],
    ["a read with data to write", IOERR, () => [IN, 0, [...out(512), ...read(512, DATA + 512)]]],
    ["a write with room to read", IOERR, () => [OUT, 0, read(512)]],
    ["a flush with data", UNSUPP, () => [FLUSH, 0, out(512)]],
    ["an id with no room", IOERR, () => [GET_ID, 0, []]],
    ["a type that is not known", UNSUPP, () => [77, 0, []]],
    ["two gigabytes", IOERR, () => [IN, 0, Array.from({ length: 4 }, () => ({ at: DATA, bytes: 0x2000_0000, write: true }))]],
  ];
  for (const [name, answer, make] of answers) {
    it(`${name} is answered ${answer === IOERR ? "IOERR" : "UNSUPP"}, and nothing is done`, async () => {
      const disk = noted(), d = await makeDisk(disk);
      expect(await d.ask(...make(d))).toBe(answer);
      expect(disk.log).toEqual([]);
      expect(d.d.status & NEEDS_RESET).toBe(0);
      expect(await d.ask(IN, 0, read(512))).toBe(OK);
    });
  }

  it("a read-only disk takes no writes", async () => {
    const disk = noted(), d = await makeDisk(disk, { detail: 1 | 1 << 8, features: want("ro") });
    expect(await d.ask(OUT, 0, out(512))).toBe(IOERR);
    expect(await d.ask(FLUSH, 0)).toBe(UNSUPP);
    expect(disk.log).toEqual([]);
  });

  it("a chain without a status byte, or without a whole header, is given back untouched", async () => {
    const disk = noted(), d = await makeDisk(disk), ring = d.rings[0]!;
    ring.add([{ at: 0x80000, bytes: 16 }, { at: DATA, bytes: 512 }]);
    ring.add([{ at: 0x80000, bytes: 15 }, { at: DATA, bytes: 1, write: true }]);
    ring.add([{ at: DATA, bytes: 1, write: true }]);
    await d.serve();
    expect(ring.take().map(([, length]) => length)).toEqual([0, 0, 0]);
    expect(disk.log).toEqual([]);
  });

  const broken: [string, (d: DiskDriver) => void][] = [
    ["a loop", (d) => { d.rings[0]!.describe(0, 0x80000, 16, 1, 1); d.rings[0]!.describe(1, DATA, 512, 1, 0); d.rings[0]!.offer(0); }],
    ["a head out of range", (d) => d.rings[0]!.offer(999)],
    ["a readable piece after a writable one", (d) => d.rings[0]!.add([{ at: 0x80000, bytes: 16 }, { at: DATA, bytes: 1, write: true }, { at: DATA, bytes: 512 }])],
    ["pieces whose sum passes 32 bits", (d) => d.rings[0]!.add([{ at: 0x80000, bytes: 16 }, { at: DATA, bytes: 0xffff_ffff, write: true }, { at: DATA, bytes: 2, write: true }])],
    ["a header outside RAM", (d) => d.rings[0]!.add([{ at: 0xc000_0000n, bytes: 16 }, { at: DATA, bytes: 1, write: true }])],
    ["data outside RAM", (d) => d.send(OUT, 0, [{ at: 0xffff_ffff_0000_0000n, bytes: 512 }])],
    ["an available index beyond the ring", (d) => { d.m.set16(d.rings[0]!.driver + 2, 500); d.d.notify(0); }],
  ];
  for (const [name, act] of broken) {
    it(`${name} stops the device, and a reset starts it`, async () => {
      const disk = noted(), d = await makeDisk(disk);
      act(d);
      await d.serve();
      expect(d.d.status & NEEDS_RESET).toBe(NEEDS_RESET);
      expect(disk.log).toEqual([]);
      d.d.negotiate(want("flush"));
      d.rings[0] = d.d.enable(0, 128, 0x10000);
      d.d.status = 15;
      expect(await d.ask(IN, 0, read(512))).toBe(OK);
    });
  }

  it("a status byte outside RAM stops the device after the write was done", async () => {
    const disk = noted(), d = await makeDisk(disk);
    d.m.set32(0x80000, OUT); d.m.set64(0x80008, 0n);
    d.rings[0]!.add([{ at: 0x80000, bytes: 16 }, { at: DATA, bytes: 512 }, { at: 0xc000_0000n, bytes: 1, write: true }]);
    await d.serve();
    expect(d.d.status & NEEDS_RESET).toBe(NEEDS_RESET);
  });
});
