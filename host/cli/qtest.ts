/** `pintail qtest`: the board without its processor, driven over QEMU's qtest protocol. docs/qtest.md. */

import { appendFileSync } from 'node:fs';
import { createBoard, type Board } from '../machine/board.js';
import { ChardevError, parseChardev, serveChardev, type ChardevSpec } from '../qtest/chardev.js';
import { QtestSession } from '../qtest/commands.js';
import { greetMonitor, type Monitored } from '../qtest/qmp.js';
import { DEVICE_MODELS } from './device-models.js';
import { UsageError } from './faults.js';
import { readQtestOptions, type QtestOptions } from './qtest-options.js';

type Log = (direction: '<' | '>', line: string) => void;

/** `none`, nothing, or a file: what was said, a line each. */
function openLog(path: string | undefined): Log {
  if (path === undefined || path === 'none' || path === '/dev/null') return () => undefined;
  return (direction, line) => appendFileSync(path, `${direction} ${line}\n`);
}

async function serve(board: Board, spec: ChardevSpec, options: QtestOptions, signal: AbortSignal): Promise<void> {
  const session = new QtestSession(board);
  const log = openLog(options.log);
  await serveChardev(
    spec,
    (send) => {
      session.attach((line) => {
        log('>', line);
        send(line);
      });
      return {
        line(text) {
          log('<', text);
          session.execute(text);
        },
      };
    },
    signal,
  );
}

function readChardev(option: string, text: string): ChardevSpec {
  try {
    return parseChardev(text);
  } catch (error) {
    throw error instanceof ChardevError ? new UsageError(option, error.message) : error;
  }
}

/** The subcommand: until the client ends, a monitor's client says quit, or a signal comes. */
export async function qtest(args: readonly string[]): Promise<number> {
  const options = readQtestOptions(args);
  const spec = readChardev('-qtest', options.qtest);
  const monitor = options.monitor === undefined ? undefined : readChardev('-mon', options.monitor);
  const ending = new AbortController();
  const end = (): void => ending.abort();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, end);
  const board = await createBoard(options.machine);
  board.onOff = end;
  const work = [serve(board, spec, options, ending.signal)];
  const monitored: Monitored = { models: DEVICE_MODELS.flatMap(({ names }) => names), reset: () => board.reset(), quit: end };
  if (monitor !== undefined) work.push(serveChardev(monitor, (send) => greetMonitor(send, monitored), ending.signal));
  try {
    // The monitor's end is the client's business; the other's is ours.
    await Promise.race(monitor === undefined ? work : [work[0], work[1]!.then(() => new Promise<void>((resolve) => ending.signal.addEventListener('abort', () => resolve())))]);
  } finally {
    end();
    await Promise.allSettled(work);
    await board.close();
    process.stdin.destroy();
  }
  return 0;
}
