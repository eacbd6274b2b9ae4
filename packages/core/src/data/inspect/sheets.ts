import { type ContactSheetCell, type ContactSheetRow, contactSheet } from '../contact-sheet.ts';
import type { Dataset } from '../dataset.ts';
import { RESERVED_STREAMS } from '../host-rng.ts';
import { permutation } from '../sampler.ts';
import { namedSplits, type Splits } from './inspect-data.ts';
import type { CopyGroup, InspectionReport, PictureRef } from './report.ts';

/** Pictures in a line of a sheet, and lines of each sheet at most. */
const [ACROSS, DOWN] = [8, 24];
/** Lines of the sheet of random pictures. */
const RANDOM_ROWS = 6;
/** Side of a cell, pixels. */
const CELL = 144;

const WHAT = { file: 'same file', pixels: 'same pixels', near: 'near copy' } as const;

export interface InspectionSheet {
  /** `random`, `classes`, `copies`. */
  readonly name: string;
  readonly png: Buffer;
}

/**
 * Draws what a report speaks of: pictures at random, some of each class, and groups of copies (leaks and different labels first). Sheets with
 * nothing to show are left out.
 * @param data as it was given to `inspectData`.
 */
export async function inspectionSheets(
  data: Dataset | Splits,
  report: InspectionReport,
  seed = 0,
): Promise<InspectionSheet[]> {
  const splits = new Map(namedSplits(data));
  const broken = new Set(report.splits.flatMap(({ name, broken }) => broken.map(({ path }) => `${name} ${path}`)));
  const cell = async (split: string, index: number, caption?: string): Promise<ContactSheetCell> => {
    const dataset = splits.get(split)!;
    const name = dataset.describe?.(index) ?? `picture ${index}`;
    const image = broken.has(`${split} ${name}`)
      ? undefined
      : await dataset.image(index, { shorterSide: CELL }).catch(() => undefined);
    return { ...(image && { image }), caption: caption ?? lastPart(name) };
  };
  const [[first, train]] = [...splits] as [[string, Dataset]];
  const rows: [name: string, title: string, rows: ContactSheetRow[]][] = [
    ['random', `${train.name}: drawn at random`, await randomRows(train, seed, index => cell(first, index))],
    ['classes', `${train.name}: some of each class`, await classRows(train, seed, index => cell(first, index))],
    ['copies', 'copies', await copyRows(report, ({ split, index }, caption) => cell(split, index, caption))],
  ];
  const drawn = rows.filter(([, , lines]) => lines.length > 0);
  return Promise.all(
    drawn.map(async ([name, title, lines]) => ({ name, png: await contactSheet({ rows: lines, title, cell: CELL }) })),
  );
}

type CellOf = (index: number) => Promise<ContactSheetCell>;

async function randomRows({ size }: Dataset, seed: number, cell: CellOf): Promise<ContactSheetRow[]> {
  const drawn = shuffled(size, seed).slice(0, ACROSS * RANDOM_ROWS);
  const cells = await Promise.all(Array.from(drawn, cell));
  return Array.from({ length: Math.ceil(cells.length / ACROSS) }, (_, row) => ({
    cells: cells.slice(row * ACROSS, (row + 1) * ACROSS),
  }));
}

/** Of many classes some, evenly spread over their order. */
async function classRows({ size, labels, classes }: Dataset, seed: number, cell: CellOf): Promise<ContactSheetRow[]> {
  if (!labels) return [];
  const members = new Map<number, number[]>();
  for (const index of shuffled(size, seed)) {
    const label = labels[index]!;
    const own = members.get(label) ?? [];
    if (own.length < ACROSS) members.set(label, [...own, index]);
  }
  const found = [...members].filter(([label]) => label >= 0).sort(([a], [b]) => a - b);
  const shown = Math.min(DOWN, found.length);
  const spread = Array.from({ length: shown }, (_, i) => found[Math.floor((i * found.length) / shown)]!);
  return Promise.all(
    spread.map(async ([label, own]) => ({
      label: classes?.[label] ?? String(label),
      cells: await Promise.all(own.map(cell)),
    })),
  );
}

async function copyRows(
  { copies }: InspectionReport,
  cell: (ref: PictureRef, caption: string) => Promise<ContactSheetCell>,
): Promise<ContactSheetRow[]> {
  const weight = ({ across, conflict }: CopyGroup): number => 2 * Number(across) + Number(conflict);
  const worst = [...copies].sort((a, b) => weight(b) - weight(a)).slice(0, DOWN);
  return Promise.all(
    worst.map(async ({ pictures, across, conflict }) => ({
      label: [across && 'leak', conflict && 'labels differ'].filter(Boolean).join(', '),
      cells: await Promise.all(
        ends(pictures).map(async ref => {
          const about = [across && ref.split, conflict && ref.label, ref.copy && WHAT[ref.copy]].filter(Boolean);
          const drawn = await cell(ref, about.join(', ') || lastPart(ref.name));
          return across || conflict ? { ...drawn, frame: 'wrong' as const } : drawn;
        }),
      ),
    })),
  );
}

/** Of a large group its first and its last pictures, which are of different parts where the group is. */
function ends<T>(pictures: readonly T[]): readonly T[] {
  if (pictures.length <= ACROSS) return pictures;
  return [...pictures.slice(0, ACROSS / 2), ...pictures.slice(-ACROSS / 2)];
}

function shuffled(size: number, seed: number): Uint32Array {
  return permutation(size, seed, RESERVED_STREAMS.inspection, 1);
}

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}
