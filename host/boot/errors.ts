/**
 * The errors of loading: every one names the file, what is wrong with it, and what to do about it.
 */

/** A kernel, initrd or guest image that cannot be used. */
export class ImageError extends Error {
  override readonly name = 'ImageError';

  constructor(
    /** The file, as the user named it. */
    readonly file: string,
    /** What is wrong with it, with the figures that show it. */
    readonly problem: string,
    /** What the user can do. */
    readonly remedy: string,
  ) {
    super(`${file}: ${problem}. ${remedy}`);
  }
}
