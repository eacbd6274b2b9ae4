import { readFileSync } from 'node:fs';
import type { Batch, Encoded, Method } from '../method/index.ts';
import { membersOf } from '../method/train-step.ts';
import { parametersOf, stateOf } from '../nn/module.ts';
import { compile } from '../tensor/compile.ts';
import { valueAndGradients } from '../tensor/gradients.ts';
import { type Tensor, tf } from '../tensor/tf.ts';
import { pretrain, runFolder } from '../train/index.ts';
import { acrossRanks } from './across-ranks.ts';
import { carriedAlike } from './carried-check.ts';
import {
  inFolder,
  inTraining,
  keepingState,
  kitBackbone,
  kitBatch,
  kitData,
  kitLoss,
  kitProgress,
  linesOf,
  type MethodKitOptions,
  scalarOf,
} from './method-kit.ts';

export interface MethodCheck {
  /** The rule, as the name of a test. */
  readonly name: string;
  /** Throws `Error` with what was found when the rule is broken. */
  readonly check: () => void | Promise<void>;
}

/** Relative difference that float32 sums in another order may make. */
const CLOSE = 2e-5;
const RANKS = 2;
/** What most often makes two evaluations differ that must not. */
const LASTS = 'is all that lasts a Variable in trained or carried?';

/** The rules of the method contract for one method. */
export function methodChecks(kit: MethodKitOptions): MethodCheck[] {
  const make = (seed = 4): Method => kit.make({ backbone: kitBackbone(), seed });
  const { viewsAlike = true } = kit;
  const rule = (name: string, check: MethodCheck['check']): MethodCheck => ({ name, check });
  return [
    rule('the loss is one finite number', () => finiteLoss(make(), kit)),
    rule('every trained parameter gets a gradient, nothing carried does', () => gradients(make(), kit)),
    rule('the same seed gives the same loss, another one another', () => seeds(make, kit)),
    rule('a step reads nothing to the host: compiled it is the same', () => compiled(make(), kit)),
    rule('the order of the images does not change the loss', () => permuted(make(), kit)),
    ...(viewsAlike ? [rule('the order of the views does not change the loss', () => swapped(make(), kit))] : []),
    rule('the loss acts across ranks as declared', () => ranks(make(), kit)),
    rule('what the loss carries on is the same on every rank', () => carriedAlike(make(), kit)),
    rule('features are [B, D], projections [B, P], and neither depends on the rest of the batch', () =>
      alone(make(), kit),
    ),
    rule('a run that is stopped and resumed ends with the same bits', () => resumed(make, kit)),
    rule('a short training lowers the loss, and features do not collapse', () => trains(make(), kit)),
  ];
}

function demand(holds: boolean, message: string): void {
  if (!holds) throw new Error(message);
}

function demandClose(what: string, actual: number, expected: number, hint: string): void {
  const room = CLOSE * Math.max(1, Math.abs(expected));
  demand(Math.abs(actual - expected) <= room, `${what}: must be ${expected}; got ${actual}; ${hint}`);
}

function finiteLoss(method: Method, kit: MethodKitOptions): void {
  const loss = kitLoss(method, kitBatch(method, kit));
  demand(loss.size === 1, `the loss must be a scalar; got [${loss.shape}]`);
  demand(Number.isFinite(scalarOf(loss)), `the loss must be finite; got ${scalarOf(loss)}`);
}

function gradients(method: Method, kit: MethodKitOptions): void {
  const batch = kitBatch(method, kit);
  stateOf(membersOf(method));
  const trained = parametersOf(method.trained);
  const results = valueAndGradients(() => kitLoss(method, batch), trained).gradients;
  const zero = trained.filter(({ name }, i) => !kit.maybeZero?.(name) && scalarOf(results[i]!.abs().max()) < 1e-9);
  demand(
    zero.length === 0,
    `trained parameters must get a gradient; it is 0 for ${zero.map(({ name }) => name).join(', ')}`,
  );
  for (const variable of parametersOf(method.carried ?? {})) {
    let reached = true;
    try {
      valueAndGradients(() => kitLoss(method, batch), [variable]);
    } catch (error) {
      reached = !(error as Error).message.includes('must depend on every trained variable');
      if (reached) throw error;
    }
    demand(!reached, `what is carried must get no gradient; ${variable.name} does: put stopGradient around it`);
  }
}

function seeds(make: (seed?: number) => Method, kit: MethodKitOptions): void {
  const [once, again, other] = [4, 4, 5].map(seed => {
    const method = make(seed);
    return scalarOf(kitLoss(method, kitBatch(method, kit)));
  });
  demand(once === again, `the same seed must give the same loss; got ${once} and ${again}; ${LASTS}`);
  demand(once !== other, `another seed must give another loss; got ${once} twice: is the seed used?`);
}

async function compiled(method: Method, kit: MethodKitOptions): Promise<void> {
  const { views, ...rest } = kitBatch(method, kit);
  const progress = kitProgress(method);
  const step = (...given: readonly Tensor[]): Tensor =>
    inTraining(() => method.step({ ...rest, views: given }, progress).loss);
  const eager = scalarOf(keepingState(method, () => step(...views)));
  const run = compile(step);
  try {
    demandClose('the compiled loss', scalarOf(await run(...views)), eager, LASTS);
  } finally {
    run.dispose();
  }
}

const ORDER = [3, 0, 5, 1, 7, 4, 2, 6];

function permuted(method: Method, kit: MethodKitOptions): void {
  const batch = kitBatch(method, kit, ORDER.length);
  const order = tf.tensor1d(ORDER, 'int32');
  const rows = (x: Tensor): Tensor => tf.gather(x, order);
  const drawn = Object.fromEntries(Object.entries(batch.drawn).map(([name, x]) => [name, rows(x)]));
  const other = { views: batch.views.map(rows), indices: rows(batch.indices), drawn, labels: rows(batch.labels!) };
  demandClose(
    'the loss of images in another order',
    scalarOf(kitLoss(method, other)),
    scalarOf(kitLoss(method, batch)),
    `does a row's part depend on its place? ${LASTS}`,
  );
}

function swapped(method: Method, kit: MethodKitOptions): void {
  const batch = kitBatch(method, kit);
  const [first, second, ...others] = batch.views;
  const other = { ...batch, views: [second!, first!, ...others] };
  const hint = 'where one view is the query and the other the key by design, say viewsAlike: false';
  demandClose('the loss with views swapped', scalarOf(kitLoss(method, other)), scalarOf(kitLoss(method, batch)), hint);
}

/** One rank's share of rows. */
function share(x: Tensor, rank: number): Tensor {
  const rows = x.shape[0]! / RANKS;
  return tf.slice(x, rank * rows, rows);
}

function ranks(method: Method, kit: MethodKitOptions): void {
  const { parts, acrossRanks: declared } = method;
  if (!parts) {
    demand(declared === 'mean', `a method that declares '${declared}' must have parts, to be held to it`);
    return;
  }
  const batch = kitBatch(method, kit);
  const encoded = keepingState(method, () => inTraining(() => parts.encode(batch, kitProgress(method))));
  const names = Object.keys(encoded);
  const loss = (rows: readonly Tensor[], part: (x: Tensor) => Tensor): Tensor =>
    keepingState(method, () =>
      inTraining(() => parts.loss(encodedOf(names, rows), shareOf(batch, part), kitProgress(method)).loss),
    );
  const whole = (...rows: Tensor[]): Tensor => loss(rows, x => x);
  const split = (...rows: Tensor[]): Tensor =>
    tf
      .addN(
        acrossRanks(RANKS, rank =>
          loss(
            rows.map(x => share(x, rank)),
            x => share(x, rank),
          ),
        ),
      )
      .div(RANKS);
  const apart = (...rows: Tensor[]): Tensor =>
    tf
      .addN(
        [0, 1].map(rank =>
          loss(
            rows.map(x => share(x, rank)),
            x => share(x, rank),
          ),
        ),
      )
      .div(RANKS);
  const values = names.map(name => encoded[name]!);
  demandClose(
    `the mean loss of ${RANKS} ranks`,
    scalarOf(split(...values)),
    scalarOf(whole(...values)),
    'gather the rows, or sum over ranks',
  );
  demandSameGradients(split, whole, values, names);
  const alike = Math.abs(scalarOf(apart(...values)) - scalarOf(whole(...values))) < CLOSE;
  demand(
    alike === (declared === 'mean'),
    alike ? `ranks need not talk: declare 'mean'` : `ranks must talk: '${declared}' is not so`,
  );
}

function encodedOf(names: readonly string[], rows: readonly Tensor[]): Encoded {
  return Object.fromEntries(names.map((name, i) => [name, rows[i]!]));
}

function shareOf(batch: Batch, part: (x: Tensor) => Tensor): Batch {
  const drawn = Object.fromEntries(Object.entries(batch.drawn).map(([name, x]) => [name, part(x)]));
  return { views: [], indices: part(batch.indices), drawn, labels: part(batch.labels!) };
}

type Loss = (...rows: Tensor[]) => Tensor;

/** Of rows that the loss depends on: a teacher's have none, in either. */
function demandSameGradients(split: Loss, whole: Loss, values: readonly Tensor[], names: readonly string[]): void {
  const of = (loss: Loss): (Tensor | null)[] => {
    const total = (...rows: Tensor[]): Tensor => loss(...rows).add(tf.addN(rows.map(x => x.sum().mul(0))));
    return tf.grads(total as never)([...values]) as Tensor[];
  };
  const [a, b] = [of(split), of(whole)];
  for (const [i, name] of names.entries()) {
    const scale = Math.max(scalarOf(b[i]!.abs().max()), 1e-6);
    const off = scalarOf(a[i]!.sub(b[i]!).abs().max()) / scale;
    demand(
      off < 1e-4,
      `the gradient of '${name}' over ${RANKS} ranks must be that of one; it is off by ${off} of the largest`,
    );
  }
}

function alone(method: Method, kit: MethodKitOptions): void {
  const images = kitBatch(method, kit, 5).views[0]!;
  for (const [name, run] of Object.entries({ embed: method.embed, project: method.project })) {
    if (!run) continue;
    const all = run(images);
    demand(all.rank === 2 && all.shape[0] === 5, `${name} must give a row an image; got [${all.shape}]`);
    const off = run(tf.slice(images, 0, 1))
      .sub(tf.slice(all, 0, 1))
      .abs()
      .max();
    demand(scalarOf(off) < 1e-5, `${name} of an image must not depend on the others; it is off by ${scalarOf(off)}`);
  }
}

const QUIET = { onProgress: (): void => {}, onDiagnosis: (): void => {} };
const SHORT = { epochs: 2, batchSize: 8, warmupEpochs: 0 };

async function resumed(make: (seed?: number) => Method, kit: MethodKitOptions): Promise<void> {
  const run = async (out: string, seed: number, options: object): Promise<Buffer> => {
    const done = await pretrain({ method: make(seed), data: kitData(kit), out, recipe: SHORT, ...QUIET, ...options });
    return readFileSync(done.checkpoint);
  };
  await inFolder(async folder => {
    const whole = await run(`${folder}/whole`, 4, {});
    const stopped = await run(`${folder}/parts`, 4, { stopAfter: 3 }).catch(error => error as Error);
    demand(
      stopped instanceof Error && stopped.name === 'InterruptedError',
      `a run must stop after 3 steps; got ${stopped}`,
    );
    const parts = await run(`${folder}/parts`, 5, { resume: true });
    demand(
      whole.equals(parts),
      'the resumed run must end with the same checkpoint; it differs: is all that lasts a Variable in trained or carried?',
    );
  });
}

async function trains(method: Method, kit: MethodKitOptions): Promise<void> {
  const { steps = 80, pictures = 16, fall = 0.05, learningRate = 0.1 } = kit.training ?? {};
  await inFolder(async folder => {
    const epochs = Math.ceil((steps * 16) / pictures);
    const recipe = { ...SHORT, batchSize: 16, epochs, learningRate, scaling: 'none' as const };
    const out = `${folder}/run`;
    await pretrain({ method, data: kitData(kit, pictures), out, recipe, ...QUIET, checkpointEvery: steps });
    const lines = linesOf(runFolder(out).metrics);
    const mean = (part: Record<string, number>[]): number =>
      part.reduce((sum, { loss }) => sum + loss!, 0) / part.length;
    const [before, after] = [mean(lines.slice(0, 8)), mean(lines.slice(-8))];
    demand(
      after < before - fall,
      `the loss must fall by ${fall} in ${steps} steps; it went from ${before} to ${after}; where it needs other steps, another learning rate or, as a loss ` +
        'against moving targets may, rises by design, say so in training: { steps, learningRate, fall }',
    );
    const std = lines.at(-1)!.evaluationFeatureStd!;
    demand(std > 0.05, `features must not collapse; their spread is ${std} after ${steps} steps`);
  });
}
