/** A picture as bands: lines that come from one run of video memory, which are drawn anew when that has changed. */

export interface Band {
  /** Its first line, and how many. */
  y: number;
  lines: number;
  /** The bytes of video memory it is drawn from; `bytes` 0 for nothing. */
  at: number;
  bytes: number;
  /** What else it shows. */
  mark: string;
}

export interface Drawing {
  bands: readonly Band[];
  /** Memory that all bands are drawn with: address and bytes. */
  watched: readonly (readonly [number, number])[];
  draw(out: Uint32Array, band: Band): void;
}
