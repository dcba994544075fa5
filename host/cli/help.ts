/** What `pintail help` prints: made from the table of options. */

import { COMMANDS, optionsOf, OPTIONS, spell, type CommandName, type CommandRow, type OptionRow } from './table.js';

const WIDTH = 118;
const INDENT = 24;

/** Words in lines of `width`. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

function entry(head: string, about: string): string {
  const lines = wrap(about, WIDTH - INDENT);
  const first = head.length > INDENT - 4 ? [`  ${head}`] : [];
  const rest = first.length > 0 ? lines : lines.slice(1);
  const start = first.length > 0 ? first : [`  ${head.padEnd(INDENT - 2)}${lines[0]!}`];
  return [...start, ...rest.map((line) => `${' '.repeat(INDENT)}${line}`)].join('\n');
}

function optionHead(row: OptionRow): string {
  const others = (row.also ?? []).map((name) => spell(row, name));
  const value = row.value === undefined ? '' : row.takes === 'setting' ? ` [${row.value}]` : ` ${row.value}`;
  return [...others.filter((name) => name.length === 2), spell(row)].join(', ') + value;
}

function groupsOf(rows: readonly OptionRow[]): string {
  const groups = [...new Set(rows.map(({ group }) => group))];
  return groups.map((group) => `${group}\n${rows.filter((row) => row.group === group).map((row) => entry(optionHead(row), row.about)).join('\n')}`).join('\n\n');
}

const STATUS = `Exit status: 0 power off (or the guest's own code by debug exit), the command's status with "--", 1 errors, 2 bad arguments,
124 a limit, 130 Ctrl-A x, 131 triple fault, 132 halted for good, 133 the guest's kernel panicked.`;

const ABOUT_RUN = `boots a machine with its console in this terminal. Ctrl-A x ends it, Ctrl-A h lists the keys. With "-- COMMAND" it runs the
command in the guest, gives what the command wrote and nothing else, and ends with the command's status. Lines from a pipe are typed when
the guest waits for them, and Ctrl-D after the last. Options are QEMU's where QEMU has them; OPTION help lists what an option takes.`;

function commandRows(): string {
  return COMMANDS.map(({ usage, about }) => `  pintail ${usage}\n      ${about}`).join('\n');
}

/** The page. */
export function helpText(): string {
  return `pintail: an x86-64 machine inside one WebAssembly module\n\n${commandRows()}\n\nrun ${ABOUT_RUN}\n\n${groupsOf(optionsOf('run'))}\n\n${STATUS}\n`;
}

/** A command, by its name or the first word of it. */
export function commandsNamed(name: string): CommandRow[] {
  return COMMANDS.filter((command) => command.name === name || command.name.split(' ')[0] === name);
}

/** What there is to say of a command, or of the two that begin so. */
export function commandHelp(names: readonly CommandName[]): string {
  return names
    .map((name) => {
      const { usage, about } = COMMANDS.find((command) => command.name === name)!;
      const text = name === 'run' ? `run ${ABOUT_RUN}\n\n${groupsOf(optionsOf(name))}\n\n${STATUS}` : `${about}.\n\n${groupsOf(optionsOf(name))}`;
      return `pintail ${usage}\n\n${text}\n`;
    })
    .join('\n');
}

/** An option as somebody types it, with dashes or without. */
export function optionNamed(typed: string): OptionRow | undefined {
  const name = typed.replace(/^--?/, '');
  return OPTIONS.find((row) => row.name === name || row.also?.includes(name));
}

export function optionHelp(row: OptionRow): string {
  const more = row.topic ? `\n${' '.repeat(INDENT)}${spell(row)} help lists what it takes.` : '';
  return `${entry(optionHead(row), row.about).slice(2)}${more}\n`;
}

/** Everything, for programs. */
export function helpJson(): string {
  const options = OPTIONS.map((row) => ({ name: spell(row), also: (row.also ?? []).map((name) => spell(row, name)), value: row.value ?? null, about: row.about, group: row.group, commands: row.commands }));
  return `${JSON.stringify({ commands: COMMANDS, options }, null, 2)}\n`;
}
