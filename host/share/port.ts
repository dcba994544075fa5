/** Answers a shared folder's messages (host/rings/blocks.ts) while the guest's time stands still, one after the other. */

import { isAsked, readMessages, setAnswered } from '../rings/blocks.js';
import type { Counter } from '../rings/counter.js';
import type { ModuleInstance } from '../rings/instance.js';
import type { HostPort } from '../rings/port.js';
import type { ShareSession } from './session.js';

export class SharePort implements HostPort {
  constructor(
    private readonly instance: ModuleInstance,
    /** Address of the card's table. */
    private readonly table: number,
    private readonly session: ShareSession,
    private readonly name: string,
  ) {}

  get busy(): boolean {
    return isAsked(this.instance, this.table);
  }

  beforeSlice(): boolean {
    return false;
  }

  afterSlice(): void {
    // answer() does it, before the next instruction.
  }

  async answer(): Promise<void> {
    for (const message of readMessages(this.instance, this.table)) setAnswered(this.instance, message, await this.session.answer(message.area, message.length));
  }

  counters(): Counter[] {
    return [
      { name: `${this.name} messages answered`, unit: 'requests', value: this.session.messages, owner: this.name },
      { name: `${this.name} answers that were errors`, unit: 'requests', value: this.session.errors, owner: this.name },
    ];
  }
}
