/** Options about pictures, the same in every command that reads some. */
import type { OpenOptions } from '@ssl/core/data';
import type { OptionSpec, OptionSpecs, OptionValues } from './usage.ts';

/** What the words of the help stand for. */
export const SOURCE = 'DIR|LIST|NAME';

/** `--data` of `ssl pretrain` and `ssl embed`. */
export const DATA_OPTION: OptionSpec = {
  type: 'string',
  value: SOURCE,
  help: 'folder of pictures, .tar shards, .parquet files, a .csv or .jsonl list, or the name of an installed data set',
};

/** How it is opened. */
export const OPEN_OPTIONS: OptionSpecs = {
  split: { type: 'string', value: 'NAME', help: 'part of an installed data set; default: the one for training' },
  channels: {
    type: 'number',
    help: '1 grey, 3 color, up to 16: the bands of the files as they are; default: 3, or 1 where all is grey',
  },
  depth: {
    type: 'string',
    value: 'uint8|float32',
    help: 'float32 keeps what files hold beyond 8 bits; default: uint8',
  },
  range: { type: 'json', value: '[LOW,HIGH]', help: 'values that become black and white, where files hold numbers' },
  labels: {
    type: 'string',
    value: 'auto|folders|none',
    help: 'folders: sub-folders must be classes; none: labels are left aside; default: as found',
  },
};

/** What is said under the options of `ssl data`. */
export const SOURCES: string = `${SOURCE}: a folder of pictures at any depth; WebDataset shards or Parquet files (one, a folder of them, a glob or
'train-{0000..0099}.tar'); a list (.csv, .tsv, .jsonl); or the name of an installed data set.`;

export interface DataOptions extends OpenOptions {
  /** Of an installed data set only. */
  readonly split?: string;
}

/** Those of the given options that are about pictures. */
export function dataOptions(options: OptionValues): DataOptions {
  return Object.fromEntries(Object.keys(OPEN_OPTIONS).flatMap(key => (key in options ? [[key, options[key]]] : [])));
}
