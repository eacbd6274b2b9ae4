/** Reads what `writeFeatures` writes, and files like it. */
import { readFile } from 'node:fs/promises';
import { ConfigError } from '@ssl/core/setup';
import type { NamedFeatures } from './feature-file.ts';

/**
 * A file of features. `.safetensors`: `features` `[N, D]`, perhaps `labels` `[N]`, perhaps `names` and `classes` in the metadata. `.csv`: a head
 * line `name,label,…`, then a line a picture; classes are the labels that occur, sorted.
 * @param who the command, for messages
 * @throws ConfigError when it cannot be read or is not of this form.
 */
export async function readFeatures(who: string, path: string): Promise<NamedFeatures> {
  try {
    return path.endsWith('.csv') ? fromCsv(await readFile(path, 'utf8')) : await fromSafetensors(path);
  } catch (error) {
    throw new ConfigError(
      `ssl ${who}: ${path} must be a file of features as ssl embed writes; got: ${(error as Error).message}; write it anew, or give --run for pictures`,
      { cause: error },
    );
  }
}

async function fromSafetensors(path: string): Promise<NamedFeatures> {
  const { openSafetensors } = await import('@ssl/core/io');
  const file = await openSafetensors(path);
  try {
    const [rows, dim, ...more] = file.tensors.get('features')?.shape ?? [];
    const features = await file.read('features');
    if (!(features instanceof Float32Array) || rows === undefined || dim === undefined || more.length > 0)
      throw new Error('features must be [N, D] of floats');
    const labels = file.tensors.has('labels') ? Int32Array.from(await file.read('labels'), Number) : undefined;
    if (labels && labels.length !== rows) throw new Error(`${labels.length} labels for ${rows} rows`);
    const { names, classes } = file.metadata;
    return {
      features,
      dim,
      names: names === undefined ? Array.from({ length: rows }, (_, row) => `row ${row}`) : JSON.parse(names),
      labels,
      classes: classes === undefined ? undefined : JSON.parse(classes),
    };
  } finally {
    await file.close();
  }
}

function fromCsv(text: string): NamedFeatures {
  const [head = [], ...rows] = records(text);
  const dim = head.length - 2;
  if (head[0] !== 'name' || head[1] !== 'label' || dim < 1) throw new Error('its head line must be name,label,0,1,…');
  const features = new Float32Array(rows.length * dim);
  rows.forEach((row, r) => {
    if (row.length !== head.length) throw new Error(`${row.length} fields for ${head.length} in row ${r + 1}`);
    for (let d = 0; d < dim; d++) features[r * dim + d] = row[d + 2] === '' ? Number.NaN : Number(row[d + 2]);
  });
  const classes = [...new Set(rows.map(row => row[1]!))].filter(label => label !== '').sort();
  const numbers = new Map(classes.map((name, label) => [name, label]));
  const labels = Int32Array.from(rows, row => numbers.get(row[1]!) ?? -1);
  const labelled = classes.length > 0;
  return {
    features,
    dim,
    names: rows.map(row => row[0]!),
    labels: labelled ? labels : undefined,
    classes: labelled ? classes : undefined,
  };
}

/** RFC 4180: fields by commas, rows by line ends, either also inside quotes. */
function records(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g)) {
    if (end === '' && row.length === 0 && !quoted && !plain) break; // after the last line end
    row.push(quoted?.replaceAll('""', '"') ?? plain!);
    if (end === ',') continue;
    rows.push(row);
    row = [];
  }
  return rows;
}
