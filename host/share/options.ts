/** The options of a shared folder, in the API's words. */

import type { SharedTree } from './tree.js';

/** A folder that the guest sees as the machine runs (9P2000.L; docs/shares.md). */
export interface ShareOptions {
  id: string;
  /** A folder of the host by path (Node only), or a tree of the program's own, as `MemoryFolder` (not with `worker`). */
  source: string | SharedTree;
  /** Nothing in it is changed. Default false. */
  readOnly?: boolean;
}
