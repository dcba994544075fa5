export function builtinGuest(): Uint8Array { return new Uint8Array(0); }
