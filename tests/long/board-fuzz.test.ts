// The board's fuzz for longer: other seeds, four million accesses.
import { describe, it } from "vitest";
import { makeBoard } from "../unit/board/board.js";
import { pokeFor } from "../unit/board/poke.js";

describe("a hostile guest, for long", () => {
  for (let seed = 100; seed < 140; seed++) {
    it(`pokes every device at random (seed ${seed})`, async () => { pokeFor(await makeBoard(), seed * 0x9e3779b9, 1000); }, 120_000);
  }
});
