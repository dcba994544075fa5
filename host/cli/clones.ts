/**
 * `--clones N`: machines of one state in one process, which share its pages until they touch them and the compiled module, on one switch. Each has a
 * seed of its own (the given one and up), so other random numbers, another generation id and other addresses, and runs the command with its number
 * in PINTAIL_CLONE. What they write comes by lines, with the number before each.
 */

import { prepareGuest } from '../platform/node/guest/prepare.js';
import type { LocalMachine } from '../machine/local.js';
import { parseNetdev } from '../net/netdev.js';
import { findHub } from '../net/hub.js';
import { createNetContext, openBackend } from '../net/open.js';
import type { NetBackend } from '../net/backend.js';
import { createSeries, mayStartInstantly } from './instant.js';
import { UsageError } from './faults.js';
import { note } from './note.js';
import type { Outputs } from './output.js';
import type { Progress } from './progress.js';
import type { RunOptions } from './run-options.js';

/** The status of a clone whose machine stopped before its command ended. */
const STOPPED = 1;
/** Switches of clones have numbers that nobody types. */
const FIRST_HUB = 1_000_000;

type Stream = 'stdout' | 'stderr';

/** Cuts what a clone writes into lines; the last may have no end. */
class Lines {
  private kept = '';
  private readonly decoder = new TextDecoder();

  constructor(private readonly tell: (line: string) => void) {}

  take(bytes: Uint8Array): void {
    const lines = (this.kept + this.decoder.decode(bytes, { stream: true })).split('\n');
    this.kept = lines.pop()!;
    lines.forEach(this.tell);
  }

  end(): void {
    this.take(new Uint8Array());
    if (this.kept !== '') this.tell(this.kept);
    this.kept = '';
  }
}

/** What cannot be shared by several, or is told of one machine only. */
export function checkClones(clones: NonNullable<RunOptions['clones']>, options: RunOptions): void {
  const { machine } = options;
  const problem = machine.command === undefined ? 'needs a command for each of them, after "--".'
    : options.attribution.files.length > 0 || options.stats || options.vnc !== undefined || options.monitor !== undefined ? 'has many machines; what looks at one (--stats, --attribute, -vnc, -monitor) cannot be with it.'
    : options.cold || machine.add !== undefined || !mayStartInstantly(machine, options.verbose) ? 'is of a prepared guest that waits: without --cold, -v, disks, shares, chardevs, --add, -append, and other networks than "user" and "none".'
    : undefined;
  if (problem !== undefined) throw new UsageError(clones.argument, problem);
}

/** Each user network becomes one for all of them, on a switch that their cards are on. */
async function openSwitches(netdevs: readonly unknown[]): Promise<{ ports: string[]; networks: NetBackend[] }> {
  const networks: NetBackend[] = [], ports: string[] = [];
  for (const [i, netdev] of netdevs.entries()) {
    const spec = parseNetdev(String(netdev));
    const { backend } = await openBackend(spec, createNetContext());
    networks.push(findHub(FIRST_HUB + i).join(`${spec.id} of all`, backend), backend);
    ports.push(`hubport,id=${spec.id},hubid=${FIRST_HUB + i}`);
  }
  return { ports, networks };
}

async function runOne(machine: LocalMachine, number: number, { machine: { command }, json }: RunOptions, outputs: Outputs): Promise<number> {
  const linesOf = (stream: Stream): Lines => new Lines((line) => void outputs.write(process[stream], Buffer.from(json ? `${JSON.stringify({ clone: number, [stream]: line })}\n` : `${number}: ${line}\n`)));
  const [out, error] = [linesOf('stdout'), linesOf('stderr')];
  try {
    const result = await machine.exec(command!, { env: { PINTAIL_CLONE: String(number) }, onStdout: (bytes) => out.take(bytes), onStderr: (bytes) => error.take(bytes) });
    return result.code;
  } catch (reason) {
    note(`clone ${number}: ${(reason as Error).message}`);
    return STOPPED;
  } finally {
    out.end();
    error.end();
  }
}

/** Runs the command in all of them at once; the status is the first that is not 0. */
export async function runClones(options: RunOptions, outputs: Outputs, progress: Progress): Promise<number> {
  const { machine: wanted, repeats } = options;
  const guest = await prepareGuest(wanted.guest as 'amd64' | 'i386', { onProgress: progress.note, onTransfer: progress.transfer });
  const { ports, networks } = await openSwitches(wanted.netdevs ?? []);
  const machines: LocalMachine[] = [];
  try {
    const { command: _, ...machine } = wanted;
    const series = { machine, guest, repeats, onProgress: progress.note, onBoot: () => progress.moving('booting, once') };
    machines.push(...(await createSeries(series, options.clones!.count, ports)));
    progress.done();
    outputs.onError(() => machines.forEach((one) => void one.pause()));
    const statuses = await Promise.all(machines.map((one, number) => runOne(one, number, options, outputs)));
    if (options.json) process.stderr.write(`${JSON.stringify({ end: { statuses } })}\n`);
    return statuses.find((status) => status !== 0) ?? 0;
  } finally {
    for (const one of machines) await one.close();
    for (const network of networks) await network.close();
  }
}
