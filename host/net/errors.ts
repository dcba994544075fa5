/** Errors of the network: each says what was wrong and what to do. */

/** A `-netdev` option that cannot be used. */
export class NetdevError extends Error {
  override readonly name = 'NetdevError';

  constructor(
    /** The option as it was given. */
    readonly option: string,
    problem: string,
  ) {
    super(`-netdev ${option}: ${problem}`);
  }
}

/** A connection into the guest, or a port to forward, that could not be had. */
export class NetworkError extends Error {
  override readonly name = 'NetworkError';
  /** Of a connection: ECONNREFUSED, ETIMEDOUT, ECONNABORTED (the network was closed), EMFILE (too many). */
  readonly code: string | undefined;

  constructor(message: string, options?: ErrorOptions & { code?: string }) {
    super(message, options);
    this.code = options?.code;
  }
}
