import { type ContactSheetRow, contactSheet, type DecodedImage } from '../data/index.ts';
import { ConfigError } from '../errors.ts';
import type { Neighbours } from './neighbours.ts';
import type { PixelRows } from './pixel-rows.ts';

/** Pictures to show, row by row those of the features; with labels, neighbours are marked as right or wrong. */
export interface SheetPictures {
  readonly pixels: PixelRows;
  readonly labels?: ArrayLike<number>;
}

export interface NeighbourRowsOptions {
  /** What `nearestNeighbours` found. */
  readonly found: Neighbours;
  readonly query: SheetPictures;
  readonly gallery: SheetPictures;
  /** Queries to show, in this order. Default: the first eight. */
  readonly show?: ArrayLike<number>;
  /** Neighbours to show of each. Default: all that were found, ten at most. */
  readonly columns?: number;
  /** Names of the classes, for the captions. */
  readonly classes?: readonly string[];
  /** Stands before each row: `before training`, say. */
  readonly label?: string;
}

const SHOWN_QUERIES = 8;
const SHOWN_NEIGHBOURS = 10;

/**
 * Rows for a contact sheet: a query, then its neighbours, best first, framed by whether they have its class.
 * @throws ConfigError when a query is out of range, or the pictures are not those of the search.
 */
export function neighbourRows(options: NeighbourRowsOptions): ContactSheetRow[] {
  const { found, query, gallery, classes, label } = options;
  const queries = found.indices.length / found.k;
  const columns = Math.min(options.columns ?? SHOWN_NEIGHBOURS, found.k);
  if (query.pixels.count !== queries) {
    throw new ConfigError(
      `neighbourRows: the query's pictures must be those of the search; got ${query.pixels.count} for ${queries}`,
    );
  }
  const caption = ({ labels }: SheetPictures, row: number): string => (labels && classes?.[labels[row]!]) ?? '';
  return shownQueries(options.show, queries).map(shown => {
    const neighbours = Array.from(found.indices.subarray(shown * found.k, shown * found.k + columns));
    return {
      ...(label !== undefined && { label }),
      cells: [
        { image: picture(query.pixels, shown), caption: caption(query, shown) },
        ...neighbours.map(row => ({
          image: picture(gallery.pixels, row),
          caption: caption(gallery, row),
          ...(query.labels && gallery.labels && { frame: frameOf(query.labels[shown]!, gallery.labels[row]!) }),
        })),
      ],
    };
  });
}

export interface NeighbourSheetOptions extends NeighbourRowsOptions {
  readonly title?: string;
  /** Side of a cell in pixels, as in `contactSheet`. */
  readonly cell?: number;
}

/** The rows of `neighbourRows` as a PNG. For rows of several searches on one sheet, put them together and call `contactSheet`. */
export async function neighbourSheet({ title, cell, ...options }: NeighbourSheetOptions): Promise<Buffer> {
  const rows = neighbourRows(options);
  return contactSheet({
    rows,
    columns: neighbourColumns(rows),
    ...(title !== undefined && { title }),
    ...(cell !== undefined && { cell }),
  });
}

/** Headings for such rows: `query`, `1`, `2`, … */
export function neighbourColumns(rows: readonly ContactSheetRow[]): string[] {
  const across = Math.max(0, ...rows.map(({ cells }) => cells.length));
  return Array.from({ length: across }, (_, i) => (i === 0 ? 'query' : String(i)));
}

function shownQueries(show: ArrayLike<number> | undefined, queries: number): number[] {
  const shown = show ? Array.from(show) : Array.from({ length: Math.min(SHOWN_QUERIES, queries) }, (_, i) => i);
  const wrong = shown.find(query => !Number.isInteger(query) || query < 0 || query >= queries);
  if (wrong === undefined) return shown;
  throw new ConfigError(`neighbourRows: show must name queries from 0 to ${queries - 1}; got ${wrong}`);
}

function frameOf(wanted: number, got: number): 'right' | 'wrong' {
  return wanted === got ? 'right' : 'wrong';
}

function picture({ data, count, size, channels }: PixelRows, row: number): DecodedImage {
  if (row >= count)
    throw new ConfigError(
      `neighbourRows: the gallery's pictures must be those of the search; got ${count} for row ${row}`,
    );
  const bytes = size * size * channels;
  return { data: data.subarray(row * bytes, (row + 1) * bytes), width: size, height: size, channels };
}
