/** A snapshot that cannot be restored, or is none. */
export class SnapshotError extends Error {
  override readonly name = 'SnapshotError';

  constructor(
    problem: string,
    /** The part of the file that is wrong: `header`, `index`, or a section by name. */
    readonly section?: string,
    /** Where in the file, in bytes. */
    readonly offset?: number,
  ) {
    super(problem);
  }
}
