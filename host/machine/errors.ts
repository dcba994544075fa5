/** The errors of the public API: each says what was wrong and what to do. */

/** An option of `createMachine` that cannot be used. */
export class OptionError extends Error {
  override readonly name = 'OptionError';

  constructor(
    /** The option, as it is spelled in MachineOptions. */
    readonly option: string,
    problem: string,
  ) {
    super(`${option}: ${problem}`);
  }
}

/** A call that the machine's state does not allow. */
export class MachineError extends Error {
  override readonly name = 'MachineError';
}

/** A range of guest memory that is not there. */
export class MemoryError extends Error {
  override readonly name = 'MemoryError';

  constructor(
    /** First address that could not be reached. */
    readonly address: bigint,
    problem: string,
  ) {
    super(`address 0x${address.toString(16)}: ${problem}`);
  }
}

/** A connection to a server in the guest that could not be made. */
export class ConnectError extends Error {
  override readonly name = 'ConnectError';

  constructor(
    /**
     * EINVAL: no port number. ENETUNREACH: no user network, or none of that id. EAMBIGUOUS: several, and none was named.
     * ECONNREFUSED: nothing listens there. ETIMEDOUT: the guest does not answer. ECONNABORTED: the machine was closed meanwhile.
     */
    readonly code: string,
    problem: string,
  ) {
    super(problem);
  }
}

export { SnapshotError } from '../snapshot/errors.js';

/** A file of the guest that could not be read, written or listed. */
export class GuestFileError extends Error {
  override readonly name = 'GuestFileError';

  constructor(
    /** In the guest. */
    readonly path: string,
    /** ENOENT, EISDIR, ENOTDIR, EACCES, ENOSPC, EROFS, ETXTBSY; EIO for all others. */
    readonly code: string,
    /** What the guest said. */
    readonly said: string,
  ) {
    super(`${path}: ${said}`);
  }
}
