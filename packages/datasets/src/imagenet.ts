/** ImageNet (ILSVRC 2012) as its makers or Kaggle hand it out. It is never downloaded: its terms do not allow passing it on. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { DataError, type ImageFolder, imageFolder } from '@ssl/core/data';
import { ConfigError } from '@ssl/core/setup';
import { checkChoice } from './check-choice.ts';
import { readNames } from './text-file.ts';

export type ImagenetSplit = 'train' | 'val';

export interface ImagenetOptions {
  /** Default `train`. */
  readonly split?: ImagenetSplit;
  /**
   * For the development kit's `ILSVRC2012_validation_ground_truth.txt`, whose numbers are not in the order of the WordNet ids:
   * a text file with the WordNet id of number 1 in its first line, of number 2 in its second, and so on.
   */
  readonly synsets?: string;
}

const WHERE =
  'ask for it at https://image-net.org/download-images or Kaggle (imagenet-object-localization-challenge) and unpack it';
/** Kaggle's folders lie deeper. */
const KAGGLE = 'ILSVRC/Data/CLS-LOC';
const [SOLUTION, LABELS, NUMBERS, MAPPING] = [
  'LOC_val_solution.csv',
  'imagenet_2012_validation_synset_labels.txt',
  'ILSVRC2012_validation_ground_truth.txt',
  'LOC_synset_mapping.txt',
] as const;

/**
 * `train` as folders named by WordNet ids; `val` as such folders, or as one folder of pictures with the official answers beside it in `dir`:
 * Kaggle's `LOC_val_solution.csv`, a list of WordNet ids (`imagenet_2012_validation_synset_labels.txt`), or the development kit's numbers.
 * Classes are in the order of their WordNet ids, and have readable names where `dir` holds Kaggle's `LOC_synset_mapping.txt`.
 * @throws DataError when the pictures or the answers are not there, or do not belong together.
 * @throws ConfigError when an option does not fit.
 */
export async function imagenet(dir: string, options: ImagenetOptions = {}): Promise<ImageFolder> {
  const { split = 'train' } = options;
  checkChoice('imagenet', 'split', split, ['train', 'val']);
  const folder = [join(dir, split), join(dir, KAGGLE, split)].find(place => existsSync(place));
  if (folder === undefined) {
    throw new DataError(`imagenet: ${dir} must hold ${split}/ or ${KAGGLE}/${split}/; got neither; ${WHERE}`);
  }
  const names = await classNames(dir);
  const known = names.size > 0 ? { classes: [...names.keys()] } : {};
  const inFolders = readdirSync(folder, { withFileTypes: true }).some(entry => entry.isDirectory());
  const labelled = inFolders
    ? await imageFolder(folder, { labels: 'folders', ...known })
    : await withAnswers(dir, await imageFolder(folder, { labels: 'none' }), known.classes, options);
  const classes = labelled.classes!.map(wnid => names.get(wnid) ?? wnid);
  return { ...labelled, name: `imagenet ${split}`, classes };
}

/** WordNet id and first name, in the order of the ids. Empty where there is no list. */
async function classNames(dir: string): Promise<Map<string, string>> {
  const file = join(dir, MAPPING);
  if (!existsSync(file)) return new Map();
  const lines = (await readNames(file)).map(line => /^(n\d{8}) ([^,]+)/.exec(line));
  if (lines.includes(null)) {
    throw new DataError(`imagenet: lines of ${file} must look like 'n01440764 tench, Tinca tinca'; one does not`);
  }
  return new Map(lines.map(match => [match![1]!, match![2]!.trim()] as const).sort(([a], [b]) => (a < b ? -1 : 1)));
}

async function withAnswers(
  dir: string,
  pictures: ImageFolder,
  known: readonly string[] | undefined,
  options: ImagenetOptions,
): Promise<ImageFolder> {
  const answers = await validationAnswers(dir, options);
  const wnids = Array.from({ length: pictures.size }, (_, i) => answers(basename(pictures.path(i))));
  const missing = wnids.indexOf(undefined);
  if (missing >= 0) {
    throw new DataError(
      `imagenet: the answers must have every picture of val; got none for ${pictures.path(missing)}; use those of ILSVRC 2012`,
    );
  }
  const classes = known ?? [...new Set(wnids as string[])].sort();
  const numbers = new Map(classes.map((wnid, number) => [wnid, number]));
  const labels = Int32Array.from(wnids as string[], wnid => numbers.get(wnid) ?? -1);
  if (labels.includes(-1)) {
    throw new DataError(
      `imagenet: ${MAPPING} must name every class; got no ${wnids[labels.indexOf(-1)]}; fetch it again`,
    );
  }
  return { ...pictures, classes, labels };
}

/** The WordNet id of a picture of `val` by its name. */
async function validationAnswers(
  dir: string,
  { synsets }: ImagenetOptions,
): Promise<(name: string) => string | undefined> {
  const at = (file: string): string | undefined =>
    [dir, join(dir, 'val'), join(dir, 'ILSVRC2012_devkit_t12', 'data')].map(place => join(place, file)).find(isFile);
  const solution = at(SOLUTION);
  if (solution !== undefined) {
    // ImageId,PredictionString / ILSVRC2012_val_00048981,n03995372 85 1 499 272
    const rows = (await readNames(solution)).slice(1).map(line => /^([^,]+),(n\d{8})\b/.exec(line) ?? []);
    const byName = new Map(rows.map(([, id, wnid]) => [id!, wnid!]));
    return name => byName.get(name.replace(/\.[^.]*$/, ''));
  }
  const labels = at(LABELS);
  if (labels !== undefined) return byNumber(await readNames(labels));
  const numbers = at(NUMBERS);
  if (numbers === undefined) {
    throw new DataError(
      `imagenet: val must have a folder for each class, or ${SOLUTION}, ${LABELS} or ${NUMBERS} in ${dir}; got none of them; ${WHERE}`,
    );
  }
  const ids = await synsetList(synsets);
  return byNumber((await readNames(numbers)).map(number => ids[Number(number) - 1] ?? ''));
}

/** The answers are in the order of the pictures' numbers: ILSVRC2012_val_00000001.JPEG is the first. */
function byNumber(wnids: readonly string[]): (name: string) => string | undefined {
  return name => wnids[Number(/(\d+)\.[^.]*$/.exec(name)?.[1]) - 1] || undefined;
}

async function synsetList(file: string | undefined): Promise<string[]> {
  if (file === undefined) {
    throw new ConfigError(
      `imagenet: synsets must be given with ${NUMBERS}; got nothing; name a file with the WordNet ids in the order of the kit's numbers`,
    );
  }
  const ids = (await readNames(file)).map(line => /^n\d{8}/.exec(line)?.[0] ?? '');
  // Number 1 of the kit is n02119789, the kit fox. Most lists that go around are sorted, and would mislabel everything in silence.
  if (ids.length > 1 && ids.every((id, i) => i === 0 || ids[i - 1]! < id)) {
    throw new ConfigError(
      `imagenet: synsets must be in the order of the development kit's numbers; got ${file}, which is sorted by WordNet id; use the kit's order, or ${SOLUTION}`,
    );
  }
  return ids;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
