/** A step from one version of a section to the next (migrate.ts). */

/** What a step may ask of the file it migrates. */
export interface Saved {
  /** Where in linear memory a section lay, in files of the first version of `about`. */
  place(section: string): number;
  /** Another section as it was saved, and its length. */
  content(section: string): Uint8Array;
  bytes(section: string): number;
}

export type Migration = (content: Uint8Array, saved: Saved) => Uint8Array;
/** By section, then by the version that a step starts from. */
export type Migrations = Readonly<Record<string, Readonly<Record<number, Migration>>>>;
