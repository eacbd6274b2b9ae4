import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { DataError, type DecodedImage } from '@ssl/core/data';
import type { IconManifest } from './manifest.ts';

/** One line of `labels.csv`. */
export interface LabelRow {
  readonly class: string;
  readonly set: string;
  readonly icon: string;
  readonly split: 'train' | 'test';
}

const HEADER = 'index,class,set,icon,split';

/**
 * The files of a dataset folder, after their SHA-256 was found to be what the manifest says.
 * @throws DataError naming the file that is missing, changed or inconsistent.
 */
export async function readFolder(
  folder: URL,
): Promise<{ manifest: IconManifest; atlas: Uint8Array; rows: LabelRow[] }> {
  const manifest = parseManifest(folder, await read(new URL('manifest.json', folder)));
  const checked = async (file: keyof IconManifest['files']): Promise<Buffer> => {
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
  const rows = parseLabels(labels.toString('utf8'));
  if (rows.length !== manifest.images) {
    throw damaged(folder, `must have one label for each of ${manifest.images} pictures; got ${rows.length}`);
  }
  return { manifest, atlas, rows };
}

/**
 * The pictures of an atlas one after the other.
 * @param atlas `[rows · side, columns · side, 1]`
 * @returns `[count, side, side, 1]`
 */
export function cutTiles(
  atlas: DecodedImage,
  { side, columns, count }: { side: number; columns: number; count: number },
): Uint8Array {
  const { data, width, height } = atlas;
  if (width !== columns * side || height !== Math.ceil(count / columns) * side) {
    throw new DataError(
      `icons: the atlas must hold ${count} pictures of ${side} x ${side}; got ${width} x ${height} pixels`,
    );
  }
  const pixels = new Uint8Array(count * side * side);
  for (let i = 0; i < count; i++) {
    const corner = Math.floor(i / columns) * side * width + (i % columns) * side;
    for (let y = 0; y < side; y++) {
      const line = data.subarray(corner + y * width, corner + y * width + side);
      pixels.set(line, (i * side + y) * side);
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

function parseManifest(folder: URL, bytes: Buffer): IconManifest {
  try {
    return JSON.parse(bytes.toString('utf8')) as IconManifest;
  } catch (error) {
    throw damaged(new URL('manifest.json', folder), `must be JSON; got ${String(error)}`, error);
  }
}

function parseLabels(text: string): LabelRow[] {
  const [header, ...lines] = text.trimEnd().split('\n');
  if (header !== HEADER) throw new DataError(`icons: labels.csv must start with ${HEADER}; got ${header}`);
  return lines.map(line => {
    const [, name, set, icon, split] = line.split(',');
    return { class: name!, set: set!, icon: icon!, split: split as LabelRow['split'] };
  });
}

function damaged(file: URL, problem: string, cause?: unknown): DataError {
  return new DataError(`icons: ${fileURLToPath(file)} ${problem}; install @ssl/datasets again`, { cause });
}
