/** `pintail iommu -m MACHINE`: who maps what in a machine's remapping unit, and what it keeps that its tables no longer say. The machine is a snapshot's file, or one that runs, by its monitor. */

import { connect, type Socket } from 'node:net';
import { parseCommandLine } from './arguments.js';
import { UsageError } from './faults.js';
import { PROMPT } from './monitor.js';
import { snapshot } from './snapshot.js';
import { optionsOf } from './table.js';

const PLACE = /^(?:unix:(?<path>.+)|tcp:(?<host>[^:]*):(?<port>\d+))$/;
/** A machine that is busy answers between two slices. */
const ANSWER_MS = 30_000;

/** The answer to one line, as a monitor gives it: it ends with the prompt. */
function ask(socket: Socket, place: string, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '', asked = false;
    const fail = (why: string): void => { socket.destroy(); reject(new UsageError('-m', `${place}: ${why}`)); };
    const timer = setTimeout(() => fail(`no answer within ${ANSWER_MS / 1000} s; is a monitor there (-monitor ${place},server=on,wait=off)?`), ANSWER_MS);
    socket.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (!said.trimEnd().endsWith(PROMPT)) return;
      if (!asked) { asked = true; said = ''; socket.write(`${line}\n`); return; }
      clearTimeout(timer);
      socket.end();
      resolve(said.trimEnd().slice(0, -PROMPT.length));
    }).on('error', ({ message }) => { clearTimeout(timer); fail(message); }).on('close', () => { clearTimeout(timer); fail('the monitor went away'); });
  });
}

async function ofMonitor(place: string, json: boolean): Promise<number> {
  const { path, host, port } = PLACE.exec(place)!.groups!, socket = path === undefined ? connect(Number(port), host || '127.0.0.1') : connect(path);
  const text = await ask(socket, place, 'info iommu');
  process.stdout.write(json ? `${JSON.stringify({ unit: text })}\n` : text);
  return 0;
}

/** The subcommand. */
export async function iommu(args: readonly string[]): Promise<number> {
  const parsed = parseCommandLine(args, optionsOf('iommu')), machine = parsed.given('m')?.value;
  if (machine === undefined) parsed.faults.add('iommu', 'say which machine: -m FILE (a snapshot), -m unix:PATH or -m tcp:HOST:PORT (a monitor).');
  if (parsed.words.length > 0) parsed.faults.add(parsed.words[0]!, 'the machine is named by -m.');
  parsed.faults.check();
  return PLACE.test(machine!) ? ofMonitor(machine!, parsed.has('json')) : snapshot(['iommu', machine!, ...(parsed.has('json') ? ['--json'] : [])]);
}
