/** The first visit: Debian was booted to its prompt where the page was made, and is fetched as it stood there. */

import type { MachineOptions } from 'pintail';

export interface Waiting {
  snapshot: Uint8Array;
  screen: string;
}

interface Row {
  name: string;
  bytes: number;
  screen: string;
}

/** Undefined where the guest's folder has none, or it does not come whole: the guest is booted then. */
export async function fetchWaiting(guest: URL, tell: NonNullable<MachineOptions['onTransfer']>): Promise<Waiting | undefined> {
  try {
    const { waiting } = (await (await fetch(new URL('manifest.json', guest))).json()) as { waiting?: Row };
    if (waiting === undefined) return undefined;
    const answer = await fetch(new URL(waiting.name, guest));
    if (!answer.ok || answer.body === null) return undefined;
    const snapshot = new Uint8Array(waiting.bytes);
    let done = 0;
    for (const reader = answer.body.getReader(); ; ) {
      const piece = await reader.read();
      if (piece.done) break;
      snapshot.set(piece.value, done);
      done += piece.value.length;
      tell({ file: waiting.name, done, total: waiting.bytes });
    }
    return done === waiting.bytes ? { snapshot, screen: waiting.screen } : undefined;
  } catch {
    return undefined;
  }
}
