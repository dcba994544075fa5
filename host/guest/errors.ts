/** The errors of preparing guests. */

/** A guest that cannot be made or used: what is wrong, and what to do. */
export class GuestError extends Error {
  override readonly name: string = 'GuestError';

  constructor(
    readonly problem: string,
    readonly remedy: string,
  ) {
    super(`${problem}. ${remedy}`);
  }
}

/**
 * The packages a guest is made of cannot be had here: there is no client for them, the system's sources do not have them
 * (another distribution), or the archive cannot be reached. What to do instead is the same.
 */
export class NoPackageClient extends GuestError {
  override readonly name = 'NoPackageClient';

  constructor(
    /** Why they cannot be had. */
    readonly reason: string,
  ) {
    super(
      `The guest's kernel and busybox come from Debian's packages, and ${reason}`,
      'Pass a kernel of your own (-kernel FILE -initrd FILE -append "console=ttyS0"), or the folder of a guest built elsewhere' +
        ' with `pintail guest build --out DIR` (--guest DIR), or use the small one inside (--guest builtin).',
    );
  }
}
