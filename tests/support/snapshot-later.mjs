// A process of its own that goes on from a snapshot: prints the state hash so many ticks later.
//
//     node tests/support/snapshot-later.mjs '{"options": {...}, "disk": "FILE", "later": 20000000}'

import { readFileSync } from "node:fs";
import { createMachine } from "../../build/host/index.js";

const { options, disk, later } = JSON.parse(process.argv[2]);
const machine = await createMachine({ ...options, drives: [{ id: "d", source: Uint8Array.from(readFileSync(disk)) }] });
await machine.step(later);
process.stdout.write(await machine.stateHash());
await machine.close();
