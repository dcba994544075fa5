// Where the decoder keeps its working state: the tail of the opcode region.
import { OPCODES, OPCODES_SIZE } from "../base/layout";

@inline export const DECODE: usize = OPCODES + OPCODES_SIZE - 512;
/** A joined copy of the bytes of an instruction that crosses a page: 32 bytes. */
@inline export const JOINED: usize = DECODE + 128;
