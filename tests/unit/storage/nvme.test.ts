// The NVMe controller under a driver, by NVM Express 1.4: queues, admin commands, reads and writes through pages and lists of pages, interrupts, errors, resets.
import { beforeEach, describe, expect, it } from "vitest";
import { RequestType } from "../../../assembly/surface/blocks.js";
import { AT, makeNvme, Nvme, R } from "./nvme-driver.js";
import { pattern } from "./machine.js";

const SECTOR = 512, DISK = 4096 * SECTOR;
const DNR = 0x4000;
let disk: Uint8Array;
let d: Nvme;
beforeEach(async () => {
  disk = pattern(DISK, 7);
  d = await makeNvme(disk);
});
const started = (): Nvme => {
  d.start();
  expect(d.pair(1)).toEqual([0, 0]);
  return d;
};
const page = (at: number = AT.DATA): Buffer => Buffer.from(d.m.bytes(at, 4096));

describe("the controller", () => {
  it("says what it is: PCI's class, capabilities, version", () => {
    expect([d.m.config(0), d.m.config(8) >>> 8, d.m.capabilities().map(([id]) => id)]).toEqual([0x00101b36, 0x010802, [0x11]]);
    expect([d.get(R.CAP) & 0xffff, d.get(R.CAP + 4) >>> 5 & 0xff, d.get(R.VS), d.get(R.CSTS)]).toEqual([0x7ff, 0x81, 0x10400, 0]);
  });
  it("is ready when it is enabled, and fails without admin queues", () => {
    d.set(R.CC, 0x460001);
    expect(d.get(R.CSTS)).toBe(2);
    d.start();
    expect(d.get(R.CSTS)).toBe(1);
    d.set(R.CC, 0x460001 | 1 << 14);
    expect(d.get(R.CSTS)).toBe(9);
    d.set(R.CC, 0x460001);
    expect(d.get(R.CSTS)).toBe(1);
    d.set(R.CC, 0);
    expect(d.get(R.CSTS)).toBe(0);
  });
  it("fails for good when it cannot reach a queue", () => {
    d.start();
    d.m.writeConfig(4, 2, 3);
    d.put(0, { opcode: 6, dw10: 1, prp1: AT.DATA });
    d.ring(0);
    expect(d.get(R.CSTS)).toBe(3);
    d.m.writeConfig(4, 2, 7);
    d.start();
    expect(d.admin({ opcode: 6, dw10: 1, prp1: AT.DATA }).status).toBe(0);
  });
});

describe("admin commands", () => {
  it("IDENTIFY: controller, namespace, lists", () => {
    d.start();
    expect(d.admin({ opcode: 6, dw10: 1, prp1: AT.DATA }).status).toBe(0);
    const c = page();
    expect([c.readUInt16LE(0), c.toString("latin1", 4, 24).trim(), c.toString("latin1", 24, 64).trim(), c[77], c.readUInt32LE(80), c[512], c[513], c.readUInt32LE(516)]).toEqual([0x1b36, "S-1", "Pintail NVMe Ctrl", 6, 0x10400, 0x66, 0x44, 256]);
    expect(c.toString("latin1", 768, 768 + 68)).toMatch(/^nqn\.2014-08\.org\.nvmexpress:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(d.admin({ opcode: 6, nsid: 1, prp1: AT.DATA }).status).toBe(0);
    expect([page().readBigUInt64LE(0), page()[130]]).toEqual([4096n, 9]);
    expect(d.admin({ opcode: 6, dw10: 2, prp1: AT.DATA }).status).toBe(0);
    expect([page().readUInt32LE(0), page().readUInt32LE(4)]).toEqual([1, 0]);
    expect(d.admin({ opcode: 6, nsid: 1, dw10: 2, prp1: AT.DATA }).status).toBe(0);
    expect(page().readUInt32LE(0)).toBe(0);
    expect(d.admin({ opcode: 6, nsid: 1, dw10: 3, prp1: AT.DATA }).status).toBe(0);
    expect([page()[0], page()[1]]).toEqual([3, 16]);
    expect([d.admin({ opcode: 6, nsid: 0, prp1: AT.DATA }).status, d.admin({ opcode: 6, nsid: 300, prp1: AT.DATA }).status, d.admin({ opcode: 6, dw10: 0x77, prp1: AT.DATA }).status]).toEqual([0x0b | DNR, 0x0b | DNR, 2 | DNR]);
  });
  it("a page may lie over two of the guest's", () => {
    d.start();
    expect(d.admin({ opcode: 6, dw10: 1, prp1: AT.DATA + 0x800, prp2: AT.DATA + 0x2000 }).status).toBe(0);
    expect(d.admin({ opcode: 6, dw10: 1, prp1: AT.DATA + 0x8000 }).status).toBe(0);
    expect(Buffer.concat([d.m.bytes(AT.DATA + 0x800, 0x800), d.m.bytes(AT.DATA + 0x2000, 0x800)]).equals(page(AT.DATA + 0x8000))).toBe(true);
    expect(d.admin({ opcode: 6, dw10: 1, prp1: AT.DATA + 0x800, prp2: AT.DATA + 0x2004 }).status).toBe(0x13 | DNR);
    expect(d.admin({ opcode: 6, dw10: 1, prp1: 0xf000_0000 }).status).toBe(4 | DNR);
  });
  it("queues: sizes, numbers, what is there already, vectors, and their deletion", () => {
    d.start();
    const size = 15 << 16, cq = (dw10: number, dw11 = 3, prp1: number = AT.CQ + 0x1000): number => d.admin({ opcode: 5, prp1, dw10, dw11 }).status;
    expect([cq(size), cq(size | 9), cq(1), cq(0x800 << 16 | 1), cq(size | 1, 3, AT.CQ + 0x10), cq(size | 1, 2), cq(size | 1, 1 << 16 | 3), cq(size | 1, 0x40 << 16 | 3)]).toEqual([0x101, 0x101, 0x102, 0x102, 0x13, 2, 0x108, 0x108].map((one) => one | DNR));
    const sq = (dw10: number, dw11 = 1 << 16 | 1, prp1: number = AT.SQ + 0x1000): number => d.admin({ opcode: 1, prp1, dw10, dw11 }).status;
    expect(sq(size | 1)).toBe(0x100 | DNR);
    expect([cq(size | 1), cq(size | 1)]).toEqual([0, 0x101 | DNR]);
    expect([sq(size), sq(1), sq(size | 1, 1 << 16), sq(size | 1, 1 << 16 | 1, AT.SQ + 4), sq(size | 1), sq(size | 1)]).toEqual([0x101 | DNR, 0x102 | DNR, 2 | DNR, 0x13 | DNR, 0, 0x101 | DNR]);
    expect([d.admin({ opcode: 4, dw10: 1 }).status, d.admin({ opcode: 0, dw10: 2 }).status, d.admin({ opcode: 0, dw10: 1 }).status, d.admin({ opcode: 4, dw10: 1 }).status, d.admin({ opcode: 4, dw10: 1 }).status]).toEqual([0x10c, 0x101 | DNR, 0, 0, 0x100 | DNR]);
  });
  it("features: values, defaults, capabilities, what cannot be changed or saved", () => {
    d.start();
    const get = (dw10: number, dw11 = 0, nsid = 0): [number, number] => { const { status, result } = d.admin({ opcode: 10, dw10, dw11, nsid }); return [status, result]; };
    const set = (dw10: number, dw11 = 0, nsid = 0): [number, number] => { const { status, result } = d.admin({ opcode: 9, dw10, dw11, nsid }); return [status, result]; };
    expect([get(1), get(4), get(4, 1 << 20), get(6), get(7), get(9, 0), get(9, 3), get(11)]).toEqual([[0, 7], [0, 343], [0, 0], [0, 1], [0, 7 << 16 | 7], [0, 0x10000], [0, 3], [0, 0]]);
    expect([get(0), get(3), get(0x7f), get(9, 99), get(5), get(5, 0, 1), get(6 | 3 << 8)]).toEqual([[2 | DNR, 0], [2 | DNR, 0], [2 | DNR, 0], [2 | DNR, 0], [0x0b | DNR, 0], [0, 0], [0, 4]]);
    expect([set(4, 300), set(6, 0), set(7, 0x10001), set(11, 0x1f), set(5, 9, 1)]).toEqual([[0, 0], [0, 0], [0, 7 << 16 | 7], [0, 0], [0, 0]]);
    expect([get(4), get(4 | 1 << 8), get(6), get(11), get(5, 0, 1)]).toEqual([[0, 300], [0, 343], [0, 0], [0, 0x1f], [0, 9]]);
    expect([set(1, 1), set(6 | 0x80000000, 0), set(0x7f), set(6, 0, 1), set(6, 0, 300), set(7, 0xffff)]).toEqual([0x10e, 0x10d, 2, 0x10f, 0x0b, 2].map((status) => [status | DNR, 0]));
    d.pair(1);
    expect(set(7, 0x10001)).toEqual([0x0c | DNR, 0]);
  });
  it("logs: health, firmware, effects; a part of one, and what is none", () => {
    started();
    d.io({ opcode: 2, prp1: AT.DATA, dw12: 7 });
    expect(d.admin({ opcode: 2, nsid: 0xffffffff, prp1: AT.DATA, dw10: 127 << 16 | 2 }).status).toBe(0);
    expect([page().readUInt16LE(1), page()[3], page().readBigUInt64LE(32), page().readBigUInt64LE(64)]).toEqual([323, 100, 1n, 1n]);
    expect(d.admin({ opcode: 2, prp1: AT.DATA, dw10: 15 << 16 | 3, dw12: 8 }).status).toBe(0);
    expect(page().toString("latin1", 0, 8)).toBe("1.0     ");
    expect(d.admin({ opcode: 2, prp1: AT.DATA, dw10: 1023 << 16 | 5 }).status).toBe(0);
    expect([page().readUInt32LE(24), page().readUInt32LE(1024 + 4), page().readUInt32LE(1024 + 8), page().readUInt32LE(1024 + 12)]).toEqual([1, 3, 1, 0]);
    expect([d.admin({ opcode: 2, prp1: AT.DATA, dw10: 0x55 }).status, d.admin({ opcode: 2, prp1: AT.DATA, dw10: 3, dw12: 2 }).status, d.admin({ opcode: 2, prp1: AT.DATA, dw10: 3, dw12: 512 }).status]).toEqual([2 | DNR, 2 | DNR, 2 | DNR]);
  });
  it("events: a doorbell that is none answers a request, once until the log is read; more than four requests are refused", () => {
    d.start();
    const ids = [0, 1, 2, 3].map(() => d.put(0, { opcode: 12 }));
    d.ring(0);
    expect(d.admin({ opcode: 12 }).status).toBe(0x105 | DNR);
    d.bell(5, false, 1);
    d.m.settle(3);
    expect(d.take(0).map(({ id, status, result }) => [id, status, result])).toEqual([[ids[0], 0, 0x10000]]);
    d.bell(0, false, 99);
    d.m.settle(3);
    expect(d.take(0)).toEqual([]);
    d.put(0, { opcode: 2, prp1: AT.DATA, dw10: 15 << 16 | 1 });
    d.ring(0);
    d.m.settle(3);
    expect(d.take(0).map(({ id, result }) => [id, result])).toContainEqual([ids[1], 0x10100]);
  });
  it("ABORT takes nothing back; what is no command is said to be none", () => {
    d.start();
    expect([d.admin({ opcode: 8, dw10: 0 }), d.admin({ opcode: 8, dw10: 4 })].map(({ status, result }) => [status, result])).toEqual([[0, 1], [2 | DNR, 1]]);
    expect([d.admin({ opcode: 0x7f }).status, d.admin({ opcode: 6, flags: 1, dw10: 1 }).status, d.admin({ opcode: 6, flags: 0x40, dw10: 1 }).status]).toEqual([1 | DNR, 2 | DNR, 2 | DNR]);
  });
});

describe("reads and writes", () => {
  it("one page, two, and a list that goes over pages", () => {
    started();
    expect(d.io({ opcode: 2, prp1: AT.DATA, dw10: 5, dw12: 1 }).status).toBe(0);
    expect(Buffer.compare(d.m.bytes(AT.DATA, 1024), disk.subarray(5 * SECTOR, 7 * SECTOR))).toBe(0);
    expect(d.io({ opcode: 2, prp1: AT.DATA + 0xe00, prp2: AT.DATA + 0x3000, dw10: 8, dw12: 1 }).status).toBe(0);
    expect(Buffer.compare(Buffer.concat([d.m.bytes(AT.DATA + 0xe00, 512), d.m.bytes(AT.DATA + 0x3000, 512)]), disk.subarray(8 * SECTOR, 10 * SECTOR))).toBe(0);
    // 64 pages in reverse order: a list that begins three entries before its page's end, goes on in the next, and there to the end.
    const pages = Array.from({ length: 64 }, (_, i) => AT.DATA + 0x1000 * (63 - i)), at = AT.LIST + 0xfe8;
    [pages[1]!, pages[2]!, AT.LIST + 0x1000].forEach((one, i) => d.m.set64(at + 8 * i, BigInt(one)));
    pages.slice(3).forEach((one, i) => d.m.set64(AT.LIST + 0x1000 + 8 * i, BigInt(one)));
    expect(d.io({ opcode: 2, prp1: pages[0]!, prp2: at, dw10: 100, dw12: 511 }).status).toBe(0);
    expect(pages.every((one, i) => Buffer.compare(d.m.bytes(one, 4096), disk.subarray(100 * SECTOR + 4096 * i, 100 * SECTOR + 4096 * (i + 1))) === 0)).toBe(true);
    d.m.put(pages[63]!, pattern(4096, 3));
    expect(d.io({ opcode: 1, prp1: pages[0]!, prp2: at, dw10: 1000, dw12: 511 }).status).toBe(0);
    expect(Buffer.compare(disk.subarray(1000 * SECTOR + 63 * 4096, 1000 * SECTOR + 64 * 4096), pattern(4096, 3))).toBe(0);
    expect(Buffer.compare(disk.subarray(1000 * SECTOR, 1000 * SECTOR + 4096), disk.subarray(100 * SECTOR, 100 * SECTOR + 4096))).toBe(0);
  });
  it("pages of 16 KiB, where the driver has them", () => {
    d.start(2);
    expect(d.pair(1)).toEqual([0x13 | DNR, 0x100 | DNR]);
    // Its queues begin a page.
    const size = 15 << 16 | 1;
    expect([d.admin({ opcode: 5, prp1: 0x200000, dw10: size, dw11: 1 }).status, d.admin({ opcode: 1, prp1: 0x204000, dw10: size, dw11: 1 << 16 | 1 }).status]).toEqual([0, 0]);
  });
  it("what does not fit or makes no sense is refused, and asks nothing of the host", () => {
    started();
    const status = (command: Parameters<Nvme["io"]>[0]): number => d.io(command).status;
    expect([
      status({ opcode: 2, prp1: AT.DATA, dw10: 4096 }), status({ opcode: 2, prp1: AT.DATA, dw10: 4095, dw12: 1 }), status({ opcode: 2, prp1: AT.DATA, dw11: 1 }), status({ opcode: 2, prp1: AT.DATA, dw12: 512 }),
      status({ opcode: 2, nsid: 0, prp1: AT.DATA }), status({ opcode: 2, nsid: 2, prp1: AT.DATA }), status({ opcode: 2, nsid: 0xffffffff, prp1: AT.DATA }), status({ opcode: 0x42, prp1: AT.DATA }),
      status({ opcode: 2, flags: 0x40, prp1: AT.DATA }), status({ opcode: 2, prp1: AT.DATA + 0xe00, prp2: AT.DATA + 4, dw12: 1 }), status({ opcode: 1, prp1: 0xf000_0000 }),
    ]).toEqual([0x80, 0x80, 0x80, 2, 0x0b, 2, 2, 1, 2, 0x13, 4].map((one) => one | DNR));
    expect(d.m.asked).toEqual([]);
    d.m.set64(AT.LIST, BigInt(AT.DATA + 8));
    expect([status({ opcode: 2, prp1: AT.DATA, prp2: AT.LIST, dw12: 31 }), status({ opcode: 2, prp1: AT.DATA, prp2: AT.LIST + 4, dw12: 31 })]).toEqual([0x13 | DNR, 0x13 | DNR]);
    expect(status({ opcode: 2, prp1: 0xf000_0000 })).toBe(4 | DNR);
  });
  it("FLUSH, FUA, the write cache, WRITE ZEROES, discards, COMPARE", () => {
    started();
    d.m.put(AT.DATA, new Uint8Array(512).fill(0x5a));
    expect(d.io({ opcode: 1, prp1: AT.DATA, dw10: 9 }).status).toBe(0);
    expect([d.io({ opcode: 0 }).status, d.io({ opcode: 0, nsid: 0xffffffff }).status]).toEqual([0, 0]);
    expect(d.m.asked).toEqual([RequestType.OUT, RequestType.FLUSH, RequestType.FLUSH]);
    expect([d.io({ opcode: 5, prp1: AT.DATA, dw10: 9 }).status, d.io({ opcode: 5, prp1: AT.DATA, dw10: 8 }).status]).toEqual([0, 0x285]);
    for (const [i, [first, blocks]] of [[20, 2], [40, 1]].entries()) { d.m.set32(AT.DATA + 16 * i, 0); d.m.set32(AT.DATA + 16 * i + 4, blocks!); d.m.set64(AT.DATA + 16 * i + 8, BigInt(first!)); }
    expect(d.io({ opcode: 9, prp1: AT.DATA, dw10: 1, dw11: 4 }).status).toBe(0);
    expect([disk.subarray(20 * SECTOR, 22 * SECTOR), disk.subarray(40 * SECTOR, 41 * SECTOR)].every((part) => part.every((byte) => byte === 0))).toBe(true);
    expect(disk.subarray(22 * SECTOR, 23 * SECTOR).some((byte) => byte !== 0)).toBe(true);
    d.m.set64(AT.DATA + 8, 4096n);
    expect([d.io({ opcode: 9, prp1: AT.DATA, dw10: 0, dw11: 4 }).status, d.io({ opcode: 9, prp1: AT.DATA, dw10: 0 }).status]).toEqual([0x80 | DNR, 0]);
    d.m.asked.length = 0;
    expect([d.io({ opcode: 8, dw10: 60, dw12: 3 }).status, d.m.asked]).toEqual([0, [RequestType.WRITE_ZEROES]]);
  });
  it("what the host could not do is a fault of the medium", () => {
    started();
    d.m.failing = new Set([RequestType.IN, RequestType.OUT]);
    expect([d.io({ opcode: 2, prp1: AT.DATA }).status, d.io({ opcode: 1, prp1: AT.DATA }).status]).toEqual([0x281, 0x280]);
  });
  it("a namespace that cannot be written, and one of blocks of 4 KiB", async () => {
    d = await makeNvme(disk, { readOnly: true, blockExp: 3 });
    started();
    expect([d.io({ opcode: 1, prp1: AT.DATA }).status, d.io({ opcode: 8 }).status, d.io({ opcode: 9, dw11: 4, prp1: AT.DATA }).status, d.io({ opcode: 0 }).status]).toEqual([0x20 | DNR, 0x20 | DNR, 0x20 | DNR, 0]);
    expect(d.io({ opcode: 2, prp1: AT.DATA, dw10: 3 }).status).toBe(0);
    expect(Buffer.compare(d.m.bytes(AT.DATA, 4096), disk.subarray(3 * 4096, 4 * 4096))).toBe(0);
    expect(d.io({ opcode: 2, prp1: AT.DATA, dw10: 512 }).status).toBe(0x80 | DNR);
    d.admin({ opcode: 6, nsid: 1, prp1: AT.DATA });
    expect([page().readBigUInt64LE(0), page()[130], page()[99]]).toEqual([512n, 12, 1]);
  });
});

describe("completions", () => {
  it("wait for room in their queue, in both phases, and none is lost", () => {
    started();
    const done: number[] = [], ids: number[] = [];
    // 15 entries are all a queue of 16 has; the guest takes none of them until all are there.
    for (let round = 0; round < 5; round++) {
      for (let i = 0; i < 15; i++) ids.push(d.put(1, { opcode: 2, nsid: 1, prp1: AT.DATA, dw10: i }));
      d.ring(1);
      d.m.settle(6);
      done.push(...d.take(1).map(({ id }) => id));
    }
    d.m.settle(6);
    done.push(...d.take(1).map(({ id }) => id));
    expect(done).toEqual(ids);
  });
  it("INTx is up until the guest has taken them, and INTMS masks it", () => {
    started();
    expect(d.line).toBe(false);
    d.put(1, { opcode: 0, nsid: 1 });
    d.ring(1);
    d.m.settle(3);
    expect(d.line).toBe(true);
    d.set(R.INTMS, 1);
    expect([d.line, d.get(R.INTMS), d.get(R.INTMC)]).toEqual([false, 1, 1]);
    d.set(R.INTMC, 1);
    expect(d.line).toBe(true);
    d.take(1);
    expect(d.line).toBe(false);
  });
  it("with MSI-X each queue has its vector", () => {
    const at = d.m.capabilities().find(([id]) => id === 0x11)![1], table = d.m.bar(4);
    for (let v = 0; v < 9; v++) { d.m.write(table + 16 * v, 4, 0x300000 + 4 * v); d.m.write(table + 16 * v + 4, 4, 0); d.m.write(table + 16 * v + 8, 4, 0xabc0 + v); d.m.write(table + 16 * v + 12, 4, 0); }
    d.m.writeConfig(at + 2, 2, 0x8000);
    d.start();
    expect(d.pair(1, 5)).toEqual([0, 0]);
    d.io({ opcode: 0 });
    expect([d.m.get32(0x300000), d.m.get32(0x300014), d.line]).toEqual([0xabc0, 0xabc5, false]);
  });
  it("a queue that is deleted, and a reset, tell nothing of what was under way; the controller works on", () => {
    started();
    d.put(1, { opcode: 1, nsid: 1, prp1: AT.DATA, dw10: 77 });
    d.ring(1);
    d.put(0, { opcode: 0, dw10: 1 });
    d.ring(0);
    d.m.settle(4);
    expect([d.take(0).length, d.take(1)]).toEqual([1, []]);
    started();
    d.put(1, { opcode: 2, nsid: 1, prp1: AT.DATA, dw10: 3 });
    d.ring(1);
    d.set(R.CC, 0);
    d.m.settle(4);
    expect([d.line, d.m.get32(AT.CQ + 0x1000 + 12)]).toEqual([false, 0]);
    started();
    expect(d.io({ opcode: 2, prp1: AT.DATA, dw10: 3 }).status).toBe(0);
    expect(Buffer.compare(d.m.bytes(AT.DATA, 512), disk.subarray(3 * SECTOR, 4 * SECTOR))).toBe(0);
  });
});
