// What the processor has only where it was asked for (`-cpu max,adx=on`): decoding and CPUID read it here. It is chosen before the machine runs.

import { clock } from "../device/clock";
import { ExtraAt } from "../surface/clock";

/** Every one of `features` (Extra bits) is there. */
@inline export function hasFeature(features: u32): bool { return (clock.hidden >> ExtraAt.SHIFT & features) == features; }
