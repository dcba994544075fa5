/** What every handler works on, and what they share: a mount, names below it, qids. */

import type { Fids } from './fids.js';
import { Errno, Kind, TreeError, type SharedTree, type TreePath, type TreeStat } from './tree.js';
import type { MessageReader, MessageWriter } from './wire.js';

export interface Mount {
  tree: SharedTree;
  fids: Fids;
  readOnly: boolean;
  /** Bytes of the longest message, as agreed on. */
  messageBytes: number;
}

/** Reads its fields first, then writes the answer: both may lie in the same memory. */
export type Handler = (mount: Mount, from: MessageReader, answer: MessageWriter) => void | Promise<void>;

/** Types of a qid. */
const QID_FOLDER = 0x80;
const QID_LINK = 0x02;

export function writeQid(answer: MessageWriter, { mode, id }: Pick<TreeStat, 'mode' | 'id'>): MessageWriter {
  const kind = mode & Kind.MASK;
  return answer.u8(kind === Kind.FOLDER ? QID_FOLDER : kind === Kind.LINK ? QID_LINK : 0).u32(0).u64(id);
}

/** `path` with a name behind it; what leads elsewhere is refused. */
export function childOf(path: TreePath, name: string): TreePath {
  if (name === '' || name === '.' || name === '..' || /[/\0]/.test(name)) throw new TreeError(Errno.EINVAL, 'no name for a file');
  if (name.length > 255) throw new TreeError(Errno.ENAMETOOLONG);
  return [...path, name];
}

export function mustBeWritable({ readOnly }: Mount): void {
  if (readOnly) throw new TreeError(Errno.EROFS, 'the folder is shared read-only');
}
