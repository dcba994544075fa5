/**
 * A guest's symbols by its own hand: a script writes them on its standard output between lines that no other output has, and the host takes them out of it: the
 * kernel's, and the files of programs. They are read before a region begins, because the host asks the guest nothing while it counts.
 */

import type { ProgramFile } from '../../machine/programs.js';
import { parseSymbols, type SymbolLine } from '../../machine/symbols.js';

const FIRST = '\x1epintail symbols\n', LAST = '\x1eend of symbols\n';
/** Before a file's bytes: "SIZE PATH" and a line feed. */
const PROGRAM = '\x1epintail program ';

/** The host has taken what was written when the guest has slept, and not before: what is written waits for a boundary. */
const UNTIL_TAKEN = 'usleep 20000 2>/dev/null || sleep 1';

/** A line of a guest's script: the kernel's symbols, or with `only` the lines that have these letters. */
export function writeSymbols(only?: string): string {
  const read = only === undefined ? 'cat /proc/kallsyms' : `grep -F '${only}' /proc/kallsyms`;
  return `printf '\\036pintail symbols\\n'; ${read}; printf '\\036end of symbols\\n'; ${UNTIL_TAKEN}`;
}

/**
 * Shell: the files of programs that run now (/proc/PID/maps), of those that the words of a command name, with the libraries that they will load, and what the kernel puts into
 * each process (vdso). A file is written once.
 */
const WRITE_PROGRAMS = `
pintail_seen=:
pintail_file() {
  f=$(readlink -f "$1")
  case $pintail_seen in *":$f:"*) return;; esac
  pintail_seen=$pintail_seen$f:
  [ -f "$f" ] && [ "$(dd if="$f" bs=4 count=1 2>/dev/null)" = "$(printf '\\177ELF')" ] || return 0
  printf '\\036pintail program %s %s\\n' $(($(wc -c <"$f"))) "$f"
  cat "$f"
}
pintail_libraries() {
  for ld in /lib64/ld-linux-x86-64.so.2 /lib/ld-linux.so.2 /lib/ld-musl-*.so.1; do
    [ ! -x "$ld" ] || "$ld" --list "$1" 2>/dev/null
  done | while read -r a b c d; do
    case $b in '=>') echo "$c";; *) echo "$a";; esac
  done
}
pintail_programs() {
  set -f
  for w in $*; do
    f=$(command -v -- "$w" 2>/dev/null)
    case $f in /*) pintail_file "$f"; for l in $(pintail_libraries "$f"); do case $l in /*) pintail_file "$l"; esac; done;; esac
  done
  pintail_file /proc/$$/exe
  for f in $(cat /proc/[0-9]*/maps 2>/dev/null | while read -r a b c d e path; do case $b$path in ??x?/*) echo "$path"; esac; done | sort -u); do pintail_file "$f"; done
  set +f
  while read -r a b c d e path; do
    [ "$path" = '[vdso]' ] || continue
    from=$((0x\${a%-*} / 4096)) pages=$((0x\${a#*-} / 4096 - 0x\${a%-*} / 4096))
    [ "$(dd if=/proc/$$/mem bs=4096 skip=$from count=$pages 2>/dev/null | wc -c)" -eq $((pages * 4096)) ] || continue
    printf '\\036pintail program %s [vdso]\\n' $((pages * 4096))
    dd if=/proc/$$/mem bs=4096 skip=$from count=$pages 2>/dev/null
  done </proc/$$/maps
}`;

/** Both in front of a command. */
export const withSymbols = (command: readonly string[]): string[] => ['sh', '-c', `${WRITE_PROGRAMS}\npintail_programs "$@"\n${writeSymbols()}; exec "$@"`, 'sh', ...command];

export interface SymbolListener {
  onSymbols: (symbols: SymbolLine[]) => void;
  onProgram?: (file: ProgramFile) => void;
  /** Gets all else. A promise where whoever takes it has given one. */
  onOutput: (bytes: Uint8Array) => unknown;
}

/** Takes symbols out of a command's output. */
export class SymbolFilter {
  private kept = '';
  private inside = false;
  /** A file that is coming, and its bytes so far. */
  private file: { path: string; elf: Uint8Array; at: number } | undefined;

  constructor(private readonly to: SymbolListener) {}

  /** A promise where whoever takes the output has given one. */
  push(bytes: Uint8Array): unknown {
    const waits: unknown[] = [];
    let rest = bytes;
    while (rest.length > 0) {
      rest = this.file === undefined ? this.text(rest, waits) : this.fill(rest);
    }
    return waits.some((wait) => wait !== undefined) ? Promise.all(waits) : undefined;
  }

  /** Bytes of the file that is coming; those behind it. */
  private fill(bytes: Uint8Array): Uint8Array {
    const file = this.file!, part = bytes.subarray(0, file.elf.length - file.at);
    file.elf.set(part, file.at);
    file.at += part.length;
    if (file.at === file.elf.length) {
      this.file = undefined;
      this.to.onProgram?.({ path: file.path, elf: file.elf });
    }
    return bytes.subarray(part.length);
  }

  /** Text, up to where a file begins; the bytes of that. */
  private text(bytes: Uint8Array, waits: unknown[]): Uint8Array {
    const give = (text: string): void => void (text !== '' && waits.push(this.to.onOutput(bytesOf(text))));
    this.kept += textOf(bytes);
    for (;;) {
      const { at, mark } = this.nextMark();
      if (at < 0) break;
      if (mark === PROGRAM) {
        const end = this.kept.indexOf('\n', at);
        if (end < 0) break;
        give(this.kept.slice(0, at));
        return this.beginFile(this.kept.slice(at + mark.length, end), this.kept.slice(end + 1));
      }
      const before = this.kept.slice(0, at);
      this.kept = this.kept.slice(at + mark.length);
      if (this.inside) this.to.onSymbols(parseSymbols(before));
      else give(before);
      this.inside = !this.inside;
    }
    if (this.inside) return NOTHING;
    const held = possibleStart(this.kept);
    give(this.kept.slice(0, this.kept.length - held));
    this.kept = this.kept.slice(this.kept.length - held);
    return NOTHING;
  }

  private nextMark(): { at: number; mark: string } {
    const marks = (this.inside ? [LAST] : [FIRST, PROGRAM]).map((mark) => ({ at: this.kept.indexOf(mark), mark })).filter(({ at }) => at >= 0);
    return marks.sort((a, b) => a.at - b.at)[0] ?? { at: -1, mark: '' };
  }

  private beginFile(line: string, behind: string): Uint8Array {
    const [, size, path] = /^(\d{1,9}) (.*)$/.exec(line) ?? [];
    this.kept = '';
    if (size !== undefined && Number(size) > 0 && Number(size) <= MOST_BYTES) this.file = { path: path!, elf: new Uint8Array(Number(size)), at: 0 };
    return bytesOf(behind);
  }

  /** Nothing more comes. */
  end(): void {
    if (!this.inside && this.kept !== '') this.to.onOutput(bytesOf(this.kept));
    this.kept = '';
  }
}

const NOTHING = new Uint8Array(0);
/** A letter a byte: the decoder named "latin1" is Windows' code page. */
function textOf(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return text;
}
/** No program is larger, whatever a guest says. */
const MOST_BYTES = 2 ** 28;

const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

/** How many characters at the end may be the first of what is to come. */
function possibleStart(text: string): number {
  const at = text.lastIndexOf(FIRST[0]!), end = text.slice(at);
  return at >= 0 && (FIRST.startsWith(end) || PROGRAM.startsWith(end) || end.startsWith(PROGRAM)) ? text.length - at : 0;
}
