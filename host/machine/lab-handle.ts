/** `machine.lab(netdev)`, of a machine on this thread or in a worker. */

import type { Lab, LabChanges } from './types.js';

interface WithLabs {
  labOptions(netdev: string): Promise<LabChanges>;
  labSet(netdev: string, changes: LabChanges): Promise<void>;
}

export function labHandle(machine: WithLabs, netdev: string): Lab {
  return { options: () => machine.labOptions(netdev), set: (changes) => machine.labSet(netdev, changes) };
}
