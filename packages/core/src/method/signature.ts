/** How runs fail, told from their metrics: what a method declares and `diagnose` looks for. */

/** One line of metrics a step; what is measured once an epoch is in the last line of each. */
export type MetricLine = Readonly<Record<string, number>>;

export interface SignatureContext {
  /** Every step so far, the newest last. */
  readonly lines: readonly MetricLine[];
  readonly batchSize: number;
}

export interface Signature {
  /** Short, for looking it up: `collapse`, `queue-dead`. */
  readonly name: string;
  /** The numbers that show it, in words; `undefined` where they do not. */
  evidence(context: SignatureContext): string | undefined;
  /** What most likely happened. */
  readonly cause: string;
  /** The one setting to change, and to what. */
  readonly change: string;
}

export interface Diagnosis {
  readonly name: string;
  readonly evidence: string;
  readonly cause: string;
  readonly change: string;
}

/** The failures whose signatures a run shows. */
export function diagnose(signatures: readonly Signature[], context: SignatureContext): Diagnosis[] {
  return signatures.flatMap(({ name, cause, change, evidence }) => {
    const found = evidence(context);
    return found === undefined ? [] : [{ name, evidence: found, cause, change }];
  });
}

/** Steps that a loss must have stayed somewhere to be called stuck, and over which values are averaged. */
const WINDOW = 30;

type Rest = Pick<Signature, 'cause' | 'change'> & { readonly name?: string };

/**
 * The loss has not left the value that it has when it knows nothing: for the last 30 steps it was within `tolerance` of it.
 * @param value from the batch size B, such as ln(2B − 1)
 * @param label how the value is written
 * @param tolerance share of the value. Default 0.01
 */
export function lossStuckAt(
  value: (batchSize: number) => number,
  options: Rest & { readonly label: string; readonly tolerance?: number },
): Signature {
  const { label, tolerance = 0.01, name = 'loss-stuck', ...rest } = options;
  const evidence = ({ lines, batchSize }: SignatureContext): string | undefined => {
    const losses = recent(lines, 'loss');
    const expected = value(batchSize);
    const room = tolerance * Math.max(Math.abs(expected), 1e-3);
    if (losses.length < WINDOW || losses.some(loss => Math.abs(loss - expected) > room)) return undefined;
    return `the loss has stayed at ${label} = ${written(expected)} for ${WINDOW} steps`;
  };
  return { name, evidence, ...rest };
}

/**
 * A metric has stayed under a bound for the last 30 steps (of those that have it; `featureStd` of collapsed features, say).
 * @param options.steps as many lines. Default 30; 1 for what is measured once an epoch
 */
export function staysBelow(metric: string, bound: number, options: Rest & { readonly steps?: number }): Signature {
  const { name = 'collapse', steps = WINDOW, ...rest } = options;
  const evidence = ({ lines }: SignatureContext): string | undefined => {
    const values = recent(lines, metric, steps);
    if (values.length < steps || values.some(value => value >= bound)) return undefined;
    return `${metric} is ${written(values.at(-1)!)}, below ${bound} for ${steps} ${steps === 1 ? 'measurement' : 'steps'}`;
  };
  return { name, evidence, ...rest };
}

/** Share of its best value to which RankMe must fall, and epochs over which the loss must have gone on falling. */
const RANK_SHARE = 0.5;
const RANK_EPOCHS = 3;

/** RankMe (arXiv:2210.02885) has fallen to half of its best while the loss went on falling: dimensional collapse (arXiv:2110.09348). */
export function rankFalls(options: Rest): Signature {
  const { name = 'rank-falls', ...rest } = options;
  const evidence = ({ lines }: SignatureContext): string | undefined => {
    const measured = lines.filter(line => line.rankMe !== undefined);
    const last = measured.at(-1);
    const best = measured.reduce<MetricLine | undefined>((a, b) => (a && a.rankMe! >= b.rankMe! ? a : b), undefined);
    if (!last || !best || measured.length - measured.indexOf(best) <= RANK_EPOCHS) return undefined;
    if (last.rankMe! > RANK_SHARE * best.rankMe! || last.loss! >= best.loss!) return undefined;
    return (
      `rankMe fell from ${written(best.rankMe!)} (epoch ${best.epoch}) to ${written(last.rankMe!)} ` +
      `while the loss fell from ${written(best.loss!)} to ${written(last.loss!)}`
    );
  };
  return { name, evidence, ...rest };
}

/** The newest values of a metric. */
export function recent(lines: readonly MetricLine[], metric: string, count: number = WINDOW): number[] {
  const values: number[] = [];
  for (let i = lines.length - 1; i >= 0 && values.length < count; i--) {
    const value = lines[i]![metric];
    if (value !== undefined) values.unshift(value);
  }
  return values;
}

function written(value: number): string {
  return Number(value.toPrecision(4)).toString();
}
