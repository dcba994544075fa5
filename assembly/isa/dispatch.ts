// Which chapter an instruction belongs to that dispatch-hot.ts does not run itself.

import { Insn } from "../decode/record";
import { H } from "../decode/handlers";
import { executeInteger, isInteger } from "./dispatch-integer";
import { executeGeneral } from "./dispatch-general";
import { executeSystem } from "./dispatch-system";
import { executeX87 } from "./x87";
import { executeSse } from "./dispatch-sse";

export function executeRare<M>(i: Insn): void {
  const h = <i32>i.handler;
  if (isInteger(h)) return executeInteger<M>(i);
  if (h < H.GENERAL_END) return executeGeneral<M>(i);
  if (h >= H.SSE) return executeSse<M>(i);
  if (h >= H.X87) return executeX87<M>(i);
  executeSystem<M>(i);
}
