// A card of the machine's list, as its model reads it: where it is, and what it was given, by name. The list is state, so that a
// snapshot carries it; run/cards.ts keeps it.

import { CARD_DATA, CARD_LIST, CARD_STATE_BYTES } from "./layout";
import { CardOption } from "../surface/cards";

@inline export const MAX_CARDS: u32 = 16;
@inline const CARD_BYTES: usize = 320;
@inline const OPTIONS: usize = 64;

@unmanaged export class Card {
  kind: u32;
  slot: u32;
  /** Its place in the list; its number among its own kind, for names. */
  index: u32;
  number: u32;
  /** Frame port of a network card, first stream of a console, table of a disk: they are counted over all models. */
  first: u32;
  /** The card it is behind, a root port, plus one; 0 on bus 0. */
  behind: u32;
}
/** The card at a place of the list, which begins with a word for how many there are. */
@inline export function cardAt(i: u32): Card { return changetype<Card>(CARD_LIST + 64 + <usize>min(i, MAX_CARDS - 1) * CARD_BYTES); }
/** A card of this kind is in the list. */
export function hasCard(kind: u32): bool {
  const n = load<u32>(CARD_LIST);
  for (let i: u32 = 0; i < n; i++) if (cardAt(i).kind == kind) return true;
  return false;
}
@inline function wordAt(c: Card, option: u32): usize { return changetype<usize>(c) + OPTIONS + (<usize>option << 3); }

/** What the card was given, a CardOption. */
export function optionOf(c: Card, option: u32): u64 { return load<u64>(wordAt(c, option)); }
@inline export function wordOf(c: Card, option: u32): u32 { return <u32>optionOf(c, option); }
export function setOption(c: Card, option: u32, value: u64): void { if (option < <u32>CardOption.COUNT) store<u64>(wordAt(c, option), value); }

/** Where a card that is neither virtio nor a network card keeps its state, by its place in the list. */
@inline export function cardState(i: u32): usize { return CARD_DATA + <usize>min(i, MAX_CARDS - 1) * CARD_STATE_BYTES; }

/** Every word as it is when nothing is said: speed and duplex unknown, one queue, four vectors. */
export function defaultOptions(c: Card): void {
  memory.fill(wordAt(c, 0), 0, <usize>CardOption.COUNT << 3);
  setOption(c, CardOption.QUEUES, 1);
  setOption(c, CardOption.SPEED, 0xffff_ffff);
  setOption(c, CardOption.DUPLEX, 0xff);
  setOption(c, CardOption.VECTORS, 4);
  setOption(c, CardOption.DMA_MASK, 0x0fff_ffff);
}
