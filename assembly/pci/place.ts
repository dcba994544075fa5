// Where a card of the machine's list is on the bus, as attachFunction takes it: device and function, above them the bridge it is behind, plus one, and above that
// its place in the list, plus one.

import { Card, cardAt } from "../device/card";

@inline export const BRIDGE_SHIFT: u32 = 8;
@inline export const CARD_SHIFT: u32 = 16;

/** A card in a slot of bus 0; or the one device, 0, behind a port, whose function is the `first` of its card. */
export function placeOf(c: Card): u32 {
  const at = c.behind ? (cardAt(c.behind - 1).first + 1) << BRIDGE_SHIFT : c.slot << 3;
  return at | (c.index + 1) << CARD_SHIFT;
}
