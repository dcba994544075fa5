/** A 9P2000.L client that speaks to a session as a card would, message by message. */

import { ShareSession } from '../../../host/share/session.js';
import type { SharedTree } from '../../../host/share/tree.js';
import { Message, MessageReader, MessageWriter } from '../../../host/share/wire.js';

export const ROOT = 0;
export interface Attributes { qid: { type: number; id: bigint }; mode: number; uid: number; gid: number; links: bigint; size: bigint; modified: bigint }

export class Refused extends Error {
  constructor(readonly errno: number) { super(`errno ${errno}`); }
}

/** Names as the wire has them: a byte a character. */
export const wire = (text: string): string => Buffer.from(text).toString('latin1');

export class Client {
  readonly session: ShareSession;
  readonly area: Uint8Array;
  private next = 1;

  constructor(tree: SharedTree, readOnly = false, areaBytes = 64 * 1024) {
    this.session = new ShareSession(tree, readOnly);
    this.area = new Uint8Array(areaBytes);
  }

  /** Any message; its answer's fields. Throws Refused. */
  async ask(type: number, fields: (w: MessageWriter) => void): Promise<MessageReader> {
    const message = new MessageWriter(this.area);
    fields(message);
    const length = await this.session.answer(this.area, message.finish(type, 7));
    const answer = this.area.slice(0, length);
    if (new DataView(answer.buffer).getUint16(5, true) !== 7) throw new Error('another tag');
    if (answer[4] === Message.LERROR + 1) throw new Refused(new MessageReader(answer).u32());
    if (answer[4] !== type + 1) throw new Error(`answer ${answer[4]} to ${type}`);
    return new MessageReader(answer);
  }

  async start(bytes = 64 * 1024): Promise<this> {
    await this.ask(Message.VERSION, (w) => w.u32(bytes).text('9P2000.L'));
    await this.ask(Message.ATTACH, (w) => w.u32(ROOT).u32(0xffff_ffff).text('root').text('').u32(0));
    return this;
  }

  /** A new fid for a path from the root; the names are walked as they are. */
  async walk(...names: string[]): Promise<number> {
    const fid = this.next++;
    const answer = await this.ask(Message.WALK, (w) => { w.u32(ROOT).u32(fid).u16(names.length); for (const name of names) w.text(name); });
    if (answer.u16() !== names.length) throw new Refused(2);
    return fid;
  }
  async clunk(fid: number): Promise<void> { await this.ask(Message.CLUNK, (w) => w.u32(fid)); }

  async attributes(fid: number): Promise<Attributes> {
    const r = await this.ask(Message.GETATTR, (w) => w.u32(fid).u64(0x7ffn));
    r.u64();
    const qid = { type: r.u8(), id: (r.u32(), r.u64()) };
    const [mode, uid, gid, links] = [r.u32(), r.u32(), r.u32(), r.u64()];
    r.u64();
    const size = r.u64();
    r.u64(); r.u64(); r.u64(); r.u64();
    return { qid, mode, uid, gid, links, size, modified: r.u64() * 1_000_000_000n + r.u64() };
  }
  /** valid, then mode, size and times where they are given. */
  async change(fid: number, valid: number, { mode = 0, size = 0n, modified = 0n }: { mode?: number; size?: bigint; modified?: bigint } = {}): Promise<void> {
    await this.ask(Message.SETATTR, (w) => w.u32(fid).u32(valid).u32(mode).u32(0).u32(0).u64(size).u64(0n).u64(0n).u64(modified / 1_000_000_000n).u64(modified % 1_000_000_000n));
  }

  async open(fid: number, flags = 0): Promise<void> { await this.ask(Message.LOPEN, (w) => w.u32(fid).u32(flags)); }
  async create(folder: number, name: string, flags = 0o102, mode = 0o644): Promise<void> { await this.ask(Message.LCREATE, (w) => w.u32(folder).text(name).u32(flags).u32(mode).u32(0)); }
  async read(fid: number, at: number, bytes: number): Promise<Uint8Array> {
    const r = await this.ask(Message.READ, (w) => w.u32(fid).u64(BigInt(at)).u32(bytes));
    return r.data(r.u32());
  }
  async write(fid: number, at: number, data: Uint8Array): Promise<number> {
    return (await this.ask(Message.WRITE, (w) => { w.u32(fid).u64(BigInt(at)).u32(data.length); data.forEach((byte) => w.u8(byte)); })).u32();
  }
  async mkdir(folder: number, name: string): Promise<void> { await this.ask(Message.MKDIR, (w) => w.u32(folder).text(name).u32(0o755).u32(0)); }
  async symlink(folder: number, name: string, target: string): Promise<void> { await this.ask(Message.SYMLINK, (w) => w.u32(folder).text(name).text(target).u32(0)); }
  async readLink(fid: number): Promise<string> { return (await this.ask(Message.READLINK, (w) => w.u32(fid))).text(); }
  async rename(from: number, old: string, to: number, name: string): Promise<void> { await this.ask(Message.RENAMEAT, (w) => w.u32(from).text(old).u32(to).text(name)); }
  async link(folder: number, fid: number, name: string): Promise<void> { await this.ask(Message.LINK, (w) => w.u32(folder).u32(fid).text(name)); }
  async unlink(folder: number, name: string, isFolder = false): Promise<void> { await this.ask(Message.UNLINKAT, (w) => w.u32(folder).text(name).u32(isFolder ? 0x200 : 0)); }

  /** All names, with their types, by as many messages as `bytes` takes. */
  async list(fid: number, bytes = 8192): Promise<Map<string, number>> {
    await this.open(fid, 0o200000);
    const out = new Map<string, number>();
    for (let at = 0n; ; ) {
      const r = await this.ask(Message.READDIR, (w) => w.u32(fid).u64(at).u32(bytes));
      let left = r.u32();
      if (left === 0) return out;
      while (left > 0) {
        r.u8(); r.u32(); r.u64();
        at = r.u64();
        const type = r.u8(), name = r.text();
        left -= 13 + 8 + 1 + 2 + name.length;
        out.set(name, type);
      }
    }
  }
}

/** The errno that a call is refused with; 0 when it is not. */
export async function refused(work: Promise<unknown>): Promise<number> {
  try {
    await work;
    return 0;
  } catch (error) {
    if (error instanceof Refused) return error.errno;
    throw error;
  }
}
