// A machine as a child process with a shell on its stdin and stdout, and what it costs the processor.

import { execFileSync, spawn } from "node:child_process";
import { readFileSync } from "node:fs";

const TICKS_A_SECOND = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));
const PROMPT = "/ # ";

/** User and system time of a process with all its threads and the children it has waited for so far, in s. proc(5): fields 14 to 17, counted after the name in brackets. */
export function cpuSeconds(pid) {
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS_A_SECOND;
}

export class Console {
  #child;
  #seen = "";
  #errors = "";
  #wake = () => {};
  #serial = 0;
  #ended = false;

  constructor(command, args) {
    this.#child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });
    this.#child.stdout.on("data", (data) => {
      this.#seen += data.toString("latin1");
      this.#wake();
    });
    this.#child.stderr.on("data", (data) => (this.#errors += data));
    this.#child.stdin.on("error", () => undefined);
    for (const event of ["error", "close"]) {
      this.#child.on(event, (why) => {
        this.#ended = true;
        if (why instanceof Error) this.#errors += why.message;
        this.#wake();
      });
    }
  }

  cpuSeconds() {
    return cpuSeconds(this.#child.pid);
  }

  /** Resolves with what was written up to `marker`, and forgets it. */
  async until(marker, limitMs = 120_000) {
    const deadline = Date.now() + limitMs;
    for (;;) {
      const at = this.#seen.indexOf(marker);
      if (at >= 0) {
        const text = this.#seen.slice(0, at);
        this.#seen = this.#seen.slice(at + marker.length);
        return text;
      }
      const left = deadline - Date.now();
      if (this.#ended || left <= 0) {
        throw new Error(`${this.#ended ? "it ended" : "nothing happened"} before "${marker}"\n${this.#seen.slice(-600)}${this.#errors.slice(-600)}`);
      }
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  prompt() {
    return this.until(PROMPT);
  }

  /** Types a command whose end is not awaited. */
  type(line) {
    this.#child.stdin.write(`${line}\n`);
  }

  /** What a command printed. The marker is typed in two halves, so that the terminal's echo of the line is not taken for it. */
  async command(line, limitMs) {
    const name = `END-${++this.#serial}`;
    this.type(`${line}; echo "=""${name}"`);
    await this.until("\n"); // the echo
    const text = await this.until(`=${name}`, limitMs);
    await this.prompt();
    return text;
  }

  /** Has the bench's program (cpu/programs) do a row's work `n` times; the checksum. */
  async row(name, n) {
    this.type(`${name} ${n}`);
    await this.until(`=${name} ${n} `);
    return (await this.until("\n")).trim();
  }

  /** Interrupts what runs in the foreground. */
  async interrupt() {
    this.#child.stdin.write("\x03");
    await this.prompt();
  }

  async kill() {
    if (this.#ended) return;
    const closed = new Promise((resolve) => this.#child.once("close", resolve));
    this.#child.kill("SIGKILL");
    await closed;
  }
}
