// What a network card does, beside QEMU's TCG with the same guest and card, and beside v86, in one run.

import { freeUdpPort } from "./net/host.mjs";
import { ROWS } from "./net/measure.mjs";
import { openSubjects } from "./net/subjects.mjs";

const say = (text) => process.stderr.write(`${text}\n`);

/** { row name: { rate, cost } } of one machine, booted for it; a peer that is not here gives its reason instead. */
async function measure(subject) {
  const udpPort = await freeUdpPort();
  const machine = subject.start(udpPort);
  const results = {};
  try {
    await machine.prompt();
    await machine.command("echo 0 >/proc/sys/kernel/printk");
    for (const row of ROWS) {
      results[row.name] = await row.measure(machine, udpPort);
      say(`${subject.peer} ${subject.card}: ${row.name}: ${results[row.name].rate.toFixed(1)} ${row.rate}`);
    }
  } catch (error) {
    results.failed = error.message;
    say(`${subject.peer} ${subject.card}: ${error.message}`);
  } finally {
    await machine.kill();
  }
  return results;
}

/** Each of our cards with the peers it is held against. */
function pairs(results) {
  const find = (peer, card) => results.find((r) => r.peer === peer && r.card === card);
  const list = ["virtio-net", "e1000", "pcnet"].map((card) => [find("Pintail", card), find("QEMU", card)]);
  for (const card of ["virtio", "ne2k"]) for (const own of ["virtio-net", "e1000", "pcnet"]) list.push([find("Pintail", own), find("v86", card)]);
  return list.filter(([own, peer]) => own !== undefined && peer !== undefined);
}

const figure = (value) => (value === undefined || !Number.isFinite(value) ? "-" : value >= 1000 ? value.toFixed(0) : value.toPrecision(3));

function print(results) {
  for (const row of ROWS) {
    process.stdout.write(`\n${row.name}\n${"".padEnd(24)}${row.rate.padStart(12)}${`CPU ${row.cost}`.padStart(16)}\n`);
    for (const r of results) {
      const cell = r.rows[row.name];
      process.stdout.write(`  ${`${r.peer} ${r.card}`.padEnd(22)}${figure(cell?.rate).padStart(12)}${figure(cell && cell.cost * row.scale).padStart(16)}\n`);
    }
    process.stdout.write(`  as ratios, ours over the peer's${"rate".padStart(12)}${"work per CPU s".padStart(18)}\n`);
    for (const [own, peer] of pairs(results)) {
      const [a, b] = [own.rows[row.name], peer.rows[row.name]];
      if (a === undefined || b === undefined) continue;
      process.stdout.write(`    ${`${own.card} / ${peer.peer} ${peer.card}`.padEnd(28)}${figure(a.rate / b.rate).padStart(12)}${figure(b.cost / a.cost).padStart(18)}\n`);
    }
  }
}

/** `only`: text that the name of a subject ("QEMU e1000") must hold. */
export async function benchNet({ json, only }) {
  const subjects = (await openSubjects(say)).filter((s) => `${s.peer} ${s.card}`.includes(only ?? ""));
  const results = [];
  for (const subject of subjects) results.push({ peer: subject.peer, card: subject.card, rows: await measure(subject) });
  if (json) process.stdout.write(`${JSON.stringify(results)}\n`);
  else print(results);
}
