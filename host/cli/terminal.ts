/**
 * The terminal while a machine has it: raw, so that every key reaches the guest, but for an escape key as QEMU's -nographic
 * has it. It is given back on every way out of the process.
 */

import { constants } from 'node:os';

const ESCAPE = 0x01; // Ctrl-A
const KEYS = '\r\nCtrl-A x  ends the machine\r\nCtrl-A h  this list\r\nCtrl-A Ctrl-A  sends Ctrl-A to the guest\r\n';

/** What a byte typed comes to. */
export interface KeyHandler {
  send(bytes: Uint8Array): void;
  quit(): void;
  show(text: string): void;
}

/** Splits what is typed into bytes for the guest and escape commands; keeps a pending escape between calls. */
export class EscapeKeys {
  private escaped = false;

  constructor(private readonly handler: KeyHandler) {}

  type(bytes: Uint8Array): void {
    const plain: number[] = [];
    for (const byte of bytes) {
      if (this.escaped) this.command(byte, plain);
      else if (byte === ESCAPE) this.escaped = true;
      else plain.push(byte);
    }
    if (plain.length > 0) this.handler.send(Uint8Array.from(plain));
  }

  private command(byte: number, plain: number[]): void {
    this.escaped = false;
    const key = String.fromCharCode(byte).toLowerCase();
    if (key === 'x') this.handler.quit();
    else if (byte === ESCAPE) plain.push(ESCAPE);
    else if (key === 'h' || key === '?') this.handler.show(KEYS);
  }
}

const SIGNALS = ['SIGTERM', 'SIGHUP', 'SIGINT'] as const;

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
