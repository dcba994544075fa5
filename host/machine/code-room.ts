/**
 * What translated code all machines of a process (a thread of it) may have at a time. V8 ends the process when compiled code exceeds its 4 GB,
 * and a system allows a process some 65,000 mappings: so modules and their bytes are bounded well below, and who gets no room stays with the interpreter.
 */
const MOST_MODULES = 2_000;
/** Of Wasm; an engine's code for it is some ten times that. */
const MOST_BYTES = 32 * 2 ** 20;

let modules = 0, bytes = 0;

/** Takes room for a module; false when there is none. */
export function admit(size: number): boolean {
  if (modules >= MOST_MODULES || bytes + size > MOST_BYTES) return false;
  modules++;
  bytes += size;
  return true;
}

/** Gives back what `admit` took. */
export function giveBack(size: number): void {
  modules--;
  bytes -= size;
}

export const codeRoom = (): { modules: number; bytes: number } => ({ modules, bytes });
