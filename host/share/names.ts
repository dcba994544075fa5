/** What is done with names: made, moved, taken away, read where they are links. */

import { childOf, mustBeWritable, writeQid, type Handler, type Mount } from './mount.js';
import { Errno, Kind, TreeError, type TreePath } from './tree.js';
import { Message, type MessageReader, type MessageWriter } from './wire.js';

/** unlinkat: the name is a folder's. */
const REMOVE_FOLDER = 0x200;

const pathOf = (mount: Mount, fid: number): TreePath => mount.fids.get(fid).path;

async function answerQid({ tree }: Mount, path: TreePath, answer: MessageWriter): Promise<void> {
  writeQid(answer, await tree.stat(path));
}

async function makeLink(mount: Mount, from: MessageReader, answer: MessageWriter): Promise<void> {
  const [fid, name, target] = [from.u32(), from.text(), from.text()];
  mustBeWritable(mount);
  const path = childOf(pathOf(mount, fid), name);
  await mount.tree.makeLink(path, target);
  await answerQid(mount, path, answer);
}

async function makeFolder(mount: Mount, from: MessageReader, answer: MessageWriter): Promise<void> {
  const [fid, name, mode] = [from.u32(), from.text(), from.u32()];
  mustBeWritable(mount);
  const path = childOf(pathOf(mount, fid), name);
  await mount.tree.makeFolder(path, mode & 0o7777);
  await answerQid(mount, path, answer);
}

/** Plain files only: a device of the guest's making has no business on the host. */
async function makeNode(mount: Mount, from: MessageReader, answer: MessageWriter): Promise<void> {
  const [fid, name, mode] = [from.u32(), from.text(), from.u32()];
  mustBeWritable(mount);
  const kind = mode & Kind.MASK;
  if (kind !== Kind.FILE && kind !== 0) throw new TreeError(Errno.EPERM, 'only files are made');
  const path = childOf(pathOf(mount, fid), name);
  const file = await mount.tree.open(path, { read: false, write: true, truncate: false, create: { mode: mode & 0o7777, exclusive: true } });
  await file.close();
  await answerQid(mount, path, answer);
}

async function readLink(mount: Mount, from: MessageReader, answer: MessageWriter): Promise<void> {
  answer.text(await mount.tree.readLink(pathOf(mount, from.u32())));
}

async function link(mount: Mount, from: MessageReader): Promise<void> {
  const [folder, fid, name] = [from.u32(), from.u32(), from.text()];
  mustBeWritable(mount);
  await mount.tree.link(pathOf(mount, fid), childOf(pathOf(mount, folder), name));
}

async function move(mount: Mount, from: TreePath, to: TreePath): Promise<void> {
  mustBeWritable(mount);
  if (from.length === 0) throw new TreeError(Errno.EBUSY, 'the root stays where it is');
  await mount.tree.rename(from, to);
  mount.fids.moved(from, to);
}

async function rename(mount: Mount, from: MessageReader): Promise<void> {
  const [fid, folder, name] = [from.u32(), from.u32(), from.text()];
  await move(mount, pathOf(mount, fid), childOf(pathOf(mount, folder), name));
}

async function renameAt(mount: Mount, from: MessageReader): Promise<void> {
  const [oldFolder, oldName, newFolder, newName] = [from.u32(), from.text(), from.u32(), from.text()];
  await move(mount, childOf(pathOf(mount, oldFolder), oldName), childOf(pathOf(mount, newFolder), newName));
}

async function unlinkAt(mount: Mount, from: MessageReader): Promise<void> {
  const [fid, name, flags] = [from.u32(), from.text(), from.u32()];
  mustBeWritable(mount);
  await mount.tree.remove(childOf(pathOf(mount, fid), name), (flags & REMOVE_FOLDER) !== 0);
}

/** The fid goes whether its file does or not. */
async function remove(mount: Mount, from: MessageReader): Promise<void> {
  const number = from.u32();
  const { path } = mount.fids.get(number);
  await mount.fids.drop(number);
  mustBeWritable(mount);
  const { mode } = await mount.tree.stat(path);
  await mount.tree.remove(path, (mode & Kind.MASK) === Kind.FOLDER);
}

export const NAME_HANDLERS: Readonly<Record<number, Handler>> = {
  [Message.SYMLINK]: makeLink, [Message.MKDIR]: makeFolder, [Message.MKNOD]: makeNode, [Message.READLINK]: readLink, [Message.LINK]: link, [Message.RENAME]: rename,
  [Message.RENAMEAT]: renameAt, [Message.UNLINKAT]: unlinkAt, [Message.REMOVE]: remove,
};
