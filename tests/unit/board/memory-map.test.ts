// docs/memory-map.md is what base/regions.ts says. After a change of the layout: npx vitest run tests/unit/board/memory-map.test.ts -u
import { expect, it } from "vitest";
import { text } from "../../support/compile.js";
import { makeBoard } from "./board.js";

const KINDS = ["state", "cache", "static"];
const HEAD = `# The memory map

Linear memory of the module, from \`assembly/base/layout.ts\` by way of \`assembly/base/regions.ts\`; a test keeps this page
as they are. Of the *state* a snapshot carries the parts that \`assembly/run/sections.ts\` lists ([snapshots.md](snapshots.md)); a *cache* can be made again from it; *static* is what the compiler put there.
Guest RAM follows to the end; its size is the machine's.

| region | address | KiB | kind |
|---|---|---|---|
`;

it("the page says what the module says", async () => {
  const b = await makeBoard(), rows: string[] = [];
  for (let i = 0; i < b.call("regionCount"); i++) {
    const name = text(b.m, b.call("regionName", i)), kib = b.call("regionSize", i) / 1024;
    rows.push(`| ${name} | 0x${b.call("regionBase", i).toString(16)} | ${name === "ram" ? "" : kib} | ${KINDS[b.call("regionKind", i)]} |`);
  }
  await expect(HEAD + rows.join("\n") + "\n").toMatchFileSnapshot("../../../docs/memory-map.md");
});
