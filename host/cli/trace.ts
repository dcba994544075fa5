/** `pintail trace FILE`: what a trace file has, as lines, as one packet's life, or for other tools. */

import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { annotate } from '../measure/trace/annotate.js';
import { eventsOfFile, type TraceEvent } from '../measure/trace/events.js';
import { eventJson, eventLine, lifeText, perfettoLines } from '../measure/trace/formats.js';
import { lifeOf, partAround, type Life } from '../measure/trace/life.js';
import { parseCommandLine, parseCount } from './arguments.js';
import { checkReadable, checkWritable } from './check.js';
import { note } from './note.js';
import { optionsOf } from './table.js';

export async function trace(args: readonly string[]): Promise<number> {
  const parsed = parseCommandLine(args, optionsOf('trace')), [file, ...more] = parsed.words;
  if (file === undefined) parsed.faults.add('trace', 'needs a file that "run -trace file=FILE" has written.');
  else checkReadable({ argument: file }, file, parsed.faults);
  for (const word of more) parsed.faults.add(word, '"trace" takes one file.');
  const given = parsed.given('packet'), direction = parsed.has('rx') ? 'rx' : 'tx', card = parsed.value('card');
  const packet = given === undefined ? undefined : parsed.faults.attempt(() => Number(parseCount(given.argument, given.value)));
  if (given !== undefined && packet !== undefined && packet < 1) parsed.faults.add(given.argument, 'packets are counted from 1.');
  const capture = parsed.given('annotate'), out = parsed.given('out');
  if (capture !== undefined) checkReadable(capture, capture.value, parsed.faults);
  if (out !== undefined) checkWritable(out, out.value, parsed.faults);
  if ((capture === undefined) !== (out === undefined)) parsed.faults.add((capture ?? out)!.argument, '--annotate CAPTURE and --out FILE go together.');
  if (capture !== undefined && (packet !== undefined || parsed.has('json') || parsed.has('perfetto'))) parsed.faults.add(capture.argument, 'tells all packets, in a capture: without --packet, --json and --perfetto.');
  if (parsed.has('netdev') && capture === undefined) parsed.faults.add(parsed.given('netdev')!.argument, 'is of --annotate CAPTURE.');
  parsed.faults.check();
  if (capture !== undefined) return annotateFile(file!, capture.value, out!.value, { card, netdev: parsed.value('netdev') });
  const events = eventsOfFile(file!), life = packet === undefined ? undefined : lifeIn(events, packet, direction, card);
  const lines = parsed.has('perfetto') ? perfettoLines(life?.events ?? events) : parsed.has('json') ? linesOf(life?.events ?? events, eventJson) : life !== undefined ? [lifeText(life)] : linesOf(events, eventLine);
  for (const line of lines) if (!process.stdout.write(line)) await once(process.stdout, 'drain');
  return 0;
}

/** Comments on a capture's frames, in another file. */
function annotateFile(trace: string, capture: string, out: string, whose: { card: string | undefined; netdev: string | undefined }): number {
  const { bytes, told, untold } = annotate(readFileSync(capture), capture, [...eventsOfFile(trace)], whose);
  writeFileSync(out, bytes);
  if (untold > 0) note(`${told} frames have a comment; of ${untold} the trace tells nothing: the card has not sent or received as many in it.`);
  return 0;
}

function* linesOf(events: Iterable<TraceEvent>, text: (event: TraceEvent) => string): Generator<string> {
  for (const event of events) yield `${text(event)}\n`;
}

function lifeIn(events: Iterable<TraceEvent>, packet: number, direction: 'tx' | 'rx', card: string | undefined): Life {
  const part = partAround(events, packet, direction, card);
  return { ...lifeOf(part.events, part.packet, direction, card), packet };
}
