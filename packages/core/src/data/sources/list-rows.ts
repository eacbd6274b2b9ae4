import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { type Parser, parse } from 'csv-parse';
import { ConfigError, DataError } from '../../errors.ts';
import { systemFault } from '../file-fault.ts';
import { extension } from '../list-files.ts';

/** A line of a list of files. */
export interface ListRow {
  readonly path: string;
  /** As text; `undefined` where there is none. */
  readonly label: string | undefined;
  /** From 1, for messages. */
  readonly line: number;
}

export interface ListColumns {
  readonly path?: string | undefined;
  readonly label?: string | undefined;
}

const PATH_COLUMNS = ['path', 'image', 'file', 'filename'];
const LABEL_COLUMNS = ['label', 'class'];
const SEPARATORS: Readonly<Record<string, string>> = { csv: ',', tsv: '\t' };
const JSON_LINES = ['jsonl', 'ndjson'];

/**
 * The rows of a list, read as they are asked for: CSV with a heading line (`.csv`; `.tsv` with tabs) or one JSON object in a line (`.jsonl`,
 * `.ndjson`).
 * @throws ConfigError when the file has another ending.
 * @throws DataError when the file cannot be read, is not in its format, or lacks the column of paths.
 */
export function listRows(file: string, columns: ListColumns): AsyncGenerator<ListRow> {
  const format = extension(file);
  if (SEPARATORS[format] !== undefined) return naming(file, csvRows(file, SEPARATORS[format], columns));
  if (JSON_LINES.includes(format)) return naming(file, jsonRows(file, columns));
  const known = [...Object.keys(SEPARATORS), ...JSON_LINES].map(each => `.${each}`).join(', ');
  throw new ConfigError(`fileList: the list must end in ${known}; got "${file}"; rename or convert it`);
}

async function* csvRows(file: string, delimiter: string, columns: ListColumns): AsyncGenerator<ListRow> {
  const parser: Parser = parse({ bom: true, delimiter, skip_empty_lines: true, info: true });
  const read = pipeline(createReadStream(file), parser);
  read.catch(() => undefined); // the parser's iterator gives the same error
  let places: { path: number; label: number } | undefined;
  for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: { lines: number } }>) {
    if (!places) {
      places = { path: pathColumn(file, record, columns.path), label: labelColumn(file, record, columns.label) };
      continue;
    }
    yield { path: record[places.path]!.trim(), label: record[places.label]?.trim() || undefined, line: info.lines };
  }
  await read;
}

async function* jsonRows(file: string, columns: ListColumns): AsyncGenerator<ListRow> {
  let line = 0;
  for await (const text of (await open(file)).readLines()) {
    line++;
    if (text.trim() === '') continue;
    const row = parsed(file, line === 1 ? text.replace(/^\uFEFF/, '') : text, line);
    const names = Object.keys(row);
    const path = row[names[pathColumn(file, names, columns.path)]!];
    if (typeof path !== 'string') throw wrong(file, line, 'a path must be a string', JSON.stringify(path));
    // A row without a label may leave the field out, whatever its name.
    const place = columns.label === undefined ? labelColumn(file, names, undefined) : names.indexOf(columns.label);
    yield { path, label: labelText(file, line, row[names[place]!]), line };
  }
}

function parsed(file: string, text: string, line: number): Readonly<Record<string, unknown>> {
  let row: unknown;
  try {
    row = JSON.parse(text);
  } catch {
    throw wrong(file, line, 'every line must be JSON', text.slice(0, 40));
  }
  if (typeof row === 'object' && row !== null && !Array.isArray(row)) return row as Record<string, unknown>;
  throw wrong(file, line, 'every line must be an object', text.slice(0, 40));
}

function labelText(file: string, line: number, label: unknown): string | undefined {
  if (label === undefined || label === null || label === '') return undefined;
  if (typeof label === 'string' || Number.isSafeInteger(label)) return String(label);
  throw wrong(file, line, 'a label must be a string or a whole number', JSON.stringify(label));
}

function pathColumn(file: string, names: readonly string[], given: string | undefined): number {
  const place = columnOf(names, given === undefined ? PATH_COLUMNS : [given]);
  if (place >= 0) return place;
  throw new DataError(
    `fileList: "${file}" must have a column ${(given === undefined ? PATH_COLUMNS : [given]).join(', ')}; ` +
      `got ${names.join(', ') || 'none'}; name the one with the paths as \`path\``,
  );
}

function labelColumn(file: string, names: readonly string[], given: string | undefined): number {
  const place = columnOf(names, given === undefined ? LABEL_COLUMNS : [given]);
  if (place >= 0 || given === undefined) return place;
  throw new DataError(`fileList: "${file}" must have the column ${given}; got ${names.join(', ')}; check \`label\``);
}

/** The first of `wanted` that is there; case does not count. */
function columnOf(names: readonly string[], wanted: readonly string[]): number {
  const plain = names.map(name => name.trim().toLowerCase());
  for (const each of wanted) {
    const place = plain.indexOf(each.toLowerCase());
    if (place >= 0) return place;
  }
  return -1;
}

function wrong(file: string, line: number, rule: string, got: string): DataError {
  return new DataError(`fileList: ${rule}; got ${got} in line ${line} of "${file}"`);
}

/** Says which file it is where the parser or the file system fails. */
async function* naming(file: string, rows: AsyncGenerator<ListRow>): AsyncGenerator<ListRow> {
  try {
    yield* rows;
  } catch (error) {
    if (error instanceof DataError) throw error;
    const reason = systemFault(error) ?? (error as Error).message;
    throw new DataError(`fileList: the list must be a readable file in its format; got "${file}": ${reason}`, {
      cause: error,
    });
  }
}
