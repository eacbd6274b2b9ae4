import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { DataError, type DecodedImage } from '@ssl/core/data';
import type { AtlasManifest } from './manifest.ts';

/** One line of `labels.csv`. */
export type LabelRow<Column extends string> = Readonly<Record<Column | 'set' | 'icon' | 'split', string>>;

/** In messages. */
const WHO = '@ssl/datasets';

export const SPLITS = ['train', 'test', 'all'] as const;
export type AtlasSplit = (typeof SPLITS)[number];

/**
 * The files of a dataset folder, after their SHA-256 was found to be what the manifest says.
 * @param columns those of `labels.csv` between `index` and `set,icon,split`.
 * @throws DataError naming the file that is missing, changed or inconsistent.
 */
export async function readFolder<Column extends string>(
  folder: URL,
  columns: readonly Column[],
): Promise<{ manifest: AtlasManifest; atlas: Uint8Array; rows: LabelRow<Column>[] }> {
  const manifest = parseManifest(folder, await read(new URL('manifest.json', folder)));
  const checked = async (file: keyof AtlasManifest['files']): Promise<Buffer> => {
    const bytes = await read(new URL(file, folder));
    const got = createHash('sha256').update(bytes).digest('hex');
    if (got !== manifest.files[file]) {
      throw damaged(
        new URL(file, folder),
        `must have the SHA-256 ${manifest.files[file]}; got ${got} (${bytes.length} bytes)`,
      );
    }
    return bytes;
  };
  const [atlas, labels] = await Promise.all([checked('atlas.png'), checked('labels.csv')]);
  const rows = parseLabels(labels.toString('utf8'), columns);
  if (rows.length !== manifest.images) {
    throw damaged(folder, `must have one label for each of ${manifest.images} pictures; got ${rows.length}`);
  }
  return { manifest, atlas, rows };
}

/**
 * The pictures of an atlas one after the other.
 * @param atlas `[rows · side, columns · side, channels]`
 * @returns `[count, side, side, channels]`
 */
export function cutTiles(
  atlas: DecodedImage,
  { side, columns, count }: { side: number; columns: number; count: number },
): Uint8Array {
  const { data, width, height, channels } = atlas;
  if (width !== columns * side || height !== Math.ceil(count / columns) * side) {
    throw new DataError(
      `${WHO}: the atlas must hold ${count} pictures of ${side} x ${side}; got ${width} x ${height} pixels`,
    );
  }
  const pixels = new Uint8Array(count * side * side * channels);
  const line = side * channels;
  for (let i = 0; i < count; i++) {
    const corner = (Math.floor(i / columns) * side * width + (i % columns) * side) * channels;
    for (let y = 0; y < side; y++) {
      const at = corner + y * width * channels;
      pixels.set(data.subarray(at, at + line), (i * side + y) * line);
    }
  }
  return pixels;
}

async function read(file: URL): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw damaged(file, `must be readable; got ${error instanceof Error ? error.message : String(error)}`, error);
  }
}

function parseManifest(folder: URL, bytes: Buffer): AtlasManifest {
  try {
    return JSON.parse(bytes.toString('utf8')) as AtlasManifest;
  } catch (error) {
    throw damaged(new URL('manifest.json', folder), `must be JSON; got ${String(error)}`, error);
  }
}

function parseLabels<Column extends string>(text: string, columns: readonly Column[]): LabelRow<Column>[] {
  const names = ['index', ...columns, 'set', 'icon', 'split'];
  const [header, ...lines] = text.trimEnd().split('\n');
  if (header !== names.join(',')) {
    throw new DataError(`${WHO}: labels.csv must start with ${names.join(',')}; got ${header}`);
  }
  return lines.map(line => {
    const fields = line.split(',');
    return Object.fromEntries(names.map((name, i) => [name, fields[i]!])) as LabelRow<Column>;
  });
}

function damaged(file: URL, problem: string, cause?: unknown): DataError {
  return new DataError(`${WHO}: ${fileURLToPath(file)} ${problem}; install @ssl/datasets again`, { cause });
}
