/** Files that are one picture after the other, each of the same number of bytes. */
import { close, open, read, stat } from 'node:fs';
import { basename } from 'node:path';
import { promisify } from 'node:util';
import { checkIndex, DataError, type Dataset, digest } from '@ssl/core/data';

export interface RecordLayout {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** Bytes before the pixels of each record. */
  readonly labelBytes: number;
  /** Which of them is the class; left out where labels are elsewhere. */
  readonly labelAt?: number;
  /** Pixels come plane by plane: red, green, blue. Inside a plane row by row, or column by column. */
  readonly planes: 'rows' | 'columns';
}

export interface RecordOptions {
  readonly name: string;
  /** Files, read in this order as if they were one; or the bytes themselves. */
  readonly sources: readonly (string | Uint8Array)[];
  readonly layout: RecordLayout;
  readonly classes?: readonly string[];
  /** `[N]`, where they are not in the records. */
  readonly labels?: Int32Array;
}

/** Files up to this many bytes together are kept in memory, others are read picture by picture. */
export const HELD_BYTES: number = 64 * 2 ** 20;
/** Files are looked through in pieces of about this size. */
const PIECE_BYTES = 1 << 22;
/** Records, evenly spread, whose pixels are part of the fingerprint. */
const PRINTED = 64;

const [openFile, closeFile, readFile, statFile] = [promisify(open), promisify(close), promisify(read), promisify(stat)];

/**
 * The pictures in files of equal records: in memory where they are small, else read one by one as they are asked for.
 * The fingerprint covers sizes, labels and 64 of the pictures.
 * @throws DataError when a file is missing or is no whole number of records, or a label has no class.
 */
export async function recordDataset(options: RecordOptions): Promise<Dataset> {
  const { name, layout, classes } = options;
  const { width, height, channels, labelBytes, labelAt } = layout;
  const bytes = recordBytes(layout);
  const runs = await openRuns(options, bytes);
  const size = runs.reduce((sum, run) => sum + run.count, 0);
  const record = async (index: number): Promise<Uint8Array> => {
    checkIndex(name, index, size);
    const { run, row } = located(runs, index);
    return run.read(row * bytes, bytes);
  };
  const labels = options.labels ?? (labelAt === undefined ? undefined : await labelsIn(runs, bytes, labelAt));
  checkLabels(name, labels, classes, size);
  const sample = Array.from({ length: Math.min(PRINTED, size) }, (_, k) => Math.floor((k * size) / PRINTED));
  const printed = await Promise.all((size < PRINTED ? [...Array(size).keys()] : sample).map(record));
  return {
    name,
    size,
    channels,
    fingerprint: digest(`${JSON.stringify(layout)} ${size}`, labels, ...printed),
    ...(labels && { labels }),
    ...(classes && { classes }),
    describe: index => {
      const { run, row } = located(runs, index);
      return `${run.label}, picture ${row}`;
    },
    image: async index => {
      const pixels = (await record(index)).subarray(labelBytes);
      return { data: interleaved(pixels, layout), width, height, channels };
    },
    close: async () => {
      for (const run of runs) await run.close();
    },
  };
}

/** Bytes of one picture with its labels. */
export function recordBytes({ width, height, channels, labelBytes }: RecordLayout): number {
  return labelBytes + width * height * channels;
}

/** The records of one source. */
interface Run {
  readonly label: string;
  readonly count: number;
  read(position: number, bytes: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

async function openRuns({ name, sources }: RecordOptions, bytes: number): Promise<Run[]> {
  const sizes = await Promise.all(
    sources.map(async source => (typeof source === 'string' ? (await found(name, source)).size : source.length)),
  );
  const held = sizes.reduce((sum, size) => sum + size, 0) <= HELD_BYTES;
  const runs: Run[] = [];
  for (const [i, source] of sources.entries()) {
    const label = typeof source === 'string' ? basename(source) : name;
    if (sizes[i] === 0 || sizes[i]! % bytes !== 0) {
      throw new DataError(
        `${name}: ${label} must hold whole records of ${bytes} bytes; got ${sizes[i]} bytes; it is damaged or another format`,
      );
    }
    runs.push({ label, count: sizes[i]! / bytes, ...(await reader(source, sizes[i]!, held)) });
  }
  return runs;
}

async function found(name: string, file: string): Promise<{ size: number }> {
  try {
    return await statFile(file);
  } catch (error) {
    throw new DataError(
      `${name}: ${file} must be there; got ${(error as NodeJS.ErrnoException).code}; check the path`,
      {
        cause: error,
      },
    );
  }
}

async function reader(source: string | Uint8Array, size: number, held: boolean): Promise<Pick<Run, 'read' | 'close'>> {
  if (typeof source !== 'string') return inMemory(source);
  const descriptor = await openFile(source, 'r');
  const fromFile = async (position: number, bytes: number): Promise<Uint8Array> => {
    const buffer = new Uint8Array(bytes);
    const { bytesRead } = await readFile(descriptor, buffer, 0, bytes, position);
    if (bytesRead === bytes) return buffer;
    const reason = `${basename(source)} has become shorter`;
    throw new DataError(`${source}: must stay as it was opened; got ${bytesRead} of ${bytes} bytes; do not change it`, {
      cause: new Error(reason),
    });
  };
  if (!held) return { read: fromFile, close: () => closeFile(descriptor) };
  const content = await fromFile(0, size);
  await closeFile(descriptor);
  return inMemory(content);
}

function inMemory(content: Uint8Array): Pick<Run, 'read' | 'close'> {
  return {
    read: async (position, bytes) => content.subarray(position, position + bytes),
    close: async () => undefined,
  };
}

function located(runs: readonly Run[], index: number): { run: Run; row: number } {
  let row = index;
  for (const run of runs) {
    if (row < run.count) return { run, row };
    row -= run.count;
  }
  return { run: runs.at(-1)!, row };
}

async function labelsIn(runs: readonly Run[], bytes: number, labelAt: number): Promise<Int32Array> {
  const labels = new Int32Array(runs.reduce((sum, run) => sum + run.count, 0));
  const piece = Math.max(1, Math.floor(PIECE_BYTES / bytes));
  let next = 0;
  for (const run of runs) {
    for (let row = 0; row < run.count; row += piece) {
      const count = Math.min(piece, run.count - row);
      const records = await run.read(row * bytes, count * bytes);
      for (let i = 0; i < count; i++) labels[next++] = records[i * bytes + labelAt]!;
    }
  }
  return labels;
}

function checkLabels(
  name: string,
  labels: Int32Array | undefined,
  classes: readonly string[] | undefined,
  size: number,
): void {
  if (!labels) return;
  if (labels.length !== size) {
    throw new DataError(`${name}: there must be one label for each picture; got ${labels.length} for ${size}`);
  }
  const wrong = labels.find(label => label < -1 || (classes !== undefined && label >= classes.length));
  if (wrong !== undefined) {
    throw new DataError(
      `${name}: a label must be one of ${classes?.length} classes; got ${wrong}; the file is damaged or another format`,
    );
  }
}

/** `[height, width, channels]` from planes. */
function interleaved(pixels: Uint8Array, { width, height, channels, planes }: RecordLayout): Uint8Array {
  const data = new Uint8Array(pixels.length);
  const [down, right] = planes === 'rows' ? [width, 1] : [1, height];
  let to = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++) data[to++] = pixels[c * width * height + y * down + x * right]!;
    }
  }
  return data;
}
