/** `-device MODEL,...`, in QEMU's words, by the table of models. */

import { didYouMean } from '../words/near.js';
import { findModel, MODELS, type ModelName } from '../machine/models.js';
import type { DeviceOptions, PortOptions } from '../machine/types.js';
import type { Given } from './arguments.js';
import { DEVICE_MODELS, insteadOf, MODEL_NAMES, OTHER_MODELS, PORT_PROPERTIES, type DeviceModel } from './device-models.js';
import type { Faults } from './faults.js';
import { readProperties, splitWords, type Pair, type Properties, type Words } from './words.js';

/** A device, and the words it was asked for with. */
export interface TypedDevice {
  argument: string;
  device: DeviceOptions;
  id: string | undefined;
}

/** Where the debug console and the debug exit are, when the command line moves them. */
export interface DebugPorts {
  debugConsolePort?: number;
  debugExit?: { port: number; bytes: number };
  testDevice?: boolean;
}

export interface Devices {
  cards: TypedDevice[];
  debug: DebugPorts;
  /** The chardev that the debug console is connected to. */
  debugChardev: string | undefined;
}

export interface DeviceContext {
  faults: Faults;
  notes: string[];
  /** Properties that -global gives to models. */
  globals: ReadonlyMap<string, Pair[]>;
  /** The ids of -chardev. */
  chardevs: ReadonlySet<string>;
  /** The ids of -object rng-... */
  rngs: ReadonlySet<string>;
}

/** `virtio-blk-pci-non-transitional` is without the legacy interface. */
function modelOf(head: string): { model: DeviceModel; name: string; modernOnly: boolean } | undefined {
  const plain = head.replace(/-(non-)?transitional$/, '');
  const model = [...DEVICE_MODELS, ...OTHER_MODELS].find(({ names }) => names.includes(plain));
  return model === undefined ? undefined : { model, name: plain, modernOnly: head.endsWith('-non-transitional') };
}

function unknownModel(words: Words, { faults }: DeviceContext): void {
  const instead = insteadOf(words.head);
  const known = didYouMean(words.head, MODEL_NAMES);
  if (words.head === '' ) faults.add(words.argument, 'needs a model first; "-device help" lists them.');
  else faults.add(words.argument, `there is no "${words.head}"${instead === undefined ? `.${known} "-device help" lists the models.` : `: ${instead}`}`);
}

/** From properties to what the API takes. */
function toDevice(model: DeviceModel, name: DeviceOptions['model'], given: Properties): DeviceOptions {
  const device: Record<string, unknown> = { model: name };
  const features: Record<string, boolean> = {};
  for (const [word, value] of given) {
    const row = model.properties.find((one) => one.name === word)!;
    if (row.feature) features[word] = value === true;
    else if (row.key === 'writeCache') Object.assign(device, value === 'auto' ? {} : { writeCache: value === 'on' });
    else if (row.key !== undefined) device[row.key] = value;
  }
  if (Object.keys(features).length > 0) device['features'] = features;
  return device as unknown as DeviceOptions;
}

const isCard = (model: DeviceModel): boolean => DEVICE_MODELS.includes(model);
/** The name the API has for it. */
const apiName = (name: string): ModelName => (MODELS.find(({ aliases }) => aliases?.includes(name))?.names[0] ?? name) as ModelName;

function readCard(words: Words, found: NonNullable<ReturnType<typeof modelOf>>, context: DeviceContext): TypedDevice {
  const { model, name, modernOnly } = found;
  const pairs = [...(context.globals.get(name) ?? []).filter((pair) => !words.pairs.some((own) => own.name === pair.name)), ...words.pairs];
  const given = readProperties({ ...words, pairs }, name, model.properties, context.faults, context.notes);
  const rng = given.get('rng');
  if (typeof rng === 'string' && !context.rngs.has(rng)) context.faults.add(words.argument, `there is no -object with id=${rng}.`);
  const device = toDevice(model, apiName(name), given);
  if (modernOnly) device.modernOnly = true;
  if (given.has('id') && findModel(device.model)?.options.id !== undefined) device.id = given.get('id') as string;
  return { argument: words.argument, device, id: given.get('id') as string | undefined };
}

/** The card a port goes on: that of its `bus`, or the one before it. */
function busOf(cards: readonly TypedDevice[], bus: unknown): TypedDevice | undefined {
  const consoles = cards.filter(({ device }) => device.model.startsWith('virtio-serial'));
  return bus === undefined ? consoles.at(-1) : consoles.find(({ id }) => id !== undefined && bus === `${id}.0`);
}

function readPort(words: Words, model: DeviceModel, cards: readonly TypedDevice[], { faults, chardevs }: DeviceContext): void {
  const given = readProperties(words, words.head, model.properties, faults);
  const chardev = given.get('chardev') as string | undefined;
  if (chardev !== undefined && !chardevs.has(chardev)) {
    faults.add(words.argument, `there is no -chardev with id=${chardev}.${didYouMean(chardev, chardevs)}`);
    given.delete('chardev');
  }
  const card = busOf(cards, given.get('bus'));
  if (card === undefined) return faults.add(words.argument, 'needs a -device virtio-serial-pci before it.');
  const port: PortOptions = {
    ...(words.head === 'virtconsole' ? { console: true } : {}),
    ...(given.has('chardev') ? { chardev: given.get('chardev') as string } : {}),
    ...(given.has('name') ? { name: given.get('name') as string } : {}),
    ...(given.has('nr') ? { number: given.get('nr') as number } : {}),
  };
  card.device.ports = [...(card.device.ports ?? []), port];
}

function readDebug(words: Words, model: DeviceModel, out: Devices, { faults, globals }: DeviceContext): void {
  const given = readProperties({ ...words, pairs: [...(globals.get(words.head) ?? []), ...words.pairs] }, words.head, model.properties, faults);
  if (words.head === 'pc-testdev') out.debug.testDevice = true;
  else if (words.head === 'isa-debug-exit') out.debug.debugExit = { port: (given.get('iobase') as number) ?? 0x501, bytes: (given.get('iosize') as number) ?? 4 };
  else {
    out.debug.debugConsolePort = (given.get('iobase') as number) ?? 0xe9;
    out.debugChardev = given.get('chardev') as string | undefined;
  }
}

/** Devices in their order. */
export function readDeviceOptions(options: readonly Given[], context: DeviceContext): Devices {
  const out: Devices = { cards: [], debug: {}, debugChardev: undefined };
  // -global moves the debug devices also where no -device names them: they are always there.
  for (const head of ['isa-debugcon', 'isa-debug-exit']) {
    const pairs = context.globals.get(head);
    if (pairs !== undefined) readDebug({ argument: `-global ${head}`, head, pairs: [] }, modelOf(head)!.model, out, context);
  }
  for (const option of options) {
    const words = splitWords(option);
    const found = modelOf(words.head);
    if (found === undefined) unknownModel(words, context);
    else if (isCard(found.model)) {
      const card = readCard(words, found, context);
      if (card.device.model.startsWith('virtio-serial')) card.device.ports = [];
      out.cards.push(card);
    } else if (found.model.properties === PORT_PROPERTIES) readPort(words, found.model, out.cards, context);
    else readDebug(words, found.model, out, context);
  }
  return out;
}
