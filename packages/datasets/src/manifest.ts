/** `manifest.json` beside an atlas: what it holds and the hashes it must have. Written by a script in `scripts/data`. */
export interface AtlasManifest {
  readonly name: string;
  readonly images: number;
  readonly train: number;
  readonly test: number;
  /** Width and height of a picture, in pixels. */
  readonly side: number;
  /** Pictures in one row of the atlas. */
  readonly columns: number;
  /** SHA-256 of each file, in hexadecimal. */
  readonly files: Readonly<Record<'atlas.png' | 'labels.csv', string>>;
  readonly renderedBy: string;
}

/** Written by `scripts/data/icons.ts`. */
export interface IconManifest extends AtlasManifest {
  readonly classes: number;
  /** Icon sets whose pictures make up the test split; all others are for training. */
  readonly testSets: readonly string[];
}

/** Written by `scripts/data/emoji.ts`. */
export interface EmojiManifest extends AtlasManifest {
  readonly groups: number;
  readonly subgroups: number;
  readonly ids: number;
  /** Shares of the test pictures whose group is found without learning. */
  readonly baseline?: { readonly pixels5nn: number; readonly mostFrequent: number };
}
