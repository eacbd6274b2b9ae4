/** `manifest.json` beside an atlas: what it holds and the hashes it must have. Written by `scripts/data/icons.ts`. */
export interface IconManifest {
  readonly name: string;
  readonly images: number;
  readonly train: number;
  readonly test: number;
  readonly classes: number;
  /** Width and height of a picture, in pixels. */
  readonly side: number;
  /** Pictures in one row of the atlas. */
  readonly columns: number;
  /** Icon sets whose pictures make up the test split; all others are for training. */
  readonly testSets: readonly string[];
  /** SHA-256 of each file, in hexadecimal. */
  readonly files: Readonly<Record<'atlas.png' | 'labels.csv', string>>;
  readonly renderedBy: string;
}
