/**
 * A disk's requests from the host's side (assembly/device/blocks.ts): the table that they wait in, and their answers. They are in the
 * machine's state, so that a snapshot has them too.
 */

import { Answer, AskedFlag, AskedTable, AskedWord, Request, type RequestType } from '../../assembly/surface/blocks.js';
import type { ModuleInstance } from './instance.js';

export interface Asked {
  /** Where the answer goes. */
  answerAt: number;
  type: RequestType;
  /** Byte of the disk. */
  at: number;
  /** The module's own bytes, which a read fills. */
  data: Uint8Array;
  /** It must be on the disk itself before the answer. */
  stable: boolean;
}

/** A message to a shared folder (virtio-9p): it comes as a disk's request does, its length where the sector is. */
export interface AskedMessage {
  answerAt: number;
  lengthAt: number;
  /** Bytes of the message, from the start of `area`; the answer takes its place. */
  length: number;
  area: Uint8Array;
}

export function isAsked({ view }: ModuleInstance, table: number): boolean {
  return view.getUint32(table + AskedTable.COUNT, true) > 0;
}

/** Where what has no answer yet stands, in its order. */
function unanswered({ view }: ModuleInstance, table: number): number[] {
  const count = Math.min(view.getUint32(table + AskedTable.COUNT, true), AskedTable.MOST);
  const places = Array.from({ length: count }, (_, i) => table + AskedTable.FIRST + i * AskedTable.ENTRY_BYTES);
  return places.filter((at) => view.getUint32(at + AskedWord.ANSWER, true) === Answer.UNANSWERED);
}

function areaOf({ view, bytes }: ModuleInstance, table: number, at: number): Uint8Array {
  const data = table + view.getUint32(at + AskedWord.DATA, true);
  return bytes.subarray(data, data + view.getUint32(at + AskedWord.BYTES, true));
}

/** The requests that have no answer yet, in their order. */
export function readAsked(instance: ModuleInstance, table: number): Asked[] {
  const { view } = instance;
  return unanswered(instance, table).map((at) => ({
    answerAt: at + AskedWord.ANSWER,
    type: view.getUint32(at + AskedWord.TYPE, true),
    at: Number(view.getBigUint64(at + AskedWord.SECTOR, true)) * Request.SECTOR_BYTES,
    data: areaOf(instance, table, at),
    stable: (view.getUint32(at + AskedWord.FLAGS, true) & AskedFlag.STABLE) !== 0,
  }));
}

/** The messages that have no answer yet, in their order. */
export function readMessages(instance: ModuleInstance, table: number): AskedMessage[] {
  return unanswered(instance, table).map((at) => ({
    answerAt: at + AskedWord.ANSWER,
    lengthAt: at + AskedWord.SECTOR,
    length: Number(instance.view.getBigUint64(at + AskedWord.SECTOR, true)),
    area: areaOf(instance, table, at),
  }));
}

/** The answer of `length` bytes is in the message's place. */
export function setAnswered({ view }: ModuleInstance, { answerAt, lengthAt }: AskedMessage, length: number): void {
  view.setBigUint64(lengthAt, BigInt(length), true);
  view.setUint32(answerAt, Answer.OK, true);
}

export function answerOf({ view }: ModuleInstance, asked: Asked): Answer {
  return view.getUint32(asked.answerAt, true);
}

export function setAnswer({ view }: ModuleInstance, asked: Asked, answer: Answer): void {
  view.setUint32(asked.answerAt, answer, true);
}
