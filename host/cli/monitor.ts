/**
 * `-monitor`: a few of the commands of QEMU's monitor, in its words, over stdio or a socket: pictures of the screen, keys, the mouse, media of drives and quit. A line is a
 * command; its answer ends with a line that is the prompt. What else QEMU has is refused by name.
 */

import type { LocalMachine } from '../machine/local.js';
import type { Conversation } from '../qtest/chardev.js';
import { withoutCodes } from '../words/errno.js';
import { didYouMean } from '../words/near.js';
import { writePicture } from './picture.js';

export const PROMPT = '(pintail)';

/** What the commands act on. */
export interface Monitored {
  machine: LocalMachine;
  quit(): void;
}

interface Command {
  usage: string;
  about: string;
  act(target: Monitored, words: readonly string[]): Promise<string> | string;
}

function need(word: string | undefined, usage: string): string {
  if (word === undefined) throw new Error(`want ${usage}`);
  return word;
}

function numberOf(word: string | undefined, usage: string): number {
  const value = Number(need(word, usage));
  if (!Number.isInteger(value)) throw new Error(`"${word}" is no whole number; want ${usage}`);
  return value;
}

const CHANGE = 'change DRIVE FILE [raw|qcow2]';

/** A file's name may have spaces, in quotes or not. */
function readChange([drive, ...rest]: readonly string[]): { drive: string; file: string; format: 'raw' | 'qcow2' | undefined } {
  const last = rest.at(-1), format = rest.length > 1 && (last === 'raw' || last === 'qcow2') ? last : undefined;
  const file = rest.slice(0, format === undefined ? undefined : -1).join(' ').replace(/^"(.*)"$/, '$1');
  return { drive: need(drive, CHANGE), file: need(file === '' ? undefined : file, CHANGE), format };
}

/** QEMU's formats; PNG where nothing is said and the name does not end in .ppm. */
async function dump({ machine }: Monitored, words: readonly string[]): Promise<string> {
  const at = words.indexOf('-f'), format = at < 0 ? undefined : words[at + 1];
  if (format !== undefined && format !== 'png' && format !== 'ppm') throw new Error(`there is no format "${format}"; there are png and ppm`);
  const [path] = at < 0 ? words : words.filter((_, i) => i !== at && i !== at + 1);
  await writePicture(machine, need(path, COMMANDS['screendump']!.usage), ...(format === undefined ? [] : [format]));
  return '';
}

const unitOf = async (machine: LocalMachine): Promise<string> => (await machine.iommu())?.trimEnd() ?? 'the machine has no remapping unit';

export const COMMANDS: Readonly<Record<string, Command>> = {
  help: { usage: 'help', about: 'this list', act: () => Object.values(COMMANDS).map(({ usage, about }) => `${usage} -- ${about}`).join('\n') },
  screendump: { usage: 'screendump FILE [-f png|ppm]', about: 'the screen as a picture', act: dump },
  sendkey: {
    usage: 'sendkey KEYS', about: 'keys down together and up again: ctrl-alt-delete',
    act: async ({ machine }, [keys]) => {
      await machine.sendKey(need(keys, 'sendkey KEYS'));
      return '';
    },
  },
  type: {
    usage: 'type TEXT', about: 'types text, and Enter where it ends in \\n',
    act: async ({ machine }, words) => {
      const left = await machine.type(need(words[0], 'type TEXT') && words.join(' ').replaceAll('\\n', '\n'));
      return left === '' ? '' : `no key types ${JSON.stringify(left)}`;
    },
  },
  mouse_move: {
    usage: 'mouse_move DX DY [DZ]', about: 'moves the mouse, and turns its wheel',
    act: async ({ machine }, [dx, dy, wheel]) => {
      const usage = 'mouse_move DX DY [DZ]';
      await machine.mouse({ dx: numberOf(dx, usage), dy: numberOf(dy, usage), wheel: wheel === undefined ? 0 : numberOf(wheel, usage) });
      return '';
    },
  },
  mouse_button: {
    usage: 'mouse_button STATE', about: 'buttons that are down: 1 left, 2 right, 4 middle',
    act: async ({ machine }, [state]) => {
      const bits = numberOf(state, 'mouse_button STATE');
      // QEMU's help has 2 and 4 the other way round; this is what it does.
      await machine.mouse({ buttons: bits & 7 });
      return '';
    },
  },
  change: {
    usage: 'change DRIVE FILE [raw|qcow2]', about: 'another disc or diskette in a drive, by the id of its drive (cd0 of -cdrom)',
    act: async ({ machine }, words) => {
      const { drive, file, format } = readChange(words);
      await machine.change(drive, file, format === undefined ? {} : { format });
      return '';
    },
  },
  eject: {
    usage: 'eject [-f] DRIVE', about: 'takes out what is in a drive; -f though the guest has locked it',
    act: async ({ machine }, words) => {
      await machine.eject(need(words.find((word) => word !== '-f'), 'eject [-f] DRIVE'), { force: words.includes('-f') });
      return '';
    },
  },
  lab: {
    usage: 'lab NETDEV [KEY=VALUE...]', about: 'what a -netdev lab is; with keys of it, what it is to be from now on: lab n0 rate=5000 burst=4',
    act: async ({ machine }, [netdev, ...words]) => {
      const lab = machine.lab(need(netdev, 'lab NETDEV [KEY=VALUE...]'));
      const pairs = words.flatMap((word) => word.split(',')).map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)] as const);
      const odd = words.find((word) => !/^[\w-]+=/.test(word));
      if (odd !== undefined) throw new Error(`"${odd}" is no KEY=VALUE`);
      if (pairs.length > 0) await lab.set(Object.fromEntries(pairs));
      return Object.entries(await lab.options()).map(([key, value]) => `${key}=${value}`).join(' ');
    },
  },
  info: {
    usage: 'info status|block|iommu', about: 'whether it runs; what is in the drives; who maps what in the remapping unit',
    act: ({ machine }, [what]) => {
      if (what === 'iommu') return unitOf(machine);
      if (what === 'block') return machine.blocks().map(({ id, holds, removable }) => `${id}: ${holds ?? '[not inserted]'}${removable ? ' (removable)' : ''}`).join('\n');
      if (what !== 'status') throw new Error('there are info status, info block and info iommu');
      return `VM status: ${machine.running ? 'running' : 'paused'}`;
    },
  },
  quit: { usage: 'quit', about: 'ends the machine', act: (target) => (target.quit(), '') },
};

async function answer(target: Monitored, text: string): Promise<string> {
  const [name = '', ...words] = text.trim().split(/\s+/);
  if (name === '') return '';
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) return `unknown command: '${name}'.${didYouMean(name, Object.keys(COMMANDS))} "help" lists those there are.`;
  try {
    return await command.act(target, words);
  } catch (error) {
    return `Error: ${withoutCodes((error as Error).message)}`;
  }
}

/** A conversation with who is at the monitor: commands are done one after the other. */
export function greetMonitor(send: (text: string) => void, target: Monitored): Conversation {
  send(`pintail monitor - type 'help' for the commands\n${PROMPT}`);
  let turn: Promise<unknown> = Promise.resolve();
  return {
    line(text) {
      turn = turn.then(() => answer(target, text)).then((said) => send(said === '' ? PROMPT : `${said}\n${PROMPT}`));
    },
  };
}
