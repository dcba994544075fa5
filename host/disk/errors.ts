/** What can be wrong with an image. */
export class DiskError extends Error {
  override readonly name = 'DiskError';
}
