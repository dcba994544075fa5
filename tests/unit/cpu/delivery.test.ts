// Delivery through the IDT, returns from it, and far transfers. Intel SDM vol. 3, 6.12 to 6.15; vol. 2, INT, IRET, CALL, RET.
import { beforeEach, describe, expect, it } from "vitest";
import { descriptor, gate, Kind, makeProcessor, Seg, Vector, type Processor } from "./processor.js";

const [IDT, GDT, TSS, TABLES] = [0x1000, 0x2000, 0x3000, 0x8000];
const [CODE0, DATA0, CODE3, DATA3, TASK, CALL_GATE, CODE16] = [8, 16, 24, 32, 40, 56, 72];
const [INNER, IST1, OUTER] = [0x6000, 0x7000, 0x5000];
const [TF, IF, NT, RF] = [0x100, 0x200, 0x4000, 0x1_0000];
const RSP = 4;
let p: Processor;

function putGdt(rows: bigint[]): void { rows.forEach((d, n) => p.write(GDT + 8 * n, 8, d)); }

function tssSegment(attr: number): void { p.call("setSegmentCache", Seg.TR, TASK, BigInt(TSS), 0x67, attr); }

describe("protected mode", () => {
  beforeEach(async () => {
    p = await makeProcessor();
    p.call("protectedMode", 0x1234n);
    p.call("setTables", BigInt(GDT), 0x7f, BigInt(IDT), 0x1ff);
    putGdt([0n, descriptor({ type: 10 }), descriptor({ type: 2 }), descriptor({ type: 10, dpl: 3 }), descriptor({ type: 2, dpl: 3 }),
      descriptor({ type: 11, s: 0, base: TSS, limit: 0x67 }), 0n, gate(CODE0, 0xc000, 12, 3, 1, 2), 0n, descriptor({ type: 10, flags: 0 })]);
    tssSegment(0x8b00);
    p.write(TSS + 4, 4, INNER);
    p.write(TSS + 8, 2, DATA0);
    for (const v of [Vector.UD, Vector.GP, Vector.DF, Vector.NP, Vector.TS, Vector.SS]) p.write(IDT + 8 * v, 8, gate(CODE0, 0x9000 + v, 14));
    p.write(IDT + 8 * 0x20, 8, gate(CODE0, 0x9020, 15, 3));
    p.write(IDT + 8 * 0x21, 8, gate(CODE0, 0x9021, 14, 0, 0));
    p.call("loadSegment", Seg.SS, DATA0);
    p.call("setReg", RSP, BigInt(OUTER));
  });

  function goUser(): void {
    p.call("setPrivilege", 3);
    for (const s of [Seg.SS, Seg.DS]) expect(p.call("loadSegment", s, DATA3 | 3)).toBe(1);
    p.call("setSegmentCache", Seg.CS, CODE3 | 3, 0n, 0xffff_ffff, 0xc0fb00);
    p.call("replaceFlags", BigInt(IF | 2));
  }

  it("pushes flags with RF, CS and rip for a fault, and clears IF through an interrupt gate", () => {
    p.call("replaceFlags", BigInt(IF | TF | NT | 2));
    p.call("raiseNoCode", Vector.UD);
    p.call("deliverException");
    expect(p.wide("rip")).toBe(0x9006n);
    expect(p.call("reg", RSP)).toBe(OUTER - 12);
    expect([p.read(OUTER - 4, 4), p.read(OUTER - 8, 4), p.read(OUTER - 12, 4)]).toEqual([IF | TF | NT | RF | 2, 0x10, 0x1234]);
    expect(p.call("readFlags")).toBe(2);
  });

  it("switches to the inner stack, and IRET comes back", () => {
    goUser();
    p.call("deliverSoftware", 0x20, Kind.SOFTWARE, 0x1236n);
    expect([p.call("cpl"), p.call("selector", Seg.SS), p.call("reg", RSP)]).toEqual([0, DATA0, INNER - 20]);
    expect([1, 2, 3, 4, 5].map((n) => p.read(INNER - 4 * n, 4))).toEqual([DATA3 | 3, OUTER, IF | 2, CODE3 | 3, 0x1236]);
    expect(p.call("readFlags")).toBe(IF | 2); // a trap gate leaves IF
    expect(p.call("iret", 4, 0n)).toBe(1);
    expect([p.call("cpl"), p.call("selector", Seg.SS), p.call("reg", RSP), p.wide("rip")]).toEqual([3, DATA3 | 3, OUTER, 0x1236n]);
  });

  it.each([
    [0x22, Kind.SOFTWARE, `GP(${0x22 * 8 + 2})`], [0x21, Kind.EXTERNAL, `NP(${0x21 * 8 + 3})`], [6, Kind.SOFTWARE, `GP(${6 * 8 + 2})`],
    [0x80, Kind.EXTERNAL, `GP(${0x80 * 8 + 3})`],
  ])("refuses vector %i of kind %i with %s", (vector, kind, fault) => {
    goUser();
    if (kind === Kind.SOFTWARE) p.call("deliverSoftware", vector, kind, 0x1236n); else p.call("deliverInterrupt", vector, kind);
    expect(p.fault()).toBe(fault);
    expect([p.call("cpl"), p.wide("rip")]).toEqual([3, 0x1234n]);
  });

  it("makes a double fault of two contributory ones, and stops at the third", () => {
    p.write(IDT + 8 * Vector.GP, 8, gate(0x70, 0, 14));
    p.call("raise", Vector.GP, 8);
    p.call("deliverException");
    expect(p.wide("rip")).toBe(0x9008n);
    expect(p.read(OUTER - 16, 4)).toBe(0);
    p.write(IDT + 8 * Vector.DF, 8, 0n);
    p.call("raise", Vector.GP, 8);
    p.call("deliverException");
    expect(p.call("stopped")).toBe(1);
  });

  it("delivers a fault met while a benign one is delivered, with EXT", () => {
    p.write(IDT + 8 * Vector.UD, 8, 0n);
    p.call("raiseNoCode", Vector.UD);
    p.call("deliverException");
    expect(p.wide("rip")).toBe(0x900dn);
    expect(p.read(OUTER - 16, 4)).toBe(Vector.UD * 8 + 3);
  });

  it("calls inward through a gate with two parameters, and returns outward", () => {
    goUser();
    p.write(OUTER, 4, 0x111); p.write(OUTER + 4, 4, 0x222);
    expect(p.call("farCall", CALL_GATE | 3, 0n, 4, 0x1240n)).toBe(1);
    expect([p.call("cpl"), p.wide("rip"), p.call("reg", RSP)]).toEqual([0, 0xc000n, INNER - 24]);
    expect([1, 2, 3, 4, 5, 6].map((n) => p.read(INNER - 4 * n, 4))).toEqual([DATA3 | 3, OUTER, 0x222, 0x111, CODE3 | 3, 0x1240]);
    p.call("loadSegment", Seg.ES, DATA0);
    p.call("loadSegment", Seg.FS, 3);
    expect(p.call("farReturn", 4, 8)).toBe(1);
    expect([p.call("cpl"), p.wide("rip"), p.call("reg", RSP)]).toEqual([3, 0x1240n, OUTER + 8]);
    // A data segment of the inner level does not come along, and a null selector loses its RPL.
    expect([p.call("selector", Seg.ES), p.call("attr", Seg.ES), p.call("selector", Seg.FS)]).toEqual([0, 0, 0]);
  });

  it("checks a jump's target", () => {
    for (const [selector, offset, fault] of [[0, 0, "GP(0)"], [DATA0, 0, "GP(16)"], [CODE3 | 3, 0, "GP(24)"], [0x78, 0, "GP(120)"], [0x80, 0, "GP(128)"], [CODE16, 0x10_0000, "GP(0)"]] as const) {
      expect(p.call("farJump", selector, BigInt(offset), 4, 0n)).toBe(0);
      expect(p.fault()).toBe(fault);
    }
    expect(p.call("farJump", CODE16, 0x4444n, 4, 0n)).toBe(1);
    expect(p.call("mode") & 2).toBe(0);
  });

  describe("virtual-8086 mode", () => {
    const [VM, VIF, IOPL3, V86] = [0x2_0000, 0x8_0000, 0x3000, 32];

    /** IRET to 2000:0100 with a stack at 3000:0200 and data segments 4000. */
    function goV86(flags: number): void {
      [0x100, 0x2000, flags | VM | 2, 0x200, 0x3000, 0x4000, 0x4001, 0x4002, 0x4003].forEach((v, n) => p.write(OUTER + 4 * n, 4, v));
      expect(p.call("iret", 4, 0n)).toBe(1);
      expect([p.call("mode") & V86, p.call("cpl"), p.wide("rip"), p.wide("base", Seg.CS), p.wide("base", Seg.FS)]).toEqual([V86, 3, 0x100n, 0x2_0000n, 0x4_0020n]);
    }

    it("interrupts to ring 0 with all segments, and IRET goes back", () => {
      goV86(IF | IOPL3);
      p.call("deliverSoftware", 0x20, Kind.SOFTWARE, 0x102n);
      expect([p.call("mode") & V86, p.call("cpl"), p.call("reg", RSP), p.call("attr", Seg.DS)]).toEqual([0, 0, INNER - 36, 0]);
      expect([1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => p.read(INNER - 4 * n, 4)))
        .toEqual([0x4003, 0x4002, 0x4001, 0x4000, 0x3000, 0x200, IF | IOPL3 | VM | 2, 0x2000, 0x102]);
      expect(p.call("iret", 4, 0n)).toBe(1);
      expect([p.call("mode") & V86, p.wide("rip"), p.call("selector", Seg.DS), p.call("reg", RSP)]).toEqual([V86, 0x102n, 0x4001, 0x200]);
    });

    it("refuses INT n below IOPL 3, and a handler that is not in ring 0", () => {
      goV86(IF);
      p.call("deliverSoftware", 0x20, Kind.SOFTWARE, 0x102n);
      expect(p.fault()).toBe("GP(0)");
      p.write(IDT + 8 * 0x23, 8, gate(CODE3, 0x9023, 14, 3));
      p.call("deliverInterrupt", 0x23, Kind.EXTERNAL);
      expect(p.fault()).toBe(`GP(${CODE3 + 1})`);
    });

    it("with VME sends INT n to the program's own vectors, IF being VIF", () => {
      p.call("writeCr4", 1n);
      // The redirection map is the 32 bytes before the I/O map: clear, so every vector is redirected.
      p.call("setSegmentCache", Seg.TR, TASK, BigInt(TSS), 0x87, 0x8b00);
      p.write(TSS + 0x66, 2, 0x88);
      p.write(0x20 * 4, 4, 0x2800_0042);
      goV86(VIF);
      p.call("deliverSoftware", 0x20, Kind.SOFTWARE, 0x102n);
      expect([p.call("mode") & V86, p.call("selector", Seg.CS), p.wide("rip")]).toEqual([V86, 0x2800, 0x42n]);
      expect([p.read(0x3_01fa, 2), p.read(0x3_01fc, 2), p.read(0x3_01fe, 2)]).toEqual([0x102, 0x2000, IOPL3 | IF | 2]);
      expect(p.call("readFlags") & (VIF | VM)).toBe(VM);
      expect(p.call("iret", 2, 0n)).toBe(1);
      expect([p.wide("rip"), p.call("readFlags") & (VIF | VM | IOPL3)]).toEqual([0x102n, VIF | VM]);
    });
  });

  it("switches tasks: CALL nests, IRET returns", () => {
    const [other, otherTss] = [48, 0x4000];
    p.write(GDT + other, 8, descriptor({ type: 9, s: 0, base: otherTss, limit: 0x67, flags: 0 }));
    p.write(otherTss + 0x20, 4, 0xabcd); // EIP
    p.write(otherTss + 0x24, 4, 2);
    p.write(otherTss + 0x38, 4, 0x5555); // ESP
    [DATA0, CODE0, DATA0, DATA0].forEach((s, n) => p.write(otherTss + 0x48 + 4 * n, 2, s));
    p.call("setReg", 0, 77n);
    expect(p.call("farJump", CODE0, 0x1234n, 4, 0n)).toBe(1); // the selectors saved must name descriptors
    expect(p.call("farCall", other, 0n, 4, 0x1250n)).toBe(1);
    expect([p.wide("rip"), p.call("reg", RSP), p.call("reg", 0), p.call("selector", Seg.TR)]).toEqual([0xabcdn, 0x5555, 0, other]);
    expect(p.call("readFlags") & NT).toBe(NT);
    expect([p.read(otherTss, 2), p.read(TSS + 0x20, 4), p.call("cr0") & 8]).toEqual([TASK, 0x1250, 8]);
    expect(p.call("iret", 4, 0xabcfn)).toBe(1);
    expect([p.wide("rip"), p.call("reg", 0), p.call("reg", RSP), p.call("selector", Seg.TR)]).toEqual([0x1250n, 77, OUTER, TASK]);
    expect(p.read(GDT + other + 4, 4) >> 8 & 15).toBe(9); // no longer busy
  });
});

describe("long mode", () => {
  const CODE64 = CODE0, CODE64_USER = CODE3;
  beforeEach(async () => {
    p = await makeProcessor();
    // One gigabyte page over everything, user and writable.
    p.write(TABLES, 8, TABLES + 0x1000 | 7);
    p.write(TABLES + 0x1000, 8, 0x87);
    p.call("longMode", 0x1234n, BigInt(TABLES));
    p.call("setTables", BigInt(GDT), 0x7f, BigInt(IDT), 0xfff);
    putGdt([0n, descriptor({ type: 10, flags: 10 }), descriptor({ type: 2 }), descriptor({ type: 10, dpl: 3, flags: 10 }), descriptor({ type: 2, dpl: 3 }),
      0n, 0n, 0n, 0n, descriptor({ type: 10, dpl: 3 })]);
    tssSegment(0x8b00);
    p.write(TSS + 4, 8, INNER + 8); // not aligned
    p.write(TSS + 0x24, 8, IST1);
    for (const v of [Vector.UD, Vector.GP, Vector.PF, 0x20]) p.write(IDT + 16 * v, 8, gate(CODE64, 0x9000 + v, 14, 3));
    p.write(IDT + 16 * Vector.DF, 8, gate(CODE64, 0x9008, 14, 0, 1, 1));
    p.call("setReg", RSP, BigInt(OUTER + 4));
  });

  function goUser(): void {
    p.call("setSegmentCache", Seg.CS, CODE64_USER | 3, 0n, 0xffff_ffff, 0xa0fb00);
    p.call("setSegmentCache", Seg.SS, DATA3 | 3, 0n, 0xffff_ffff, 0xc0f300);
    p.call("setPrivilege", 3);
  }

  it("aligns the stack and always pushes SS and RSP", () => {
    p.call("raise", Vector.GP, 0x18);
    p.call("deliverException");
    expect([p.wide("rip"), p.call("reg", RSP)]).toEqual([0x900dn, OUTER - 48]);
    expect([1, 2, 3, 4, 5, 6].map((n) => p.read(OUTER - 8 * n, 8))).toEqual([0x18, OUTER + 4, RF | 2, 0x10, 0x1234, 0x18]);
  });

  it("takes RSP0 from the TSS with a null SS, and IRETQ comes back", () => {
    goUser();
    p.call("deliverInterrupt", 0x20, Kind.EXTERNAL);
    expect([p.call("cpl"), p.call("selector", Seg.SS), p.call("reg", RSP), p.wide("rip")]).toEqual([0, 0, INNER - 40, 0x9020n]);
    expect(p.call("iret", 8, 0n)).toBe(1);
    expect([p.call("cpl"), p.call("selector", Seg.SS), p.call("reg", RSP), p.wide("rip")]).toEqual([3, DATA3 | 3, OUTER + 4, 0x1234n]);
  });

  it("writes CR2 when a page fault is delivered, and uses the IST for the double fault after it", () => {
    p.write(IDT + 16 * Vector.PF, 8, 0n);
    p.call("raisePageFault", 0x4000_0123n, 2);
    expect(p.wide("cr2")).toBe(0n);
    p.call("deliverException");
    expect([p.wide("cr2"), p.wide("rip"), p.call("reg", RSP)]).toEqual([0x4000_0123n, 0x9008n, IST1 - 48]);
  });

  it("goes to compatibility mode and back by IRET and an interrupt", () => {
    const frame = [0x2000, 0x48 | 3, IF | 2, 0x5ff0, DATA3 | 3];
    frame.forEach((v, n) => p.write(0x4800 + 8 * n, 8, v));
    p.call("setReg", RSP, 0x4800n);
    expect(p.call("iret", 8, 0n)).toBe(1);
    expect([p.call("mode") & 1, p.call("mode") & 2, p.call("cpl"), p.wide("rip")]).toEqual([0, 2, 3, 0x2000n]);
    p.call("deliverSoftware", 0x20, Kind.SOFTWARE, 0x2002n);
    expect([p.call("mode") & 1, p.call("cpl"), p.read(INNER - 40, 8), p.read(INNER - 32, 8)]).toEqual([1, 0, 0x2002, 0x48 | 3]);
  });

  it("refuses IRET with NT, and a return address that is not canonical", () => {
    p.call("replaceFlags", BigInt(NT | 2));
    expect(p.call("iret", 8, 0n)).toBe(0);
    expect(p.fault()).toBe("GP(0)");
    p.call("replaceFlags", 2n);
    [1n << 47n, 8n, 2n, 0x5000n, 0n].forEach((v, n) => p.write(0x4800 + 8 * n, 8, v));
    p.call("setReg", RSP, 0x4800n);
    expect(p.call("iret", 8, 0n)).toBe(0);
    expect(p.fault()).toBe("GP(0)");
    expect(p.call("reg", RSP)).toBe(0x4800);
  });

  it("makes SYSCALL and SYSRET a pair", () => {
    p.call("setStar", 0x0010_0008n << 32n, 0x8888n, BigInt(IF | TF));
    goUser();
    p.call("replaceFlags", BigInt(IF | 2));
    expect(p.call("sysCall", 0x1236n)).toBe(1);
    expect([p.call("cpl"), p.wide("rip"), p.call("reg", 1), p.call("reg", 11), p.call("readFlags")]).toEqual([0, 0x8888n, 0x1236, IF | 2, 2]);
    expect([p.call("selector", Seg.CS), p.call("selector", Seg.SS)]).toEqual([8, 16]);
    expect(p.call("sysReturn", 1)).toBe(1);
    expect([p.call("cpl"), p.wide("rip"), p.call("readFlags"), p.call("selector", Seg.CS), p.call("selector", Seg.SS)]).toEqual([3, 0x1236n, IF | 2, 0x23, 0x1b]);
    expect(p.call("sysReturn", 1)).toBe(0);
    expect(p.fault()).toBe("GP(0)");
  });

  it("asks the I/O bitmap above IOPL", () => {
    p.write(TSS + 0x66, 2, 0x60);
    p.write(TSS + 0x60, 4, 0xffff_ff7f);
    goUser();
    expect(p.call("checkPorts", 7, 1)).toBe(1);
    expect(p.call("checkPorts", 7, 2)).toBe(0);
    expect(p.fault()).toBe("GP(0)");
    expect(p.call("checkPorts", 0x400, 1)).toBe(0);
    expect(p.fault()).toBe("GP(0)");
  });
});

describe("real mode", () => {
  it("goes through the vector table and back", async () => {
    p = await makeProcessor();
    p.call("realMode", 0x2_0010n);
    p.call("setTables", 0n, 0, 0n, 0x3ff);
    p.write(0x21 * 4, 4, 0x3000_0042);
    p.call("replaceFlags", BigInt(IF | 2));
    p.call("setReg", RSP, 0x800n);
    p.call("deliverSoftware", 0x21, Kind.SOFTWARE, 0x12n);
    expect([p.call("selector", Seg.CS), p.wide("base", Seg.CS), p.wide("rip"), p.call("readFlags")]).toEqual([0x3000, 0x3_0000n, 0x42n, 2]);
    expect([p.read(0x7fa, 2), p.read(0x7fc, 2), p.read(0x7fe, 2)]).toEqual([0x12, 0x2001, IF | 2]);
    expect(p.call("iret", 2, 0n)).toBe(1);
    expect([p.call("selector", Seg.CS), p.wide("rip"), p.call("reg", RSP)]).toEqual([0x2001, 0x12n, 0x800]);
  });
});
