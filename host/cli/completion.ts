/**
 * What the Tab key offers. The shells' scripts ask `pintail completion words LINE` for it: LINE is what stands before the cursor. The answer's
 * first line is `words`, `files` or `folders`; then one candidate a line. A candidate that ends in `=` or `,` goes on.
 */

import { namesOf } from './arguments.js';
import { COMMANDS, optionsOf, spell, type CommandName, type OptionRow } from './table.js';
import { topicOf } from './topics.js';

export interface Candidates {
  /** Files of the host are offered beside the words. */
  files: 'none' | 'file' | 'folder';
  words: string[];
}

const nothing: Candidates = { files: 'none', words: [] };

/** Words of a line as a shell splits them, as far as quotes go; the last is the one being typed. */
export function splitLine(line: string): string[] {
  const words: string[] = [];
  let word = '';
  let quote = '';
  for (const letter of line) {
    if (quote !== '') quote = letter === quote ? '' : ((word += letter), quote);
    else if (letter === "'" || letter === '"') quote = letter;
    else if (letter === ' ') {
      if (word !== '') words.push(word);
      word = '';
    } else word += letter;
  }
  return [...words, word];
}

function commandOf(words: readonly string[]): CommandName | undefined {
  const two = `${words[0]} ${words[1]}`;
  return COMMANDS.find(({ name }) => name === two || name === words[0])?.name;
}

const starting = (words: readonly string[], start: string): string[] => [...new Set(words)].filter((word) => word.startsWith(start)).sort();

/** Properties that name what another option of the line has made, by its `id=`. */
const REFERENCES: Readonly<Record<string, string>> = { netdev: 'netdev', drive: 'drive', chardev: 'chardev', fsdev: 'fsdev', rng: 'object' };

/** The ids that the words before give to what an option makes. */
function idsOf(option: string, before: readonly string[]): string[] {
  const values = before.filter((_, i) => before[i - 1]?.replace(/^--?/, '') === option);
  return values.flatMap((value) => /(?:^|,)id=([^,]+)/.exec(value)?.[1] ?? []);
}

/** Of `-device e1000,ne`: `-device e1000,netdev=`; of `-device e1000,netdev=`: the networks that are there. */
async function completeValue(row: OptionRow, typed: string, before: readonly string[]): Promise<Candidates> {
  const comma = typed.lastIndexOf(',');
  const head = comma < 0 ? '' : typed.slice(0, typed.indexOf(','));
  const topic = await topicOf(row, row.name === 'drive' ? '' : head);
  const pairs = comma >= 0 || row.name === 'drive' || row.name === 'action';
  const rows = (topic?.rows ?? []).filter(([name]) => /^[\w.-]+$/.test(name));
  const prefix = comma < 0 ? '' : typed.slice(0, comma + 1);
  const values = rows.flatMap(([name, , of = []]) => [...of, ...idsOf(REFERENCES[name] ?? '', before)].map((value) => `${prefix}${name}=${value}`));
  const offered = /=[^,]*$/.test(typed) ? values : rows.map(([name]) => `${prefix}${name}${pairs ? '=' : ''}`);
  const ofFile = /(?:^|,)(?:file|path|overlay|pcap|addr\.path)=[^,]*$/.test(typed);
  return { files: ofFile ? 'file' : comma < 0 ? (row.files ?? 'none') : 'none', words: starting([...(row.only ?? []), ...(row.offers ?? []), ...offered], typed) };
}

/** What may stand where the cursor is. */
export async function complete(line: string): Promise<Candidates> {
  const words = splitLine(line).slice(1);
  const typed = words.pop() ?? '';
  if (words.includes('--')) return { files: 'file', words: [] };
  const command = commandOf(words);
  if (command === undefined || (command.includes(' ') && words.length < 2)) {
    const names = COMMANDS.map(({ name }) => name.split(' ')).filter((parts) => words.length === 0 || parts[0] === words[0]);
    return { files: 'none', words: starting(names.map((parts) => parts[words.length] ?? ''), typed).filter((word) => word !== '') };
  }
  const rows = optionsOf(command);
  const before = words.at(-1)?.replace(/^--?/, '');
  const option = rows.find((row) => words.at(-1)?.startsWith('-') && namesOf(row).includes(before!) && row.takes === 'value');
  if (option !== undefined) return completeValue(option, typed, words);
  if (command === 'completion') return { files: 'none', words: starting(['bash', 'zsh'], typed) };
  if (command === 'help') return { files: 'none', words: starting(COMMANDS.map(({ name }) => name.split(' ')[0]!), typed) };
  if (!typed.startsWith('-')) return { files: command === 'run' || command === 'guest import' ? 'file' : 'none', words: typed === '' ? optionWords(rows) : [] };
  return { ...nothing, words: starting(optionWords(rows), typed) };
}

function optionWords(rows: readonly OptionRow[]): string[] {
  return rows.flatMap((row) => namesOf(row).flatMap((name) => (name.length > 1 ? [spell(row, name), `--${name}`] : [`-${name}`])));
}

export async function completionAnswer(line: string): Promise<string> {
  const { files, words } = await complete(line);
  return `${[{ none: 'words', file: 'files', folder: 'folders' }[files], ...words].join('\n')}\n`;
}

// Bash breaks words at "=" and ":" too, and replaces only what stands after the last break.
const BASH = `_pintail() {
  local line=\${COMP_LINE:0:COMP_POINT} answer=() word kept current
  mapfile -t answer < <(pintail completion words "$line" 2>/dev/null)
  word=\${line##* }
  current=\${COMP_WORDS[COMP_CWORD]}
  [[ $current == [=:] ]] && current=
  kept=\${word%"$current"}
  COMPREPLY=("\${answer[@]:1}")
  COMPREPLY=("\${COMPREPLY[@]#"$kept"}")
  case \${answer[0]} in
    files) compopt -o filenames; COMPREPLY+=($(compgen -f -- "$current")) ;;
    folders) compopt -o filenames; COMPREPLY+=($(compgen -d -- "$current")) ;;
  esac
  if [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == *[=,] ]]; then compopt -o nospace; fi
}
complete -F _pintail pintail
`;

const ZSH = `#compdef pintail
_pintail() {
  local -a answer going whole
  answer=("\${(@f)$(pintail completion words "\${LBUFFER}" 2>/dev/null)}")
  going=(\${(M)answer[2,-1]:#*[=,]})
  whole=(\${answer[2,-1]:#*[=,]})
  (( $#going )) && compadd -S '' -- $going
  (( $#whole )) && compadd -- $whole
  [[ $answer[1] == f* && $PREFIX == [^/.~]*=* ]] && compset -P '*='
  case $answer[1] in
    files) _files ;;
    folders) _files -/ ;;
  esac
}
compdef _pintail pintail
`;

/** What a shell reads to complete. */
export const SCRIPTS: Readonly<Record<string, string>> = { bash: BASH, zsh: ZSH };
