/** Commands of a machine in a worker, as its handle sees them: listeners, standard input and signals stay here and act by message. */

import type { CommandHandle } from './agent.js';
import { openInput, type CommandInput } from './command-input.js';
import { guarded } from './emitter.js';
import { Heard } from './heard.js';
import { packError, type ToWorker } from './messages.js';
import { viewOf } from '../bytes/view.js';
import type { ExecOptions, ExecResult } from './types.js';

interface Remote {
  options: ExecOptions;
  input: CommandInput;
  heard: Heard;
  /** What a listener threw, or input ended with: the command's promise is rejected with it. */
  fail: (error: unknown) => void;
}

export class RemoteCommands {
  private readonly commands = new Map<number, Remote>();

  constructor(private readonly send: (message: ToWorker) => void) {}

  /** `pend` sends under a number and gives the answer. */
  start(argv: readonly string[], options: ExecOptions, pend: (sendWith: (id: number) => void) => Promise<unknown>): CommandHandle {
    const { stdin, signal, timeout, cwd, env, onStdout, onStderr } = options;
    signal?.throwIfAborted();
    const known = typeof stdin === 'string' ? stdin : viewOf(stdin);
    let number = 0;
    const heard = new Heard();
    let fail: (error: unknown) => void = () => undefined;
    const failed = new Promise<never>((_, reject) => (fail = reject));
    const answer = pend((id) => {
      number = id;
      this.commands.set(id, { options, input: openInput(stdin), heard, fail });
      this.send({
        kind: 'exec', id, argv: [...argv], options: {
          chunks: stdin !== undefined && known === undefined, listens: { stdout: onStdout !== undefined, stderr: onStderr !== undefined },
          ...(known === undefined ? {} : { stdin: known }), ...(timeout === undefined ? {} : { timeout }), ...(cwd === undefined ? {} : { cwd }), ...(env === undefined ? {} : { env: { ...env } }),
        },
      });
    }) as Promise<ExecResult>;
    const abort = (): void => this.send({ kind: 'abort', id: number, error: packError(signal!.reason) });
    signal?.addEventListener('abort', abort, { once: true });
    const over = (): void => {
      signal?.removeEventListener('abort', abort);
      this.commands.get(number)?.input.close?.();
      this.commands.delete(number);
    };
    answer.then(over, over);
    const result = Promise.race([answer.then(async (done) => (await heard.all, done)), failed]).catch((error: unknown) => {
      // The reason itself, and not its copy from the other thread.
      throw signal?.aborted ? signal.reason : error;
    });
    return { result, kill: (name) => this.send({ kind: 'kill', id: number, name }) };
  }

  /** Hands output to who listens. */
  output(id: number, stream: 'stdout' | 'stderr', bytes: Uint8Array): Promise<unknown> | undefined {
    const command = this.commands.get(id);
    const listener = stream === 'stdout' ? command?.options.onStdout : command?.options.onStderr;
    return listener === undefined ? undefined : command!.heard.add(guarded(() => listener(bytes), (error) => command!.fail(error)));
  }

  /** The command has room for more of its standard input. */
  async feed(id: number, most: number): Promise<void> {
    const command = this.commands.get(id);
    if (command === undefined) return;
    try {
      this.send({ kind: 'inputChunk', id, bytes: (await command.input.next(most)).slice() });
    } catch (error) {
      this.send({ kind: 'inputChunk', id, bytes: new Uint8Array(0), error: packError(error) });
    }
  }
}
