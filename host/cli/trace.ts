/** `pintail trace FILE`: what a trace file has, as lines, as one packet's life, or for other tools. */

import { readFileSync } from 'node:fs';
import { readEvents, readHeader } from '../measure/trace/events.js';
import { eventJson, eventLine, lifeText, perfettoJson } from '../measure/trace/formats.js';
import { lifeOf } from '../measure/trace/life.js';
import { parseCommandLine, parseCount } from './arguments.js';
import { checkReadable } from './check.js';
import { optionsOf } from './table.js';

export async function trace(args: readonly string[]): Promise<number> {
  const parsed = parseCommandLine(args, optionsOf('trace')), [file, ...more] = parsed.words;
  if (file === undefined) parsed.faults.add('trace', 'needs a file that "run -trace file=FILE" has written.');
  else checkReadable({ argument: file }, file, parsed.faults);
  for (const word of more) parsed.faults.add(word, '"trace" takes one file.');
  const given = parsed.given('packet'), direction = parsed.has('rx') ? 'rx' : 'tx', card = parsed.value('card');
  const packet = given === undefined ? undefined : parsed.faults.attempt(() => Number(parseCount(given.argument, given.value)));
  if (given !== undefined && packet !== undefined && packet < 1) parsed.faults.add(given.argument, 'packets are counted from 1.');
  parsed.faults.check();
  const bytes = readFileSync(file!), { header, end } = readHeader(bytes), events = [...readEvents(bytes.subarray(end), header)];
  const kept = packet === undefined ? undefined : lifeOf(events, packet, direction, card);
  if (parsed.has('perfetto')) process.stdout.write(perfettoJson(kept?.events ?? events));
  else if (parsed.has('json')) for (const event of kept?.events ?? events) process.stdout.write(`${eventJson(event)}\n`);
  else if (kept !== undefined) process.stdout.write(lifeText(kept));
  else for (const event of events) process.stdout.write(`${eventLine(event)}\n`);
  return 0;
}
