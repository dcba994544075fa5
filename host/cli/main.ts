/** The command: finds the subcommand, and turns whatever goes wrong into a message and a status. What a subcommand needs is loaded with it. */

import { readFileSync } from 'node:fs';
import { didYouMean } from '../words/near.js';
import { parseCommandLine } from './arguments.js';
import { UsageError } from './faults.js';
import { wantsJson } from './note.js';
import { watchOutputs } from './output.js';
import { COMMANDS, optionsOf, type CommandName } from './table.js';

type Subcommand = (args: readonly string[]) => Promise<number>;

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

async function version(args: readonly string[]): Promise<number> {
  const { findOwn } = await import('../platform/node/own-files.js');
  const { version: text } = JSON.parse(readFileSync(findOwn('pintail/package.json', '../../../../package.json')!, 'utf8')) as { version: string };
  parseCommandLine(args, optionsOf('version')).faults.check();
  return print(wantsJson(args) ? `${JSON.stringify({ pintail: text, node: process.versions.node })}\n` : `pintail ${text}\n`);
}

async function help(args: readonly string[]): Promise<number> {
  const { commandHelp, commandsNamed, helpJson, helpText, optionHelp, optionNamed } = await import('./help.js');
  if (wantsJson(args)) return print(helpJson());
  const asked = args.filter((word) => !['-h', '--help', '-help'].includes(word))[0];
  if (asked === undefined) return print(helpText());
  const commands = commandsNamed(args.length > 1 && !args[1]!.startsWith('-') ? `${asked} ${args[1]}` : asked);
  if (commands.length > 0) return print(commandHelp(commands.map(({ name }) => name)));
  const option = optionNamed(asked);
  if (option === undefined) throw new UsageError(asked, `is no command and no option.${didYouMean(asked.replace(/^-+/, ''), COMMANDS.map(({ name }) => name))} "pintail help" lists them.`);
  return print(optionHelp(option));
}

async function completion(args: readonly string[]): Promise<number> {
  const { completionAnswer, SCRIPTS } = await import('./completion.js');
  const [shell, ...rest] = args;
  if (shell === 'words') return print(await completionAnswer(rest.join(' ')));
  const script = shell === undefined || !Object.hasOwn(SCRIPTS, shell) ? undefined : SCRIPTS[shell];
  if (script === undefined) throw new UsageError(shell ?? 'completion', `want bash or zsh.${didYouMean(shell ?? '', Object.keys(SCRIPTS))}`);
  return print(script);
}

const SUBCOMMANDS: Record<string, Subcommand> = {
  run: async (args) => (await import('./run.js')).run(args),
  guest: async (args) => (await import('./guest.js')).guest(args),
  snapshot: async (args) => (await import('./snapshot.js')).snapshot(args),
  iommu: async (args) => (await import('./iommu.js')).iommu(args),
  qtest: async (args) => (await import('./qtest.js')).qtest(args),
  trace: async (args) => (await import('./trace.js')).trace(args),
  measure: async (args) => (await import('./measure.js')).measure(args),
  relay: async (args) => (await import('./relay.js')).relay(args),
  completion,
  help,
  version,
};
const ALIASES: Record<string, string> = { '--help': 'help', '-help': 'help', '-h': 'help', '-?': 'help', '--version': 'version', '-version': 'version', '-V': 'version' };

/** The commands whose options these words are. */
function namesOfCommand(name: string, args: readonly string[]): CommandName[] {
  const own = COMMANDS.map((command) => command.name).filter((command) => command === name || command.startsWith(`${name} `));
  const verb = own.find((command) => command !== name && args.includes(command.slice(name.length + 1)));
  return verb === undefined ? own : [verb];
}

/** What `--help` or `-device help` asks for; undefined where nothing does. */
async function answerHelp(names: readonly CommandName[], args: readonly string[]): Promise<string | undefined> {
  const parsed = parseCommandLine(args, names.flatMap(optionsOf));
  const json = parsed.has('json');
  if (parsed.has('help')) {
    const { commandHelp, helpJson } = await import('./help.js');
    return json ? helpJson() : commandHelp(names);
  }
  const asks = /(^|[,=])(help|\?)$/;
  if (!args.some((word) => asks.test(word))) return undefined;
  const { askedHead, topicJson, topicOf, topicText } = await import('./topics.js');
  for (const row of optionsOf(names[0]!)) {
    for (const given of parsed.all(row.name)) {
      const head = askedHead(given);
      const topic = head === undefined ? undefined : await topicOf(row, head);
      if (topic !== undefined) return json ? topicJson(topic) : topicText(topic);
    }
  }
  return undefined;
}

async function main(args: readonly string[]): Promise<number> {
  const first = args[0];
  if (first === undefined) {
    process.stderr.write((await import('./help.js')).helpText());
    return 2;
  }
  // A line written for QEMU begins with an option: that is `run`.
  const asRun = first.startsWith('-') && !Object.hasOwn(ALIASES, first);
  const name = asRun ? 'run' : (ALIASES[first] ?? first);
  const subcommand = Object.hasOwn(SUBCOMMANDS, name) ? SUBCOMMANDS[name] : undefined;
  if (subcommand === undefined) {
    const known = Object.keys(SUBCOMMANDS);
    throw new UsageError(first, `there is no such command.${didYouMean(first, known) || ` There are ${known.join(', ')}.`}`);
  }
  const rest = args.slice(asRun ? 0 : 1);
  const answer = name === 'help' || name === 'completion' ? undefined : await answerHelp(namesOfCommand(name, rest), rest);
  return answer === undefined ? subcommand(rest) : print(answer);
}

/** One line a fault, or with `--json` all of them as one object. */
function report(error: UsageError): void {
  if (wantsJson(process.argv)) process.stderr.write(`${JSON.stringify({ errors: error.faults })}\n`);
  else for (const { argument, problem } of error.faults) process.stderr.write(`pintail: ${argument}: ${problem}\n`);
}

/** A message and nothing else: a stack would only hide it. PINTAIL_STACK=1 shows it all the same. */
async function fail(error: unknown): Promise<number> {
  if (error instanceof UsageError) {
    report(error);
    return 2;
  }
  const { withoutCodes } = await import('../words/errno.js');
  const message = error instanceof Error ? withoutCodes(error.message) : String(error);
  if (wantsJson(process.argv)) process.stderr.write(`${JSON.stringify({ errors: [{ problem: message }] })}\n`);
  else process.stderr.write(`pintail: ${message}\n`);
  if (process.env['PINTAIL_STACK'] && error instanceof Error) process.stderr.write(`${error.stack ?? ''}\n`);
  return 1;
}

/** Warnings of ours are messages like others; Node's stay as they are. */
function putWarningsInWords(): void {
  const others = process.listeners('warning');
  process.removeAllListeners('warning').on('warning', (warning) => {
    if (warning.name !== 'NetworkError') return others.forEach((listener) => listener(warning));
    void import('../words/errno.js').then(({ withoutCodes }) => process.stderr.write(`pintail: ${withoutCodes(warning.message)}.\n`));
  });
}

watchOutputs();
putWarningsInWords();

// What ends before it has a status has failed: nothing was left that could have given it one.
process.exitCode = 1;
void main(process.argv.slice(2)).catch(fail).then((status) => {
  process.exitCode = status;
  // A terminal that is still being read, or a pipe on stdin, must not keep the process.
  process.stdin.unref?.();
});
