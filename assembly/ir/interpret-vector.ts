// The IR interpreter's vector operations. The SSE chapter fills them in with its words (words-vector.ts).
import { Inst } from "./block";
export function interpretVector(i: Inst, id: u32): void {}
