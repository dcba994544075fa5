/** `pintail guest`: makes guests that other machines, or a web server, can use. */

import { UsageError } from './arguments.js';

export async function guest(args: readonly string[]): Promise<number> {
  throw new UsageError(args[0] ?? 'guest', 'say "guest build" or "guest import".');
}
