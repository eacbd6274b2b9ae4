/** The settings of a linear probe: their defaults with their sources, and what is wrong with them. */
import { checkSeed } from '../data/host-rng.ts';
import { ConfigError } from '../errors.ts';
import { configure } from '../method/configure.ts';
import { requireDecay, requireNotNegative, requirePositive } from '../optim/options.ts';
import type { LabelledFeatures } from './knn.ts';

/** One way to train the classifier, of several that are tried. */
export type ProbeSetting = SgdSetting | LbfgsSetting;

export interface SgdSetting {
  /** For a batch of 256 rows; scaled to the batch. */
  readonly learningRate: number;
  readonly weightDecay: number;
}

export interface LbfgsSetting {
  /** λ of `mean cross-entropy + λ/2 · ‖weight‖²`; scikit-learn's `C` is `1 / (λ · N)`. */
  readonly l2: number;
}

export interface ProbeProgress {
  /** `choose`: on a part of train; `retrain`: the chosen setting on all of it. */
  readonly phase: 'choose' | 'retrain';
  /** Epochs of SGD, settings of L-BFGS. */
  readonly done: number;
  readonly total: number;
}

export interface LinearProbeOptions {
  readonly train: LabelledFeatures;
  /** Only judged at the end: nothing is chosen by it. */
  readonly test?: LabelledFeatures;
  /**
   * `sgd` (default): every learning rate and weight decay at once, the way of MoCo, SimSiam, DINO and MAE. `lbfgs`: logistic regression to
   * its optimum, one penalty after another, the way of SimCLR's transfer experiments (arXiv:2002.05709 App. B.8) and CLIP.
   */
  readonly solver?: 'sgd' | 'lbfgs';
  /** SGD. For a batch of 256, scaled linearly to the batch as in DINO's `eval_linear.py`. Each 0 or above. */
  readonly learningRates?: readonly number[];
  /** SGD; of the weight, not of the bias. Each 0 or above. Default 0 alone. */
  readonly weightDecays?: readonly number[];
  /** SGD. Default 100. */
  readonly epochs?: number;
  /** SGD; at most the rows that there are. Default 256. */
  readonly batchSize?: number;
  /** SGD, in `[0, 1)`. Default 0.9. */
  readonly momentum?: number;
  /** L-BFGS. Each above 0, see {@link LbfgsSetting}. Default 10^-6, 10^-5 … 10. */
  readonly l2?: readonly number[];
  /** L-BFGS, for each penalty. Default 1000. */
  readonly maxIterations?: number;
  /**
   * Takes from each feature its mean over train and divides it by its standard deviation. Default true: MAE's probe (`main_linprobe.py`) has
   * a batch norm without affine parameters in front.
   */
  readonly standardize?: boolean;
  /** The share of train, drawn from every class, or the rows of train that judge the settings. Default 0.2. Not used when there is one setting. */
  readonly holdOut?: number | ArrayLike<number>;
  /** Trains the chosen setting anew on all of train. Default true. */
  readonly retrain?: boolean;
  /** How many classes there are, to find labels out of range. Default: as many as train has. */
  readonly classes?: number;
  /** Of what is held out and of the order of the rows. Default 0. */
  readonly seed?: number;
  readonly onProgress?: (progress: ProbeProgress) => void;
}

/** Half decades around DINO's .001 (`eval_linear.py`) up to MoCo's 30 (`main_lincls.py`). DINOv2's `eval/linear.py` trains 13 at once, 1e-5 to .1. */
const LEARNING_RATES = [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30];
/** SimCLR: 45 values from 1e-6 to 1e5 (App. B.8). A penalty of more than 10 leaves nothing of standardised features. */
const L2 = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10];

const SHARED = { standardize: true, holdOut: 0.2 as number | ArrayLike<number>, retrain: true, seed: 0 };
const SGD = {
  learningRates: LEARNING_RATES as readonly number[],
  weightDecays: [0] as readonly number[], // MoCo, SimSiam, DINO, MAE
  epochs: 100, //                            MoCo, DINO
  batchSize: 256, //                         MoCo, DINO (2 × 128)
  momentum: 0.9, //                          MoCo, SimSiam, DINO
};
const LBFGS = {
  l2: L2 as readonly number[],
  maxIterations: 1000, // CLIP, arXiv:2103.00020 App. A.3
};
/** Not settings, or without a default. */
const REST = { train: null, test: null, solver: null, classes: null, onProgress: null };

export type SharedSettings = typeof SHARED;
export type SgdSettings = typeof SGD;
export type LbfgsSettings = typeof LBFGS;

export type ProbeSettings = SharedSettings &
  (({ readonly solver: 'sgd' } & SgdSettings) | ({ readonly solver: 'lbfgs' } & LbfgsSettings));

/** @throws ConfigError for a setting that does not exist, belongs to the other solver or is out of range. */
export function probeSettings({ solver = 'sgd', ...options }: LinearProbeOptions): ProbeSettings {
  if (solver !== 'sgd' && solver !== 'lbfgs')
    throw new ConfigError(`linearProbe: solver must be sgd or lbfgs; got '${solver as string}'`);
  for (const key of Object.keys(solver === 'sgd' ? LBFGS : SGD))
    if (options[key as keyof typeof options] !== undefined)
      throw new ConfigError(`linearProbe: ${key} is of the other solver; got it with '${solver}'; leave it out`);
  const { holdOut = SHARED.holdOut, ...given } = options;
  const defaults = { ...SHARED, ...(solver === 'sgd' ? SGD : LBFGS) };
  const known = { ...REST, ...defaults, holdOut: null };
  const settings = { ...configure('linearProbe', known, given), holdOut, solver } as unknown as ProbeSettings;
  checkShared(settings);
  if (settings.solver === 'sgd') checkSgd(settings);
  else {
    requireCount('maxIterations', settings.maxIterations);
    requireEach('l2', settings.l2, requirePositive);
  }
  return settings;
}

function checkShared({ holdOut, seed }: SharedSettings): void {
  checkSeed('linearProbe', seed);
  if (typeof holdOut !== 'number' || (holdOut > 0 && holdOut < 1)) return;
  throw new ConfigError(`linearProbe: holdOut must be a share between 0 and 1, or rows of train; got ${holdOut}`);
}

function checkSgd({ learningRates, weightDecays, epochs, batchSize, momentum }: SgdSettings): void {
  requireEach('learningRates', learningRates, requireNotNegative);
  requireEach('weightDecays', weightDecays, requireNotNegative);
  requireCount('epochs', epochs);
  requireCount('batchSize', batchSize);
  requireDecay('linearProbe', 'momentum', momentum);
}

function requireEach(
  name: string,
  values: readonly number[],
  require: (who: string, name: string, value: number) => void,
): void {
  if (values.length === 0) throw new ConfigError(`linearProbe: ${name} must hold at least one value; got none`);
  values.forEach((value, i) => {
    require('linearProbe', `${name}[${i}]`, value);
  });
}

function requireCount(name: string, value: number): void {
  if (Number.isInteger(value) && value > 0) return;
  throw new ConfigError(`linearProbe: ${name} must be a positive whole number; got ${value}`);
}
