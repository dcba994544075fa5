// Where the screen keeps its state.

import { DISPLAY_DATA } from "../device/layout";

@inline export const SCREEN_STATE: usize = DISPLAY_DATA;
@inline export const SCREEN_BYTES: usize = 0x600;
