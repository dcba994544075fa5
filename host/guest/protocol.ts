/**
 * How the host and a prepared guest talk: the serial ports, and the words on the control port.
 *
 *     COM1 ttyS0   console: kernel messages, the interactive shell
 *     COM2 ttyS1   a command's standard output, raw; towards the guest its standard input, in chunks
 *     COM3 ttyS2   a command's standard error, raw
 *     COM4 ttyS3   control: one line a message, LF at its end (the agent turns its own terminal processing off)
 *
 * Guest to host on control:
 *
 *     ready 2              the agent (of this protocol version) is up
 *     more ID              command ID has room for the next chunk of its standard input
 *     exit ID CODE         command ID ended; all its output has left COM2 and COM3 before this line
 *
 * Host to guest on control, after `ready`:
 *
 *     exec ID FLAGS FOLDER COUNT VARIABLES WORDS
 *                          run a command. ID: digits, chosen by the host. FLAGS: `i` it gets standard input, `s` it may be sent
 *                          signals, `-` neither. FOLDER to run it in, or an empty word. COUNT of VARIABLES, each NAME=VALUE. FOLDER,
 *                          VARIABLES and WORDS as in quoteWords. One command at a time: wait for `exit`.
 *     signal ID NAME       send a signal to command ID and all it has started; without a meaning once it has ended
 *     time SECONDS         set the guest's clock, in seconds since 1970: the host or the machine stood still
 *     terminal TERM        the agent becomes the shell on the console, which asks for the terminal's size; TERM may be missing
 *     shell                the same, with no terminal at the other end
 *     poweroff             end the machine
 *
 * Host to guest on COM2, one for each `more`: LF `chunk ID SIZE` LF, then SIZE bytes (at most STDIN_CHUNK_BYTES). SIZE 0 is the
 * end of input. The LF in front ends whatever an earlier command left unread. A `more` without an answer is fine.
 *
 * A command has ended when its first process has, and what this wrote has been passed on; what it leaves running goes on, unheard.
 *
 * The agent runs when the kernel command line has AGENT_ARGUMENT, or when the initial file system holds COMMAND_PATH:
 * then it runs that one command as ID 0 and powers off, which makes a run independent of when the host writes.
 */
import { writeCpio } from './cpio.js';
import { file } from './files.js';

export const PROTOCOL_VERSION = 2;

/** Index of the serial port (0 is COM1) by its use. */
export const SerialUse = { console: 0, data: 1, error: 2, control: 3 } as const;

/** On the kernel command line: start the agent instead of a shell. */
export const AGENT_ARGUMENT = 'pintail=agent';
export const COMMAND_PATH = 'pintail/command';
/** What the guest's terminal buffers hold without loss. */
export const STDIN_CHUNK_BYTES = 16384;
/** A control line must fit the guest's terminal buffers; a command in an archive may be as long as Linux allows. */
export const CONTROL_LINE_LIMIT = 32768;

export type ControlMessage =
  | { kind: 'ready'; version: number }
  | { kind: 'more'; id: number }
  | { kind: 'exit'; id: number; code: number };

/** A command that cannot be sent. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

/** Reads one line of the control port, without its LF; undefined when it is none of ours. */
export function parseControl(line: string): ControlMessage | undefined {
  const match = /^(ready|more|exit) (\d+)(?: (\d+))?$/.exec(line);
  if (match === null) return undefined;
  const value = Number(match[2]);
  if (match[1] === 'ready') return { kind: 'ready', version: value };
  if (match[1] === 'more') return { kind: 'more', id: value };
  return match[3] === undefined ? undefined : { kind: 'exit', id: value, code: Number(match[3]) };
}

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
  /** It may be sent signals. */
  signals?: boolean;
  /** Absolute path of the folder it runs in; default the agent's, which is `/`. */
  cwd?: string;
  /** Variables added to its environment. */
  env?: Readonly<Record<string, string>>;
}

/** `FLAGS FOLDER COUNT VARIABLES WORDS`. */
function commandWords(argv: readonly string[], { stdin, signals, cwd = '', env = {} }: CommandOptions): string {
  const wrong = Object.keys(env).find((name) => !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name));
  if (wrong !== undefined) throw new CommandError(`${JSON.stringify(wrong)} is no name of a variable: letters, digits and _ are, not a digit first.`);
  const variables = Object.entries(env).map(([name, value]) => quoteWord(`${name}=${value}`));
  const flags = `${stdin ? 'i' : ''}${signals ? 's' : ''}` || '-';
  return [flags, quoteWord(cwd), variables.length, ...variables, quoteWords(argv)].join(' ');
}

/** The control line that runs a command, with its LF. */
export function execLine(id: number, argv: readonly string[], options: CommandOptions = {}): string {
  const line = `exec ${id} ${commandWords(argv, options)}\n`;
  if (new TextEncoder().encode(line).length > CONTROL_LINE_LIMIT) {
    throw new CommandError(`The command is longer than ${CONTROL_LINE_LIMIT} bytes; put it into a file of the guest.`);
  }
  return line;
}

/** The control line that sends a signal, by its name without SIG. */
export const signalLine = (id: number, name: string): string => `signal ${id} ${name}\n`;

/** A chunk of standard input for COM2; an empty one ends it. */
export function stdinChunk(id: number, bytes: Uint8Array): Uint8Array {
  if (bytes.length > STDIN_CHUNK_BYTES) throw new RangeError(`a chunk holds at most ${STDIN_CHUNK_BYTES} bytes, not ${bytes.length}`);
  const head = new TextEncoder().encode(`\nchunk ${id} ${bytes.length}\n`);
  const out = new Uint8Array(head.length + bytes.length);
  out.set(head);
  out.set(bytes, head.length);
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
