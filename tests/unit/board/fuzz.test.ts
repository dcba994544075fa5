// A guest that pokes: every port with every width, and random accesses at every device, with time passing. Nothing may
// trap, no call may run for ever, and the machine's lines must still work afterwards.
import { describe, expect, it } from "vitest";
import { makeBoard } from "./board.js";
import { pokeFor } from "./poke.js";

describe("a hostile guest", () => {
  it("reads and writes every port with every width", async () => {
    const b = await makeBoard();
    for (let port = 0; port < 0x10000; port++) {
      for (const bytes of [1, 2, 4]) {
        b.call("portRead", port, bytes);
        b.call("portWrite", port, bytes, 0xffffffff);
        b.call("portWrite", port, bytes, 0);
      }
    }
    b.call("runTimers");
    expect(b.counter("port writes")).toBe(0x10000 * 6);
  });

  for (const seed of [1, 2, 3, 4]) {
    it(`pokes every device at random (seed ${seed})`, async () => {
      const b = await makeBoard(), ticks = pokeFor(b, seed * 0x9e3779b9, 500);
      b.call("resetChipset");
      b.call("resetPci");
      expect(b.read32(0xfee00030)).toBe(0x50014);
      expect(b.now()).toBe(ticks);
    });
  }
});
