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

export function isAsked({ view }: ModuleInstance, table: number): boolean {
  return view.getUint32(table + AskedTable.COUNT, true) > 0;
}

/** The requests that have no answer yet, in their order. */
export function readAsked({ view, bytes }: ModuleInstance, table: number): Asked[] {
  const count = Math.min(view.getUint32(table + AskedTable.COUNT, true), AskedTable.MOST);
  const places = Array.from({ length: count }, (_, i) => table + AskedTable.FIRST + i * AskedTable.ENTRY_BYTES);
  return places.filter((at) => view.getUint32(at + AskedWord.ANSWER, true) === Answer.UNANSWERED).map((at) => {
    const data = view.getUint32(at + AskedWord.DATA, true);
    return {
      answerAt: at + AskedWord.ANSWER,
      type: view.getUint32(at + AskedWord.TYPE, true),
      at: Number(view.getBigUint64(at + AskedWord.SECTOR, true)) * Request.SECTOR_BYTES,
      data: bytes.subarray(data, data + view.getUint32(at + AskedWord.BYTES, true)),
      stable: (view.getUint32(at + AskedWord.FLAGS, true) & AskedFlag.STABLE) !== 0,
    };
  });
}

export function answerOf({ view }: ModuleInstance, asked: Asked): Answer {
  return view.getUint32(asked.answerAt, true);
}

export function setAnswer({ view }: ModuleInstance, asked: Asked, answer: Answer): void {
  view.setUint32(asked.answerAt, answer, true);
}
