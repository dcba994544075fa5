// A process to be killed: a machine from a snapshot, whose guest writes file after file to the mounted disk and tells the number of
// each on standard output once it is fsynced. Arguments: snapshot, image.
import { readFileSync, writeSync } from "node:fs";
import { createMachine } from "pintail";

const [snapshot, image] = process.argv.slice(2);
const machine = await createMachine({
  snapshot: readFileSync(snapshot), drives: [{ id: "d", source: image }], devices: [{ model: "virtio-blk", drive: "d", slot: 1 }], limits: { wallMs: 120_000 },
});
// Each file is 100 lines of its number, and every fourth one is written over an older one, in place.
const script = `
n=0
while :; do
  n=$((n + 1))
  { i=0; while [ $i -lt 100 ]; do echo "file $n"; i=$((i + 1)); done; } >/tmp/next
  dd if=/tmp/next of=/mnt/f$n conv=fsync 2>/dev/null
  [ $((n % 4)) = 0 ] && dd if=/tmp/next of=/mnt/f1 conv=notrunc,fsync 2>/dev/null
  echo $n
done`;
await machine.exec(["sh", "-c", script], { onStdout: (bytes) => writeSync(1, bytes) });
