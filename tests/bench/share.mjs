// A shared folder by virtio-9p, beside QEMU's in the same run, the same Linux driving both: 100 MB each way, and a kernel's source tree listed and hashed,
// which must give what the host's own tools give.

import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { root } from "../support/build.mjs";
import { Console } from "./net/console.mjs";
import { kernelTree } from "./share/tree.mjs";

const MEMORY_MIB = 512;
const COPY_BYTES = 100_000_000;
const LIMIT_MS = 30 * 60_000;
const MOUNT = "mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000";
const say = (text) => process.stderr.write(`${text}\n`);

/** The same words on the host and in the guests. Links are listed, files are hashed. */
const LIST = "find . | LC_ALL=C sort | sha256sum";
const HASH = "find . -type f -exec sha256sum {} + | LC_ALL=C sort | sha256sum";

function ours(guest, folders) {
  const shares = Object.entries(folders).flatMap(([tag, path]) => ["-virtfs", `local,path=${path},mount_tag=${tag}`]);
  return new Console(process.execPath, [
    join(root, "bin/pintail.mjs"), "run", "-m", `${MEMORY_MIB}`, "-nic", "none", "-serial", "stdio", "-kernel", guest.kernel, "-initrd", guest.initrd, "-append", guest.append, ...shares,
  ]);
}

function qemu(guest, folders) {
  const shares = Object.entries(folders).flatMap(([tag, path]) => ["-virtfs", `local,path=${path},mount_tag=${tag},security_model=none`]);
  return new Console("qemu-system-x86_64", [
    "-accel", "tcg,thread=single", "-cpu", "qemu64", "-M", "q35", "-m", `${MEMORY_MIB}`, "-nodefaults", "-display", "none", "-serial", "stdio",
    "-kernel", guest.kernel, "-initrd", guest.initrd, "-append", guest.append.replace(/ ?tsc\S*/g, ""), ...shares,
  ]);
}

/** Seconds of wall and CPU of one command, and what it said. */
async function timed(machine, command) {
  const [at, cpu] = [performance.now(), machine.cpuSeconds()];
  const text = await machine.command(command, LIMIT_MS);
  return { seconds: (performance.now() - at) / 1000, cpuSeconds: machine.cpuSeconds() - cpu, text: text.trim() };
}

const sumIn = (text) => /[0-9a-f]{64}/.exec(text)?.[0];
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

/** What a machine must have said or left, or why the row is none. */
function must(name, got, wanted) {
  if (got !== wanted) throw new Error(`${name}: ${got ?? "nothing"} came, where the host has ${wanted}.`);
}

/** Rows: a command, the bytes it moves, and what must be true afterwards. */
function rowsFor(folder, expected) {
  return [
    { name: "100 MB from the host", command: "cp /share/in /tmp/copy", bytes: COPY_BYTES, check: ({ text }) => must("cp", text, "") },
    { name: "the copy hashed, in memory", command: "sha256sum /tmp/copy", bytes: COPY_BYTES, check: ({ text }) => must("the copy in the guest", sumIn(text), expected.copy) },
    { name: "100 MB to the host", command: "cp /tmp/copy /share/out && sync", bytes: COPY_BYTES, check: () => must("the copy on the host", sha256(readFileSync(join(folder, "out"))), expected.copy) },
    ...(expected.list === undefined ? [] : [
      { name: "the tree listed", command: `(cd /tree && ${LIST})`, bytes: 0, check: ({ text }) => must("the guest's list", sumIn(text), expected.list) },
      { name: "the tree hashed", command: `(cd /tree && ${HASH})`, bytes: expected.treeBytes, check: ({ text }) => must("the guest's sum of sums", sumIn(text), expected.hash) },
    ]),
  ];
}

/** Boots with the folders and does every row; { name: result }. */
async function measure(name, machine, rows) {
  const results = {};
  try {
    await machine.prompt();
    await machine.command("stty cols 500"); // the shell wraps longer lines in their echo
    await machine.command("echo 0 >/proc/sys/kernel/printk; mkdir -p /share /tree; umount /mnt 2>/dev/null");
    must(`${name}'s mounts`, (await machine.command(`modprobe 9pnet_virtio; modprobe 9p; ${MOUNT} share /share && ${MOUNT} tree /tree && echo moun""ted`)).trim(), "mounted");
    for (const row of rows) {
      const result = await timed(machine, row.command);
      row.check(result);
      results[row.name] = { seconds: result.seconds, cpuSeconds: result.cpuSeconds, bytes: row.bytes };
      say(`${name}: ${row.name}: ${result.seconds.toFixed(1)} s, ${result.cpuSeconds.toFixed(1)} s of CPU`);
    }
  } finally {
    await machine.kill();
  }
  return results;
}

/** What the host's tools say of the tree. */
async function hostsWord(tree) {
  const run = promisify(execFile);
  const sh = async (script) => (await run("sh", ["-c", script], { cwd: tree, maxBuffer: 1 << 20 })).stdout;
  const [list, hash, bytes, count] = [await sh(LIST), await sh(HASH), await sh("find . -type f -printf '%s\\n' | awk '{ s += $1 } END { print s }'"), await sh("find . | wc -l")];
  return { list: sumIn(list), hash: sumIn(hash), treeBytes: Number(bytes), names: Number(count) };
}

function print({ names, treeBytes, results }) {
  const out = (text) => process.stdout.write(`${text}\n`);
  if (names !== undefined) out(`the tree: ${names} names, ${(treeBytes / 1e6).toFixed(0)} MB`);
  out(`${"".padEnd(28)}${Object.keys(results).map((name) => `${name}: s, CPU s, MB/s`.padStart(34)).join("")}`);
  for (const row of Object.keys(Object.values(results)[0])) {
    const cells = Object.values(results).map((one) => {
      const { seconds, cpuSeconds, bytes } = one[row];
      return `${seconds.toFixed(2)}, ${cpuSeconds.toFixed(2)}, ${bytes > 0 ? (bytes / 1e6 / seconds).toFixed(1) : "-"}`.padStart(34);
    });
    out(`${row.padEnd(28)}${cells.join("")}`);
  }
}

/** `quick` leaves the tree out; `rows`: a folder of it, in its place; `only`: one of Pintail, QEMU. */
export async function benchShare({ json, quick, only, rows: part = "." }) {
  const { prepareGuest } = await import(join(root, "build/host/guest/index.js"));
  const guest = await prepareGuest("amd64", { onProgress: say });
  const folder = mkdtempSync(join(tmpdir(), "bench-share-"));
  try {
    const empty = join(folder, "empty");
    mkdirSync(empty);
    const tree = quick ? empty : join(await kernelTree(say), part);
    const expected = quick ? {} : await hostsWord(tree), results = {};
    for (const [name, start] of [["Pintail", ours], ["QEMU", qemu]]) {
      if (only !== undefined && only !== name) continue;
      const share = join(folder, name), bytes = randomBytes(COPY_BYTES);
      mkdirSync(share);
      writeFileSync(join(share, "in"), bytes);
      results[name] = await measure(name, start(guest, { share, tree }), rowsFor(share, { ...expected, copy: sha256(bytes) }));
    }
    if (json) process.stdout.write(`${JSON.stringify({ ...expected, results })}\n`);
    else print({ ...expected, results });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
