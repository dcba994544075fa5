/**
 * How the host and a prepared guest talk: two serial ports, and a port of a console card.
 *
 *     COM1 ttyS0    console: kernel messages, the interactive shell
 *     COM4 ttyS3    control: one line a message, LF at its end (the agent turns its own terminal processing off)
 *     AGENT_PORT    what commands write and read, in frames: the name of a port of a virtio console card
 *
 * Guest to host on control:
 *
 *     ready 4              the agent (of this protocol version) is up
 *
 * Host to guest on control, after `ready`:
 *
 *     exec ID FLAGS FOLDER COUNT VARIABLES WORDS
 *                          run a command. ID: seven hex digits, chosen by the host. FLAGS: `i` it gets standard input, `-` it gets
 *                          none. FOLDER to run it in, or an empty word. COUNT of VARIABLES, each NAME=VALUE. FOLDER,
 *                          VARIABLES and WORDS as in quoteWords. One command at a time: wait for its exit frame.
 *     signal ID NUMBER     send a signal to command ID and all it has started; without a meaning once it has ended
 *     time SECONDS         set the guest's clock, in seconds since 1970: the host or the machine stood still
 *     mac SLOT ADDRESS     the network card in a slot (two hex digits) has another address, and asks for a lease where it had one
 *     terminal TERM        the agent becomes the shell on the console, which asks for the terminal's size; TERM may be missing
 *     shell                the same, with no terminal at the other end
 *     poweroff             end the machine
 *
 * A frame is a head of 16 characters, KIND ID LENGTH LF, ID and LENGTH of seven hex digits with nothing between, then LENGTH bytes.
 * Guest to host:
 *
 *     o, e                 what command ID writes to its standard output and error
 *     i                    command ID reads its standard input from now on; empty
 *     x                    command ID has ended, all its output came before; its status, in decimal digits
 *
 * Host to guest: `i`, standard input; an empty one ends it. The agent closes the port behind each command, and what it has not read by then is gone.
 *
 * A command has ended when its first process has, and what this wrote has been passed on; what it leaves running goes on, unheard.
 *
 * The agent runs when the kernel command line has AGENT_ARGUMENT (with SHELL_ARGUMENT behind the console's shell, and to neither `shell` nor `terminal`), or when the initial file system holds COMMAND_PATH: then it runs that one
 * command as ID 0, waits for the host's `poweroff` (or a few seconds) and powers off. A run so does not depend on when the host writes.
 */
import { writeCpio } from './cpio.js';
import { file } from './files.js';
import { FRAME_DATA_BYTES, FRAME_HEAD_BYTES } from '../../guest/frame-bytes.js';

export const PROTOCOL_VERSION = 4;

/** Index of the serial port (0 is COM1) by its use. */
export const SerialUse = { console: 0, control: 3 } as const;
/** Name of the console card's port. */
export const AGENT_PORT = 'pintail.agent';

/** On the kernel command line: start the agent instead of a shell. */
export const AGENT_ARGUMENT = 'pintail=agent';
/** Beside it: and a shell on the console, too. */
export const SHELL_ARGUMENT = 'shell=console';
export const COMMAND_PATH = 'pintail/command';
/** A control line must fit the guest's terminal buffers; a command in an archive may be as long as Linux allows. */
export const CONTROL_LINE_LIMIT = 32768;

/** A command that cannot be sent. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

/** The version of an agent that says on the control port that it is up; undefined where the line, without its LF, says something else. */
export function parseReady(line: string): number | undefined {
  const match = /^ready (\d+)$/.exec(line);
  return match === null ? undefined : Number(match[1]);
}

const hex = (value: number): string => value.toString(16).padStart(7, '0');

function quoteWord(word: string): string {
  if (word.includes('\0')) throw new CommandError(`A word of the command has a NUL character: ${JSON.stringify(word)}`);
  return `'${word.replaceAll("'", `'\\''`).replaceAll('\n', `'"$NL"'`)}'`;
}

/**
 * Words as the guest's shell reads them back: each in single quotes; a quote inside as '\'' and, so that they stay one line,
 * a line feed as '"$NL"'.
 */
export function quoteWords(words: readonly string[]): string {
  if (words.length === 0 || words[0] === '') throw new CommandError('There is no command to run: the list of words is empty.');
  return words.map(quoteWord).join(' ');
}

export interface CommandOptions {
  /** The command reads standard input that the host sends; otherwise it reads nothing. */
  stdin?: boolean;
  /** Absolute path of the folder it runs in; default the agent's, which is `/`. */
  cwd?: string;
  /** Variables added to its environment. */
  env?: Readonly<Record<string, string>>;
}

/** `FLAGS FOLDER COUNT VARIABLES WORDS`. */
function commandWords(argv: readonly string[], { stdin, cwd = '', env = {} }: CommandOptions): string {
  const wrong = Object.keys(env).find((name) => !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name));
  if (wrong !== undefined) throw new CommandError(`${JSON.stringify(wrong)} is no name of a variable: letters, digits and _ are, not a digit first.`);
  const variables = Object.entries(env).map(([name, value]) => quoteWord(`${name}=${value}`));
  return [stdin ? 'i' : '-', quoteWord(cwd), variables.length, ...variables, quoteWords(argv)].join(' ');
}

/** The control line that runs a command, with its LF. */
export function execLine(id: number, argv: readonly string[], options: CommandOptions = {}): string {
  const line = `exec ${hex(id)} ${commandWords(argv, options)}\n`;
  if (new TextEncoder().encode(line).length > CONTROL_LINE_LIMIT) {
    throw new CommandError(`The command is longer than ${CONTROL_LINE_LIMIT} bytes; put it into a file of the guest.`);
  }
  return line;
}

/** Signals that can be sent, by name without SIG: asm/signal.h of x86. */
export const SIGNALS = { HUP: 1, INT: 2, QUIT: 3, KILL: 9, USR1: 10, USR2: 12, TERM: 15, CONT: 18, STOP: 19 } as const;

/** A network card's address. */
export interface CardAddress {
  slot: number;
  mac: string;
}

export const addressLine = ({ slot, mac }: CardAddress): string => `mac ${slot.toString(16).padStart(2, '0')} ${mac}\n`;

/** The control line that sends a signal. */
export const signalLine = (id: number, name: keyof typeof SIGNALS): string => `signal ${hex(id)} ${SIGNALS[name]}\n`;

/** What the host reads of a frame's head. */
export interface FrameHead {
  kind: 'o' | 'e' | 'i' | 'x';
  id: number;
  bytes: number;
}

/** Undefined where the bytes are no head. */
export function parseHead(head: Uint8Array): FrameHead | undefined {
  const match = /^([oeix])([0-9a-f]{7})([0-9a-f]{7})\n$/.exec(String.fromCharCode(...head));
  return match === null ? undefined : { kind: match[1] as FrameHead['kind'], id: parseInt(match[2]!, 16), bytes: parseInt(match[3]!, 16) };
}

/** A frame of standard input, of at most FRAME_DATA_BYTES; an empty one ends it. */
export function inputFrame(id: number, bytes: Uint8Array): Uint8Array {
  if (bytes.length > FRAME_DATA_BYTES) throw new RangeError(`a frame holds at most ${FRAME_DATA_BYTES} bytes, not ${bytes.length}`);
  const out = new Uint8Array(FRAME_HEAD_BYTES + bytes.length);
  out.set(new TextEncoder().encode(`i${hex(id)}${hex(bytes.length)}\n`));
  out.set(bytes, FRAME_HEAD_BYTES);
  return out;
}

/** An archive to append to a prepared guest's initrd: the guest runs this command as ID 0 and powers off. */
export function commandArchive(argv: readonly string[], options: CommandOptions = {}): Uint8Array {
  return writeCpio([file(COMMAND_PATH, `${commandWords(argv, options)}\n`)]);
}

/** Archives one after the other: the kernel unpacks them in this order. */
export function joinArchives(...archives: Uint8Array[]): Uint8Array {
  const out = new Uint8Array(archives.reduce((sum, archive) => sum + archive.length, 0));
  let at = 0;
  for (const archive of archives) {
    out.set(archive, at);
    at += archive.length;
  }
  return out;
}
