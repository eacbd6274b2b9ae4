/** What `ssl probe` prints. */
import type { LinearProbeResult, ProbeSetting } from '@ssl/core/eval';
import type { ProbeSides } from './probe-data.ts';

export interface ProbeOutcome {
  readonly sides: ProbeSides;
  /** Accuracy of 1-NN, 0 to 1. */
  readonly nearest: number;
  readonly k: number;
  /** Accuracy of kNN with `k` neighbours, 0 to 1. */
  readonly neighbours: number;
  readonly linear: LinearProbeResult;
}

/** Classes that are named as those told apart worst. */
const WORST = 5;

export function asText({ sides, nearest, k, neighbours, linear }: ProbeOutcome): string {
  const { train, test, classes, divided } = sides;
  const { chosen, candidates, heldOut } = linear;
  const { top1, top5, perClass, unseen } = linear.test!;
  const tried = candidates.find(({ setting }) => setting === chosen)!;
  const note = `${described(chosen)}; chosen of ${candidates.length} by ${heldOut} rows of train (${percent(tried.accuracy)})`;
  const lines = [
    `train   ${train.labels.length} rows, ${train.features.dim} features, ${linear.classifier.labels.length} classes`,
    `test    ${test.labels.length} rows${divided ? ', a quarter of each class, set apart from train' : ''}`,
    '',
    `${''.padEnd(10)}  top-1    top-5`,
    row('1-NN', nearest),
    ...(k > 1 ? [row(`${k}-NN`, neighbours)] : []),
    `${row('linear', top1, top5).padEnd(30)}${note}`,
  ];
  const worst = perClass.toSorted((a, b) => a.accuracy - b.accuracy || b.rows - a.rows).slice(0, WORST);
  if (perClass.length > 2)
    lines.push(
      '',
      `lowest  ${worst.map(each => `${classes[each.label]} ${percent(each.accuracy)} of ${each.rows}`).join(', ')}`,
    );
  if (unseen.rows > 0)
    lines.push(
      `unseen  ${unseen.rows} rows are of classes that train does not have, and count as wrong: ${unseen.labels.map(label => classes[label]).join(', ')}`,
    );
  return lines.join('\n');
}

export function asJson({ sides, nearest, k, neighbours, linear }: ProbeOutcome): string {
  const { train, test, classes, divided } = sides;
  const { chosen, candidates, heldOut } = linear;
  const { top1, top5, perClass, unseen } = linear.test!;
  return JSON.stringify({
    train: { rows: train.labels.length, dim: train.features.dim, classes: linear.classifier.labels.length },
    test: { rows: test.labels.length, setApart: divided },
    knn: [{ k: 1, top1: nearest }, ...(k > 1 ? [{ k, top1: neighbours }] : [])],
    linear: {
      top1,
      ...(top5 !== undefined && { top5 }),
      chosen,
      heldOut,
      candidates,
      perClass: perClass.map(({ label, ...rest }) => ({ class: classes[label], ...rest })),
      unseen: { rows: unseen.rows, classes: unseen.labels.map(label => classes[label]) },
    },
  });
}

function row(name: string, top1: number, top5?: number): string {
  return `${name.padEnd(10)}${percent(top1).padStart(8)}${top5 === undefined ? '' : ` ${percent(top5).padStart(8)}`}`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function described(setting: ProbeSetting): string {
  if ('l2' in setting) return `lbfgs, l2 ${setting.l2}`;
  return `sgd, learning rate ${setting.learningRate}, weight decay ${setting.weightDecay}`;
}
