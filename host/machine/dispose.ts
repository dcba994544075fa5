/** The symbol of `await using`, also where the platform does not know it yet: TypeScript's helper looks for the same one. */

/// <reference lib="esnext.disposable" />

export const asyncDispose: typeof Symbol.asyncDispose = (Symbol.asyncDispose as typeof Symbol.asyncDispose | undefined) ?? (Symbol.for('Symbol.asyncDispose') as never);
