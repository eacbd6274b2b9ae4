/** Looks at the metrics of a run as they come in for the failures that its method has signatures of. */
import { type Diagnosis, diagnose, type Method, type MetricLine } from '../method/index.ts';

/** Steps between two looks. */
const EVERY = 10;
/** Newest lines that are kept beside those that close an epoch: no signature looks further back. */
const KEPT = 200;

export interface Watch {
  /** What was found so far, each failure once. */
  readonly found: readonly Diagnosis[];
  /** The next line of metrics. */
  add(line: MetricLine): void;
}

/** @param onFound called at the first sight of each failure */
export function watchOf(
  { signatures = [] }: Pick<Method, 'signatures'>,
  batchSize: number,
  onFound: (diagnosis: Diagnosis) => void,
): Watch {
  const found: Diagnosis[] = [];
  let lines: MetricLine[] = [];
  const add = (line: MetricLine): void => {
    lines.push(line);
    const closesEpoch = line.rankMe !== undefined;
    if (signatures.length === 0 || !(closesEpoch || lines.length % EVERY === 0)) return;
    const open = signatures.filter(({ name }) => !found.some(known => known.name === name));
    for (const diagnosis of diagnose(open, { lines, batchSize })) {
      found.push(diagnosis);
      onFound(diagnosis);
    }
    const old = lines.length - KEPT;
    if (old > KEPT) lines = lines.filter(({ rankMe }, i) => rankMe !== undefined || i >= old);
  };
  return { found, add };
}

/** A diagnosis as one line: what, evidence, cause, what to change. */
export function describeDiagnosis({ name, evidence, cause, change }: Diagnosis): string {
  return `${name}: ${evidence}; likely cause: ${cause}; change: ${change}`;
}
