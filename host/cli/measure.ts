/** `pintail measure`: what a packet costs. */

import { writeFileSync } from 'node:fs';
import { LEAST_COUNT, CARD_MODELS, DEFAULTS, DIRECTIONS, IOMMU_MODES, type IommuMode } from '../measure/variant.js';
import type { PacketQuestion } from '../measure/packet.js';
import { parseSpeed } from '../net/lab.js';
import { didYouMean } from '../words/near.js';
import { parseCommandLine, parseCount, type Given, type Parsed } from './arguments.js';
import { checkReadable, checkWritable } from './check.js';
import { interruptible } from './interruptible.js';
import { optionsOf } from './table.js';

/** Frames of a trial of "measure rate". */
const TRIAL_FRAMES = 20_000;

/** Words parted by commas, each one of `known` and given once. */
function listOf<T extends string>(given: Given | undefined, known: readonly T[], parsed: Parsed): T[] {
  if (given === undefined) return [...known];
  const words = given.value.split(',');
  for (const word of words) if (!known.includes(word as T)) parsed.faults.add(given.argument, `"${word}" is none of ${known.join(', ')}.${didYouMean(word, known)}`);
  return [...new Set(words)] as T[];
}

function numberOf(given: Given | undefined, fallback: number, least: number, most: number, parsed: Parsed): number {
  if (given === undefined) return fallback;
  const value = parsed.faults.attempt(() => Number(parseCount(given.argument, given.value)));
  if (value !== undefined && (value < least || value > most)) parsed.faults.add(given.argument, `want ${least} to ${most}.`);
  return value ?? fallback;
}

function sizesOf(given: Given | undefined, parsed: Parsed): number[] {
  if (given === undefined) return [DEFAULTS.size];
  return [...new Set(given.value.split(',').map((value) => numberOf({ ...given, value }, DEFAULTS.size, 60, 1514, parsed)))];
}

/** `--driver NAME=VALUE`, for the one card there is. */
function driverOf(parsed: Parsed, cards: readonly string[]): Record<string, string> {
  const given = parsed.all('driver');
  if (given.length > 0 && cards.length !== 1) parsed.faults.add(given[0]!.argument, 'is a parameter of one driver: say which by one --card.');
  return Object.fromEntries(given.flatMap(({ argument, value }) => {
    const match = /^(\w+)=([\w,.-]+)$/.exec(value);
    if (match === null) parsed.faults.add(argument, 'want NAME=VALUE, as modprobe takes it.');
    return match === null ? [] : [[match[1]!, match[2]!] as const];
  }));
}

/** Without, there is no unit. */
const iommuOf = (parsed: Parsed): IommuMode[] => (parsed.given('iommu') === undefined ? ['none'] : listOf(parsed.given('iommu'), Object.keys(IOMMU_MODES) as IommuMode[], parsed));

function readQuestion(parsed: Parsed): PacketQuestion {
  const cards = listOf(parsed.given('card'), CARD_MODELS, parsed);
  const speed = parsed.given('speed'), fifo = parsed.given('fifo');
  if (speed !== undefined && !parseSpeed(speed.value)) parsed.faults.add(speed.argument, 'want bits a second, such as 1G, 100M or 9600k.');
  if (fifo !== undefined && speed === undefined) parsed.faults.add(fifo.argument, 'is for a line with a --speed.');
  return {
    cards, sizes: sizesOf(parsed.given('size'), parsed), directions: listOf(parsed.given('dir'), DIRECTIONS, parsed),
    count: numberOf(parsed.given('count'), DEFAULTS.count, LEAST_COUNT, 1_000_000, parsed), warmUp: numberOf(parsed.given('warm-up'), DEFAULTS.warmUp, 0, 1_000_000, parsed),
    rate: numberOf(parsed.given('rate'), DEFAULTS.rate, 10, 10_000_000, parsed), driver: driverOf(parsed, cards), iommu: iommuOf(parsed),
    ...(speed === undefined ? {} : { speed: speed.value }), ...(fifo === undefined ? {} : { fifo: numberOf(fifo, 0, 0, 2 ** 20, parsed) }),
  };
}

/** `--add FILE.ko`, as often as it stands there. */
export function modulesOf(parsed: Parsed): string[] {
  for (const given of parsed.all('add')) {
    const readable = checkReadable(given, given.value, parsed.faults);
    if (readable && !given.value.endsWith('.ko')) parsed.faults.add(given.argument, 'want a kernel module, FILE.ko.');
  }
  return parsed.all('add').map(({ value }) => value);
}

async function packet(args: readonly string[]): Promise<number> {
  const parsed = parseCommandLine(args, optionsOf('measure packet'));
  if (parsed.rest !== undefined) parsed.faults.add('--', '"measure packet" runs no command.');
  for (const word of parsed.words) parsed.faults.add(word, '"measure packet" takes options only.');
  const charge = parsed.given('charge');
  if (charge?.value.endsWith('.json') === true) checkReadable(charge, charge.value, parsed.faults);
  const question = readQuestion(parsed), add = modulesOf(parsed), picture = parsed.given('figure');
  if (picture !== undefined) checkWritable(picture, picture.value, parsed.faults);
  parsed.faults.check();
  const [{ measureVariants }, { packetFigure, packetJson, packetText, packetVariants }, { findChargeTable }] = await Promise.all([import('../measure/run.js'), import('../measure/packet.js'), import('../measure/charge.js')]);
  const table = charge === undefined ? undefined : findChargeTable(charge.value);
  const { measured, origin } = await interruptible('measure', (signal, { note, transfer }) => measureVariants(packetVariants(question), { phases: 1, attribute: true, add, signal, onProgress: note, onTransfer: transfer }));
  if (picture !== undefined) writeFileSync(picture.value, packetFigure(measured, origin));
  process.stdout.write((parsed.has('json') ? packetJson : packetText)(measured, origin, table));
  return 0;
}

/** `--charge`, of a command whose machines take the time. */
function chargeOf(parsed: Parsed): string | undefined {
  const given = parsed.given('charge');
  if (given?.value.endsWith('.json') === true) checkReadable(given, given.value, parsed.faults);
  return given?.value;
}

async function rate(args: readonly string[]): Promise<number> {
  const parsed = parseCommandLine(args, optionsOf('measure rate'));
  if (parsed.rest !== undefined) parsed.faults.add('--', '"measure rate" runs no command.');
  for (const word of parsed.words) parsed.faults.add(word, '"measure rate" takes options only.');
  const cards = listOf(parsed.given('card'), CARD_MODELS, parsed), charge = chargeOf(parsed), add = modulesOf(parsed);
  const common = { count: numberOf(parsed.given('count'), TRIAL_FRAMES, LEAST_COUNT, 1_000_000, parsed), driver: driverOf(parsed, cards), ...(charge === undefined ? {} : { charge }) };
  const questions = cards.flatMap((card) => sizesOf(parsed.given('size'), parsed).map((size) => ({ card, size, ...common })));
  parsed.faults.check();
  const [{ measureRate, rateText, RATE_SCHEMA }, { conditions }, { findChargeTable }] = await Promise.all([import('../measure/rate.js'), import('../measure/packet.js'), import('../measure/charge.js')]);
  if (charge !== undefined) findChargeTable(charge);
  const found = await interruptible('measure', async (signal, { note, transfer }) => {
    const all: Awaited<ReturnType<typeof measureRate>>[] = [];
    for (const question of questions) all.push(await measureRate(question, { add, signal, onProgress: note, onTransfer: transfer }));
    return all;
  });
  const answers = found.map(({ answer }) => answer), { origin } = found[0]!, head = conditions(questions, origin);
  process.stdout.write(parsed.has('json') ? `${JSON.stringify({ schema: RATE_SCHEMA, conditions: head, origin, rows: answers }, null, 2)}\n` : rateText(answers, head));
  return 0;
}

/** The subcommand. */
export async function measure(args: readonly string[]): Promise<number> {
  const [verb, ...rest] = args;
  if (verb === 'packet') return packet(rest);
  if (verb === 'rate') return rate(rest);
  return (await import('./measure-experiments.js')).measureExperiments(args);
}
