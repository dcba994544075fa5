// A process to be killed: a machine on the drive that the argument describes (JSON: code in base64, drive, devices), which runs until it is.
// What the guest writes to port 0xe9 goes to standard output, at once.
import { writeSync } from "node:fs";
import { createMachine } from "pintail";

const { code, drive, devices } = JSON.parse(process.argv[2]);
const machine = await createMachine({
  memoryMiB: 4, bare: { code: Uint8Array.from(Buffer.from(code, "base64")), mode: "protected32" },
  drives: [{ id: "d", ...drive }], devices, limits: { wallMs: 60_000 },
});
machine.on("serial", (port, bytes) => { if (port === 4) writeSync(1, bytes); });
const stop = await machine.run();
process.stderr.write(`${stop.reason} ${stop.code}\n`);
