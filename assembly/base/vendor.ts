// Whose processor this is. AMD's and Intel's processors differ where their manuals do, and in a few places that neither manual
// settles and the vectors do (tests/vectors). Each such behaviour is one row below; CPUID (cpuid.ts), the model-specific registers (msr.ts), the
// decoder and the instructions read them here, so that a machine is one vendor's throughout.
// AMD APM volumes 2 and 3; Intel SDM volumes 1 to 3.

import { machine } from "./machine";
import { Traits, Vendor } from "./vendor-spec";

export { Trait, Vendor } from "./vendor-spec";

/** Whether this machine's processor does so. */
@inline export function does(trait: u32): bool { return ((machine.vendor == Vendor.INTEL ? <u32>Traits.INTEL : <u32>Traits.AMD) & trait) != 0; }
@inline export function isAmd(): bool { return machine.vendor == Vendor.AMD; }
