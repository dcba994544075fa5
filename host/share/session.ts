/**
 * A 9P2000.L server for one card: messages in, answers out. It knows the protocol; what the files are, the tree knows. The handlers are in
 * files.ts and names.ts, a row each.
 */

import { errnoOf } from './errors.js';
import { Fids } from './fids.js';
import { FILE_HANDLERS } from './files.js';
import { childOf, writeQid, type Handler, type Mount } from './mount.js';
import { NAME_HANDLERS } from './names.js';
import { Errno, TreeError, type SharedTree, type TreePath, type TreeStat } from './tree.js';
import { HEADER_BYTES, Message, MessageReader, MessageWriter } from './wire.js';

const VERSION = '9P2000.L';
/** A card's batch holds that much and its table (assembly/device/blocks.ts). */
const MOST_BYTES = 500 * 1024;
const LEAST_BYTES = 4096;
const MOST_WALKED = 16;

/** One step of a walk. The root's `..` is the root. */
function stepFrom(path: TreePath, name: string): TreePath {
  return name === '..' ? path.slice(0, -1) : name === '.' ? path : childOf(path, name);
}

async function version(mount: Mount, from: MessageReader, answer: MessageWriter): Promise<void> {
  const bytes = from.u32();
  const wanted = from.text();
  // It begins a session: what was in hand is forgotten.
  await mount.fids.dropAll();
  mount.messageBytes = Math.min(Math.max(bytes, LEAST_BYTES), MOST_BYTES);
  answer.u32(mount.messageBytes).text(wanted === VERSION ? VERSION : 'unknown');
}

async function attach(mount: Mount, from: MessageReader, answer: MessageWriter): Promise<void> {
  const fid = from.u32();
  const stat = await mount.tree.stat([]);
  mount.fids.add(fid, []);
  writeQid(answer, stat);
}

/** As many names as there are; the fid is made only when all are. */
async function walk(mount: Mount, from: MessageReader, answer: MessageWriter): Promise<void> {
  const [fid, fresh, count] = [from.u32(), from.u32(), from.u16()];
  if (count > MOST_WALKED) throw new TreeError(Errno.EINVAL, 'more names than a walk has');
  const names = Array.from({ length: count }, () => from.text());
  const start = mount.fids.get(fid);
  if (start.file !== undefined && fid === fresh) throw new TreeError(Errno.EBADF, 'the fid is open');
  let path = start.path;
  const found: TreeStat[] = [];
  for (const name of names) {
    try {
      const next = stepFrom(path, name);
      found.push(await mount.tree.stat(next));
      path = next;
    } catch (error) {
      if (found.length === 0) throw error;
      break;
    }
  }
  if (found.length === count) mount.fids.add(fresh, path, fid === fresh ? fid : undefined);
  answer.u16(found.length);
  for (const stat of found) writeQid(answer, stat);
}

async function clunk(mount: Mount, from: MessageReader): Promise<void> {
  await mount.fids.drop(from.u32());
}

const HANDLERS: Readonly<Record<number, Handler>> = {
  [Message.VERSION]: version, [Message.ATTACH]: attach, [Message.WALK]: walk, [Message.CLUNK]: clunk,
  // Every message is answered before the next is read: there is nothing to take back.
  [Message.FLUSH]: () => {},
  [Message.AUTH]: () => { throw new TreeError(Errno.EOPNOTSUPP, 'nobody need show who he is'); },
  ...FILE_HANDLERS, ...NAME_HANDLERS,
};

export class ShareSession {
  private readonly mount: Mount;
  messages = 0n;
  errors = 0n;

  constructor(tree: SharedTree, readOnly: boolean) {
    this.mount = { tree, readOnly, fids: new Fids(tree), messageBytes: MOST_BYTES };
  }

  /** The guest holds files: a machine made of its snapshot would not have them. */
  get inUse(): boolean {
    return this.mount.fids.inUse;
  }

  /** Answers the message in the first `bytes` of `area`, in its place; the answer's length. `area` must have room for a header and an error. */
  async answer(area: Uint8Array, bytes: number): Promise<number> {
    this.messages++;
    const message = area.subarray(0, bytes);
    const answer = new MessageWriter(area);
    const view = new DataView(area.buffer, area.byteOffset, area.byteLength);
    const [size, type, tag] = [view.getUint32(0, true), view.getUint8(4), view.getUint16(5, true)];
    try {
      if (size > bytes || size < HEADER_BYTES) throw new TreeError(Errno.EPROTO, 'the message is not as long as it says');
      const handler = HANDLERS[type];
      if (handler === undefined) throw new TreeError(Errno.EOPNOTSUPP, `no message ${type}`);
      await handler(this.mount, new MessageReader(message.subarray(0, size)), answer);
      return answer.finish(type + 1, tag);
    } catch (error) {
      this.errors++;
      return answer.restart().u32(errnoOf(error)).finish(Message.LERROR + 1, tag);
    }
  }

  async close(): Promise<void> {
    await this.mount.fids.dropAll();
    await this.mount.tree.close();
  }
}
