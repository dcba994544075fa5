// The module as another build might have it: every region of the memory map elsewhere, in another order where the map allows it, static data and function tables
// shifted. What a snapshot holds must mean the same to both (docs/snapshots.md). Compiled once for each state of the sources, into build/test.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import asc from "assemblyscript/asc";
import { listFiles, root } from "./build.mjs";

const LAYOUTS = /(^|\/)assembly\/(?:\w+\/)+layout\.ts$/;
const ENTRY = /(^|\/)assembly\/run\/exports\.ts$/;
/** Parts that are one block with what follows, so that nothing may come between; and regions whose parts fill them to the end. */
const FIXED = /^(?:STATIC_END|LINKS|LOOP|CPU|VCPU|GPR\w*|XMM\w*|FPR|SEGMENTS|WALK|PDPTE|UPPERS|FLOAT_ENV|TLB_BLANK|RAM|FIRMWARE)$/;

/** Every address of a layout that follows another's end lies so many bytes further on, the sizes of what holds parts grow with them. */
function movedLayout(text) {
  let n = 0;
  return text
    .replace(/^(@inline export const (\w+): usize = )(\w+ \+ \w+);/gm, (line, start, name, value) => (FIXED.test(name) || !/_SIZE$|_BYTES$/.test(value) ? line : `${start}${value} + ${64 * (1 + (n++ % 5))};`))
    .replace(/^(@inline export const (?:CLOCK|INTERRUPT|CHIPSET|PCI|PCI_TABLES|SLOTS|REGISTERS|DEVICES|RINGS|VIRTIO_DATA|NIC_DATA|VTD_DATA)_SIZE: usize = )([^;]+);/gm, "$1$2 + 8192;")
    .replace("MACHINE: usize = STATIC_END;", "MACHINE: usize = STATIC_END + 0x13000;");
}

/** Functions of our own come first in the table, and data of our own in memory. */
const DUMMIES = Array.from({ length: 7 }, (_, i) => `function moved${i}(): void { store<u8>(${2000 + i}, ${i}); }`).join("\n");
const movedEntry = (text) => `${DUMMIES}\nexport function movedTable(): usize { return memory.data(12352) + ${Array.from({ length: 7 }, (_, i) => `moved${i}.index`).join(" + ")}; }\n${text}`;

const edited = (name, text) => (LAYOUTS.test(name) ? movedLayout(text) : ENTRY.test(name) ? movedEntry(text) : text);

/** The module's bytes. */
export async function movedModule() {
  const hash = createHash("sha256");
  for (const file of [...listFiles("assembly", [".ts"]), "asconfig.json", "tests/support/moved-module.mjs"]) hash.update(file).update(readFileSync(join(root, file)));
  const kept = join(root, "build/test", `moved-${hash.digest("hex").slice(0, 32)}.wasm`);
  if (!existsSync(kept)) {
    let bytes;
    const { error, stderr } = await asc.main(["--config", "asconfig.json", "--target", "test", "--outFile", "out.wasm"], {
      readFile: (name, base) => {
        const path = join(base, name);
        return existsSync(path) ? edited(path, readFileSync(path, "utf8")) : null;
      },
      writeFile: (name, content) => { if (name.endsWith(".wasm")) bytes = content; },
      listFiles: () => [],
    });
    if (error || bytes === undefined) throw new Error(`the moved module does not compile:\n${stderr}`);
    mkdirSync(join(root, "build/test"), { recursive: true });
    writeFileSync(`${kept}.${process.pid}`, bytes);
    renameSync(`${kept}.${process.pid}`, kept);
  }
  return Uint8Array.from(readFileSync(kept));
}
