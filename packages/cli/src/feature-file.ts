/** Features in a file that other programs read. */
import type { FileSink } from '@ssl/core/io';

export interface NamedFeatures {
  /** `[N, dim]`, row by row. */
  readonly features: Float32Array;
  readonly dim: number;
  /** `[N]` */
  readonly names: readonly string[];
  /** `[N]`, indices into `classes`; −1 for none. */
  readonly labels: Int32Array | undefined;
  readonly classes: readonly string[] | undefined;
}

/** Rows of a CSV file that are put together before they are written. */
const ROWS = 1000;

/**
 * `.csv`: a head line `name,label,0,1,…`, then a line a picture. `.safetensors`: `features` `[N, D]` float32, `labels` `[N]` int32
 * where there are any, and in its metadata `names` and `classes` as JSON. Throws `CheckpointError` when it cannot be written.
 */
export async function writeFeatures(path: string, table: NamedFeatures): Promise<void> {
  const { writeAtomic, writeSafetensors } = await import('@ssl/core/io');
  const { features, dim, names, labels, classes } = table;
  if (path.endsWith('.csv')) return writeAtomic(path, file => writeCsv(file, table));
  const sources = [
    { name: 'features', dtype: 'F32', shape: [names.length, dim], values: () => features } as const,
    ...(labels ? [{ name: 'labels', dtype: 'I32', shape: [names.length], values: () => labels } as const] : []),
  ];
  const metadata = { names: JSON.stringify(names), ...(classes && { classes: JSON.stringify(classes) }) };
  return writeAtomic(path, file => writeSafetensors(file, sources, metadata));
}

async function writeCsv(file: FileSink, { features, dim, names, labels, classes }: NamedFeatures): Promise<void> {
  const columns = Array.from({ length: dim }, (_, d) => d);
  const label = (row: number): string => classes?.[labels?.[row] ?? -1] ?? '';
  const line = (row: number): string =>
    [quoted(names[row]!), quoted(label(row)), ...features.subarray(row * dim, (row + 1) * dim)].join();
  await file.write(Buffer.from(`${['name', 'label', ...columns].join()}\n`));
  for (let from = 0; from < names.length; from += ROWS) {
    const rows = Array.from({ length: Math.min(ROWS, names.length - from) }, (_, i) => line(from + i));
    await file.write(Buffer.from(`${rows.join('\n')}\n`));
  }
}

/** RFC 4180. */
function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
