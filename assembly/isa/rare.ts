// Which chapter an instruction belongs to that hot.ts does not run itself.

import { Insn } from "../decode/record";
import { H } from "../decode/handlers";
import { executeInteger, isInteger } from "./integer";
import { executeGeneral } from "./general";
import { executeSystem } from "./system";
import { executeX87 } from "./x87";
import { executeSse } from "./sse";

export function executeRare<M>(i: Insn): void {
  const h = <i32>i.handler;
  if (isInteger(h)) return executeInteger<M>(i);
  if (h < H.GENERAL_END) return executeGeneral<M>(i);
  if (h >= H.SSE) return executeSse<M>(i);
  if (h >= H.X87) return executeX87<M>(i);
  executeSystem<M>(i);
}
