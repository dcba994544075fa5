/** What is done with a file: opened, read, written, asked about, changed. */

import { childOf, mustBeWritable, writeQid, type Handler, type Mount } from './mount.js';
import { Errno, Kind, TreeError, type TreeChanges, type TreeOpening, type TreeStat } from './tree.js';
import { DATA_AT, Message, QID_BYTES, type MessageReader, type MessageWriter } from './wire.js';

/** Linux's flags of open (include/uapi/asm-generic/fcntl.h). */
const Open = { ACCESS: 3, WRITE: 1, READ_WRITE: 2, EXCLUSIVE: 0o200, TRUNCATE: 0o1000 } as const;

function openingOf(flags: number): TreeOpening {
  const access = flags & Open.ACCESS;
  return { read: access !== Open.WRITE, write: access === Open.WRITE || access === Open.READ_WRITE, truncate: (flags & Open.TRUNCATE) !== 0 };
}

async function open(mount: Mount, from: MessageReader, answer: MessageWriter): Promise<void> {
  const [number, flags] = [from.u32(), from.u32()];
  const fid = mount.fids.get(number);
  if (fid.file !== undefined) throw new TreeError(Errno.EBADF, 'the fid is open');
  const how = openingOf(flags);
  if (how.write || how.truncate) mustBeWritable(mount);
  const stat = await mount.tree.stat(fid.path);
  const kind = stat.mode & Kind.MASK;
  if (kind === Kind.FOLDER && how.write) throw new TreeError(Errno.EISDIR);
  if (kind === Kind.LINK) throw new TreeError(Errno.ELOOP);
  if (kind !== Kind.FOLDER) fid.file = await mount.tree.open(fid.path, how);
  fid.writes = how.write;
  writeQid(answer, stat).u32(0);
}

/** The fid, which was the folder, is the new file afterwards. */
async function create(mount: Mount, from: MessageReader, answer: MessageWriter): Promise<void> {
  const [number, name, flags, mode] = [from.u32(), from.text(), from.u32(), from.u32()];
  mustBeWritable(mount);
  const fid = mount.fids.get(number);
  if (fid.file !== undefined) throw new TreeError(Errno.EBADF, 'the fid is open');
  const path = childOf(fid.path, name);
  const file = await mount.tree.open(path, { ...openingOf(flags), create: { mode: mode & 0o7777, exclusive: (flags & Open.EXCLUSIVE) !== 0 } });
  Object.assign(fid, { path, file, writes: openingOf(flags).write });
  writeQid(answer, await file.stat()).u32(0);
}

/** The bytes go where the answer has them. */
async function read(mount: Mount, from: MessageReader, answer: MessageWriter): Promise<void> {
  const [number, at, count] = [from.u32(), from.u64(), from.u32()];
  const { file } = mount.fids.get(number);
  if (file === undefined) throw new TreeError(Errno.EBADF, 'the fid is not open');
  const most = Math.min(count, answer.left - 4, mount.messageBytes - DATA_AT);
  const bytes = await file.read(Number(at), answer.area(4, most));
  answer.u32(bytes).skip(bytes);
}

async function write(mount: Mount, from: MessageReader, answer: MessageWriter): Promise<void> {
  const [number, at, count] = [from.u32(), from.u64(), from.u32()];
  const data = from.data(count);
  const { file, writes } = mount.fids.get(number);
  if (file === undefined || !writes) throw new TreeError(Errno.EBADF, 'the fid is not open for writing');
  answer.u32(count === 0 ? 0 : await file.write(Number(at), data));
}

/** An entry of READDIR: qid, where the next one is, type (that of getdents), name. */
const entryBytes = (name: string): number => QID_BYTES + 8 + 1 + 2 + name.length;

async function readFolder(mount: Mount, from: MessageReader, answer: MessageWriter): Promise<void> {
  const [number, at, count] = [from.u32(), Number(from.u64()), from.u32()];
  const fid = mount.fids.get(number);
  if (fid.names === undefined || at === 0) fid.names = ['.', '..', ...(await mount.tree.list(fid.path))];
  const room = Math.min(count, answer.left - 4, mount.messageBytes - DATA_AT);
  const found: [string, TreeStat, number][] = [];
  let bytes = 0;
  for (let i = at; i < fid.names.length; i++) {
    const name = fid.names[i]!;
    if (bytes + entryBytes(name) > room) break;
    const stat = await statOfEntry(mount, fid.path, name);
    if (stat === undefined) continue;
    bytes += entryBytes(name);
    found.push([name, stat, i + 1]);
  }
  answer.u32(bytes);
  for (const [name, stat, next] of found) writeQid(answer, stat).u64(BigInt(next)).u8((stat.mode & Kind.MASK) >>> 12).text(name);
}

/** What went away since the listing began is not listed. */
async function statOfEntry({ tree }: Mount, path: readonly string[], name: string): Promise<TreeStat | undefined> {
  try {
    return await tree.stat(name === '.' ? path : name === '..' ? path.slice(0, -1) : [...path, name]);
  } catch {
    return undefined;
  }
}

async function sync(mount: Mount, from: MessageReader): Promise<void> {
  await mount.fids.get(from.u32()).file?.sync();
}

const NS = 1_000_000_000n;
/** P9_STATS_BASIC. */
const KNOWN = 0x7ffn;
const BLOCK_BYTES = 4096n;

async function getAttributes(mount: Mount, from: MessageReader, answer: MessageWriter): Promise<void> {
  const number = from.u32();
  const stat = await mount.fids.stat(mount.fids.get(number));
  writeQid(answer.u64(KNOWN), stat).u32(stat.mode).u32(stat.uid).u32(stat.gid).u64(stat.links).u64(0n).u64(stat.size).u64(BLOCK_BYTES).u64(stat.blocks);
  for (const time of [stat.accessed, stat.modified, stat.changed]) answer.u64(time / NS).u64(time % NS);
  // When it was made, its generation and its data's version are not known.
  for (let i = 0; i < 4; i++) answer.u64(0n);
}

/** Bits of SETATTR. */
const Set = { MODE: 1, UID: 2, GID: 4, SIZE: 8, ATIME: 16, MTIME: 32, ATIME_GIVEN: 128, MTIME_GIVEN: 256 } as const;

function readChanges(from: MessageReader): TreeChanges {
  const valid = from.u32();
  const [mode, uid, gid, size] = [from.u32(), from.u32(), from.u32(), from.u64()];
  const [accessed, modified] = [from.u64() * NS + from.u64(), from.u64() * NS + from.u64()];
  const changes: TreeChanges = {};
  if (valid & Set.MODE) changes.mode = mode & 0o7777;
  if (valid & Set.UID) changes.uid = uid;
  if (valid & Set.GID) changes.gid = gid;
  if (valid & Set.SIZE) changes.size = size;
  if (valid & Set.ATIME) changes.accessed = valid & Set.ATIME_GIVEN ? accessed : 'now';
  if (valid & Set.MTIME) changes.modified = valid & Set.MTIME_GIVEN ? modified : 'now';
  return changes;
}

async function setAttributes(mount: Mount, from: MessageReader): Promise<void> {
  const fid = mount.fids.get(from.u32());
  const { size, ...rest } = readChanges(from);
  mustBeWritable(mount);
  if (size !== undefined) {
    if (fid.file !== undefined && fid.writes) await fid.file.resize(Number(size));
    else await mount.tree.change(fid.path, { size });
  }
  if (Object.keys(rest).length > 0) await mount.tree.change(fid.path, rest);
}

/** V9FS_MAGIC: what statfs of a mount says. */
const MAGIC = 0x0102_1997;

async function space(mount: Mount, from: MessageReader, answer: MessageWriter): Promise<void> {
  mount.fids.get(from.u32());
  const { blockBytes, blocks, free, files, freeFiles } = await mount.tree.space();
  answer.u32(MAGIC).u32(blockBytes).u64(blocks).u64(free).u64(free).u64(files).u64(freeFiles).u64(0n).u32(255);
}

const LOCK_GRANTED = 0;
const UNLOCKED = 2;

/** One guest has the folder, and its kernel keeps its own programs apart: every lock is granted. */
function lock(mount: Mount, from: MessageReader, answer: MessageWriter): void {
  mount.fids.get(from.u32());
  answer.u8(LOCK_GRANTED);
}

function getLock(mount: Mount, from: MessageReader, answer: MessageWriter): void {
  mount.fids.get(from.u32());
  from.u8();
  const [start, length, process, client] = [from.u64(), from.u64(), from.u32(), from.text()];
  answer.u8(UNLOCKED).u64(start).u64(length).u32(process).text(client);
}

const unsupported: Handler = () => {
  throw new TreeError(Errno.EOPNOTSUPP, 'there are no extended attributes');
};

export const FILE_HANDLERS: Readonly<Record<number, Handler>> = {
  [Message.LOPEN]: open, [Message.LCREATE]: create, [Message.READ]: read, [Message.WRITE]: write, [Message.READDIR]: readFolder, [Message.FSYNC]: sync,
  [Message.GETATTR]: getAttributes, [Message.SETATTR]: setAttributes, [Message.STATFS]: space, [Message.LOCK]: lock, [Message.GETLOCK]: getLock,
  [Message.XATTRWALK]: unsupported, [Message.XATTRCREATE]: unsupported,
};
