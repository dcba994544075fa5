/** The bytes of the module as another build might have it. */
export function movedModule(): Promise<Uint8Array>;
