/**
 * The terminal while a machine has it: raw, so that every key reaches the guest, but for an escape key as QEMU's -nographic
 * has it. It is given back on every way out of the process.
 */

import { constants } from 'node:os';

const CTRL_A = 0x01;

/** `Ctrl-A`, or the character itself where it is no control character. */
export function keyName(code: number): string {
  return code < 0x20 ? `Ctrl-${String.fromCharCode(code + 0x40)}` : String.fromCharCode(code);
}

const keysOf = (key: string): string => `\r\n${key} x  ends the machine\r\n${key} s  saves it (pintail run --snapshot FILE goes on with it)\r\n${key} p  writes a picture of the screen (-vga std)\r\n${key} h  this list\r\n${key} ${key}  sends ${key} to the guest\r\n`;

/** What a byte typed comes to. */
export interface KeyHandler {
  send(bytes: Uint8Array): void;
  quit(): void;
  save(): void;
  /** Where there is a screen. */
  picture?(): void;
  show(text: string): void;
}

/** Splits what is typed into bytes for the guest and escape commands; keeps a pending escape between calls. */
export class EscapeKeys {
  private escaped = false;

  constructor(
    private readonly handler: KeyHandler,
    private readonly escape = CTRL_A,
  ) {}

  type(bytes: Uint8Array): void {
    const plain: number[] = [];
    for (const byte of bytes) {
      if (this.escaped) this.command(byte, plain);
      else if (byte === this.escape) this.escaped = true;
      else plain.push(byte);
    }
    if (plain.length > 0) this.handler.send(Uint8Array.from(plain));
  }

  private command(byte: number, plain: number[]): void {
    this.escaped = false;
    const key = String.fromCharCode(byte).toLowerCase();
    if (key === 'x') this.handler.quit();
    else if (key === 's') this.handler.save();
    else if (key === 'p') this.handler.picture?.();
    else if (byte === this.escape) plain.push(byte);
    else if (key === 'h' || key === '?') this.handler.show(keysOf(keyName(this.escape)));
  }
}

/** Each ends the command at once: the module yields after some milliseconds whatever its guest does, so that they are heard. */
const SIGNALS = ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGABRT'] as const;

/** Takes the terminal; the function it returns gives it back. */
export function takeTerminal(onInput: (bytes: Uint8Array) => void, onEnd: () => void): () => void {
  const { stdin } = process;
  const restore = (): void => {
    if (stdin.isTTY) stdin.setRawMode(false);
  };
  const onSignal = (signal: (typeof SIGNALS)[number]): void => {
    restore();
    process.exit(128 + constants.signals[signal]);
  };
  if (stdin.isTTY) stdin.setRawMode(true);
  process.on('exit', restore);
  for (const signal of SIGNALS) process.on(signal, onSignal);
  stdin.on('data', onInput);
  stdin.on('end', onEnd);
  stdin.resume();
  return () => {
    restore();
    process.off('exit', restore);
    for (const signal of SIGNALS) process.off(signal, onSignal);
    stdin.off('data', onInput);
    stdin.off('end', onEnd);
    stdin.pause();
    stdin.unref?.();
  };
}
