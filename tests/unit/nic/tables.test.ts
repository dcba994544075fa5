// What all cards have from the device floor: register tables, and the door to memory by requester.
import { describe, expect, it } from "vitest";
import { checkRows, tryRows } from "../board/register-table.js";
import { CardKind } from "../../../assembly/surface/cards.js";
import { makeMachine } from "../virtio/machine.js";

describe("the register tables of every card", () => {
  for (const [name, kind, own, detail, least] of [["virtio-net", 1, 0x563412005452n, 0, 20], ["virtio-rng", 2, 0n, 0, 20], ["virtio-blk", 3, 8192n, 1 << 8, 20], ["virtio-serial", 4, 0n, 1 | 2 << 16, 20], ["e1000", 5, 0x563412005452n, 0, 120], ["pcnet", 6, 0x563412005452n, 0, 80], ["edu", 7, 0n, 0, 10], ["iommu-testdev", CardKind.IOMMU_TESTDEV, 0n, 0, 9], ["ahci", CardKind.AHCI, 0n, 0, 80], ["nvme", CardKind.NVME, 0n, 0, 9]] as const) {
    it(`${name}: rows lie in their blocks; what has no hook resets, masks and protects`, async () => {
      const { m } = await makeMachine({ kind, mac: own, mtu: detail });
      const bare = await makeMachine({ count: 0 } as never).then((one) => [checkRows(one.m), tryRows(one.m)] as const, () => [0, 0] as const);
      expect(checkRows(m) - bare[0]).toBeGreaterThanOrEqual(least);
      expect(tryRows(m)).toBeGreaterThan(bare[1]);
    });
  }
});

describe("transfers by requester", () => {
  it("a requester of another bus is not one of bus 0 with the same device", async () => {
    const m = await makeMachine();
    m.call("setMaster", 0x0310, 0);
    expect([m.call("dmaWrite32", 0x0310, 0x1000n, 1), m.call("dmaWrite32", 0x10, 0x1000n, 2), m.call("dmaWrite32", 0x0210, 0x2000n, 3), m.get32(0x1000)]).toEqual([0, 1, 1, 2]);
    m.call("setMaster", 0x0310, 1);
    expect(m.call("dmaWrite32", 0x0310, 0x1000n, 4)).toBe(1);
  });
  it("the translate slot says where an address leads, and refuses, by requester and direction", async () => {
    const m = await makeMachine();
    m.set32(0x1000, 5); m.set32(0x2000, 6);
    m.call("translateSome");
    expect([m.call("dmaRead32", 0x0310, 0x1000n), m.call("dmaRead32", 0x10, 0x1000n)]).toEqual([6, 5]);
    m.call("dmaFailed");
    expect([m.call("dmaWrite32", 0x10, 0x1000n, 7), m.call("dmaFailed"), m.get32(0x1000)]).toEqual([0, 1, 5]);
    expect([m.call("dmaWrite32", 0x0310, 0x1000n, 8), m.get32(0x2000)]).toEqual([1, 8]);
  });
});
