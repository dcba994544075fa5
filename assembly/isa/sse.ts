import { Insn } from "../decode/record";
export function executeSse<M>(i: Insn): void {}
