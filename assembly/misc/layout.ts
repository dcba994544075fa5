// Where cards that are no network cards keep their state: a part for each place of the machine's list.

import { KIB } from "../base/layout";
import { MAX_CARDS } from "../device/card";
import { MISC_DATA } from "../device/layout";

@inline export const MISC_BYTES: usize = 8 * KIB;
@inline export const MISC_STATE: usize = MISC_DATA;
@inline export const MISC_STATE_SIZE: usize = 16 * MISC_BYTES;

@inline export function miscState(i: u32): usize { return MISC_STATE + <usize>min(i, MAX_CARDS - 1) * MISC_BYTES; }
