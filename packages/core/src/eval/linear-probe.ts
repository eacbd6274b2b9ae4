/** Linear evaluation: how well a linear classifier tells classes apart by frozen features. */
import { ShapeError, TrainingError } from '../errors.ts';
import {
  type LbfgsSetting,
  type LinearProbeOptions,
  type ProbeProgress,
  type ProbeSetting,
  type ProbeSettings,
  probeSettings,
  type SgdSetting,
} from './probe-config.ts';
import { fitLbfgs } from './probe-lbfgs.ts';
import {
  allRows,
  type CheckedFeatures,
  checkedFeatures,
  holdOutRows,
  type LinearWeights,
  labelsOf,
  type Parts,
  probeRows,
  type Standard,
  standardOf,
  unstandardized,
} from './probe-rows.ts';
import { type Outcome, outcomes } from './probe-score.ts';
import { fitSgd } from './probe-sgd.ts';

/** Takes the features as they came: any standardisation is in its numbers. */
export interface LinearClassifier {
  /** `[D, K]` */
  readonly weight: Float32Array;
  /** `[K]` */
  readonly bias: Float32Array;
  readonly dim: number;
  /** `[K]`, the label of each column, rising: those that train has. */
  readonly labels: Int32Array;
}

/** A setting that was tried, judged on the held-out part of train. */
export interface ProbeCandidate {
  readonly setting: ProbeSetting;
  /** Share of the held-out rows that are right; NaN when nothing was held out. */
  readonly accuracy: number;
  /** Mean cross-entropy on the held-out rows; not finite when it diverged. */
  readonly loss: number;
  /** It ended with numbers that are not finite, and is not chosen. */
  readonly diverged: boolean;
  /** L-BFGS: whether the optimum was reached within `maxIterations`. */
  readonly converged?: boolean;
}

export interface ClassAccuracy {
  readonly label: number;
  readonly rows: number;
  /** Share of them that are right, 0 to 1. */
  readonly accuracy: number;
}

export interface ProbeScores {
  /** Share of the test rows whose class comes first, 0 to 1. */
  readonly top1: number;
  /** Share of the test rows whose class is among the five most likely; not there for five classes or fewer. */
  readonly top5?: number;
  /** `[M]`, a label for each test row. */
  readonly predictions: Int32Array;
  /** Of every class that the test has, by label. */
  readonly perClass: readonly ClassAccuracy[];
  /** Classes that train has no row of: these rows count as wrong. */
  readonly unseen: { readonly rows: number; readonly labels: readonly number[] };
}

export interface LinearProbeResult {
  readonly chosen: ProbeSetting;
  /** One for each setting, in their order: learning rates within weight decays. */
  readonly candidates: readonly ProbeCandidate[];
  /** Rows of train that the settings were judged on. */
  readonly heldOut: number;
  readonly classifier: LinearClassifier;
  /** Where there is a test. */
  readonly test?: ProbeScores;
}

/**
 * Trains linear classifiers on frozen features, chooses the setting that does best on a held-out part of train (on equal accuracy the lower
 * loss), trains it anew on all of train, and judges that on the test once. The same options give the same numbers on the same machine.
 * @throws ConfigError for settings out of range, or when nothing or all of train is held out.
 * @throws DataError for labels that are no class or fewer than two, and for features that are not finite, with the row.
 * @throws TrainingError when every setting diverges.
 */
export async function linearProbe(options: LinearProbeOptions): Promise<LinearProbeResult> {
  const settings = probeSettings(options);
  const train = checkedFeatures('linearProbe: train', options.train, options.classes);
  const test = options.test && checkedFeatures('linearProbe: test', options.test, options.classes);
  if (test && test.dim !== train.dim)
    throw new ShapeError(
      `linearProbe: test must have as many features as train; got ${test.dim} for ${train.dim}; take both from the same network`,
    );
  const labels = labelsOf('linearProbe: train', train.labels, allRows(train.rows));
  const candidates = settingsOf(settings);
  const parts = candidates.length > 1 ? holdOutRows(train.labels, settings.holdOut, settings.seed) : undefined;
  if (parts) labelsOf('linearProbe: the part of train that is not held out', train.labels, parts.fit);
  const job = { settings, train, labels, fitRows: parts?.fit.length ?? train.rows, onProgress: options.onProgress };
  const judged = parts && (await choose(job, parts, candidates));
  const chosen = judged?.best.setting ?? candidates[0]!;
  const { standard, weights } =
    judged && !settings.retrain ? judged.best : await trainOne(job, chosen, parts ? 'retrain' : 'choose');
  return {
    chosen,
    candidates: judged?.candidates ?? [{ setting: chosen, accuracy: Number.NaN, loss: Number.NaN, diverged: false }],
    heldOut: parts?.heldOut.length ?? 0,
    classifier: { ...unstandardized(weights, standard), dim: train.dim, labels },
    ...(test && { test: await scores(test, labels, standard, weights) }),
  };
}

/** What all trainings of one probe share. */
interface Job {
  readonly settings: ProbeSettings;
  readonly train: CheckedFeatures;
  readonly labels: Int32Array;
  /** Rows that settings are tried on; the batch is no larger, then and at the end. */
  readonly fitRows: number;
  readonly onProgress: LinearProbeOptions['onProgress'];
}

interface Fit extends LinearWeights {
  readonly converged?: boolean;
}

/** Learning rates within weight decays, or penalties. */
function settingsOf(settings: ProbeSettings): ProbeSetting[] {
  if (settings.solver === 'lbfgs') return settings.l2.map(l2 => ({ l2 }));
  const { learningRates, weightDecays } = settings;
  return weightDecays.flatMap(weightDecay => learningRates.map(learningRate => ({ learningRate, weightDecay })));
}

async function trainOn(
  { settings, train, labels, fitRows, onProgress }: Job,
  rows: Uint32Array,
  candidates: readonly ProbeSetting[],
  phase: ProbeProgress['phase'],
): Promise<{ standard: Standard; fits: readonly Fit[] }> {
  const standard = standardOf(train, rows, settings);
  const ready = probeRows(train, rows, standard, labels);
  const total = settings.solver === 'sgd' ? settings.epochs : candidates.length;
  const report = (done: number): void => onProgress?.({ phase, done, total });
  if (settings.solver === 'lbfgs')
    return { standard, fits: await fitLbfgs(ready, candidates as LbfgsSetting[], settings, report) };
  const batchSize = Math.min(settings.batchSize, fitRows);
  return { standard, fits: await fitSgd(ready, candidates as SgdSetting[], { ...settings, batchSize }, report) };
}

/** Trains every setting on one part and judges it on the other. The test is not here to be looked at. */
async function choose(
  job: Job,
  { fit, heldOut }: Parts,
  settings: readonly ProbeSetting[],
): Promise<{
  candidates: readonly ProbeCandidate[];
  best: { setting: ProbeSetting; standard: Standard; weights: LinearWeights };
}> {
  const { standard, fits } = await trainOn(job, fit, settings, 'choose');
  const judged = await outcomes(probeRows(job.train, heldOut, standard, job.labels), fits);
  const candidates = judged.map(({ top1, loss }, i): ProbeCandidate => {
    const { converged, ...weights } = fits[i]!;
    const diverged = !isFinitely(weights) || !Number.isFinite(loss);
    return { setting: settings[i]!, accuracy: top1, loss, diverged, ...(converged !== undefined && { converged }) };
  });
  const sound = [...candidates.keys()].filter(i => !candidates[i]!.diverged);
  if (sound.length === 0) throw divergence(settings);
  const first = sound.reduce((a, b) => (better(candidates[b]!, candidates[a]!) ? b : a));
  return { candidates, best: { setting: settings[first]!, standard, weights: fits[first]! } };
}

function better(a: ProbeCandidate, b: ProbeCandidate): boolean {
  return a.accuracy === b.accuracy ? a.loss < b.loss : a.accuracy > b.accuracy;
}

/** One setting on all of train. */
async function trainOne(
  job: Job,
  setting: ProbeSetting,
  phase: ProbeProgress['phase'],
): Promise<{ standard: Standard; weights: LinearWeights }> {
  const { standard, fits } = await trainOn(job, allRows(job.train.rows), [setting], phase);
  if (isFinitely(fits[0]!)) return { standard, weights: fits[0]! };
  throw divergence([setting]);
}

function isFinitely({ weight, bias }: LinearWeights): boolean {
  return weight.every(Number.isFinite) && bias.every(Number.isFinite);
}

function divergence(settings: readonly ProbeSetting[]): TrainingError {
  return new TrainingError(
    `linearProbe: at least one setting must end with finite numbers; got none with ${settings.map(setting => JSON.stringify(setting)).join(', ')}; ` +
      'give lower learning rates, or standardize: true',
  );
}

async function scores(
  test: CheckedFeatures,
  labels: Int32Array,
  standard: Standard,
  weights: LinearWeights,
): Promise<ProbeScores> {
  const rows = probeRows(test, allRows(test.rows), standard, labels);
  const [{ columns, best, top1, topBest }] = (await outcomes(rows, [weights])) as [Outcome];
  const predictions = Int32Array.from({ length: test.rows }, (_, row) => labels[columns[row * best]!]!);
  const perClass = perClassOf(test.labels, predictions);
  const missing = perClass.filter(({ label }) => !labels.includes(label));
  return {
    top1,
    ...(labels.length > best && { top5: topBest }),
    predictions,
    perClass,
    unseen: { rows: missing.reduce((sum, each) => sum + each.rows, 0), labels: missing.map(({ label }) => label) },
  };
}

function perClassOf(labels: ArrayLike<number>, predictions: Int32Array): ClassAccuracy[] {
  const counts = new Map<number, { rows: number; right: number }>();
  predictions.forEach((prediction, row) => {
    const count = counts.get(labels[row]!) ?? { rows: 0, right: 0 };
    counts.set(labels[row]!, { rows: count.rows + 1, right: count.right + (prediction === labels[row] ? 1 : 0) });
  });
  const sorted = [...counts].sort(([a], [b]) => a - b);
  return sorted.map(([label, { rows, right }]) => ({ label, rows, accuracy: right / rows }));
}
