/** The first visit: Debian was booted to its prompt where the page was made, and is fetched as it stood there, held against its digest and kept by it. */

import type { MachineOptions } from 'pintail';
import { openGuestAt } from '../../build/host/guest/by-address.js';

export interface Waiting {
  snapshot: Uint8Array;
  screen: string;
}

/** Undefined where the guest's folder has none, or it does not come whole: the guest is booted then. */
export async function fetchWaiting(folder: URL, onTransfer: NonNullable<MachineOptions['onTransfer']>): Promise<Waiting | undefined> {
  try {
    const { manifest: { waiting }, read } = await openGuestAt(folder, { onTransfer });
    return waiting === undefined ? undefined : { snapshot: await read(waiting), screen: waiting.screen };
  } catch {
    return undefined;
  }
}
