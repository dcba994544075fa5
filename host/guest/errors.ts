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

/** This machine has no client for Debian packages. */
export class NoPackageClient extends GuestError {
  override readonly name = 'NoPackageClient';

  constructor(missing: string) {
    super(
      `There is no ${missing} here, which fetches the guest's kernel and busybox from Debian's packages`,
      'Pass a kernel of your own (-kernel FILE -initrd FILE -append "console=ttyS0"), or the folder of a guest built elsewhere' +
        ' with `pintail guest build --out DIR` (--guest DIR), or use the small one inside (--guest builtin).',
    );
  }
}
