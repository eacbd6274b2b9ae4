/** The report for people: a table of the parts, then what was found and what to do about it. */
import { findings, isSample } from './findings.ts';
import type { Counts, Histogram, InspectionReport, SplitReport, Spread } from './report.ts';
import { bytesInWords, number } from './words.ts';

const BARS = '▁▂▃▄▅▆▇█';

/** Several lines, the last one ended. */
export function describeInspection(report: InspectionReport): string {
  const { splits } = report;
  const columns = splits.map(columnOf);
  const rows = columns[0]!
    .map(([label], i) => [label, ...columns.map(column => column[i]![1])])
    .filter(row => row.slice(1).some(Boolean));
  const head = splits.length > 1 ? [['', ...splits.map(({ name }) => name)]] : [];
  const found = findings(report);
  const { viewSize, batchSize, channels, depth } = report.suggested;
  const deep = depth === 'float32' ? ' --depth float32' : '';
  return [
    table([...head, ...rows]),
    found.length > 0 ? found.map(({ what, fix }) => `${what}\n    ${fix}\n`).join('') : 'nothing to mend was found\n',
    `suggested: --size ${viewSize} --channels ${channels} --batch-size ${batchSize}${deep}\n`,
  ].join('\n');
}

type Row = readonly [label: string, value: string];

/** Rows that are empty in every part are left out later. */
function columnOf(split: SplitReport): Row[] {
  const { looked, pictures, broken, width, height, aspect, shorterSide, bytes, grey, classes } = split;
  return [
    ['pictures', `${number(pictures)}${isSample(split) ? ` (${number(looked)} looked at)` : ''}`],
    ['broken', number(broken.length)],
    ['width', range(width)],
    ['height', range(height)],
    ['width / height', range(aspect, 2)],
    ['shorter side', shorterSide ? bars(shorterSide.histogram) : ''],
    ['formats', list(split.formats)],
    ['channels in files', list(split.fileChannels)],
    ['depth in files', list(split.fileDepths)],
    ['size of files', bytes > 0 ? bytesInWords(bytes) : ''],
    ['without color', grey > 0 ? number(grey) : ''],
    ['classes', classes ? number(classes.classes) : 'none'],
    ['largest class', classes ? `${classes.largest.name}: ${number(classes.largest.pictures)}` : ''],
    ['smallest class', classes ? `${classes.smallest.name}: ${number(classes.smallest.pictures)}` : ''],
    ['balance', classes ? `${classes.balance.toFixed(2)} (1: equal shares)` : ''],
    ['without a label', classes?.unlabelled ? number(classes.unlabelled) : ''],
  ];
}

function range(spread: Spread | undefined, digits = 0): string {
  if (!spread) return '';
  const [min, median, max] = [spread.min, spread.median, spread.max].map(value => value.toFixed(digits));
  return min === max ? min! : `${min} to ${max}, median ${median}`;
}

/** Nothing where all are in one bin. */
function bars({ edges, counts }: Histogram): string {
  if (counts.filter(count => count > 0).length === 1) return '';
  const most = Math.max(...counts);
  const line = counts.map(count => (count === 0 ? ' ' : BARS[Math.ceil((count / most) * BARS.length) - 1])).join('');
  return `${Math.round(edges[0]!)} ${line} ${Math.round(edges.at(-1)! - 1)}`;
}

function list(counts: Counts): string {
  const entries = Object.entries(counts);
  return entries.length === 1 ? entries[0]![0] : entries.map(([name, count]) => `${name} ${number(count)}`).join(', ');
}

/** Columns as wide as they must be. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map(row => row[column]!.length)));
  const line = (row: readonly string[]): string =>
    row
      .map((text, column) => text.padEnd(widths[column]!))
      .join('  ')
      .trimEnd();
  return `${rows.map(line).join('\n')}\n`;
}
