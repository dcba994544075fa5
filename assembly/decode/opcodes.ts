// Fills the opcode rows from the chapters' tables. Called once, when the machine is made.

import { OPCODES, OPCODES_SIZE } from "../base/layout";
import { defineOne } from "./opcodes-one";
import { defineTwo } from "./opcodes-two";
import { defineSystem } from "./opcodes-system";
import { defineSse } from "./opcodes-sse";
import { defineX87 } from "./opcodes-x87";

export function defineOpcodes(): void {
  memory.fill(OPCODES, 0, OPCODES_SIZE);
  defineOne();
  defineTwo();
  defineSystem();
  defineX87();
  defineSse();
}
