/** A command's standard input on its way to the agent's port: as much as the port takes, then as there is room again. */

import { FRAME_DATA_BYTES } from '../../guest/frame-bytes.js';
import { inputFrame } from '../guest/protocol.js';
import type { AgentPort } from './agent-port.js';
import type { CommandInput } from './command-input.js';

export class InputFeed {
  private state: 'ready' | 'waiting' | 'over' = 'ready';

  /** `onWaiting`: the next bytes have yet to come. `onError`: they could not be had; the command sees the end of its input. */
  constructor(
    private readonly id: number,
    private readonly input: CommandInput,
    private readonly port: AgentPort,
    private readonly onWaiting: (waiting: boolean) => void,
    private readonly onError: (error: Error) => void,
  ) {}

  /** Sends what there is and the port takes. */
  push(): void {
    while (this.state === 'ready' && !this.port.full) {
      const next = this.input.next(FRAME_DATA_BYTES);
      if (next instanceof Uint8Array) this.send(next);
      else this.wait(next);
    }
  }

  /** The command has ended. */
  close(): void {
    if (this.state === 'waiting') this.onWaiting(false);
    this.state = 'over';
    this.input.close?.();
  }

  private send(bytes: Uint8Array): void {
    this.port.send(inputFrame(this.id, bytes));
    if (bytes.length === 0) this.state = 'over';
  }

  private wait(next: Promise<Uint8Array>): void {
    this.state = 'waiting';
    this.onWaiting(true);
    const failed = (error: Error): Uint8Array => {
      this.onError(error);
      return new Uint8Array(0);
    };
    void next.catch(failed).then((bytes) => {
      if (this.state === 'over') return;
      this.state = 'ready';
      this.onWaiting(false);
      this.send(bytes);
      this.push();
    });
  }
}
