// For asc: functions marked @inline are compiled as functions. A debug build has no use for the copies, which cost it most of its time, and a
// debugger shows the names. Constants stay inlined: others hold addresses.

import { Transform } from "assemblyscript/transform";

/** Takes the decorator off a function, or off the methods of a class. */
function plain(statement) {
  statement.members?.forEach(plain);
  if (!statement.decorators || !statement.signature) return;
  const kept = statement.decorators.filter(({ name }) => name.text !== "inline");
  statement.decorators = kept.length ? kept : null;
}

export default class extends Transform {
  afterParse({ sources }) {
    for (const source of sources) if (!source.isLibrary) source.statements.forEach(plain);
  }
}
