/** `-display curses`: the screen's text modes in this terminal, which is the guest's keyboard then; of graphics modes it says what they are. */

import type { LocalMachine } from '../machine/local.js';
import { TerminalText } from '../screen/terminal-text.js';
import type { PanicWatch } from '../machine/panic-watch.js';
import type { RunOptions } from './run-options.js';
import { saveMachine } from './saved.js';
import { writePicture } from './picture.js';
import { note } from './note.js';
import { leave, supervise, type Ending } from './supervise.js';
import { EscapeKeys, keyName, takeTerminal } from './terminal.js';
import { chordsOf } from './terminal-keys.js';

/** The screen is looked at so often. */
const LOOK_MS = 40;
/** The terminal's own other screen, and back. */
const ENTER = '\x1b[?1049h\x1b[2J', LEAVE = '\x1b[0m\x1b[?25h\x1b[?1049l';

function drawer(machine: LocalMachine, escape: string): { look: () => void; forget: () => void } {
  const text = new TerminalText();
  let said = '';
  return {
    look() {
      if (machine.closed) return;
      const shown = machine.textScreen();
      if ('rows' in shown) {
        said = '';
        process.stdout.write(text.draw(shown));
        return;
      }
      const now = `graphics, ${shown.width}x${shown.height}: ${escape} p writes a picture, ${escape} x ends the machine.`;
      if (now === said) return;
      said = now;
      text.forget();
      process.stdout.write(`\x1b[0m\x1b[2J\x1b[H${now}`);
    },
    forget() {
      text.forget();
      said = '';
    },
  };
}

/** Runs the machine with its screen in this terminal. */
export async function runCurses(machine: LocalMachine, options: RunOptions, watch: PanicWatch): Promise<Ending> {
  const { look, forget } = drawer(machine, keyName(options.escape));
  const said: string[] = [];
  let saving = false;
  const keys = new EscapeKeys({
    send: (bytes) => {
      for (const chord of chordsOf(new TextDecoder().decode(bytes))) machine.tap(chord);
    },
    quit: () => leave(machine),
    save: () => {
      saving = true;
      void machine.pause();
    },
    picture: () => void writePicture(machine).then((path) => (said.push(`the screen is in ${path}.`)), (error: Error) => (said.push(error.message))),
    show: (lines) => {
      process.stdout.write(`\x1b[0m\x1b[2J\x1b[H${lines}`);
      setTimeout(forget, 3000).unref();
    },
  }, options.escape);
  machine.attachInput(true);
  process.stdout.write(ENTER);
  const giveBack = takeTerminal((bytes) => keys.type(bytes), () => machine.attachInput(false));
  const timer = setInterval(look, LOOK_MS);
  const restore = (): void => void process.stdout.write(LEAVE);
  process.on('exit', restore);
  try {
    return await supervise(machine, options, watch, options.reboot, async () => {
      if (!saving) return false;
      saving = false;
      await saveMachine(machine, options.withDisks);
      return true;
    });
  } finally {
    clearInterval(timer);
    process.off('exit', restore);
    restore();
    giveBack();
    lastText(machine);
    said.forEach(note);
  }
}

/** What stood there at the end, since the terminal's other screen is gone. */
function lastText(machine: LocalMachine): void {
  const shown = machine.textScreen();
  if (!('rows' in shown)) return;
  const lines = shown.rows.map((row) => row.map(({ character }) => character).join('').trimEnd());
  while (lines.at(-1) === '') lines.pop();
  process.stdout.write(lines.map((line) => `${line}\n`).join(''));
}
